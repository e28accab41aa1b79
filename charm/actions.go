package charm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// act runs an action. What an operator must mend fails the action with a
// message and leaves the rest as it is.
func (c *Charm) act(ctx context.Context) error {
	actions := map[string]func(context.Context) error{
		"get-url": c.getURL, "get-token": c.getToken, "rotate-token": c.rotateToken,
		"plan": c.showPlan, "apply": c.applyNow, "pull": c.pullAgain, "check-spark": c.checkSpark,
		"check-driver": c.checkDriver, "spark-pi": c.sparkPi, "run-notebook": c.runNotebook, "list-runs": c.listRuns,
	}
	run, known := actions[c.Event.Action]
	if !known {
		return fmt.Errorf("cannot run action %q: it is not known", c.Event.Action)
	}
	err := run(ctx)
	if err == nil {
		return nil
	}
	message := err.Error()
	if p := problemOf(err); p.status != "" {
		message = p.message
	}
	logger.Warningf("action %s: %v", c.Event.Action, err)
	return c.Tools.Fail(message)
}

// showing is the progress of an action.
func (c *Charm) showing() *progress { return &progress{tools: c.Tools, action: true} }

// observe reads all that there is, and changes nothing.
func (c *Charm) observe(ctx context.Context) (out Outcome, err error) {
	if out.Said, err = c.Gather(); err != nil {
		return out, err
	}
	if err := c.Engine.Ping(ctx); err != nil {
		return out, err
	}
	out.Observed, err = c.work.Observe(ctx)
	out.Known = err == nil
	return out, err
}

var errNotServing = errors.New("no notebook serves: see the unit's status")

func (c *Charm) getURL(ctx context.Context) error {
	out, err := c.observe(ctx)
	if err != nil {
		return err
	}
	if !out.up() {
		return errNotServing
	}
	return c.Tools.SetResults(map[string]string{"url": url(out)})
}

// getToken gives the token that opens the notebook that serves now.
func (c *Charm) getToken(ctx context.Context) error {
	out, err := c.observe(ctx)
	if err != nil {
		return err
	}
	now := out.serving()
	if !now.There() {
		return errNotServing
	}
	token, err := c.files.Token(string(now.Slot))
	if err != nil {
		return err
	}
	return c.Tools.SetSecretResults(map[string]string{"token": token})
}

// rotateToken gives the secret a new revision. It is in force with the next
// hook, for which the action asks at once.
func (c *Charm) rotateToken(context.Context) error {
	said, err := c.Gather()
	if err != nil {
		return err
	}
	in := said.Inputs
	if !in.Leader {
		return errors.New("cannot rotate the token here: run the action on the leader")
	}
	if in.Credential == nil {
		return errNoCredential
	}
	revision, err := strconv.Atoi(in.Credential.Revision)
	if err != nil {
		return fmt.Errorf("cannot read the revision of the token: %v", err)
	}
	content, err := newCredential(revision + 1)
	if err != nil {
		return err
	}
	if err := c.Tools.SetSecret(secretLabel, c.files.Dir, content); err != nil {
		return err
	}
	if err := c.tellPeers(content["revision"]); err != nil {
		return err
	}
	return c.Tools.SetResults(map[string]string{"revision": content["revision"], "in-force": inForce(in, c.wake())})
}

// inForce says when a new token opens the notebook, and the old one no longer:
// with the switch that it needs.
func inForce(in notebook.Inputs, woken bool) string {
	options, _ := notebook.ParseOptions(in.Options) // what is bad is in the status
	switch {
	case options.SwitchWhen == notebook.WhenManual:
		return "with the action apply, since switch-when is manual"
	case options.SwitchWhen == notebook.WhenIdle:
		return "once no kernel and no terminal is busy, or with the action apply, since switch-when is idle"
	case !woken:
		return "with the next hook, at the latest at update-status"
	}
	return "within seconds"
}

// wake asks Juju for a hook of this unit once the running action has ended, as
// charms do that watch something themselves. It reports whether it could.
func (c *Charm) wake() bool {
	juju, err := exec.LookPath("juju-exec")
	if err != nil {
		return false
	}
	cmd := exec.Command(juju, c.unit.Name, "JUJU_DISPATCH_PATH=hooks/update-status "+c.Event.Dir+"/dispatch")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		logger.Warningf("cannot ask for a hook: %v", err)
		return false
	}
	return cmd.Process.Release() == nil
}

// showPlan says what a hook would do now. The kernels are those that a switch
// in the plan, or one that waits, would end.
func (c *Charm) showPlan(ctx context.Context) error {
	out, err := c.observe(ctx)
	if err != nil {
		return err
	}
	upkeep := plan.Upkeep(out.Observed, c.Build)
	made, applied, err := c.plans(ctx, &out)
	if err != nil {
		if !upkeep.Empty() {
			warn(c.Tools.SetResults(map[string]string{"plan": upkeep.String()}))
		}
		return err
	}
	ends := 0
	if now := out.serving(); now.There() && applied.Has(plan.Create) {
		ends = now.Work.Kernels()
	}
	text := made.String()
	if !upkeep.Empty() {
		text = upkeep.String() + "\n" + text
	}
	results := map[string]string{"plan": text, "kernels-ended": strconv.Itoa(ends)}
	if made.Waits != "" {
		results["apply-would"] = applied.String()
	}
	return c.Tools.SetResults(results)
}

// plans are what a hook would change, and what the action apply would.
func (c *Charm) plans(ctx context.Context, out *Outcome) (made, applied plan.Plan, err error) {
	if out.Spec, _, err = c.design(ctx, out.Said, out.Observed, asked{}); err != nil {
		return made, applied, err
	}
	if out.Observed.Wanted, err = c.Engine.Reference(ctx, out.Spec.Serve.Image, out.Observed.Images()); err != nil {
		return made, applied, err
	}
	made = plan.Change(out.Spec, out.Observed, c.Build, plan.Ask{})
	if made.Waits == "" {
		return made, made, nil
	}
	return made, plan.Change(out.Spec, out.Observed, c.Build, plan.Ask{Apply: true}), nil
}

// applyNow makes what waits.
func (c *Charm) applyNow(ctx context.Context) error {
	return c.convergeInAction(ctx, asked{apply: true})
}

// pullAgain asks the registry for the image, and makes the change if it is one
// and may be made now.
func (c *Charm) pullAgain(ctx context.Context) error {
	return c.convergeInAction(ctx, asked{pull: true})
}

func (c *Charm) convergeInAction(ctx context.Context, ask asked) error {
	show := c.showing()
	out, err := c.converge(ctx, ask, show)
	if err != nil {
		return err
	}
	if err := c.publish(out, show); err != nil {
		return err
	}
	if problems, _ := problemsOf(out); len(problems) > 0 && problems[0].status != "active" {
		return errors.New(problems[0].message)
	}
	results := map[string]string{"waits": "nothing"}
	if out.Waits != "" {
		results["waits"] = out.Waits
	}
	if out.up() {
		results["image"] = out.serving().Serve.Image
	}
	return c.Tools.SetResults(results)
}
