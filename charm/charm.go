// Package charm is the story of one hook: gather what Juju says, design what
// should run, observe what does, plan, apply, and publish.
package charm

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/juju/loggo"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

var logger = loggo.GetLogger("jupyter-docker")

// Charm is the charm of one unit in one hook or action.
type Charm struct {
	event     juju.Event
	tools     *juju.Tools
	engine    *docker.Engine
	unit      notebook.Unit
	dirs      host.Unit
	gateway   *gateway.Client
	program   string    // file of this program
	build     string    // identity of this program
	asked     bool      // the operator asked for whatever waits
	told      bool      // the status was set in this hook
	turned    bool      // the gateway was turned to another notebook in this hook
	badHadoop error     // why hadoop-conf cannot be used
	images    images    // what was found in images
	matched   *matching // what came of comparing an image with the cluster in this hook
	unopened  string    // ports that Juju did not open
	before    before    // what Juju said of the unit when the hook began
}

// before is what a hook writes only where it differs.
type before struct {
	status   juju.Status
	ports    []string
	websites []string // ids of relations
}

// New returns the charm of the unit that the event names. program is the file of
// this program, build its identity.
func New(event juju.Event, tools *juju.Tools, program, build string) (*Charm, error) {
	unit := notebook.Unit{Name: event.Unit, ModelUUID: event.UUID, ModelName: event.Model}
	engine, err := docker.New(unit, build)
	if err != nil {
		return nil, err
	}
	dirs := host.Unit{Dir: filepath.Join(host.Root, unit.Key()), Group: unit.Group(host.Groups())}
	return &Charm{
		event: event, tools: tools, engine: engine, unit: unit, dirs: dirs,
		gateway: gateway.Dial(dirs.GatewayDir()), program: program, build: build,
	}, nil
}

// Run answers the event. An error is a defect, or something that Juju should try
// again at once: what an operator must mend is a status instead.
func (c *Charm) Run(ctx context.Context) error {
	switch {
	case c.event.Action != "":
		return c.act(ctx)
	case c.event.Hook == "remove":
		return c.remove(ctx)
	case c.event.Hook == "stop":
		return c.release(ctx)
	case c.event.Hook == "notebooks-storage-detaching":
		return c.detach(ctx)
	case c.leaving():
		return nil
	}
	out, err := c.converge(ctx)
	c.sweep(ctx, out)
	return c.settle(out, err)
}

// converge brings what runs to what should run, in five calls.
func (c *Charm) converge(ctx context.Context) (Outputs, error) {
	in, err := c.Gather()
	if err != nil {
		return Outputs{}, err
	}
	spec, err := c.design(in)
	if err != nil {
		return c.asItIs(ctx, in), err
	}
	if err := c.ensureEngine(ctx, in.Proxy); err != nil {
		return c.withoutEngine(ctx, in), err
	}
	if in.Credential == nil {
		out := c.asItIs(ctx, in)
		out.MakeSecret = in.Leader
		return out, errNoCredential
	}
	if len(in.BindTo) == 0 {
		return c.asItIs(ctx, in), errNoAddress
	}
	observed, err := c.observe(ctx, spec)
	if err != nil {
		return c.withoutEngine(ctx, in), err
	}
	if err := c.fits(ctx, spec, observed); err != nil {
		return outputs(in, spec, observed, plan.Plan{}), err
	}
	made := plan.Make(spec, observed, c.variant(spec), c.asked)
	logger.Debugf("plan: %s", made)
	if err = c.apply(ctx, in, spec, made, &observed); err == nil {
		err = c.matchServing(ctx, spec, observed)
	}
	return outputs(in, spec, observed, made), err
}

// asItIs sums up what runs, where nothing can be changed: what serves is offered
// on. Nothing is known where there is no engine yet.
func (c *Charm) asItIs(ctx context.Context, in notebook.Inputs) Outputs {
	observed, err := c.observe(ctx, notebook.Spec{})
	if err != nil {
		logger.Debugf("%v", err)
		return Outputs{Inputs: in}
	}
	return outputs(in, notebook.Spec{}, observed, plan.Plan{})
}

// withoutEngine sums up what can be said of a unit whose engine cannot be asked:
// nothing while its gateway answers, else that nothing serves.
func (c *Charm) withoutEngine(ctx context.Context, in notebook.Inputs) Outputs {
	_, err := c.gateway.Status(ctx)
	return Outputs{Inputs: in, Known: err != nil}
}

// design reads the options; what is wrong with any of them is an error.
func (c *Charm) design(in notebook.Inputs) (notebook.Spec, error) {
	options, bad := notebook.ParseOptions(in.Options)
	if len(bad) > 0 {
		return notebook.Spec{}, &optionError{bad}
	}
	if err := setLogLevel(options.LogLevel); err != nil {
		return notebook.Spec{}, err
	}
	if c.badHadoop != nil {
		return notebook.Spec{}, c.badHadoop
	}
	spec := notebook.Design(in, options, c.dirs.Dir, c.dirs.Group)
	return spec, fitsCluster(spec)
}

func setLogLevel(level string) error {
	parsed, ok := loggo.ParseLevel(level)
	if !ok {
		return fmt.Errorf("cannot log at level %q", level)
	}
	loggo.GetLogger("").SetLogLevel(parsed)
	return nil
}

// fits checks a limit against the machine, when it is about to change.
func (c *Charm) fits(ctx context.Context, spec notebook.Spec, o plan.Observed) error {
	if now := o.Slots[plan.Serving(o)]; spec.Limits.CPU == 0 || now != nil && now.Limits == spec.Limits {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	cpus, _, err := c.engine.CPUs(ctx)
	if err != nil {
		return err
	}
	if spec.Limits.CPU > float64(cpus) {
		return &optionError{[]notebook.BadOption{{Name: "cpu-limit", Value: fmt.Sprint(spec.Limits.CPU),
			Reason: fmt.Sprintf("is more than the machine's %d", cpus)}}}
	}
	return nil
}

// ensureEngine makes sure of an engine that answers.
func (c *Charm) ensureEngine(ctx context.Context, p notebook.Proxy) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Minute)
	defer cancel()
	return host.ThisMachine().EnsureEngine(ctx, host.Proxy(p), c.engine.Ping, c.progress)
}

// variant is the gateway's program, and whether it may listen below port 1024.
func (c *Charm) variant(spec notebook.Spec) string {
	if privileged(spec) {
		return c.build + "-low"
	}
	return c.build
}

// progress shows what takes time.
func (c *Charm) progress(message string) {
	if c.event.Action != "" {
		c.warn(c.tools.Progress(message))
		return
	}
	c.told = true
	c.warn(c.tools.SetStatus(juju.Status{Status: "maintenance", Message: message}))
}

func (c *Charm) warn(err error) {
	if err != nil {
		logger.Warningf("%v", err)
	}
}
