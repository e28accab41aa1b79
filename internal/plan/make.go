package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Make says what brings o to spec. variant is the gateway's program that should
// run; apply tells that the operator asked for whatever waits.
func Make(spec notebook.Spec, o Observed, variant string, apply bool) Plan {
	p := &Plan{}
	if o.Network == "" && spec.Serve.NetworkMode == notebook.NetworkBridge {
		p.add(MakeNetwork, "", "the unit has no network")
	}
	for _, slot := range []notebook.Slot{notebook.SlotA, notebook.SlotB} {
		if astray(o.Slots[slot], o) {
			p.add(JoinNetwork, slot, "it is not on the unit's network")
			if slot == Serving(o) && o.Slots[slot].Running {
				p.add(Await, slot, "it could not be reached")
			}
		}
	}
	for _, id := range o.Strays {
		p.Steps = append(p.Steps, Step{Kind: RemoveStray, ID: id, Cause: "a hook that was ended left it"})
	}
	slot := Serving(o)
	if slot == "" {
		planFirst(p, spec, o, variant)
		return *p
	}
	planGateway(p, spec, o, variant)
	planNotebook(p, spec, o, slot, apply)
	return *p
}

// astray tells whether a container lost its network, which somebody removed.
func astray(c *Container, o Observed) bool {
	return c != nil && c.Serve.NetworkMode == notebook.NetworkBridge && (o.Network == "" || c.Running && c.Network != o.Network)
}

func planGateway(p *Plan, spec notebook.Spec, o Observed, variant string) {
	switch {
	case !o.Gateway.Answers:
		p.add(StartGateway, "", "no gateway answers")
	case o.Gateway.Variant != variant:
		p.add(StartGateway, "", "the gateway's program changed")
	}
	for _, g := range o.Gateways {
		if cause := superfluous(g, o.Gateway, variant); cause != "" {
			p.Steps = append(p.Steps, Step{Kind: RemoveGateway, ID: g.ID, Cause: cause})
		}
	}
	if !o.Gateway.Answers || !slices.Equal(o.Gateway.Listen, spec.Gateway.Listen) || !slices.Equal(o.Gateway.Trusted, spec.Gateway.Trusted) {
		p.add(SetGateway, "", "listen on %s", strings.Join(spec.Gateway.Listen, ", "))
	}
}

// superfluous tells why a gateway's container is of no use, "" while it is. One
// that cannot be reached for good holds the port of its successor.
func superfluous(g GatewayContainer, now GatewayState, variant string) string {
	_, drains := now.Open[g.ID]
	inCharge := g.ID == now.ID || now.ID == "" && g.Variant == variant
	switch {
	case now.Answers && now.Variant == variant && !inCharge && (!g.Running || now.Open[g.ID] == 0):
		return "it handed over and has no connection left"
	case !now.Answers && !g.Running:
		return "it does not run"
	case now.Lost && !drains:
		return "it cannot be reached"
	}
	return ""
}

// Serving is the slot that the gateway turns to; without one, a running slot,
// as after a hook that was killed between start and flip on the first deploy.
func Serving(o Observed) notebook.Slot {
	for slot, c := range o.Slots {
		if c != nil && c.Port == o.Gateway.Upstream {
			return slot
		}
	}
	for _, slot := range []notebook.Slot{notebook.SlotA, notebook.SlotB} {
		if c := o.Slots[slot]; c != nil && c.Running && c.Healthy {
			return slot
		}
	}
	return ""
}

func planNotebook(p *Plan, spec notebook.Spec, o Observed, slot notebook.Slot, apply bool) {
	now := o.Slots[slot]
	changes := changes(now, spec, o)
	if len(changes) == 0 {
		planKeep(p, spec, o, slot, apply)
		return
	}
	causes := make([]string, len(changes))
	for i, c := range changes {
		causes[i] = c.What
	}
	cause := strings.Join(causes, "; ")
	p.MustIdle = mustIdle(spec, changes, apply)
	if why := waits(spec, now, changes, apply); why != "" {
		p.Waits = cause + " (" + why + ")"
		planKeep(p, spec, o, slot, apply)
		return
	}
	if left := o.Slots[slot.Other()]; p.MustIdle && left.computes() {
		p.Waits = cause
		planKeep(p, spec, o, slot, apply)
		return
	}
	planSwitch(p, spec, o, slot, cause)
}

// changes lists why the serving container is not the one that should run.
func changes(now *Container, spec notebook.Spec, o Observed) []notebook.Change {
	out := notebook.Changes(now.Serve, spec.Serve)
	if now.Serve.Image == spec.Serve.Image && o.Image.Pulled != "" && now.ImageID != "" && o.Image.Pulled != now.ImageID {
		out = append(out, notebook.Change{What: "a newer image was pulled", Asked: true})
	}
	return out
}

// mustIdle tells whether the switch may not end a busy kernel.
func mustIdle(spec notebook.Spec, changes []notebook.Change, apply bool) bool {
	asked := slices.ContainsFunc(changes, func(c notebook.Change) bool { return c.Asked })
	return !apply && !(asked && spec.When == notebook.WhenNow)
}

