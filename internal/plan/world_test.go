package plan_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// world is what there is, and does what a step does to it: a pure stand-in for
// internal/workload with an engine, a gateway and Jupyter.
type world struct {
	o    Observed
	made map[notebook.Slot]string // ids of what the hook's Create made
	seq  int

	files   map[notebook.Slot]bool // settings and secret
	bad     map[string]bool        // images and containers whose server never answers
	open    map[string]bool        // those that serve without the token
	held    string                 // an address that another unit holds
	recount func(n int)            // called before the n-th recount

	effects, killAt int  // the hook ends before its killAt-th effect
	steps, failAt   int  // its failAt-th step fails
	late            bool // after it was done
	recounts        int

	lost   []string // busy work that was ended
	faults []string // what may never be
}

// killed is what an effect panics with when the hook ends.
type killed struct{}

var start = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func newWorld() *world {
	return &world{
		o: Observed{
			Now: start, Records: map[notebook.Slot]Record{}, Wanted: Reference{Local: "sha256:old:1", Kept: 1},
			Gateway: GatewayState{Lost: true, Draining: map[string]int{}},
		},
		files: map[notebook.Slot]bool{}, bad: map[string]bool{}, open: map[string]bool{},
	}
}

func (w *world) id(kind string) string {
	w.seq++
	return fmt.Sprintf("%s%d", kind, w.seq)
}

// effect is before each change of what outlives the hook.
func (w *world) effect() {
	w.effects++
	if w.effects == w.killAt {
		panic(killed{})
	}
}

// has reports whether the container, or its image, is in a set.
func has(set map[string]bool, c *Container) bool { return set[c.ID] || set[c.ImageID] }

// observe is what workload.Observe returns, and what it notes.
func (w *world) observe() Observed {
	n := &w.o.Notes
	var open, paused []string
	if n.Answered == nil {
		n.Answered = map[string]time.Time{}
	}
	for _, c := range w.o.Notebooks {
		up := c.Running && !c.Paused
		c.Open = up && has(w.open, c) || slices.Contains(n.Open, c.ID) || w.o.Gateway.Open && c.ID == w.o.Gateway.Container
		c.Healthy = up && !c.Open && !has(w.bad, c)
		c.Work.Known = c.Healthy
		if c.Open {
			open = append(open, c.ID)
		}
		if c.Paused {
			paused = append(paused, c.ID)
		}
		if c.Healthy {
			n.Answered[c.ID] = c.Started
		}
	}
	n.Open = open
	out := w.o
	out.Notes.Paused, n.Paused = n.Paused, paused // as the hook before saw them
	out.Notes.Aside, out.Notes.Answered, out.Records = maps.Clone(n.Aside), maps.Clone(n.Answered), maps.Clone(w.o.Records)
	out.Notebooks = nil
	for _, c := range w.o.Notebooks {
		copied := *c
		out.Notebooks = append(out.Notebooks, &copied)
	}
	return out
}

// hook is what converge does, five minutes after the hook before.
func (w *world) hook(spec *notebook.Spec, ask Ask) (text string) {
	w.o.Now = w.o.Now.Add(5 * time.Minute)
	w.made, w.steps, w.effects, w.recounts = map[notebook.Slot]string{}, 0, 0, 0
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
		}
	}()
	made := ""
	for {
		p := Upkeep(w.observe(), "g1")
		if p.Empty() || p.String() == made {
			break
		}
		text += "upkeep:\n" + p.String() + "\n"
		if w.apply(p) == nil || made != "" {
			break
		}
		made = p.String()
	}
	if spec != nil {
		p := Change(*spec, w.observe(), "g1", ask)
		text += "change:\n" + p.String() + "\n"
		_ = w.apply(p) // the hook reports it
	}
	return text
}

func (w *world) apply(p Plan) error {
	var errs []error
	for _, part := range p.Parts {
		for _, s := range part {
			if err := w.once(s); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", s, err))
				for _, otherwise := range s.Else {
					errs = append(errs, w.once(otherwise))
				}
				break
			}
		}
	}
	return errors.Join(errs...)
}

// once makes a step, unless it is its turn to fail.
func (w *world) once(s Step) error {
	w.steps++
	fails := w.steps == w.failAt
	if fails && !w.late {
		return errors.New("the engine fails")
	}
	if err := w.step(s); err != nil || !fails {
		return err
	}
	return errors.New("the engine's answer is lost")
}

// fault notes what may never be.
func (w *world) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// ends is before a container ends: nobody's computation may go with it, but for one
// that serves without the token.
func (w *world) ends(c *Container) {
	for _, i := range c.Work.Items {
		if c.Running && i.Busy && !has(w.open, c) && !c.Open {
			w.lost = append(w.lost, i.Name)
		}
	}
	c.Running, c.Healthy, c.Paused, c.DataOther, c.Work = false, false, false, false, Work{}
}

// end is what is there, in the words of a person who compares two ends.
func (w *world) end() string {
	o := w.observe()
	s := FindServing(o)
	var lines []string
	for _, c := range o.Notebooks {
		what := "beside"
		if s.There() && c.ID == s.ID {
			what = "serves"
		}
		if o.Notes.Aside[c.ID] != "" {
			what = "aside"
		}
		r, recorded := o.Records[c.Slot]
		recorded = recorded && r.ID == c.ID && r.Verified && r.Request.Run == c.Run
		lines = append(lines, fmt.Sprintf("%s %s running=%t kept=%t recorded=%t memory=%d network=%t",
			what, c.ImageID, c.Running, c.Kept, recorded || what != "serves", c.Limits.Memory, c.Network == o.Network || what == "aside"))
	}
	slices.Sort(lines)
	return fmt.Sprintf("%s\nup=%t gateways=%d %s listen=%v records=%d", strings.Join(lines, "\n"), s.Up(o.Gateway), len(o.Gateways), o.Gateway.Variant, o.Gateway.Listen, len(o.Records))
}
