package charm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// act runs an action. What an operator must mend fails the action with a
// message and leaves the rest as it is.
func (c *Charm) act(ctx context.Context) error {
	actions := map[string]func(context.Context) error{
		"get-url": c.getURL, "get-token": c.getToken, "rotate-token": c.rotateToken,
		"plan": c.showPlan, "apply": c.applyNow, "pull": c.pullAgain, "check-spark": c.checkSpark,
		"check-driver": c.checkDriver, "spark-pi": c.sparkPi, "run-notebook": c.runNotebook,
	}
	run, known := actions[c.event.Action]
	if !known {
		return fmt.Errorf("cannot run action %q: it is not known", c.event.Action)
	}
	err := run(ctx)
	if err == nil {
		return nil
	}
	message := err.Error()
	if _, text, known := statusOf(err); known {
		message = text
	}
	logger.Warningf("action %s: %v", c.event.Action, err)
	return c.tools.Fail(message)
}

// look observes for an action that changes nothing.
func (c *Charm) look(ctx context.Context) (Outputs, plan.Plan, error) {
	in, err := c.Gather()
	if err != nil {
		return Outputs{}, plan.Plan{}, err
	}
	spec, err := c.design(in)
	if err != nil {
		return Outputs{}, plan.Plan{}, err
	}
	if err := c.engine.Ping(ctx); err != nil {
		return Outputs{}, plan.Plan{}, err
	}
	o, err := c.observe(ctx, spec)
	if err != nil {
		return Outputs{}, plan.Plan{}, err
	}
	made := plan.Make(spec, o, c.variant(spec), c.asked)
	return outputs(in, spec, o, made), made, nil
}

var errNotServing = errors.New("no notebook serves: see the unit's status")

func (c *Charm) getURL(ctx context.Context) error {
	out, _, err := c.look(ctx)
	if err != nil {
		return err
	}
	if !out.healthy() {
		return errNotServing
	}
	return c.tools.SetResults(map[string]string{"url": out.URL()})
}

// getToken gives the token that opens the notebook that serves now.
func (c *Charm) getToken(ctx context.Context) error {
	out, _, err := c.look(ctx)
	if err != nil {
		return err
	}
	if out.Serving == "" {
		return errNotServing
	}
	token, err := c.dirs.Token(string(out.Serving))
	if err != nil {
		return err
	}
	return c.tools.SetResults(map[string]string{"token": token})
}

// rotateToken gives the secret a new revision. It is in force with the next
// hook, for which the action asks at once.
func (c *Charm) rotateToken(ctx context.Context) error {
	in, err := c.Gather()
	if err != nil {
		return err
	}
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
	if err := c.tools.SetSecret(secretLabel, c.dirs.Dir, content); err != nil {
		return err
	}
	if err := c.tellPeers(content["revision"]); err != nil {
		return err
	}
	return c.tools.SetResults(map[string]string{"revision": content["revision"], "in-force": inForce(in, c.wake())})
}

// inForce says when a new token opens the notebook, and the old one no longer:
// with the switch that it needs.
func inForce(in notebook.Inputs, woken bool) string {
	options, _ := notebook.ParseOptions(in.Options) // what is bad is in the status
	switch {
	case options.SwitchWhen == notebook.WhenManual:
		return "with the action apply, since switch-when is manual"
	case options.SwitchWhen == notebook.WhenIdle:
		return "once no kernel is busy, or with the action apply, since switch-when is idle"
	case !woken:
		return "with the next hook: juju exec cannot be reached from the unit"
	}
	return "within seconds"
}

// wake asks Juju for a hook of this unit once the running action has ended, as
// charms do that watch something themselves. It tells whether it could.
func (c *Charm) wake() bool {
	juju, err := exec.LookPath("juju-exec")
	if err != nil {
		return false
	}
	cmd := exec.Command(juju, c.unit.Name, "JUJU_DISPATCH_PATH=hooks/update-status "+c.event.Dir+"/dispatch")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		logger.Warningf("cannot ask for a hook: %v", err)
		return false
	}
	return cmd.Process.Release() == nil
}

// showPlan tells what a hook would do now. The kernels are those that a switch
// in the plan, or one that waits, would end.
func (c *Charm) showPlan(ctx context.Context) error {
	out, made, err := c.look(ctx)
	if err != nil {
		return err
	}
	ends, asked := 0, made
	if made.Waits != "" {
		asked = plan.Make(out.Spec, out.Observed, c.variant(out.Spec), true)
	}
	if now := out.Observed.Slots[out.Serving]; now != nil && asked.Candidate != "" && asked.Candidate != out.Serving {
		ends = now.Kernels.Total
	}
	results := map[string]string{"plan": made.String(), "kernels-ended": strconv.Itoa(ends)}
	if made.Waits != "" {
		results["apply-would"] = asked.String()
	}
	return c.tools.SetResults(results)
}

// applyNow makes what waits.
func (c *Charm) applyNow(ctx context.Context) error {
	c.asked = true
	return c.convergeInAction(ctx)
}

func (c *Charm) convergeInAction(ctx context.Context) error {
	out, err := c.converge(ctx)
	if settled := c.settle(out, err); settled != nil {
		return settled
	}
	if err != nil {
		return err
	}
	results := map[string]string{"waits": "nothing"}
	if out.Waits != "" {
		results["waits"] = out.Waits
	}
	if out.healthy() {
		results["image"] = out.Observed.Slots[out.Serving].Serve.Image
	}
	return c.tools.SetResults(results)
}

// pullAgain asks the registry for the image, and makes the change if it is one
// and may be made now.
func (c *Charm) pullAgain(ctx context.Context) error {
	in, err := c.Gather()
	if err != nil {
		return err
	}
	spec, err := c.design(in)
	if err != nil {
		return err
	}
	if err := c.engine.Pull(ctx, spec.Serve.Image, time.Duration(spec.Pull)*time.Second, c.progress); err != nil {
		return err
	}
	return c.convergeInAction(ctx)
}
