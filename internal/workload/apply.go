package workload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// application is one plan being made. o is what is there by now.
type application struct {
	*Workload
	job  Job
	o    plan.Observed
	made map[notebook.Slot]*plan.Container // by a Create of this plan
	left host.Left                         // what was last logged as not shared
}

// Apply makes the plan. A part that fails does not keep the next from being made.
func (w *Workload) Apply(ctx context.Context, p plan.Plan, o plan.Observed, job Job) Result {
	a := &application{Workload: w, job: job, o: clone(o), made: map[notebook.Slot]*plan.Container{}}
	defer a.inspectAhead(ctx, p)()
	var errs []error
	for _, part := range p.Parts {
		if err := a.part(ctx, part); err != nil {
			errs = append(errs, err)
		}
	}
	return Result{Observed: a.o, Turned: a.o.Gateway.Upstream != o.Gateway.Upstream, Errs: errs}
}

// clone copies what steps change.
func clone(o plan.Observed) plan.Observed {
	notebooks := make([]*plan.Container, 0, len(o.Notebooks))
	for _, c := range o.Notebooks {
		copied := *c
		notebooks = append(notebooks, &copied)
	}
	o.Notebooks = notebooks
	o.Records = maps.Clone(o.Records)
	o.Notes.Aside = maps.Clone(o.Notes.Aside)
	o.Notes.Answered = maps.Clone(o.Notes.Answered)
	return o
}

func (a *application) part(ctx context.Context, part plan.Part) error {
	for _, step := range part {
		logger.Infof("%s", step)
		err := a.step(ctx, step)
		if err == nil {
			continue
		}
		errs := []error{err}
		for _, otherwise := range step.Else {
			if otherwise.Kind != plan.Abandon { // says so itself, where there is something to remove
				logger.Infof("%s", otherwise)
			}
			errs = append(errs, a.step(ctx, otherwise))
		}
		return errors.Join(errs...)
	}
	return nil
}

// inspectAhead looks into the image of a candidate while the first steps are made:
// it takes as long as they do. The function that it returns waits for the end.
func (a *application) inspectAhead(ctx context.Context, p plan.Plan) (wait func()) {
	id := a.o.Wanted.ID()
	if id == "" || a.job.Inspect == nil || !p.Has(plan.Create) {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(ctx, stepLimit)
		defer cancel()
		err := parallel.Run(
			func() error { _, err := a.Engine.Facts(ctx, id); return err },
			func() error { _, err := a.job.Inspect(ctx, id, environmentOf(p)); return err },
		)
		if err != nil {
			logger.Debugf("%v", err) // the step that needs it asks again, and fails
		}
	}()
	return func() { <-done }
}

func environmentOf(p plan.Plan) map[string]string {
	for _, part := range p.Parts {
		for _, s := range part {
			if s.Kind == plan.Create {
				return s.Spec.Serve.Environment
			}
		}
	}
	return nil
}

// container is the one that a step acts on.
func (a *application) container(s plan.Step) (*plan.Container, error) {
	c := a.made[s.Slot]
	if s.ID != "" {
		c = a.o.Find(s.ID)
	}
	if c == nil {
		return nil, fmt.Errorf("cannot %s: the container is gone", s.Kind)
	}
	return c, nil
}

func (a *application) step(ctx context.Context, s plan.Step) error {
	limit := stepLimit
	switch s.Kind {
	case plan.PullImage:
		return a.pull(ctx, s.Spec)
	case plan.Await:
		limit += s.Limit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	switch s.Kind {
	case plan.Create:
		return a.create(ctx, s)
	case plan.Recreate:
		return a.recreate(ctx, s)
	case plan.Abandon:
		return a.abandon(ctx, s)
	case plan.MakeNetwork, plan.StartGateway, plan.SetGateway, plan.RemoveGateway, plan.RemoveStray, plan.TurnAway, plan.Forget, plan.TidyImages:
		return a.beside(ctx, s)
	}
	c, err := a.container(s)
	if err != nil {
		return err
	}
	return a.onContainer(ctx, s, c)
}

// beside makes a step that is on no notebook's container.
func (a *application) beside(ctx context.Context, s plan.Step) error {
	switch s.Kind {
	case plan.MakeNetwork:
		return a.makeNetwork(ctx)
	case plan.StartGateway:
		return a.startGateway(ctx, s)
	case plan.SetGateway:
		return a.setGateway(ctx, s.Gateway)
	case plan.RemoveGateway:
		return a.Engine.RemoveGateway(ctx, s.ID)
	case plan.RemoveStray:
		return a.Engine.Remove(ctx, s.ID)
	case plan.TurnAway:
		return a.turn(ctx, a.o.Find(s.ID), false)
	case plan.Forget:
		a.forget(s.Slot, a.o.Records[s.Slot].Request.Serve.Data)
		return nil
	case plan.TidyImages:
		warn(a.Engine.TidyImages(ctx, s.Keep)) // the switch is made all the same
	}
	return nil
}

func (a *application) onContainer(ctx context.Context, s plan.Step, c *plan.Container) error {
	switch s.Kind {
	case plan.Start:
		return a.start(ctx, c)
	case plan.Resume:
		return a.resume(ctx, c)
	case plan.Await:
		return a.await(ctx, c, s.Limit)
	case plan.JoinNetwork:
		return a.join(ctx, c)
	case plan.Recount:
		return a.recount(ctx, c, s.Rule)
	case plan.Flip:
		return a.turn(ctx, c, true)
	case plan.Drain:
		return a.drain(ctx, c)
	case plan.Stop:
		return a.stop(ctx, c)
	case plan.SetAside:
		return a.setAside(ctx, c, s.Cause)
	case plan.Remove:
		return a.remove(ctx, c)
	case plan.SetLimits:
		if err := a.Engine.SetLimits(ctx, c.ID, s.Limits); err != nil {
			return err
		}
		c.Limits = s.Limits
		if r, ok := a.o.Records[c.Slot]; ok && r.ID == c.ID { // as what is made anew has them
			r.Request.Limits = s.Limits
			a.o.Records[c.Slot] = r
			warn(a.Files.WriteRecord(recordName(c.Slot), r))
		}
		return nil
	}
	return fmt.Errorf("cannot do step %q: it is not known", s.Kind)
}

// pull fetches the wanted image, and shows how far it is.
func (a *application) pull(ctx context.Context, spec *notebook.Spec) error {
	ref := spec.Serve.Image
	a.job.Progress("pulling " + ref)
	if err := a.Engine.Pull(ctx, ref, time.Duration(spec.PullTimeout)*time.Second, a.job.Progress); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	found, err := a.Engine.Reference(ctx, ref, a.o.Images())
	a.o.Wanted = found
	return err
}

func (a *application) makeNetwork(ctx context.Context) error {
	if a.o.Network != "" {
		return nil // another part of the plan made it
	}
	if err := a.Engine.MakeNetwork(ctx); err != nil {
		return err
	}
	a.o.Network = "made"
	return nil
}

func (a *application) join(ctx context.Context, c *plan.Container) error {
	if err := a.Engine.JoinNetwork(ctx, c.ID); err != nil {
		return err
	}
	c.Network = a.o.Network
	return nil
}
