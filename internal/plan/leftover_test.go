package plan_test

import (
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

var leftoverTests = []changeTest{{
	summary: "killed after the candidate was created",
	adjust:  func(s *notebook.Spec, o *Observed) { ready(o, s, func(b *Container) { ended(b); b.Kept = false }) },
	image:   "old:1",
	want:    "remove notebook b: it is not the notebook that should run\n" + theSwitch + theFlip + theEnd,
}, {
	summary: "killed after the candidate was started: it is used",
	adjust:  func(s *notebook.Spec, o *Observed) { ready(o, s, func(b *Container) { silent(b); b.Kept = false }) },
	image:   "old:1",
	want:    "wait until healthy b: before anyone is sent there\n" + theFlip + theEnd,
}, {
	summary: "several leftovers: the one in which somebody works is used, the others go (3)",
	adjust: func(s *notebook.Spec, o *Observed) {
		ready(o, s, nil)
		ready(o, s, func(b *Container) { b.ID, b.Created = "C", start.Add(2*time.Minute); busy(b) })
		beside(o, func(b *Container) { b.ID, b.Slot = "D", "a" })
	},
	image: "old:1",
	want: `remove notebook b: it is not the notebook that should run
remove notebook a: it is not the notebook that should run
wait until healthy b: before anyone is sent there
` + theFlip + theEnd,
}, {
	summary: "two leftovers in which somebody works",
	adjust: func(s *notebook.Spec, o *Observed) {
		ready(o, s, busy)
		ready(o, s, func(b *Container) { b.ID = "C"; busy(b) })
	},
	image: "old:1",
	want:  "waits: jupyter-image is new:1, was old:1; the former notebook has busy kernel python3/1234; the former notebook has busy kernel python3/1234",
}, {
	summary: "a candidate of an image that was rebuilt is not used",
	adjust:  func(s *notebook.Spec, o *Observed) { ready(o, s, nil); o.Wanted = Reference{Local: "sha256:rebuilt"} },
	image:   "old:1",
	want:    "remove notebook b: it is not the notebook that should run\n" + theSwitch + theFlip + theEnd,
}, {
	summary: "a candidate that broke since it was verified is not used",
	adjust: func(s *notebook.Spec, o *Observed) {
		ready(o, s, func(b *Container) { silent(b); b.Started = start.Add(time.Minute) })
		o.Records["b"] = Record{ID: "B", Verified: true, Request: notebook.Request{Slot: "b", StartTimeout: 60}}
	},
	image: "old:1",
	want:  "remove notebook b: it is not the notebook that should run\n" + theSwitch + theFlip + theEnd,
}, {
	summary: "killed after the flip: the old one goes",
	adjust:  func(_ *notebook.Spec, o *Observed) { beside(o, nil) },
	image:   "new:1",
	want:    leftoverGoes,
}, {
	summary: "killed after the flip, and the old one is too busy to answer",
	adjust:  func(_ *notebook.Spec, o *Observed) { beside(o, silent); o.Notes.Answered["B"] = start },
	image:   "new:1",
	want:    "waits: the former notebook has kernels that cannot be counted",
}, {
	summary: "killed after the flip, and somebody computes in the old one",
	adjust:  func(_ *notebook.Spec, o *Observed) { beside(o, busy) },
	image:   "new:1",
	want:    "waits: the former notebook has busy kernel python3/1234",
}, {
	summary: "apply ends that",
	adjust:  func(_ *notebook.Spec, o *Observed) { beside(o, busy) },
	image:   "new:1",
	apply:   true,
	want:    leftoverGoes,
}, {
	summary: "somebody downloads from the old one (3)",
	adjust:  func(_ *notebook.Spec, o *Observed) { beside(o, func(b *Container) { b.Transfers = 1 }) },
	image:   "new:1",
	want:    "waits: the former notebook has requests under way",
}, {
	summary: "a flip was turned back, and people began to work in the candidate: it stays (3)",
	adjust: func(s *notebook.Spec, o *Observed) {
		s.When = notebook.WhenIdle
		busy(o.Notebooks[0])
		ready(o, s, busy)
	},
	image: "old:1",
	want:  "waits: jupyter-image is new:1, was old:1 (for busy kernel python3/1234, or the action apply); the former notebook has busy kernel python3/1234",
}, {
	summary: "the same, and only the candidate is busy: it is turned to (3)",
	adjust:  func(s *notebook.Spec, o *Observed) { s.When = notebook.WhenIdle; ready(o, s, busy) },
	image:   "old:1",
	want:    "wait until healthy b: before anyone is sent there\n" + carefulFlip,
}, {
	summary: "the same, and another wish: it waits for the candidate (3)",
	adjust: func(s *notebook.Spec, o *Observed) {
		ready(o, s, busy)
		s.Serve.Image = "other:1"
	},
	image: "old:1",
	want:  "waits: jupyter-image is other:1, was old:1; the former notebook has busy kernel python3/1234",
}, {
	summary: "a switch that nobody asked for waits for what is left of the one before",
	adjust:  func(s *notebook.Spec, o *Observed) { beside(o, busy); s.Serve.Settings = "refreshed" },
	image:   "new:1",
	want:    "waits: the charm was refreshed; the former notebook has busy kernel python3/1234",
}, {
	summary: "a candidate that was refused is not tried again (26)",
	adjust: func(s *notebook.Spec, o *Observed) {
		o.Notes.Refused = o.Notes.Refused.Again(AttemptOf(*s, "sha256:new:1"), "no", o.Now)
	},
	image: "old:1",
	want:  "nothing to do",
}, {
	summary: "but by apply (26)",
	adjust: func(s *notebook.Spec, o *Observed) {
		o.Notes.Refused = o.Notes.Refused.Again(AttemptOf(*s, "sha256:new:1"), "no", o.Now)
	},
	image: "old:1",
	apply: true,
	want:  theSwitch + theFlip + theEnd,
}, {
	summary: "or with more memory",
	adjust: func(s *notebook.Spec, o *Observed) {
		o.Notes.Refused = o.Notes.Refused.Again(AttemptOf(*s, "sha256:new:1"), "no", o.Now)
		s.Limits.Memory = 1 << 30
	},
	image: "old:1",
	want:  theSwitch + theFlip + theEnd,
}, {
	summary: "what served was removed and cannot be made anew: the wish does not take its slot",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Notebooks = nil
		o.Notes.Refused = o.Notes.Refused.Again(o.Records["a"].Attempt(), "no", o.Now)
	},
	image: "old:1",
	want: `create notebook b: no notebook serves
start notebook b: no notebook serves
wait until healthy b: before anyone is sent there
turn gateway b: it is healthy
remove record a: another one serves
remove unused images: only the current and the previous image are kept`,
}, {
	summary: "that is the wish: it waits, and the gateway says so",
	adjust: func(s *notebook.Spec, o *Observed) {
		o.Notebooks = nil
		o.Notes.Refused = o.Notes.Refused.Again(AttemptOf(*s, "sha256:new:1"), "no", o.Now)
		o.Gateway.Answers = false
	},
	image: "new:1",
	want:  "start gateway: no gateway answers\nset gateway: listen on 10.0.0.1:8888",
}, {
	summary: "nothing serves, and somebody works in a candidate that never was verified",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Notebooks[0].Kept, o.Gateway.Container = false, ""
		o.Gateway.Upstream = ""
		busy(o.Notebooks[0])
	},
	image: "old:1",
	want:  "waits: the former notebook has busy kernel python3/1234",
}, {
	summary: "nothing serves, and a hook left a candidate",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Notebooks[0].Kept, o.Gateway.Container = false, ""
		o.Gateway.Upstream = ""
	},
	image: "old:1",
	want:  "remove notebook a: it does not serve\n" + firstNotebook + firstEnd,
}, {
	summary: "the storage is detached: nothing comes up but the gateway (14)",
	adjust: func(s *notebook.Spec, o *Observed) {
		ended(o.Notebooks[0])
		o.Notes.Detached = "/data"
		s.Limits.Memory = 1
	},
	image: "old:1",
	want:  "nothing to do",
}, {
	summary: "apply goes on without it (14)",
	adjust: func(s *notebook.Spec, o *Observed) {
		ended(o.Notebooks[0])
		o.Notes.Detached, s.Serve.Data = "/data", "/own"
	},
	image: "new:1",
	apply: true,
	want: `create notebook b: notebooks are in /own, were in /data
start notebook b: notebooks are in /own, were in /data
wait until healthy b: before anyone is sent there
turn gateway b: notebooks are in /own, were in /data
let requests end a: requests under way
stop notebook a: notebooks are in /own, were in /data
remove notebook a: notebooks are in /own, were in /data
remove unused images: only the current and the previous image are kept`,
}, {
	summary: "it sees another folder, and is busy: apply starts it again there (15)",
	adjust:  func(_ *notebook.Spec, o *Observed) { busy(o.Notebooks[0]); o.Notebooks[0].DataOther = true },
	image:   "new:1",
	apply:   true,
	want:    "stop notebook a: it sees another folder than is there now\nstart notebook a: it sees another folder than is there now\nwait until healthy a: before anyone is sent there",
}, {
	summary: "apply removes what was set aside (11)",
	adjust: func(_ *notebook.Spec, o *Observed) {
		beside(o, ended)
		o.Notes.Aside = map[string]string{"B": "it does not answer since it was started"}
	},
	image: "new:1",
	apply: true,
	want:  "remove notebook b: it was set aside, since it does not answer since it was started",
}, {
	summary: "nothing else does",
	adjust: func(_ *notebook.Spec, o *Observed) {
		beside(o, ended)
		o.Notes.Aside = map[string]string{"B": "broken"}
	},
	image: "new:1",
	want:  "nothing to do",
}}

