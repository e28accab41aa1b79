package plan

import (
	"fmt"
	"strings"

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
	PullImage     Kind = "pull image"
	Create        Kind = "create notebook"
	Start         Kind = "start notebook"
	Await         Kind = "wait until healthy"
	Recount       Kind = "count kernels again"
	Flip          Kind = "turn gateway"
	Drain         Kind = "let requests end"
	Stop          Kind = "stop notebook"
	Remove        Kind = "remove notebook"
	SetLimits     Kind = "set limits"
	TidyImages    Kind = "remove unused images"
	RemoveStray   Kind = "remove leftover"
)

// Step is one thing to do, and why.
type Step struct {
	Kind  Kind
	Slot  notebook.Slot // of the notebook's steps
	ID    string        // of a container that is not a notebook
	Cause string
}

func (s Step) String() string {
	text := string(s.Kind)
	if s.Slot != "" {
		text += " " + string(s.Slot)
	}
	return text + ": " + s.Cause
}

// Plan is what to do, in order.
type Plan struct {
	Steps     []Step
	Waits     string // what is not done yet, and for what; "" when nothing waits
	Candidate notebook.Slot
	Port      int  // loopback port of the candidate
	Driver    int  // the first of the candidate's driver ports, 0 for none
	MustIdle  bool // the switch may not end a busy kernel
}

func (p *Plan) add(k Kind, slot notebook.Slot, format string, args ...any) {
	p.Steps = append(p.Steps, Step{Kind: k, Slot: slot, Cause: fmt.Sprintf(format, args...)})
}

// String prints the plan, a step a line.
func (p Plan) String() string {
	var lines []string
	for _, s := range p.Steps {
		lines = append(lines, s.String())
	}
	if p.Waits != "" {
		lines = append(lines, "waits: "+p.Waits)
	}
	if len(lines) == 0 {
		return "nothing to do"
	}
	return strings.Join(lines, "\n")
}
