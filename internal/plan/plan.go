package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Kind is what a step does.
type Kind string

// The kinds of steps.
const (
	MakeNetwork   Kind = "make network"
	JoinNetwork   Kind = "join network"
	StartGateway  Kind = "start gateway"
	SetGateway    Kind = "set gateway"
	RemoveGateway Kind = "remove old gateway"
	TurnAway      Kind = "turn gateway to nobody"
	PullImage     Kind = "pull image"
	Create        Kind = "create notebook"
	Recreate      Kind = "make notebook anew"
	Start         Kind = "start notebook"
	Resume        Kind = "resume notebook"
	Await         Kind = "wait until healthy"
	Recount       Kind = "count work again"
	Flip          Kind = "turn gateway"
	Drain         Kind = "let requests end"
	Stop          Kind = "stop notebook"
	SetAside      Kind = "set notebook aside"
	Remove        Kind = "remove notebook"
	Abandon       Kind = "remove candidate"
	Forget        Kind = "remove record"
	SetLimits     Kind = "set limits"
	TidyImages    Kind = "remove unused images"
	RemoveStray   Kind = "remove leftover"
)

// Step is one thing to do, why, and all that it takes to do it.
type Step struct {
	Kind  Kind
	Slot  notebook.Slot // of a notebook's steps
	ID    string        // of the container that it acts on; "" for the one that Create made in the slot
	Cause string

	Spec    *notebook.Spec   // Create, PullImage
	Record  *Record          // Recreate; Abandon, which puts it back
	Gateway notebook.Gateway // StartGateway, SetGateway
	Variant string           // StartGateway
	Limits  notebook.Limits  // SetLimits
	Limit   time.Duration    // Await
	Rule    Rule             // Recount
	Keep    []string         // TidyImages: references whose images stay

	Else []Step // what is done when it fails
}

func (s Step) String() string {
	text := string(s.Kind)
	if s.Slot != "" {
		text += " " + string(s.Slot)
	}
	return text + ": " + s.Cause
}

// Part is steps of which each needs those before it: when one fails the rest are
// left.
type Part []Step

// Plan is what to do. Its parts are made in order; one that fails does not keep
// the next from being made.
type Plan struct {
	Parts []Part
	Waits string // what is not done yet, and for what; "" when nothing waits
	Cause string // of the switch that is in it, "" for none
}

func (p *Plan) add(steps ...Step) {
	if len(steps) > 0 {
		p.Parts = append(p.Parts, steps)
	}
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Parts) == 0 }

// Has reports whether a step of the kind is in the plan.
func (p Plan) Has(k Kind) bool {
	for _, part := range p.Parts {
		for _, s := range part {
			if s.Kind == k {
				return true
			}
		}
	}
	return false
}

// String prints the plan, a step a line.
func (p Plan) String() string {
	var lines []string
	for _, part := range p.Parts {
		for _, s := range part {
			lines = append(lines, s.String())
		}
	}
	if p.Waits != "" {
		lines = append(lines, "waits: "+p.Waits)
	}
	if len(lines) == 0 {
		return "nothing to do"
	}
	return strings.Join(lines, "\n")
}

// step makes a step on a container.
func step(k Kind, c *Container, format string, args ...any) Step {
	return Step{Kind: k, Slot: c.Slot, ID: c.ID, Cause: fmt.Sprintf(format, args...)}
}
