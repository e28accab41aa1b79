package plan_test

import (
	"errors"
	"slices"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

var errNone = errors.New("there is none")

// step does what workload does for it.
func (w *world) step(s Step) error {
	switch s.Kind {
	case MakeNetwork:
		w.effect()
		w.o.Network = w.id("network")
	case PullImage:
		w.effect()
		w.o.Wanted.Pulled = "sha256:" + s.Spec.Serve.Image
		w.o.Wanted.Kept++
	case Create:
		w.files[s.Slot] = true
		w.create(Record{Request: notebook.Request{
			Serve: s.Spec.Serve, Image: w.o.Wanted.ID(), Slot: s.Slot, StartTimeout: s.Spec.StartTimeout, Limits: s.Spec.Limits,
		}})
	case Recreate:
		if !w.files[s.Slot] {
			w.fault("a notebook is made anew without its secret")
		}
		w.create(*s.Record)
	case Abandon:
		w.abandon(s)
	case Forget:
		w.forget(s.Slot)
	case TidyImages:
		w.effect()
		w.o.Wanted.Kept = min(2, w.o.Wanted.Kept)
	case RemoveStray:
		w.effect()
		w.o.Strays = slices.DeleteFunc(w.o.Strays, func(id string) bool { return id == s.ID })
	case StartGateway, SetGateway, RemoveGateway, TurnAway, Flip:
		return w.gatewayStep(s)
	default:
		c := w.container(s)
		if c == nil {
			return errNone
		}
		return w.notebookStep(s, c)
	}
	return nil
}

func (w *world) container(s Step) *Container {
	if s.ID != "" {
		return w.o.Find(s.ID)
	}
	return w.o.Find(w.made[s.Slot])
}

func (w *world) gatewayStep(s Step) error {
	g := &w.o.Gateway
	switch s.Kind {
	case StartGateway:
		w.effect()
		g.Answers, g.Lost, g.Variant, g.ID = true, false, s.Variant, w.id("gateway")
		w.o.Gateways = append(w.o.Gateways, GatewayContainer{ID: g.ID, Variant: s.Variant, Running: true})
		return nil
	case RemoveGateway:
		w.effect()
		w.o.Gateways = slices.DeleteFunc(w.o.Gateways, func(c GatewayContainer) bool { return c.ID == s.ID })
		return nil
	}
	if !g.Answers {
		return errNone
	}
	if s.Kind == SetGateway {
		if slices.Contains(s.Gateway.Listen, w.held) {
			return errors.New("the address is held")
		}
		w.effect()
		g.Listen, g.Trusted = s.Gateway.Listen, s.Gateway.Trusted
		return nil
	}
	return w.turn(s, w.container(s))
}

// turn turns the gateway. Nobody may be sent to what was not verified.
func (w *world) turn(s Step, c *Container) error {
	g := &w.o.Gateway
	w.effect()
	if s.Kind == TurnAway {
		g.Upstream, g.Container, g.Open = "", "", false
		if c != nil {
			g.Container = c.ID
		}
		return nil
	}
	if c == nil || len(g.Listen) == 0 {
		return errNone
	}
	if !c.Running || !c.Kept || has(w.open, c) || has(w.bad, c) {
		w.fault("people are sent to %s", c.ID)
	}
	g.Upstream, g.Container, g.Open = c.Upstream(), c.ID, false
	return nil
}

func (w *world) create(r Record) {
	r.Request.Run = w.id("run")
	q := r.Request
	w.effect()
	w.o.Records[q.Slot] = r
	w.effect()
	c := &Container{
		ID: w.id("c"), Slot: q.Slot, Serve: q.Serve, Hash: q.Serve.Hash(), ImageID: q.Image, Run: q.Run, Limits: q.Limits, Created: w.o.Now,
	}
	w.o.Notebooks = append(w.o.Notebooks, c)
	w.made[q.Slot] = c.ID
}

func (w *world) notebookStep(s Step, c *Container) error {
	if s.Kind == Recount {
		w.recounts++
		if w.recount != nil {
			w.recount(w.recounts)
		}
		if c.Hindrance(s.Rule, w.o.Now) != "" {
			return errors.New("somebody works")
		}
		return nil
	}
	if s.Kind == Await {
		return w.await(c)
	}
	w.effect()
	switch s.Kind {
	case Start:
		return w.start(c)
	case Resume:
		c.Paused = false
	case JoinNetwork:
		if w.o.Network == "" {
			return errNone
		}
		c.Network = w.o.Network
	case Stop:
		w.ends(c)
	case SetAside:
		w.setAside(c, s.Cause)
	case Remove:
		w.remove(c)
	case SetLimits:
		c.Limits = s.Limits
	case Drain:
	default:
		w.fault("step %q is not known", s.Kind)
	}
	return nil
}

// start fails where the engine does: for a network or a folder that is gone.
func (w *world) start(c *Container) error {
	if bridge := c.Serve.NetworkMode == notebook.NetworkBridge; bridge {
		if w.o.Network == "" || c.Network != "" && c.Network != w.o.Network {
			return errNone
		}
		c.Network = w.o.Network
	}
	if c.DataGone {
		return errNone
	}
	c.Running, c.Started, c.Restarts = true, w.o.Now, 0
	c.Work = Work{Known: true}
	return nil
}

func (w *world) setAside(c *Container, cause string) {
	aside := map[string]string{c.ID: cause}
	for id, why := range w.o.Notes.Aside {
		aside[id] = why
	}
	w.o.Notes.Aside = aside
	w.effect()
	w.lostInOpen(c)
	c.Kept = false
}

// lostInOpen ends a container whose work has to go.
func (w *world) lostInOpen(c *Container) {
	before := w.lost
	w.ends(c)
	w.lost = before
}

func (w *world) await(c *Container) error {
	refuse := func() error {
		if !c.Kept {
			w.effect()
			w.o.Notes.Refused = w.o.Notes.Refused.Again(w.o.Attempt(c), "it does not come up", w.o.Now)
		}
		return errors.New("it does not come up")
	}
	switch {
	case !c.Running:
		return refuse()
	case has(w.open, c):
		w.effect()
		w.lostInOpen(c)
		w.o.Notes.Open = append(w.o.Notes.Open, c.ID)
		return refuse()
	case has(w.bad, c):
		return refuse()
	}
	w.effect()
	c.Kept = true
	w.effect()
	if r := w.o.Records[c.Slot]; r.Request.Run == c.Run && c.Run != "" {
		r.ID, r.Verified = c.ID, true
		w.o.Records[c.Slot] = r
	}
	w.effect()
	w.o.Notes.Answered[c.ID] = c.Started
	if w.o.Notes.Refused.Find(w.o.Attempt(c)) != nil {
		w.o.Notes.Refused = w.o.Notes.Refused.Without(w.o.Attempt(c))
	}
	return nil
}

func (w *world) remove(c *Container) {
	w.ends(c)
	w.o.Notebooks = slices.DeleteFunc(w.o.Notebooks, func(other *Container) bool { return other == c })
	w.effect()
	delete(w.o.Notes.Aside, c.ID)
	r, recorded := w.o.Records[c.Slot]
	if !recorded || r.ID == c.ID || r.ID == "" && r.Request.Run == c.Run {
		w.forget(c.Slot)
	}
}

// forget removes what a slot's containers leave.
func (w *world) forget(slot notebook.Slot) {
	w.effect()
	if !slices.ContainsFunc(w.o.Notebooks, func(c *Container) bool { return c.Slot == slot }) {
		w.files[slot] = false
	}
	w.effect()
	delete(w.o.Records, slot)
}

// abandon leaves what serves, and what somebody works in.
func (w *world) abandon(s Step) {
	c := w.container(s)
	if c == nil || w.o.Gateway.Upstream == c.Upstream() || c.Kept && c.Running && c.Hindrance(Rule{Asked: true}, w.o.Now) != "" {
		return
	}
	w.effect()
	if s.Record != nil {
		w.o.Records[c.Slot] = *s.Record
	}
	w.effect()
	w.remove(c)
}
