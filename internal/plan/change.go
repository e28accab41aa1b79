package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Ask is what the operator asked for in an action: Apply makes whatever waits.
type Ask struct {
	Apply bool
}

// Change says what brings o, in which upkeep was made, to spec. build is the
// identity of this program.
func Change(spec notebook.Spec, o Observed, build string, ask Ask) Plan {
	p := &Plan{}
	c := change{Plan: p, spec: spec, o: o, serving: FindServing(o), ask: ask, variant: Variant(build, spec.Gateway.Listen)}
	if o.Network == "" && spec.Serve.NetworkMode == notebook.NetworkBridge {
		p.add(Step{Kind: MakeNetwork, Cause: "the unit has no network"})
	}
	if ask.Apply {
		c.removeAside()
	}
	switch s := c.serving; {
	case s.Served() != nil && dataGone(o, s) && !ask.Apply:
		c.gateway() // which says that nothing serves
	case !s.There():
		c.first()
	default:
		c.gateway()
		c.notebook()
	}
	return *p
}

// change is one plan being made.
type change struct {
	*Plan
	spec    notebook.Spec
	o       Observed
	serving Serving
	ask     Ask
	variant string
}

// removeAside removes the containers that were kept for the operator to look at. The
// record of what served goes with its container, so that this one waits until
// another one serves.
func (c *change) removeAside() {
	for _, kept := range c.o.Notebooks {
		if c.o.Notes.Aside[kept.ID] != "" && !c.servedAs(kept) {
			c.add(c.removal(kept))
		}
	}
}

func (c *change) servedAs(kept *Container) bool {
	return c.serving.Record != nil && c.serving.Record.ID == kept.ID
}

func (c *change) removal(kept *Container) Step {
	return step(Remove, kept, "it was set aside, since %s", c.o.Notes.Aside[kept.ID])
}

// gateway brings the gateway to what is wanted of it.
func (c *change) gateway() { c.add(c.gatewaySteps()...) }

func (c *change) gatewaySteps() (steps []Step) {
	g, want := c.o.Gateway, c.spec.Gateway
	start := Step{Kind: StartGateway, Variant: c.variant, Gateway: want}
	switch {
	case !g.Answers:
		start.Cause = "no gateway answers"
		steps = append(steps, start)
	case g.Variant != c.variant:
		start.Cause = "the gateway's program changed"
		steps = append(steps, start)
	}
	if !g.Answers || !slices.Equal(g.Listen, want.Listen) || !slices.Equal(g.Trusted, want.Trusted) {
		steps = append(steps, Step{Kind: SetGateway, Gateway: want, Cause: "listen on " + strings.Join(want.Listen, ", ")})
	}
	return steps
}

// notebook brings the serving notebook to what is wanted of it.
func (c *change) notebook() {
	changes := c.changes()
	if len(changes) == 0 {
		c.keep()
		return
	}
	rule, cause := c.rule(changes), causes(changes)
	if why := c.waits(rule, changes); why != "" {
		c.Waits = cause + " (" + why + ")"
		c.keep()
		return
	}
	reusable := c.reusable()
	for _, left := range c.o.others(c.serving) {
		if c.leftover(left) != "" && !c.ask.Apply && left != reusable {
			c.Waits = cause
			c.keep()
			return
		}
	}
	c.replace(rule, cause)
}

// changes lists why the serving container is not the one that should run.
func (c *change) changes() []notebook.Change {
	now := c.serving.Container
	out := notebook.Changes(now.Serve, c.spec.Serve)
	wanted := c.o.Wanted
	if now.Serve.Image == c.spec.Serve.Image && wanted.Pulled != "" && now.ImageID != "" && !wanted.RunsAs(now.ImageID) {
		out = append(out, notebook.Change{What: "a newer image was pulled", Asked: true})
	}
	return out
}

func causes(changes []notebook.Change) string {
	texts := make([]string, len(changes))
	for i, c := range changes {
		texts[i] = c.What
	}
	return strings.Join(texts, "; ")
}

// rule says whose work the switch may end.
func (c *change) rule(changes []notebook.Change) Rule {
	asked := slices.ContainsFunc(changes, func(c notebook.Change) bool { return c.Asked })
	return Rule{
		Any: c.ask.Apply || asked && c.spec.When == notebook.WhenNow, Asked: asked,
		Idle: time.Duration(c.spec.IdleMinutes) * time.Minute,
	}
}

// waits says for what a switch waits, "" when it can be made.
func (c *change) waits(rule Rule, changes []notebook.Change) string {
	now := c.serving.Container
	if c.ask.Apply || !now.Running {
		return ""
	}
	if rule.Asked && c.spec.When == notebook.WhenManual {
		return "for the action apply"
	}
	if why := now.Hindrance(rule, c.o.Now); why != "" {
		return fmt.Sprintf("for %s, or the action apply", why)
	}
	return ""
}

