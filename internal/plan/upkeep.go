package plan

import (
	"math"
	"slices"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// restartsLimit is how often a notebook may end by itself before its container is
// taken for broken.
const restartsLimit = 3

// What was verified before may take bootLimit to answer again where its record does
// not say. One that runs for longer than it may take is asked for patience.
const (
	bootLimit = 5 * time.Minute
	patience  = 10 * time.Second
)

// Upkeep says what keeps up what served, from what is there alone: neither options
// nor secrets nor the cluster have a part in it. build is the identity of this
// program, whose gateway should run.
func Upkeep(o Observed, build string) Plan {
	p := &Plan{}
	s := FindServing(o)
	if o.Network == "" && needsNetwork(o, s) {
		p.add(Step{Kind: MakeNetwork, Cause: "the unit has no network"})
	}
	keepGateway(p, o, s, build)
	keepServing(p, o, s)
	for _, c := range o.Notebooks {
		if why := o.Notes.Aside[c.ID]; why != "" && (c.Running || c.Kept) {
			p.add(step(SetAside, c, "%s", why))
		}
	}
	for _, c := range o.others(s) {
		keepOther(p, o, c)
	}
	forgetGone(p, o, s)
	for _, id := range o.Strays {
		p.add(Step{Kind: RemoveStray, ID: id, Cause: "a hook that was ended left it"})
	}
	return *p
}

// keepOther keeps what people may still use of a notebook that does not serve.
func keepOther(p *Plan, o Observed, c *Container) {
	switch {
	case c.Open && c.Running:
		p.add(step(Stop, c, "it serves without the token"))
	case c.Paused && slices.Contains(o.Notes.Paused, c.ID):
		p.add(step(Resume, c, resumed))
	case c.Running && astray(c, o):
		p.add(step(JoinNetwork, c, "it is not on the unit's network"))
	}
}

// needsNetwork reports whether what serves, or what still runs beside it, is on the
// unit's network.
func needsNetwork(o Observed, s Serving) bool {
	if serve := s.Served(); serve != nil && serve.NetworkMode == notebook.NetworkBridge {
		return true
	}
	return slices.ContainsFunc(o.others(s), func(c *Container) bool {
		return c.Running && !c.Open && c.Serve.NetworkMode == notebook.NetworkBridge
	})
}

// forgetGone removes what is left of a container that a hook removed before it was
// ended, or of one that served before somebody else removed it.
func forgetGone(p *Plan, o Observed, s Serving) {
	if !s.Up(o.Gateway) {
		return // it may be made anew
	}
	gone := s.Slot.Other()
	inUse := slices.ContainsFunc(o.Notebooks, func(c *Container) bool { return c.Slot == gone })
	if _, ok := o.Records[gone]; ok && !inUse {
		p.add(Step{Kind: Forget, Slot: gone, Cause: "its container is gone, and another one serves"})
	}
}

const resumed = "it was paused when the hook before this one looked"

// keepServing brings up what served, behind its token.
func keepServing(p *Plan, o Observed, s Serving) {
	switch {
	case s.There():
		keepContainer(p, o, s)
	case s.Record != nil && !dataGone(o, s):
		p.add(recreate(o, s, s.Record, "it served, and its container is gone")...)
	}
}

// dataGone reports whether what served may not be brought up, since the folder of
// its notebooks is not there.
func dataGone(o Observed, s Serving) bool {
	if s.Container != nil && s.DataGone || s.Record != nil && s.Record.DataGone {
		return true
	}
	return o.Notes.Detached != "" && s.Served().Data == o.Notes.Detached
}

// nobody lets work end only where there is none: nobody asked for it, and what the
// operator calls idle is not known.
var nobody = Rule{Idle: math.MaxInt64}

func keepContainer(p *Plan, o Observed, s Serving) {
	c := s.Container
	const elsewhere = "it sees another folder than is there now"
	cause := broken(o, c)
	switch {
	case c.Open || o.Gateway.Open && s.Named:
		replaceBroken(p, o, s, "it serves without the token")
	case c.Paused:
		if slices.Contains(o.Notes.Paused, c.ID) {
			p.add(verified(o, s, step(Resume, c, resumed))...)
		}
	case dataGone(o, s):
	case cause != "":
		replaceBroken(p, o, s, cause)
	case !c.Running && refused(o, o.Attempt(c)):
	case !c.Running && c.Run == "" && len(o.Gateway.Listen) > 0: // any local user can have its port by now
		steps := append([]Step{step(TurnAway, c, "it is not running, and its port is anybody's")}, verified(o, s, started(o, c)...)...)
		if s.Turned(o.Gateway) {
			steps = append(steps, step(Flip, c, "it serves again"))
		}
		p.add(steps...)
	case !c.Running:
		p.add(verified(o, s, started(o, c)...)...)
	case astray(c, o):
		p.add(verified(o, s, step(JoinNetwork, c, "it is not on the unit's network"))...)
	case c.Cut:
		const cause = "the directory of its socket was removed"
		p.add(verified(o, s, step(Stop, c, cause), step(Start, c, cause))...)
	case c.DataOther && c.Hindrance(nobody, o.Now) == "":
		p.add(verified(o, s, step(Stop, c, elsewhere), step(Start, c, elsewhere))...)
	case !s.Turned(o.Gateway) && len(o.Gateway.Listen) > 0:
		p.add(verified(o, s)...)
	}
}

// started are the steps that start what served. The engine does not start a
// container whose network is gone.
func started(o Observed, c *Container) (steps []Step) {
	if astray(c, o) {
		steps = append(steps, step(JoinNetwork, c, "it is not on the unit's network"))
	}
	return append(steps, step(Start, c, "it serves and is not running"))
}

// verified are the steps that make sure of a container after others, and turn the
// gateway to it where that does not name it, or forwards nowhere. A gateway that
// was told no address yet is turned to it by Change.
func verified(o Observed, s Serving, before ...Step) []Step {
	await := step(Await, s.Container, "before anyone is sent there")
	await.Limit = startLimit(o, s.Container)
	if len(before) == 0 {
		await.Limit = max(patience, await.Limit-o.Now.Sub(s.Started))
	}
	steps := append(before, await)
	if !s.Turned(o.Gateway) && len(o.Gateway.Listen) > 0 {
		steps = append(steps, step(Flip, s.Container, "it serves, and the gateway does not turn to it"))
	}
	return steps
}

// startLimit is how long the container may take to answer once it is started.
func startLimit(o Observed, c *Container) time.Duration {
	if r, ok := o.recordOf(c); ok && r.Request.StartTimeout > 0 {
		return time.Duration(r.Request.StartTimeout) * time.Second
	}
	return bootLimit
}

// astray reports whether a container lost its network, which somebody removed. One
// that does not run is on none; the engine remembers on which it was.
func astray(c *Container, o Observed) bool {
	switch {
	case c.Serve.NetworkMode != notebook.NetworkBridge:
		return false
	case c.Running:
		return o.Network == "" || c.Network != o.Network
	}
	return c.Network != "" && c.Network != o.Network
}

// Leave says what ends before a folder of notebooks goes. The gateway goes on
// naming what served, and answers in its place.
func Leave(o Observed, data string) Plan {
	p := &Plan{}
	s := FindServing(o)
	for _, c := range o.Notebooks {
		if c.Serve.Data != data {
			continue
		}
		var steps []Step
		if s.Container != nil && c.ID == s.ID && o.Gateway.Answers {
			steps = append(steps, step(TurnAway, c, "its storage goes"))
		}
		p.add(append(steps, step(Stop, c, "its storage goes"))...)
	}
	return *p
}