func (changeSuite) TestSwitchArguments(c *C) {
	s, o := specOf("new:1"), inOrder("old:1")
	s.When, o.Wanted = notebook.WhenIdle, Reference{}
	p := Change(*s, o, "g1", Ask{})
	steps := p.Parts[len(p.Parts)-1]
	pull, create, begin, await, count, flip, again := steps[0], steps[1], steps[2], steps[3], steps[4], steps[5], steps[7]
	c.Check(pull.Spec.Serve.Image, Equals, "new:1")
	c.Check(create.Spec.Serve.Image, Equals, "new:1")
	c.Check(begin.ID, Equals, "")
	c.Check(await.Limit, Equals, time.Minute)
	c.Check(count.ID, Equals, "A")
	c.Check(count.Rule, Equals, Rule{Asked: true, Idle: time.Hour})
	c.Check(count.Else, DeepEquals, []Step{{Kind: Abandon, Slot: "b", Cause: "count work again failed"}})
	c.Check(flip.Else, HasLen, 0)
	c.Check(again.Rule, Equals, count.Rule)
	c.Check(again.Else, DeepEquals, []Step{
		{Kind: Flip, Slot: "a", ID: "A", Cause: "somebody works in it"},
		{Kind: Abandon, Slot: "b", Cause: "the gateway was turned back"},
	})
	c.Check(steps[len(steps)-1].Keep, DeepEquals, []string{"new:1", "old:1"})
	c.Check(p.Has(PullImage), Equals, true)
	c.Check(p.Has(Resume), Equals, false)
}

