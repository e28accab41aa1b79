// Package charm is the story of one hook: keep up what served, read what Juju says,
// design what should run, change towards it, and report.
package charm

import (
	"context"
	"path/filepath"
	"time"

	"github.com/juju/loggo"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

var logger = loggo.GetLogger("jupyter-docker")

// Engine is the container engine, as far as the charm itself speaks to it.
type Engine interface {
	workload.Engine
	compat.Images
	compat.Inspector
	Ping(ctx context.Context) error
	Machine(ctx context.Context) (docker.Machine, error)
	RemoveNotebooks(ctx context.Context, grace time.Duration) error
	RemoveAll(ctx context.Context) error
}

// Handles are what a charm acts with, made by the program.
type Handles struct {
	Event   juju.Event
	Tools   *juju.Tools
	Engine  Engine
	Machine host.Machine
	Clock   workload.Clock
	Ask     compat.Asker // asks clusters
	Root    string       // where the units of this machine keep their files
	Links   string       // where they keep links to storage until the machine restarts
	Program string       // file of this program
	Build   string       // its identity
}

// Charm is the charm of one unit in one hook or action. It holds handles alone.
type Charm struct {
	Handles
	unit    notebook.Unit
	files   host.Unit
	work    *workload.Workload
	checker compat.Checker
}

// New returns the charm of the unit that the event names.
func New(h Handles) *Charm {
	unit := UnitOf(h.Event)
	files := host.Unit{Dir: filepath.Join(h.Root, unit.Key()), Group: unit.Group(host.Groups()), Links: filepath.Join(h.Links, unit.Key())}
	return &Charm{
		Handles: h, unit: unit, files: files,
		work: &workload.Workload{
			Engine: h.Engine, Gateway: gateway.Dial(files.GatewayDir()), Files: files, Clock: h.Clock, Program: h.Program, Build: h.Build,
		},
		checker: compat.Checker{Images: h.Engine, Inventories: compat.NewInventories(h.Engine, files, h.Program, h.Build), Ask: h.Ask},
	}
}

// UnitOf is the unit that an event is about.
func UnitOf(e juju.Event) notebook.Unit {
	return notebook.Unit{Name: e.Unit, ModelUUID: e.UUID, ModelName: e.Model}
}

// Run answers the event. An error is a defect, or something that Juju should try
// again at once: what an operator must mend is a status instead.
func (c *Charm) Run(ctx context.Context) error {
	switch {
	case c.Event.Action != "":
		return c.act(ctx)
	case c.Event.Hook == "remove":
		return c.remove(ctx)
	case c.Event.Hook == "stop":
		return c.stop(ctx)
	case c.Event.Hook == "notebooks-storage-detaching":
		return c.detach(ctx)
	case c.leaving():
		return nil
	}
	return c.hook(ctx)
}

// hook does what every hook does.
func (c *Charm) hook(ctx context.Context) error {
	show := &progress{tools: c.Tools}
	out, err := c.converge(ctx, asked{}, show)
	if err != nil {
		return err
	}
	c.sweep(ctx, out)
	return c.publish(out, show)
}

// progress shows what takes time, as the unit's status in a hook.
type progress struct {
	tools  *juju.Tools
	action bool
	shown  juju.Status // the last that was shown
}

func (p *progress) say(message string) {
	if p.action {
		warn(p.tools.Progress(message))
		return
	}
	p.shown = juju.Status{Status: "maintenance", Message: message}
	warn(p.tools.SetStatus(p.shown))
}

func warn(err error) {
	if err != nil {
		logger.Warningf("%v", err)
	}
}
