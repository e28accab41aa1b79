package charm

import (
	"context"
	"errors"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

// asked is what an operator asks for in an action.
type asked struct {
	apply bool // whatever waits
	pull  bool // the registry's present image
}

// Outcome is what a hook came to: what Juju said, what is there, and what is wrong.
type Outcome struct {
	Said     Said
	Known    bool // what runs was observed
	Observed plan.Observed
	Spec     notebook.Spec // the zero value where options cannot be used
	Verdict  compat.Verdict
	Waits    string
	Turned   bool    // the gateway forwards to another container than before the hook
	Errs     []error // what is wrong, upkeep first
}

// serving is what serves after the hook.
func (o Outcome) serving() plan.Serving { return plan.FindServing(o.Observed) }

// up reports whether people reach the notebook.
func (o Outcome) up() bool { return o.Known && o.serving().Up(o.Observed.Gateway) }

// converge keeps up what served, whatever Juju says, and then brings what runs to
// what should run. The error is Juju's.
func (c *Charm) converge(ctx context.Context, ask asked, show *progress) (Outcome, error) {
	var out Outcome
	var said Said
	err := parallel.Run(
		func() error { out = c.keepUp(ctx, show); return nil },
		func() (err error) { said, err = c.Gather(); return err },
	)
	if out.Said = said; err != nil || !out.Known {
		return out, err
	}
	if c.attached(said.Inputs.Storage, out.Observed.Notes) {
		out = c.keepUp(ctx, show)
		if out.Said = said; !out.Known {
			return out, nil
		}
	}
	c.change(ctx, &out, ask, show)
	c.forgetGone()
	return out, nil
}

// keepUp makes sure of an engine, and of what served on it. What did not come up is
// looked at once more: it may be broken for good by then, and is made anew.
func (c *Charm) keepUp(ctx context.Context, show *progress) (out Outcome) {
	if err := c.ensureEngine(ctx, show); err != nil {
		out.Errs = append(out.Errs, err)
		return out
	}
	warn(c.files.Make()) // and close what a charm of before left open
	made := ""
	for {
		o, err := c.work.Observe(ctx)
		if err != nil {
			out.Errs = append(out.Errs, err)
			return out
		}
		c.work.Remember(&o)
		out.Observed, out.Known = o, true
		p := plan.Upkeep(o, c.Build)
		if p.Empty() || p.String() == made {
			return out
		}
		logger.Debugf("upkeep: %s", p)
		result := c.work.Apply(ctx, p, o, workload.Job{Progress: show.say})
		out.Observed, out.Turned, out.Errs = result.Observed, out.Turned || result.Turned, result.Errs
		if len(out.Errs) == 0 || made != "" {
			return out
		}
		made = p.String()
	}
}

// ensureEngine makes sure of an engine that answers.
func (c *Charm) ensureEngine(ctx context.Context, show *progress) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()
	return c.Machine.EnsureEngine(ctx, c.Event.Hook == "install", c.Event.Proxy, c.Engine.Ping, show.say)
}

// change brings what runs towards what Juju says. What is wrong with that goes to
// the outcome.
func (c *Charm) change(ctx context.Context, out *Outcome, ask asked, show *progress) {
	fail := func(errs ...error) { out.Errs = append(out.Errs, errs...) }
	spec, held, err := c.design(ctx, out.Said, out.Observed, ask)
	if err != nil {
		fail(err)
		return
	}
	out.Spec = spec
	if ask.pull {
		if err := c.Engine.Pull(ctx, spec.Serve.Image, time.Duration(spec.PullTimeout)*time.Second, show.say); err != nil {
			fail(err)
			return
		}
	}
	p, err := c.plan(ctx, out, ask)
	if err != nil {
		fail(err)
		return
	}
	logger.Debugf("plan: %s", p)
	result := c.work.Apply(ctx, p, out.Observed, c.job(out, show))
	out.Observed, out.Turned, out.Waits = result.Observed, out.Turned || result.Turned, p.Waits
	if result.Turned && len(result.Errs) == 0 {
		logFailures(out.Errs) // of what served before: another one serves now
		out.Errs = nil
	}
	fail(out.turnedBack(result.Errs, p.Cause)...)
	fail(held)
	fail(c.judgeServing(ctx, out))
}

// turnedBack notes a switch that was not made since somebody works, and is tried
// again; it returns the other errors.
func (o *Outcome) turnedBack(errs []error, cause string) (left []error) {
	for _, err := range joined(errs) {
		var busy *workload.BusyError
		if !errors.As(err, &busy) {
			left = append(left, err)
			continue
		}
		o.Waits = cause + " (for " + busy.Work + ", or the action apply)"
		logger.Infof("%v", err)
	}
	return left
}

// plan observes what the plan towards the wish needs beyond upkeep, and makes it.
func (c *Charm) plan(ctx context.Context, out *Outcome, ask asked) (p plan.Plan, err error) {
	if out.Observed.Wanted, err = c.Engine.Reference(ctx, out.Spec.Serve.Image, out.Observed.Images()); err != nil {
		return p, err
	}
	if out.Spec.Drivers, err = c.reserve(ctx, out.Spec, out.Observed); err != nil {
		return p, err
	}
	return plan.Change(out.Spec, out.Observed, c.Build, plan.Ask{Apply: ask.apply}), nil
}

// job is what candidates need of this hook.
func (c *Charm) job(out *Outcome, show *progress) workload.Job {
	return workload.Job{
		Credential: out.Said.Inputs.Credential, Progress: show.say, Inspect: c.checker.Inventories.Of,
		Judge: func(ctx context.Context, found spark.Installation) (err error) {
			if err := compat.CheckImageHadoop(out.Spec.Spark, found); err != nil || !compat.Needed(out.Spec.Spark) {
				return err
			}
			if out.Verdict, err = c.checker.Judge(ctx, out.Spec.Spark, found); err != nil {
				return err
			}
			if text := out.Verdict.Log(); text != "" {
				logger.Warningf("%s", text)
			}
			return out.Verdict.Err()
		},
	}
}

// judgeServing compares what serves with the cluster, which may have changed, unless
// a candidate was compared in this hook.
func (c *Charm) judgeServing(ctx context.Context, out *Outcome) error {
	now := out.serving()
	if !now.There() || out.Verdict.Check != "" || now.Serve.Spark != out.Spec.Serve.Spark || !compat.Needed(out.Spec.Spark) {
		return nil
	}
	found, err := c.checker.Inventories.Of(ctx, now.ImageID, now.Serve.Environment)
	if err == nil {
		out.Verdict, err = c.checker.Judge(ctx, out.Spec.Spark, found)
	}
	if err != nil {
		warn(err) // it serves all the same
		return nil
	}
	return out.Verdict.Err()
}

// forgetGone takes away the secrets of units of this model whose agent is gone:
// Juju may have ended them before their last hook.
func (c *Charm) forgetGone() {
	gone, err := c.files.RemoveSecretsOfGone(c.agents())
	warn(err)
	for _, key := range gone {
		logger.Infof("took away the secrets of %s, whose agent is gone", key)
	}
}

// joined are the errors without those that are nil.
func joined(errs []error) (out []error) {
	for _, err := range errs {
		if err != nil {
			out = append(out, split(err)...)
		}
	}
	return out
}

// split takes joined errors apart, in their order.
func split(err error) (out []error) {
	var many interface{ Unwrap() []error }
	if !errors.As(err, &many) {
		return []error{err}
	}
	for _, e := range many.Unwrap() {
		out = append(out, split(e)...)
	}
	return out
}
