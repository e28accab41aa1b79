package plan_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// disturbances are what people and machines do between hooks. Each gets the
// container that serves, which may be nil.
var disturbances = []struct {
	name string
	do   func(w *world, s *Container)
}{
	{"nothing", func(*world, *Container) {}},
	{"docker stop", func(w *world, s *Container) { w.lostInOpen(s) }},
	{"docker rm -f", func(w *world, s *Container) {
		w.lostInOpen(s)
		for i, c := range w.o.Notebooks {
			if c == s {
				w.o.Notebooks = append(w.o.Notebooks[:i:i], w.o.Notebooks[i+1:]...)
				return
			}
		}
	}},
	{"container prune", func(w *world, _ *Container) {
		var left []*Container
		for _, c := range w.o.Notebooks {
			if c.Running {
				left = append(left, c)
			}
		}
		w.o.Notebooks = left
	}},
	{"its layer broke", func(w *world, s *Container) { w.bad[s.ID] = true; w.lostInOpen(s); s.Restarts = 4 }},
	{"it opened", func(w *world, s *Container) { w.open[s.ID] = true }},
	{"docker pause", func(_ *world, s *Container) { s.Paused = s.Running }},
	{"network removed", func(w *world, _ *Container) {
		w.o.Network = ""
		for _, c := range w.o.Notebooks {
			if c.Running {
				c.Network = ""
			}
		}
	}},
	{"gateway removed", func(w *world, _ *Container) {
		w.o.Gateways, w.o.Gateway.Answers, w.o.Gateway.Lost, w.o.Gateway.ID = nil, false, true, ""
	}},
	{"gateway and its state removed", func(w *world, _ *Container) {
		w.o.Gateways, w.o.Gateway = nil, GatewayState{Lost: true, Draining: map[string]int{}}
	}},
	{"reboot", func(w *world, _ *Container) {
		for _, c := range w.o.Notebooks {
			w.lostInOpen(c)
		}
	}},
	{"somebody computes", func(w *world, s *Container) {
		if s.Running && !has(w.bad, s) {
			s.Work.Items = []Item{{Kind: Kernel, Name: "python3/1", Busy: true}}
		}
	}},
	{"the computation ends", func(w *world, _ *Container) { w.rest() }},
	{"other notes lost", func(w *world, _ *Container) { w.o.Notes = Notes{Aside: w.o.Notes.Aside} }},
}

func (w *world) rest() {
	for _, c := range w.o.Notebooks {
		c.Work.Items = nil
	}
}

// begin makes people begin to compute in all that runs just before the n-th count.
func begin(w *world, n int) func(int) {
	return func(now int) {
		for _, c := range w.o.Notebooks {
			if now == n && c.Running && !has(w.bad, c) {
				c.Work.Items = []Item{{Kind: Kernel, Name: "python3/2", Busy: true}}
			}
		}
	}
}

// disturb does one of the disturbances.
func (w *world) disturb(r *rand.Rand) string {
	d := disturbances[r.IntN(len(disturbances))]
	s := &Container{}
	if now := w.o.Find(w.o.Gateway.Container); now != nil {
		s = now
	}
	d.do(w, s)
	return d.name
}

// Whatever happens in whatever order, beside hooks that are killed or fail: nobody
// is sent to what was not verified, no computation is ended, and once it is calm
// one notebook serves and there is nothing to do.
func (roundsSuite) TestWhateverHappens(c *C) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 9))
		w, log := deployed(), []string{}
		spec := specOf("old:1")
		for range 2 + r.IntN(6) {
			log = append(log, "* "+w.disturb(r))
			spec = w.wants([]string{"old:1", "new:1"}[r.IntN(2)])
			spec.When = []string{notebook.WhenIdle, notebook.WhenManual}[r.IntN(2)]
			spec.Serve.Settings = fmt.Sprint(r.IntN(2))
			w.killAt, w.failAt, w.late = r.IntN(20), r.IntN(20), r.IntN(2) == 0
			w.recount = begin(w, r.IntN(4))
			wish := spec
			if r.IntN(4) == 0 {
				wish = nil
			}
			log = append(log, fmt.Sprintf("killed before effect %d, step %d fails (late: %t) of\n%s", w.killAt, w.failAt, w.late, w.hook(wish, Ask{})))
		}
		w.rest()
		w.recount, spec.When = nil, notebook.WhenNow
		comment := Commentf("seed %d\n%s", seed, strings.Join(log, "\n"))
		more := quiet(c, w, spec, comment)
		s := FindServing(w.observe())
		alone := 0
		for _, n := range w.o.Notebooks {
			if w.o.Notes.Aside[n.ID] == "" {
				alone++
			}
		}
		ok := s.Up(w.o.Gateway) && s.Serve.Image == spec.Serve.Image && alone == 1
		c.Assert(ok, Equals, true, Commentf("%s\nthen\n%s\n%s", comment.CheckCommentString(), more, w.end()))
	}
}
