package plan_test

import (
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

func init() { roundTests = append(roundTests, moreRoundTests...) }

var moreRoundTests = []struct {
	summary string
	given   func() (*world, *notebook.Spec)
	want    string
}{{
	summary: "the network was removed",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.o.Network, w.serving().Network = "", ""
		return w, nil
	},
	want: upOld,
}, {
	summary: "the notebook was stopped and the network removed",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.ends(w.serving())
		w.o.Network = ""
		return w, nil
	},
	want: upOld,
}, {
	summary: "the gateway was removed",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.o.Gateways, w.o.Gateway.Answers, w.o.Gateway.Lost, w.o.Gateway.ID = nil, false, true, ""
		return w, nil
	},
	want: upOld,
}, {
	summary: "the gateway and its state were removed",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.o.Gateways, w.o.Gateway = nil, GatewayState{Lost: true, Draining: map[string]int{}}
		return w, specOf("old:1")
	},
	want: upOld,
}, {
	summary: "the gateway, its state and the notebook were removed",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.vanish()
		w.o.Gateways, w.o.Gateway = nil, GatewayState{Lost: true, Draining: map[string]int{}}
		return w, specOf("old:1")
	},
	want: upOld,
}, {
	summary: "a refreshed gateway",
	given:   func() (*world, *notebook.Spec) { w := deployed(); w.o.Gateway.Variant = "g0"; return w, nil },
	want:    upOld,
}, {
	summary: "a container of a charm that published a port",
	given:   func() (*world, *notebook.Spec) { return ofBefore(), ofBeforeSpec() },
	want: `serves sha256:old:1 running=true kept=true recorded=false memory=0 network=true
up=true gateways=1 g1 listen=[10.0.0.1:8888] records=0`,
}, {
	summary: "such a container opened: it cannot be made anew",
	given: func() (*world, *notebook.Spec) {
		w := ofBefore()
		w.open[w.serving().ID] = true
		return w, ofBeforeSpec()
	},
	want: anew,
}, {
	summary: "such a container was removed",
	given:   func() (*world, *notebook.Spec) { w := ofBefore(); w.vanish(); return w, ofBeforeSpec() },
	want:    upOld,
}, {
	summary: "a port that another unit holds does not keep an image from being served", // (9)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.held = "10.0.0.1:80"
		s := w.wants("new:1")
		s.Gateway.Listen = []string{"10.0.0.1:80"}
		return w, s
	},
	want: `serves sha256:new:1 running=true kept=true recorded=true memory=0 network=true
up=true gateways=1 g1-low listen=[10.0.0.1:8888] records=1`,
}, {
	summary: "more memory for a notebook that does not run",
	given: func() (*world, *notebook.Spec) {
		w, s := deployed(), specOf("old:1")
		w.ends(w.serving())
		s.Limits.Memory = 7
		return w, s
	},
	want: `serves sha256:old:1 running=true kept=true recorded=true memory=7 network=true
up=true gateways=1 g1 listen=[10.0.0.1:8888] records=1`,
}, {
	summary: "the storage was mounted late", // (15)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.serving().DataOther = true
		return w, specOf("old:1")
	},
	want: upOld,
}, {
	summary: "the storage went and came again, with a hook that ended between", // (14)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.o.Gateway.Upstream = ""
		return w, nil
	},
	want: upOld,
}, {
	summary: "leftovers of hooks that were ended",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		for _, slot := range []notebook.Slot{"a", "b", "b"} {
			w.o.Notebooks = append(w.o.Notebooks, &Container{ID: w.id("left"), Slot: slot, Run: w.id("run"), ImageID: "sha256:x", Serve: specOf("x").Serve, Created: start})
		}
		w.o.Strays = []string{"probe"}
		return w, w.wants("new:1")
	},
	want: upNew,
}}

// ofBefore is a unit of a charm that published a port and kept no records.
func ofBefore() *world {
	w := deployed()
	c := w.serving()
	c.Run, c.Port, w.o.Records, w.o.Notes = "", 19000, map[notebook.Slot]Record{}, Notes{}
	w.o.Gateway.Upstream, w.o.Gateway.Container = "127.0.0.1:19000", ""
	return w
}

func ofBeforeSpec() *notebook.Spec { return specOf("old:1") }

// quiet makes hooks until there is nothing to do, three at most; the first of them
// may be an ended one.
func quiet(c *C, w *world, s *notebook.Spec, comment CommentInterface) string {
	log := ""
	for range 3 {
		w.killAt, w.failAt = 0, 0
		text := w.hook(s, Ask{})
		log += "---\n" + text
	}
	last := w.hook(s, Ask{})
	c.Check(last == "" || last == "change:\nnothing to do\n" || heldOnly(last), Equals, true, Commentf("%s: the last hook did\n%s%s", comment.CheckCommentString(), log, last))
	c.Check(w.faults, HasLen, 0, comment)
	c.Check(w.lost, HasLen, 0, comment)
	return log
}

// heldOnly reports whether a hook tried again an address that it cannot have.
func heldOnly(text string) bool {
	return text == "change:\nset gateway: listen on 10.0.0.1:80\n"
}

func (roundsSuite) TestHooksArriveAtOneEnd(c *C) {
	for _, test := range roundTests {
		w, s := test.given()
		log := quiet(c, w, s, Commentf("%s", test.summary))
		c.Check(w.end(), Equals, test.want, Commentf("%s\n%s", test.summary, log))
	}
}

// A hook may be killed before any of its effects.
func (roundsSuite) TestHooksArriveAfterOneThatWasKilled(c *C) {
	for _, test := range roundTests {
		for at := 1; at < 200; at++ {
			w, s := test.given()
			w.killAt = at
			first := w.hook(s, Ask{})
			if w.effects < at {
				break
			}
			comment := Commentf("%s, killed before effect %d of\n%s", test.summary, at, first)
			log := quiet(c, w, s, comment)
			c.Check(w.end(), Equals, test.want, Commentf("%s\nthen %s", comment.CheckCommentString(), log))
		}
	}
}

// Any step may fail once, before or after it was done.
func (roundsSuite) TestHooksArriveAfterAStepThatFailed(c *C) {
	for _, test := range roundTests {
		for at := 1; at < 200; at++ {
			reached := false
			for _, late := range []bool{false, true} {
				w, s := test.given()
				w.failAt, w.late = at, late
				first := w.hook(s, Ask{})
				reached = reached || w.steps >= at
				comment := Commentf("%s, step %d fails (late: %t) of\n%s", test.summary, at, late, first)
				log := quiet(c, w, s, comment)
				c.Check(w.end(), Equals, test.want, Commentf("%s\nthen %s", comment.CheckCommentString(), log))
			}
			if !reached {
				break
			}
		}
	}
}