func (changeSuite) TestGatewayArguments(c *C) {
	s, o := specOf("new:1"), inOrder("new:1")
	s.Gateway.Listen, s.Limits.CPU = []string{"10.0.0.1:443"}, 1.5
	p := Change(*s, o, "g1", Ask{})
	c.Check(p.Parts[0][0].Variant, Equals, "g1-low")
	c.Check(p.Parts[0][1].Gateway, DeepEquals, s.Gateway)
	c.Check(p.Parts[1][0].Limits, Equals, s.Limits)
	o.Gateway.Answers = false
	start := Upkeep(o, "g1").Parts[0][0]
	c.Check(start.Variant, Equals, "g1")
	c.Check(start.Gateway, DeepEquals, notebook.Gateway{Listen: o.Gateway.Listen, Trusted: o.Gateway.Trusted})
}

// apply removes what was set aside, but not what it takes to make that anew while
// nothing else serves.
func (changeSuite) TestApplyKeepsTheRecordOfWhatServed(c *C) {
	w := deployed()
	w.open["sha256:old:1"] = true
	w.hook(nil, Ask{})
	c.Check(w.end(), Equals, "aside sha256:old:1 running=false kept=false recorded=true memory=0 network=true\nup=false gateways=1 g1 listen=[10.0.0.1:8888] records=1")
	w.bad["sha256:new:1"] = true
	w.hook(w.wants("new:1"), Ask{Apply: true})
	c.Check(w.end(), Equals, "aside sha256:old:1 running=false kept=false recorded=true memory=0 network=true\nup=false gateways=1 g1 listen=[10.0.0.1:8888] records=1")
	w.bad = map[string]bool{}
	w.hook(w.wants("new:1"), Ask{Apply: true})
	c.Check(w.end(), Equals, upNew)
}