// waits says for what a switch waits, "" when it can be made.
func waits(spec notebook.Spec, now *Container, changes []notebook.Change, apply bool) string {
	if apply || !now.Running {
		return ""
	}
	asked := slices.ContainsFunc(changes, func(c notebook.Change) bool { return c.Asked })
	switch {
	case asked && spec.When == notebook.WhenManual:
		return "for the action apply"
	case mustIdle(spec, changes, apply) && !now.Kernels.idle():
		return fmt.Sprintf("for %s, or the action apply", now.Kernels)
	}
	return ""
}

// planFirst brings up a notebook where none serves. The gateway is up before a
// pull, to say that something comes; else Jupyter boots meanwhile.
func planFirst(p *Plan, spec notebook.Spec, o Observed, variant string) {
	pull := o.Image.ID() == ""
	if pull {
		planGateway(p, spec, o, variant)
	}
	for _, slot := range []notebook.Slot{notebook.SlotA, notebook.SlotB} {
		if c := o.Slots[slot]; c != nil {
			p.add(Remove, slot, "it never served")
		}
	}
	planCandidate(p, spec, o, notebook.SlotA, "no notebook serves")
	if !pull {
		planGateway(p, spec, o, variant)
	}
	p.add(Await, notebook.SlotA, "before anyone is sent there")
	p.add(Flip, notebook.SlotA, "it is healthy")
	p.add(TidyImages, "", "only the current and the previous image are kept")
}

// planCandidate starts a container in the slot.
func planCandidate(p *Plan, spec notebook.Spec, o Observed, slot notebook.Slot, cause string) {
	if o.Image.ID() == "" {
		p.add(PullImage, "", "%s is not on this engine", spec.Serve.Image)
	}
	p.Candidate, p.Port, p.Driver = slot, port(o, slot), DriverPort(spec, o, slot)
	p.add(Create, slot, "%s", cause)
	p.add(Start, slot, "%s", cause)
}

// planKeep keeps the serving container: it must run, at the right limits, and
// alone.
func planKeep(p *Plan, spec notebook.Spec, o Observed, slot notebook.Slot, apply bool) {
	now := o.Slots[slot]
	if now.Open {
		p.add(Stop, slot, "it serves without the token")
	}
	limits := now.Limits != spec.Limits
	if limits && !now.Running { // too little memory may be why
		p.add(SetLimits, slot, "memory-limit or cpu-limit changed")
	}
	if now.Open || !now.Running {
		p.Candidate, p.Port = slot, now.Port
		p.add(Start, slot, "it serves and is not running")
		p.add(Await, slot, "it was started")
	}
	if o.Gateway.Upstream != now.Port {
		if now.Running && !now.Open {
			p.add(Await, slot, "a hook ended before it was kept")
		}
		p.add(Flip, slot, "the gateway does not turn to it")
	}
	if limits && now.Running {
		p.add(SetLimits, slot, "memory-limit or cpu-limit changed")
	}
	planLeftover(p, o, slot.Other(), apply)
	if o.Image.Kept > 2 && p.Waits == "" {
		p.add(TidyImages, "", "only the current and the previous image are kept")
	}
}

// planLeftover removes the slot that a killed hook left behind, unless somebody
// still computes there.
func planLeftover(p *Plan, o Observed, slot notebook.Slot, apply bool) {
	left := o.Slots[slot]
	switch {
	case left == nil:
	case left.computes() && !apply:
		p.Waits = strings.TrimPrefix(p.Waits+fmt.Sprintf("; the former notebook has %s", left.Kernels), "; ")
	default:
		p.add(Stop, slot, "it does not serve")
		p.add(Remove, slot, "it does not serve")
	}
}

// planSwitch replaces the serving container by one in the other slot.
func planSwitch(p *Plan, spec notebook.Spec, o Observed, from notebook.Slot, cause string) {
	to := from.Other()
	if ready(o.Slots[to], spec, o) {
		p.Candidate, p.Port = to, o.Slots[to].Port
		p.add(Await, to, "it was brought up before: %s", cause)
	} else {
		if o.Slots[to] != nil {
			p.add(Remove, to, "it is not the notebook that should run")
		}
		planCandidate(p, spec, o, to, cause)
		p.add(Await, to, "before anyone is sent there")
	}
	count := p.MustIdle && o.Slots[from].Running
	if count {
		p.add(Recount, from, "nobody may lose a computation")
	}
	p.add(Flip, to, "%s", cause)
	p.add(Drain, from, "requests under way")
	if count {
		p.add(Recount, from, "a kernel may have begun meanwhile")
	}
	p.add(Stop, from, "%s", cause)
	p.add(Remove, from, "%s", cause)
	p.add(TidyImages, "", "only the current and the previous image are kept")
}

// ready tells whether a candidate that an earlier hook left can be used.
func ready(c *Container, spec notebook.Spec, o Observed) bool {
	return c != nil && c.Running && c.Hash == spec.Serve.Hash() && (o.Image.Pulled == "" || c.ImageID == o.Image.Pulled)
}
