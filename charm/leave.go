package charm

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// releaseLimit bounds the end of a unit: notebooks that stop by themselves, and
// images of gigabytes.
const releaseLimit = 10 * time.Minute

// awake tells whether there is an engine. One that is installed and does not
// answer is started: it would bring up again later what the unit leaves.
func (c *Charm) awake(ctx context.Context) (bool, error) {
	if c.engine.Ping(ctx) == nil {
		return true, nil
	}
	if !host.ThisMachine().HasEngine() {
		return false, nil
	}
	return true, c.ensureEngine(ctx, notebook.Proxy(c.event.Proxy))
}

// release gives up what a unit that goes away holds: its notebook ends, its data
// stay.
func (c *Charm) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, releaseLimit)
	defer cancel()
	if there, err := c.awake(ctx); !there || err != nil {
		return err
	}
	c.progress("removing the notebook")
	return c.engine.RemoveAll(ctx)
}

// detach ends the notebook before its storage goes. Unless the unit goes too, the
// next hook brings one up that keeps its notebooks on the host.
func (c *Charm) detach(ctx context.Context) (err error) {
	if c.before.websites, err = c.tools.Relations("website"); err != nil {
		return err
	}
	if c.before.ports, err = c.tools.Ports(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, releaseLimit)
	defer cancel()
	there, err := c.awake(ctx)
	if err != nil {
		return err
	}
	if there {
		if err := c.engine.RemoveNotebooks(ctx); err != nil {
			return err
		}
		c.turnAway(ctx)
	}
	if err := c.publish(Outputs{}); err != nil {
		return err
	}
	return c.tools.SetStatus(juju.Status{Status: "waiting", Message: "the storage is detached: the notebook was stopped"})
}

// turnAway tells the gateway that nothing serves.
func (c *Charm) turnAway(ctx context.Context) {
	status, err := c.gateway.Status(ctx)
	if errors.Is(err, gateway.ErrNotRunning) {
		return
	}
	if err == nil {
		status.Upstream = ""
		_, err = c.gateway.Set(ctx, status.State)
	}
	c.warn(err)
}

// leaving tells, in the hooks of a relation that ends, whether the unit itself
// goes: then nothing is brought up again that a hook before took down.
func (c *Charm) leaving() bool {
	if !strings.HasSuffix(c.event.Hook, "-relation-departed") && !strings.HasSuffix(c.event.Hook, "-relation-broken") {
		return false
	}
	life, err := c.tools.Life(c.unit.Name)
	if err != nil {
		logger.Debugf("%v", err) // not every Juju tells; stop takes everything down
	}
	return life == "dying"
}

// remove takes away what stop may have left, and says where the notebooks are.
func (c *Charm) remove(ctx context.Context) error {
	if err := c.release(ctx); err != nil {
		return err
	}
	data, err := c.dirs.RemoveAllButData()
	if err != nil {
		return err
	}
	if data != "" {
		logger.Infof("the notebooks of %s are left in %s", c.unit.Name, data)
		c.progress("the notebooks are left in " + data)
	}
	return nil
}
