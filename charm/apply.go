package charm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
	"github.com/jupyter-docker/jupyter-docker/internal/together"
)

// stepLimit bounds a step that waits for the engine alone.
const stepLimit = 3 * time.Minute

// gatewayLimit bounds the wait for a gateway to take over.
const gatewayLimit = time.Minute

// drainLimit bounds the wait for requests that the old notebook still answers.
const drainLimit = 10 * time.Second

// application walks one plan. It decides nothing: a step that fails ends it.
type application struct {
	*Charm
	in       notebook.Inputs
	spec     notebook.Spec
	plan     plan.Plan
	observed *plan.Observed
	from     string // image of the notebook that is replaced
}

// apply makes the plan, and keeps o at what came of it. A candidate that fails
// is removed; what served goes on.
func (c *Charm) apply(ctx context.Context, in notebook.Inputs, spec notebook.Spec, p plan.Plan, o *plan.Observed) error {
	a := &application{Charm: c, in: in, spec: spec, plan: p, observed: o}
	if now := o.Slots[plan.Serving(*o)]; now != nil {
		a.from = now.Serve.Image
	}
	defer a.lookAhead(ctx)()
	for i, step := range p.Steps {
		logger.Infof("%s", step)
		if err := a.step(ctx, step); err != nil {
			return errors.Join(a.abandon(ctx, err), a.raise(ctx, step, p.Steps[i+1:]))
		}
	}
	return nil
}

// lookAhead looks into the image of a candidate while the first steps are made:
// it takes as long as they do. The function that it returns waits for the end.
func (a *application) lookAhead(ctx context.Context) (wait func()) {
	id := a.observed.Image.ID()
	if a.plan.Candidate == "" || id == "" {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(ctx, stepLimit)
		defer cancel()
		err := together.Run(
			func() error { _, err := a.engine.Facts(ctx, id); return err },
			func() error { _, err := a.inventory(ctx, id, a.spec.Serve.Environment); return err },
		)
		if err != nil {
			logger.Debugf("%v", err) // the step that needs it looks again, and says so
		}
	}()
	return func() { <-done }
}

