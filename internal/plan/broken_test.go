package plan_test

import (
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

var brokenTests = []struct {
	summary string
	adjust  func(o *Observed, c *Container)
	want    string
}{{
	summary: "open (10)",
	adjust:  func(_ *Observed, c *Container) { silent(c); c.Open = true },
	want:    replaced("it serves without the token"),
}, {
	summary: "open, as the gateway found (10)",
	adjust:  func(o *Observed, _ *Container) { o.Gateway.Open = true },
	want:    replaced("it serves without the token"),
}, {
	summary: "open, and stopped since",
	adjust:  func(_ *Observed, c *Container) { ended(c); c.Open = true },
	want:    replaced("it serves without the token"),
}, {
	summary: "open, of a charm that kept no record: the wish comes up in its place",
	adjust:  func(o *Observed, c *Container) { silent(c); c.Open, o.Records = true, nil },
	want:    "turn gateway to nobody a: it serves without the token\nset notebook aside a: it serves without the token",
}, {
	summary: "open, and so was what was made anew",
	adjust: func(o *Observed, c *Container) {
		c.Open = true
		o.Notes.Refused = o.Notes.Refused.Again(o.Attempt(c), "open", o.Now)
	},
	want: "turn gateway to nobody a: it serves without the token\nset notebook aside a: it serves without the token",
}, {
	summary: "open, and half set aside by a hook that was ended: its own container is not removed",
	adjust:  func(_ *Observed, c *Container) { c.Open, c.Kept = true, false },
	want:    replaced("it serves without the token"),
}, {
	summary: "set aside, and the engine could not stop it",
	adjust:  func(o *Observed, _ *Container) { o.Notes.Aside = map[string]string{"A": "it serves without the token"} },
	want:    remade + "\nset notebook aside a: it serves without the token",
}, {
	summary: "set aside, made anew and verified, and then the hook ended",
	adjust: func(o *Observed, c *Container) {
		beside(o, func(b *Container) { b.Slot = "a" })
		ended(c)
		c.Kept, o.Notes.Aside, o.Gateway.Upstream = false, map[string]string{"A": "broken"}, ""
		r := o.Records["a"]
		r.ID, r.Request.Run = "B", "run-b"
		o.Records["a"] = r
	},
	want: awaited[1:] + turned,
}, {
	summary: "ended by itself twice",
	adjust:  func(_ *Observed, c *Container) { ended(c); c.Restarts, c.Started = 2, start.Add(time.Minute) },
	want:    restarted,
}, {
	summary: "ended by itself three times since it answered (11)",
	adjust:  func(_ *Observed, c *Container) { ended(c); c.Restarts, c.Started = 3, start.Add(time.Minute) },
	want:    replaced("it ended by itself again and again"),
}, {
	summary: "ended three times, and its storage is not there: that may be why",
	adjust: func(_ *Observed, c *Container) {
		ended(c)
		c.Restarts, c.Started, c.DataGone = 3, start.Add(time.Minute), true
	},
	want: "nothing to do",
}, {
	summary: "no answer within start-timeout of its start (11)",
	adjust:  func(_ *Observed, c *Container) { silent(c); c.Started = start.Add(time.Minute) },
	want:    replaced("it does not answer since it was started"),
}, {
	summary: "no answer yet",
	adjust:  func(o *Observed, c *Container) { silent(c); c.Started = o.Now.Add(-time.Minute) },
	want:    "nothing to do",
}, {
	summary: "no answer, and the machine is busy (11)",
	adjust:  func(o *Observed, c *Container) { silent(c); c.Started, o.Loaded = o.Now.Add(-269*time.Second), true },
	want:    "nothing to do",
}, {
	summary: "no answer within three times start-timeout, and the machine is busy, as some always are",
	adjust:  func(o *Observed, c *Container) { silent(c); c.Started, o.Loaded = o.Now.Add(-270*time.Second), true },
	want:    replaced("it does not answer since it was started"),
}, {
	summary: "no answer, but it has answered since it was started: it computes",
	adjust:  func(_ *Observed, c *Container) { silent(c) },
	want:    "nothing to do",
}, {
	summary: "no answer, and nobody took notes: it may compute",
	adjust:  func(o *Observed, c *Container) { silent(c); o.Notes, o.Records = Notes{}, nil },
	want:    "nothing to do",
}, {
	summary: "the gateway's state is lost, and it computes: never removed (4)",
	adjust: func(o *Observed, c *Container) {
		silent(c)
		o.Gateway = GatewayState{Answers: true, Variant: "g1", Listen: []string{"10.0.0.1:8888"}}
	},
	want: awaited[1:] + turned,
}, {
	summary: "the gateway and its state are lost: Change says where to listen",
	adjust:  func(o *Observed, _ *Container) { o.Gateway = GatewayState{Lost: true} },
	want:    "nothing to do",
}, {
	summary: "all of that, and it opened",
	adjust:  func(o *Observed, c *Container) { c.Open, o.Gateway = true, GatewayState{Lost: true} },
	want: `set notebook aside a: it serves without the token
make notebook anew a: it serves without the token
start notebook a: it serves without the token
wait until healthy a: before anyone is sent there`,
}, {
	summary: "a container of before, which the gateway knows by its port",
	adjust: func(o *Observed, c *Container) {
		c.Run, c.Port, o.Gateway.Upstream, o.Gateway.Container = "", 19000, "127.0.0.1:19000", ""
	},
	want: awaited[1:] + turned,
}, {
	summary: "a serving container that never was verified, stopped, and was refused",
	adjust: func(o *Observed, c *Container) {
		ended(c)
		c.Kept = false
		o.Notes.Refused = o.Notes.Refused.Again(o.Attempt(c), "no", o.Now)
	},
	want: "nothing to do",
}}

func (upkeepSuite) TestArguments(c *C) {
	o := inOrder("old:1")
	n := o.Notebooks[0]
	n.Open = true
	p := Upkeep(o, "g1")
	c.Assert(p.Parts, HasLen, 2) // a gateway that does not answer does not keep an open server up
	away, anew := p.Parts[0][0], p.Parts[1]
	c.Check(away.ID, Equals, "A")
	c.Check(anew[0].ID, Equals, "A")
	c.Check(anew[0].Else, HasLen, 0)
	record := o.Records["a"]
	for i, kind := range []Kind{Recreate, Start, Await, Flip} {
		s := anew[i+1]
		c.Check(s.Kind, Equals, kind)
		c.Check(s.ID, Equals, "")
		if kind == Flip { // what was verified stays for the next hook
			c.Check(s.Else, HasLen, 0)
			continue
		}
		c.Assert(s.Else, HasLen, 1)
		c.Check(s.Else[0].String(), Equals, "remove candidate a: "+string(kind)+" failed")
		c.Check(*s.Else[0].Record, DeepEquals, record)
	}
	c.Check(*anew[1].Record, DeepEquals, record)
	c.Check(anew[3].Limit, Equals, 90*time.Second)
}

var limitTests = []struct {
	summary string
	adjust  func(o *Observed, c *Container)
	want    time.Duration
}{
	{"it is started: its record says", func(_ *Observed, c *Container) { ended(c) }, 90 * time.Second},
	{"it is started, and has no record", func(o *Observed, c *Container) { ended(c); o.Records = nil }, 5 * time.Minute},
	{"it runs for an hour", func(o *Observed, _ *Container) { o.Gateway.Upstream = "" }, 10 * time.Second},
	{"it was started just now", func(o *Observed, c *Container) {
		o.Gateway.Upstream, c.Started = "", o.Now.Add(-30*time.Second)
	}, time.Minute},
}

func (upkeepSuite) TestHowLongIsWaited(c *C) {
	for _, test := range limitTests {
		o := inOrder("old:1")
		test.adjust(&o, o.Notebooks[0])
		p := Upkeep(o, "g1")
		found := false
		for _, s := range p.Parts[0] {
			if s.Kind == Await {
				found = true
				c.Check(s.Limit, Equals, test.want, Commentf("%s", test.summary))
				c.Check(s.Else, HasLen, 0) // what served is never removed for it (4)
			}
		}
		c.Check(found, Equals, true, Commentf("%s", test.summary))
	}
}

func (upkeepSuite) TestLeave(c *C) {
	o := inOrder("old:1")
	beside(&o, nil)
	beside(&o, func(b *Container) { b.ID, b.Serve.Data = "C", "/other" })
	c.Check(Leave(o, "/data").String(), Equals, `turn gateway to nobody a: its storage goes
stop notebook a: its storage goes
stop notebook b: its storage goes`)
	o.Gateway.Answers = false
	c.Check(Leave(o, "/data").String(), Equals, "stop notebook a: its storage goes\nstop notebook b: its storage goes")
	c.Check(Leave(o, "/nothing").Empty(), Equals, true)
	o = Observed{Records: map[notebook.Slot]Record{}}
	c.Check(Leave(o, "/data").Empty(), Equals, true)
}
