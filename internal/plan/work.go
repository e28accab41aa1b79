package plan

import (
	"fmt"
	"strings"
	"time"
)

// Work is what the users of a notebook have running in it. Known is false when it
// could not be asked for; such a notebook counts as busy.
type Work struct {
	Known bool
	Items []Item
}

// Kinds of items.
const (
	Kernel   = "kernel"
	Terminal = "terminal"
)

// Item is a kernel or a terminal.
type Item struct {
	Kind     string
	Name     string
	Busy     bool      // a kernel that computes, a terminal whose shell has a child process
	Starting bool      // a kernel that is not there yet
	Last     time.Time // when it was last used
	Unknown  bool      // Last is when a hook first saw it: the server does not say
}

// Rule says whose work a switch may end.
type Rule struct {
	Any   bool          // all of it
	Asked bool          // the operator asked for the switch
	Idle  time.Duration // how long work must have rested where nobody asked
}

// leastStart is how long a kernel may take to start, whatever the rule's Idle.
const leastStart = time.Minute

func (i Item) busy(r Rule, now time.Time) bool {
	return i.Busy || i.Starting && now.Sub(i.Last) < max(r.Idle, leastStart)
}

// hindrance is what of the work a switch under the rule may not end, "" for
// nothing.
func (w Work) hindrance(r Rule, now time.Time) string {
	if !w.Known {
		return "kernels that cannot be counted"
	}
	var busy, resting []Item
	for _, i := range w.Items {
		switch {
		case i.busy(r, now):
			busy = append(busy, i)
		case !r.Asked && now.Sub(i.Last) < r.Idle:
			resting = append(resting, i)
		}
	}
	if len(busy) > 0 {
		return describe("busy", busy)
	}
	if len(resting) > 0 {
		return describe("idle", resting) + fmt.Sprintf(", until none was used for %d minutes", int(r.Idle.Minutes()))
	}
	return ""
}

// describe names items: "busy kernel x", "2 busy kernels: x, y", "busy kernel x
// and busy terminal 1".
func describe(state string, items []Item) string {
	names := map[string][]string{}
	for _, i := range items {
		names[i.Kind] = append(names[i.Kind], i.Name)
	}
	var out []string
	for _, kind := range []string{Kernel, Terminal} {
		switch n := names[kind]; {
		case len(n) == 1:
			out = append(out, fmt.Sprintf("%s %s %s", state, kind, n[0]))
		case len(n) > 3:
			out = append(out, fmt.Sprintf("%d %s %ss: %s ...", len(n), state, kind, strings.Join(n[:3], ", ")))
		case len(n) > 1:
			out = append(out, fmt.Sprintf("%d %s %ss: %s", len(n), state, kind, strings.Join(n, ", ")))
		}
	}
	return strings.Join(out, " and ")
}

// Kernels counts the kernels.
func (w Work) Kernels() (n int) {
	for _, i := range w.Items {
		if i.Kind == Kernel {
			n++
		}
	}
	return n
}

// Hindrance is what keeps the container from being ended under the rule, "" for
// nothing. One that does not run holds nothing, and one that never was verified
// holds only what can be counted in it.
func (c *Container) Hindrance(r Rule, now time.Time) string {
	if c == nil || !c.Running || r.Any {
		return ""
	}
	if !c.Work.Known && (!c.Kept || c.Open) {
		return ""
	}
	return c.Work.hindrance(r, now)
}
