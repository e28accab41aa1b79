package plan_test

import (
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type servingSuite struct{}

var _ = Suite(&servingSuite{})

var servingTests = []struct {
	summary string
	adjust  func(o *Observed)
	id      string // of the container
	named   bool
	record  string // id in the record
	up      bool
}{{
	summary: "named by the gateway", id: "A", named: true, up: true,
}, {
	summary: "named, beside a younger one",
	adjust:  func(o *Observed) { beside(o, nil) },
	id:      "A", named: true, up: true,
}, {
	summary: "named, and does not run: nobody is sent to another one",
	adjust:  func(o *Observed) { beside(o, nil); ended(o.Notebooks[0]) },
	id:      "A", named: true,
}, {
	summary: "named, and the gateway was turned away",
	adjust:  func(o *Observed) { o.Gateway.Upstream = "" },
	id:      "A", named: true,
}, {
	summary: "named, and the gateway found it open",
	adjust:  func(o *Observed) { o.Gateway.Open = true },
	id:      "A", named: true,
}, {
	summary: "lost with a record: another one that was verified is nothing in its place",
	adjust:  func(o *Observed) { beside(o, nil); o.Notebooks = o.Notebooks[1:] },
	record:  "A",
}, {
	summary: "lost without a record",
	adjust:  func(o *Observed) { o.Notebooks, o.Records = nil, nil },
}, {
	summary: "lost without a record, and another one was verified",
	adjust:  func(o *Observed) { beside(o, nil); o.Notebooks, o.Records = o.Notebooks[1:], nil },
	id:      "B",
}, {
	summary: "lost without a record, and another one never was verified",
	adjust: func(o *Observed) {
		beside(o, func(b *Container) { b.Kept = false })
		o.Notebooks, o.Records = o.Notebooks[1:], nil
	},
}, {
	summary: "set aside: made anew from its record",
	adjust:  func(o *Observed) { o.Notes.Aside = map[string]string{"A": "broken"} },
	record:  "A",
}, {
	summary: "set aside, and the record was made anew from: that one, once it was verified",
	adjust: func(o *Observed) {
		o.Notes.Aside = map[string]string{"A": "broken"}
		beside(o, func(b *Container) { b.Slot = "a" })
		o.Records["a"] = Record{ID: "A", Verified: true, Request: notebook.Request{Run: "run-b", Slot: "a"}}
	},
	id: "B",
}, {
	summary: "the same, and it was not verified yet",
	adjust: func(o *Observed) {
		o.Notes.Aside = map[string]string{"A": "broken"}
		beside(o, func(b *Container) { b.Slot, b.Kept = "a", false })
		o.Records["a"] = Record{ID: "A", Verified: true, Request: notebook.Request{Run: "run-b", Slot: "a"}}
	},
	record: "A",
}, {
	summary: "of a charm of before, by its port",
	adjust: func(o *Observed) {
		beside(o, nil)
		o.Notebooks[0].Run, o.Notebooks[0].Port, o.Gateway.Upstream, o.Gateway.Container = "", 19000, "127.0.0.1:19000", ""
	},
	id: "A",
}, {
	summary: "of a charm of before, gone: its port is nobody's",
	adjust: func(o *Observed) {
		o.Notebooks, o.Records, o.Gateway.Upstream, o.Gateway.Container = nil, nil, "127.0.0.1:19000", ""
	},
}, {
	summary: "the gateway's state is lost, with two that were verified: the younger",
	adjust:  func(o *Observed) { beside(o, nil); o.Gateway = GatewayState{} },
	id:      "B",
}, {
	summary: "the state is lost, and the younger was set aside",
	adjust: func(o *Observed) {
		beside(o, nil)
		o.Gateway, o.Notes.Aside = GatewayState{}, map[string]string{"B": "broken"}
	},
	id: "A",
}, {
	summary: "the state and the container are lost",
	adjust:  func(o *Observed) { o.Notebooks, o.Gateway = nil, GatewayState{} },
	record:  "A",
}, {
	summary: "the state is lost, and the record is of what never was verified",
	adjust:  func(o *Observed) { o.Notebooks, o.Gateway, o.Records["a"] = nil, GatewayState{}, Record{} },
}, {
	summary: "a port of no container and no run directory are not the same",
	adjust: func(o *Observed) {
		o.Gateway = GatewayState{}
		o.Notebooks[0].Run, o.Notebooks[0].Kept, o.Records = "", false, nil
	},
}}

func (servingSuite) TestFindServing(c *C) {
	for _, test := range servingTests {
		o := inOrder("old:1")
		if test.adjust != nil {
			test.adjust(&o)
		}
		comment := Commentf("%s", test.summary)
		s := FindServing(o)
		id, record := "", ""
		if s.There() {
			id = s.ID
		}
		if s.Record != nil {
			record = s.Record.ID
		}
		c.Check(id, Equals, test.id, comment)
		c.Check(record, Equals, test.record, comment)
		c.Check(s.Named, Equals, test.named, comment)
		c.Check(s.Up(o.Gateway), Equals, test.up, comment)
		c.Check(s.Served() != nil, Equals, id+record != "", comment)
	}
}

func (servingSuite) TestRefusalsWaitLongerEachTime(c *C) {
	var r Refusals
	a := Attempt{Hash: "h", ImageID: "i"}
	for i, want := range []time.Duration{10, 20, 40, 80, 160, 320, 360, 360, 360, 360} {
		r = r.Again(a, "no", start)
		c.Check(r.Find(a).Times, Equals, i+1)
		c.Check(r.Find(a).Until.Sub(start), Equals, want*time.Minute)
		c.Check(r.Find(a).Reason, Equals, "no")
	}
	for _, other := range []Attempt{
		{Hash: "x", ImageID: "i"}, {Hash: "h", ImageID: "x"}, {Hash: "h", ImageID: "i", StartTimeout: 1},
		{Hash: "h", ImageID: "i", Limits: notebook.Limits{Memory: 1}},
	} {
		c.Check(r.Find(other), IsNil)
		c.Check(r.Again(other, "no", start).Find(other).Until, Equals, start.Add(10*time.Minute))
	}
	for range 100 { // and for ever
		r = r.Again(a, "no", start)
	}
	c.Check(r.Find(a).Until, Equals, start.Add(6*time.Hour))
}

// TestTwoRefusals: what served and what should serve took turns in being forgotten,
// and each hook waited for both in full.
func (servingSuite) TestTwoRefusals(c *C) {
	var r Refusals
	served, wished := Attempt{Hash: "served"}, Attempt{Hash: "wished"}
	for i := range 3 {
		r = r.Again(served, "no", start).Again(wished, "no", start)
		c.Check(r, HasLen, 2)
		c.Check(r.Find(served).Times, Equals, i+1)
	}
	for _, hash := range []string{"1", "2", "3", "4"} {
		r = r.Again(Attempt{Hash: hash}, "no", start)
	}
	c.Check(r, HasLen, 4)
	c.Check(r.Find(served), IsNil)
	c.Check(r.Without(Attempt{Hash: "2"}), HasLen, 3)
}

func (servingSuite) TestAttempts(c *C) {
	o := inOrder("old:1")
	n := o.Notebooks[0]
	n.Limits.Memory = 5
	want := Attempt{Hash: n.Hash, ImageID: n.ImageID, Limits: n.Limits, StartTimeout: 90}
	c.Check(o.Attempt(n), Equals, want)
	o.Records, want.StartTimeout = nil, 0
	c.Check(o.Attempt(n), Equals, want)
	c.Check(o.Find(""), IsNil)
}

func (servingSuite) TestDriverPorts(c *C) {
	for _, test := range []struct {
		first int
		slot  notebook.Slot
		want  int
	}{{0, "a", 0}, {0, "b", 0}, {28000, "a", 28000}, {28000, "b", 28024}, {30048, "b", 30072}} {
		c.Check(DriverBlock(test.first, test.slot), Equals, test.want)
	}
	c.Check(DriverPair(notebook.SlotA, 28048), Equals, Ports{First: 28048, Last: 28095})
	c.Check(DriverPair(notebook.SlotB, 28072), Equals, Ports{First: 28048, Last: 28095})
}
