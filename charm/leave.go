package charm

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

// releaseLimit bounds the end of a unit, with images of gigabytes.
const releaseLimit = 10 * time.Minute

// lastGrace is how long a notebook may take to end by itself when its unit goes:
// Juju may give the whole of the hook a dozen seconds.
const lastGrace = 4 * time.Second

// stop gives up what a unit that goes away holds: its secrets first, then its
// notebook ends; its data stay.
func (c *Charm) stop(ctx context.Context) error {
	err := c.files.RemoveSecrets()
	if err != nil {
		warn(err)
	}
	if released := c.release(ctx); released != nil {
		return released
	}
	return err
}

// release removes what the unit has on the engine. One that is installed and does
// not answer is started: it would bring up again later what the unit leaves.
func (c *Charm) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, releaseLimit)
	defer cancel()
	if c.Engine.Ping(ctx) != nil {
		show := &progress{tools: c.Tools}
		err := c.ensureEngine(ctx, show)
		if errors.Is(err, host.ErrNoEngine) || errors.Is(err, host.ErrDisabled) {
			logger.Warningf("cannot reach the engine: containers of the unit may be left, see docker ps -a: %v", err)
			return nil
		}
		if err != nil {
			return err
		}
	}
	if err := c.Engine.RemoveNotebooks(ctx, lastGrace); err != nil {
		return err
	}
	return c.Engine.RemoveAll(ctx)
}

// attached forgets that storage was taken away, once Juju gives it again. It
// reports whether it was forgotten.
func (c *Charm) attached(storage string, notes plan.Notes) bool {
	if notes.Detached == "" || storage != notes.Detached {
		return false
	}
	err := c.work.Detached("")
	warn(err)
	return err == nil
}

// detach ends the notebook before its storage goes. It is not brought up again
// without that storage until the operator says so.
func (c *Charm) detach(ctx context.Context) error {
	show := &progress{tools: c.Tools}
	if err := c.ensureEngine(ctx, show); err != nil {
		logger.Warningf("cannot stop the notebook before its storage goes: %v", err)
		return nil
	}
	o, err := c.work.Observe(ctx)
	if err != nil {
		return err
	}
	served := plan.FindServing(o).Served()
	if served == nil || served.Data != c.Event.Storage {
		return nil // people see another folder
	}
	result := c.work.Apply(ctx, plan.Leave(o, c.Event.Storage), o, workload.Job{Progress: show.say})
	noted := errors.Join(c.work.Detached(served.Data), c.files.UnlinkStorage())
	if errs := joined(append(result.Errs, noted)); len(errs) > 0 {
		logFailures(errs)
		p := problemOf(errs[0])
		if p.status == "" {
			return errs[0]
		}
		return c.Tools.SetStatus(juju.Status{Status: p.status, Message: p.message})
	}
	return c.Tools.SetStatus(juju.Status{Status: "blocked", Message: "the storage " + served.Data +
		" is detached and the notebook stopped: attach it again, or the action apply serves " + c.files.Dir + "/notebooks"})
}

// leaving reports, in the hooks of a relation that ends, whether the unit itself
// goes: then nothing is brought up again that a hook before took down.
func (c *Charm) leaving() bool {
	if !strings.HasSuffix(c.Event.Hook, "-relation-departed") && !strings.HasSuffix(c.Event.Hook, "-relation-broken") {
		return false
	}
	life, err := c.Tools.Life(c.unit.Name)
	if err != nil {
		logger.Debugf("%v", err) // not every Juju says; stop takes everything down
	}
	return life == "dying"
}

// remove takes away what stop may have left, and says where the notebooks are.
func (c *Charm) remove(ctx context.Context) error {
	if err := c.release(ctx); err != nil {
		return err
	}
	warn(c.files.UnlinkStorage())
	data, err := c.files.RemoveAllButData(ctx)
	if err != nil {
		return err
	}
	if data != "" {
		logger.Infof("the notebooks of %s are left in %s", c.unit.Name, data)
		(&progress{tools: c.Tools}).say("the notebooks are left in " + data)
	}
	return nil
}

var _ Engine = (*docker.Engine)(nil)