// raise makes the gateway's steps that were left when another one failed: where
// nothing serves, the gateway says so.
func (a *application) raise(ctx context.Context, failed plan.Step, left []plan.Step) error {
	gateways := []plan.Kind{plan.StartGateway, plan.SetGateway}
	if slices.Contains(gateways, failed.Kind) {
		return nil
	}
	for _, step := range left {
		if slices.Contains(gateways, step.Kind) {
			if err := a.step(ctx, step); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *application) step(ctx context.Context, s plan.Step) error {
	if s.Kind == plan.PullImage {
		return a.pull(ctx)
	}
	if s.Kind == plan.Await {
		return a.await(ctx, s.Slot)
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	switch s.Kind {
	case plan.MakeNetwork:
		return a.engine.MakeNetwork(ctx)
	case plan.StartGateway:
		return a.startGateway(ctx)
	case plan.SetGateway:
		return a.setGateway(ctx, a.observed.Slots[plan.Serving(*a.observed)])
	case plan.RemoveGateway:
		return a.engine.RemoveGateway(ctx, s.ID)
	case plan.RemoveStray:
		return a.engine.RemoveStray(ctx, s.ID)
	case plan.TidyImages:
		a.warn(a.engine.TidyImages(ctx, []string{a.spec.Serve.Image, a.from})) // the switch is made all the same
		return nil
	case plan.Drain:
		return a.drain(ctx, s.Slot)
	case plan.Flip:
		return a.setGateway(ctx, a.observed.Slots[s.Slot])
	}
	return a.slotStep(ctx, s)
}

func (a *application) slotStep(ctx context.Context, s plan.Step) error {
	switch s.Kind {
	case plan.Create:
		return a.create(ctx, s.Slot)
	case plan.Start:
		return a.start(ctx, s.Slot)
	case plan.JoinNetwork:
		return a.engine.JoinNetwork(ctx, s.Slot)
	case plan.Recount:
		return a.recount(ctx, s.Slot)
	case plan.Stop:
		return a.stop(ctx, s.Slot)
	case plan.Remove:
		delete(a.observed.Slots, s.Slot)
		return a.engine.Remove(ctx, s.Slot)
	case plan.SetLimits:
		if err := a.engine.SetLimits(ctx, s.Slot, a.spec.Limits); err != nil {
			return err
		}
		a.observed.Slots[s.Slot].Limits = a.spec.Limits
		return nil
	}
	return fmt.Errorf("cannot do step %q: it is not known", s.Kind)
}

// pull fetches the wanted image, and shows how far it is.
func (a *application) pull(ctx context.Context) error {
	ref := a.spec.Serve.Image
	a.progress("pulling " + ref)
	if err := a.engine.Pull(ctx, ref, time.Duration(a.spec.Pull)*time.Second, a.progress); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	id, err := a.engine.Pulled(ctx, ref)
	a.observed.Image.Pulled = id
	return err
}

// place is where a container of the slot goes.
func (a *application) place(s notebook.Slot, port int) notebook.Place {
	return notebook.Place{Slot: s, Port: port, Dir: a.dirs.Slot(string(s))}
}

// fitting looks into the candidate's image, and refuses one that does not match the
// cluster.
func (a *application) fitting(ctx context.Context) (img notebook.Image, found spark.Image, err error) {
	if img, err = a.engine.Facts(ctx, a.observed.Image.ID()); err != nil {
		return img, found, err
	}
	if found, err = a.inventory(ctx, img.ID, a.spec.Serve.Environment); err != nil {
		return img, found, err
	}
	return img, found, a.matchCandidate(ctx, found)
}

// create makes the slot's files and its container.
func (a *application) create(ctx context.Context, s notebook.Slot) error {
	img, found, err := a.fitting(ctx)
	if err != nil {
		return err
	}
	if err := a.adopt(nil); err != nil {
		return err
	}
	if a.from != "" {
		a.warn(a.dirs.Reopen(a.spec.Serve.Data))
	}
	release, err := a.reserve(ctx, s)
	if err != nil {
		return err
	}
	defer release()
	p := a.place(s, a.plan.Port)
	p.DriverPort = a.plan.Driver
	entrypoint, cmd := notebook.CommandLine(a.spec.Serve, img)
	if fixed := notebook.FixedFlags(wanted(a.spec.Serve, img, p), slices.Concat(entrypoint, cmd)); len(fixed) > 0 {
		return &flagError{fixed}
	}
	secret := host.Secret{
		Token: a.in.Credential.Token, CookieSecret: a.in.Credential.CookieSecret, Spark: notebook.SparkFiles(a.spec, found, p),
	}
	if err := a.dirs.WriteSlot(string(s), notebook.Settings(a.spec.Serve, p), secret); err != nil {
		return err
	}
	if err := a.engine.Create(ctx, a.spec, img, found, p); err != nil {
		return err
	}
	a.observed.Slots[s] = &plan.Container{
		Serve: a.spec.Serve, Hash: a.spec.Serve.Hash(), ImageID: img.ID, Port: p.Port, Driver: p.DriverPort, Limits: a.spec.Limits,
	}
	return nil
}

// wanted is what the command line of a container may not contradict.
func wanted(s notebook.Serve, img notebook.Image, p notebook.Place) notebook.Wanted {
	ip, port := notebook.Address(s.NetworkMode, p)
	return notebook.Wanted{IP: ip, Port: port, BaseURL: s.BaseURL, Work: notebook.Work(s, img)}
}

// start starts the slot's container. What the engine cannot run of it, such as a
// program that the image does not have, is the operator's to mend, and so is a
// port that another program took.
func (a *application) start(ctx context.Context, s notebook.Slot) error {
	err := a.engine.Start(ctx, s)
	var refused *docker.Error
	if !errors.As(err, &refused) {
		return err
	}
	port, driver := a.observed.Slots[s].Port, a.takenPort(a.observed.Slots[s].Driver)
	switch {
	case refused.Kind == docker.Invalid:
		logger.Warningf("%v", err)
		return a.refused(s, "the engine cannot start it: see juju debug-log")
	case refused.Kind == docker.Unknown && !docker.Free(port):
		logger.Warningf("%v", err)
		return &portError{Address: fmt.Sprintf("127.0.0.1:%d", port), Reason: "another program has that port"}
	case refused.Kind == docker.Unknown && driver != 0:
		logger.Warningf("%v", err)
		return a.driverTaken(driver)
	case refused.Kind == docker.Unknown && a.observed.Slots[s].Driver != 0 && a.observed.Slots[s].Serve.NetworkMode == notebook.NetworkBridge:
		logger.Warningf("%v", err)
		return &portError{Address: a.spec.Serve.Spark.Bind, Reason: "the engine cannot publish the driver's ports there: see juju debug-log, or set driver-ports"}
	}
	return err
}

// stop ends a slot's container. Its programs may have closed to others what they
// made until then.
func (a *application) stop(ctx context.Context, s notebook.Slot) error {
	if err := a.engine.Stop(ctx, s); err != nil {
		return err
	}
	if a.spec.Serve.Data != "" {
		a.warn(a.dirs.Reopen(a.spec.Serve.Data))
	}
	return nil
}

// adopt gives the notebooks to the unit's group and the users. A file system
// without ACLs is reported: one user at a time can work there.
func (a *application) adopt(users []int) error {
	err := a.dirs.Adopt(a.spec.Serve.Data, users)
	if errors.Is(err, host.ErrNoACL) {
		logger.Warningf("cannot share %s between users: %v; an image with another user may not be able to write there", a.spec.Serve.Data, err)
		return nil
	}
	return err
}