// keep keeps the serving container: at the right limits, with the gateway turned to
// it, and alone.
func (c *change) keep() {
	c.limits()
	if s := c.serving; s.Healthy && !s.Turned(c.o.Gateway) { // Upkeep could not, without an address or a gateway
		c.add(c.await(s.Container), step(Flip, s.Container, "it serves, and the gateway does not turn to it"))
	}
	if now := c.serving.Container; now.DataOther && c.ask.Apply {
		const cause = "it sees another folder than is there now"
		c.add(verified(c.o, c.serving, step(Stop, now, cause), step(Start, now, cause))...)
	}
	for _, left := range c.o.others(c.serving) {
		switch hindrance := c.leftover(left); {
		case hindrance != "" && !c.ask.Apply:
			c.Waits = strings.TrimPrefix(c.Waits+"; the former notebook has "+hindrance, "; ")
		default:
			c.add(step(Stop, left, "it does not serve"), step(Remove, left, "it does not serve"))
		}
	}
	if c.o.Wanted.Kept > 2 && c.Waits == "" {
		c.add(c.tidy())
	}
}

// limits sets the limits in place. Too little memory may be why the notebook does
// not run.
func (c *change) limits() {
	now := c.serving.Container
	if now.Limits == c.spec.Limits {
		return
	}
	limits := step(SetLimits, now, "memory-limit, cpu-limit or pids-limit changed")
	limits.Limits = c.spec.Limits
	steps := []Step{limits}
	if !now.Running && !now.Paused && !dataGone(c.o, c.serving) {
		steps = append(steps, verified(c.o, c.serving, started(c.o, now)...)...)
	}
	c.add(steps...)
}

// leftover is why a container that does not serve has to stay, "" for no reason.
// Nobody works in one that has not answered since it was started.
func (c *change) leftover(left *Container) string {
	if broken(c.o, left) != "" {
		return ""
	}
	if why := left.Hindrance(Rule{Asked: true}, c.o.Now); why != "" {
		return why
	}
	if left.Running && left.Transfers > 0 {
		return "requests under way"
	}
	return ""
}

func (c *change) tidy() Step {
	keep := []string{c.spec.Serve.Image}
	if s := c.serving.Served(); s != nil {
		keep = append(keep, s.Image)
	}
	return Step{Kind: TidyImages, Keep: keep, Cause: "only the current and the previous image are kept"}
}

// first brings up a notebook where none serves. The gateway is up before a pull,
// to say that something comes; else Jupyter boots meanwhile.
func (c *change) first() {
	if c.o.Wanted.ID() == "" || c.stays() {
		c.gateway()
	}
	if c.stays() {
		return
	}
	for _, left := range c.o.others(c.serving) {
		c.add(step(Remove, left, "it does not serve"))
	}
	made := &Container{Slot: notebook.SlotA}
	if served := c.serving.Record; served != nil {
		made.Slot = served.Request.Slot.Other() // what served can be made anew until another one does
	}
	steps := c.candidate(made, "no notebook serves")
	if c.o.Wanted.ID() != "" {
		steps = append(steps, c.gatewaySteps()...)
	}
	steps = append(abandoned(made, append(steps, c.await(made))...), step(Flip, made, "it is healthy"))
	if served := c.serving.Record; served != nil {
		if kept := c.o.Find(served.ID); kept != nil && c.ask.Apply {
			steps = append(steps, c.removal(kept))
		}
		steps = append(steps, Step{Kind: Forget, Slot: served.Request.Slot, Cause: "another one serves"})
	}
	c.add(append(steps, c.tidy())...)
}

// stays reports whether no notebook may be brought up where none serves: it did
// not come up before, or somebody works in a former one, for which that waits.
func (c *change) stays() bool {
	if c.ask.Apply {
		return false
	}
	for _, left := range c.o.others(c.serving) {
		if hindrance := c.leftover(left); hindrance != "" {
			c.Waits = "the former notebook has " + hindrance
			return true
		}
	}
	return refused(c.o, c.attempt())
}

func (c *change) attempt() Attempt { return AttemptOf(c.spec, c.o.Wanted.ID()) }

// candidate are the steps that start a container in a slot.
func (c *change) candidate(made *Container, cause string) []Step {
	var steps []Step
	if c.o.Wanted.ID() == "" {
		pull := Step{Kind: PullImage, Spec: &c.spec, Cause: c.spec.Serve.Image + " is not on this engine"}
		steps = append(steps, pull)
	}
	create := step(Create, made, "%s", cause)
	create.Spec = &c.spec
	return append(steps, create, step(Start, made, "%s", cause))
}

func (c *change) await(made *Container) Step {
	s := step(Await, made, "before anyone is sent there")
	s.Limit = time.Duration(c.spec.StartTimeout) * time.Second
	return s
}
