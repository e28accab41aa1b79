package plan_test

import (
	"testing"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

func TestPackage(t *testing.T) { TestingT(t) }

type makeSuite struct{}

var _ = Suite(&makeSuite{})

func spec() notebook.Spec {
	return notebook.Spec{
		Serve:   notebook.Serve{Image: "new:1", NetworkMode: notebook.NetworkBridge},
		Gateway: notebook.Gateway{Listen: []string{"10.0.0.1:8888"}},
		When:    notebook.WhenNow,
	}
}

// serving is a unit in order, whose slot a runs the image.
func serving(image string) Observed {
	s := spec()
	s.Serve.Image = image
	return Observed{
		Network: "n1",
		Slots: map[notebook.Slot]*Container{notebook.SlotA: {
			Serve: s.Serve, Hash: s.Serve.Hash(), ImageID: "sha256:" + image, Port: 19000, Network: "n1", Running: true, Healthy: true,
			Kernels: Kernels{Known: true},
		}},
		Gateway: GatewayState{Answers: true, Variant: "g1", Listen: []string{"10.0.0.1:8888"}, Upstream: 19000},
		Image:   Image{Pulled: "sha256:new:1"},
	}
}

func busy(c *Container) {
	c.Kernels = Kernels{Known: true, Total: 1, Busy: 1, Names: []string{"python3/1234"}}
}

const theSwitch = `create notebook b: jupyter-image is new:1, was old:1
start notebook b: jupyter-image is new:1, was old:1
wait until healthy b: before anyone is sent there
`

const theFlip = `turn gateway b: jupyter-image is new:1, was old:1
let requests end a: requests under way
`

const theEnd = `stop notebook a: jupyter-image is new:1, was old:1
remove notebook a: jupyter-image is new:1, was old:1
remove unused images: only the current and the previous image are kept`

const carefulSwitch = theSwitch + "count kernels again a: nobody may lose a computation\n" + theFlip +
	"count kernels again a: a kernel may have begun meanwhile\n" + theEnd

var makeTests = []struct {
	summary string
	adjust  func(*notebook.Spec, *Observed)
	image   string
	apply   bool
	want    string
}{{
	summary: "all is in order",
	image:   "new:1",
	want:    "nothing to do",
}, {
	summary: "nothing is there",
	adjust:  func(_ *notebook.Spec, o *Observed) { *o = Observed{Taken: map[int]bool{19000: true, 19001: true}} },
	want: `make network: the unit has no network
start gateway: no gateway answers
set gateway: listen on 10.0.0.1:8888
pull image: new:1 is not on this engine
create notebook a: no notebook serves
start notebook a: no notebook serves
wait until healthy a: before anyone is sent there
turn gateway a: it is healthy
remove unused images: only the current and the previous image are kept`,
}, {
	summary: "nothing is there but the image: Jupyter boots while the gateway comes up",
	adjust: func(_ *notebook.Spec, o *Observed) {
		*o = Observed{Network: "n1", Image: Image{Local: "sha256:new:1"}}
	},
	want: `create notebook a: no notebook serves
start notebook a: no notebook serves
start gateway: no gateway answers
set gateway: listen on 10.0.0.1:8888
wait until healthy a: before anyone is sent there
turn gateway a: it is healthy
remove unused images: only the current and the previous image are kept`,
}, {
	summary: "another image, asked for",
	image:   "old:1",
	want:    theSwitch + theFlip + theEnd,
}, {
	summary: "now does not mind a busy kernel",
	adjust:  func(_ *notebook.Spec, o *Observed) { busy(o.Slots["a"]) },
	image:   "old:1",
	want:    theSwitch + theFlip + theEnd,
}, {
	summary: "idle waits for a busy kernel, and says for which",
	adjust:  func(s *notebook.Spec, o *Observed) { s.When = notebook.WhenIdle; busy(o.Slots["a"]) },
	image:   "old:1",
	want:    "waits: jupyter-image is new:1, was old:1 (for busy kernel python3/1234, or the action apply)",
}, {
	summary: "idle switches when all are idle, and counts twice again",
	adjust:  func(s *notebook.Spec, _ *Observed) { s.When = notebook.WhenIdle },
	image:   "old:1",
	want:    carefulSwitch,
}, {
	summary: "kernels that cannot be counted are taken for busy",
	adjust: func(s *notebook.Spec, o *Observed) {
		s.When, o.Slots["a"].Kernels = notebook.WhenIdle, Kernels{}
	},
	image: "old:1",
	want:  "waits: jupyter-image is new:1, was old:1 (for kernels that cannot be counted, or the action apply)",
}, {
	summary: "manual waits for apply",
	adjust:  func(s *notebook.Spec, _ *Observed) { s.When = notebook.WhenManual },
	image:   "old:1",
	want:    "waits: jupyter-image is new:1, was old:1 (for the action apply)",
}, {
	summary: "apply does not wait",
	adjust:  func(s *notebook.Spec, o *Observed) { s.When = notebook.WhenManual; busy(o.Slots["a"]) },
	image:   "old:1",
	apply:   true,
	want:    theSwitch + theFlip + theEnd,
}, {
	summary: "what nobody asked for waits even with now",
	adjust:  func(s *notebook.Spec, o *Observed) { s.Serve.Settings = "2"; busy(o.Slots["a"]) },
	image:   "new:1",
	want:    "waits: the charm was refreshed (for busy kernel python3/1234, or the action apply)",
}, {
	summary: "a newer image was pulled",
	adjust: func(s *notebook.Spec, o *Observed) {
		o.Image.Pulled, s.When = "sha256:newer", notebook.WhenManual
	},
	image: "new:1",
	want:  "waits: a newer image was pulled (for the action apply)",
}, {
	summary: "limits, port and gateway change in place while a switch waits",
	adjust: func(s *notebook.Spec, _ *Observed) {
		s.When, s.Limits.Memory, s.Gateway.Listen = notebook.WhenManual, 1<<30, []string{"10.0.0.1:9999"}
	},
	image: "old:1",
	want: `set gateway: listen on 10.0.0.1:9999
set limits a: memory-limit or cpu-limit changed
waits: jupyter-image is new:1, was old:1 (for the action apply)`,
}, {
	summary: "the serving container was stopped by hand",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Slots["a"].Running, o.Slots["a"].Healthy = false, false
	},
	image: "new:1",
	want:  "start notebook a: it serves and is not running\nwait until healthy a: it was started",
}, {
	summary: "it ended for lack of memory: it gets more before it is started",
	adjust: func(s *notebook.Spec, o *Observed) {
		o.Slots["a"].Running, s.Limits.Memory = false, 1<<30
	},
	image: "new:1",
	want: `set limits a: memory-limit or cpu-limit changed
start notebook a: it serves and is not running
wait until healthy a: it was started`,
}, {
	summary: "killed on the first deploy before the notebook was healthy: the engine keeps it up from now on",
	adjust:  func(_ *notebook.Spec, o *Observed) { o.Gateway.Upstream = 0 },
	image:   "new:1",
	want:    "wait until healthy a: a hook ended before it was kept\nturn gateway a: the gateway does not turn to it",
}, {
	summary: "the serving container answers without the token: it may not stay up",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Slots["a"].Open, o.Slots["a"].Healthy = true, false
	},
	image: "new:1",
	want:  "stop notebook a: it serves without the token\nstart notebook a: it serves and is not running\nwait until healthy a: it was started",
}, {
	summary: "killed after the candidate was created",
	adjust: func(s *notebook.Spec, o *Observed) {
		o.Slots["b"] = &Container{Hash: s.Serve.Hash(), ImageID: "sha256:new:1", Port: 19001}
	},
	image: "old:1",
	want:  "remove notebook b: it is not the notebook that should run\n" + theSwitch + theFlip + theEnd,
}, {
	summary: "killed after the candidate was started: it is used",
	adjust: func(s *notebook.Spec, o *Observed) {
		o.Slots["b"] = &Container{Hash: s.Serve.Hash(), ImageID: "sha256:new:1", Port: 19001, Running: true}
	},
	image: "old:1",
	want:  "wait until healthy b: it was brought up before: jupyter-image is new:1, was old:1\n" + theFlip + theEnd,
}, {
	summary: "killed after the flip: the old one goes",
	adjust: func(_ *notebook.Spec, o *Observed) {
		old := *o.Slots["a"]
		old.Port = 19001
		o.Slots["b"] = &old
	},
	image: "new:1",
	want:  "stop notebook b: it does not serve\nremove notebook b: it does not serve",
}, {
	summary: "killed after the flip, and the old one is too busy to answer",
	adjust: func(_ *notebook.Spec, o *Observed) {
		old := *o.Slots["a"]
		old.Port, old.Healthy, old.Kept, old.Kernels = 19001, false, true, Kernels{}
		o.Slots["b"] = &old
	},
	image: "new:1",
	want:  "waits: the former notebook has kernels that cannot be counted",
}, {
	summary: "a switch that nobody asked for waits for what is left of the one before",
	adjust: func(s *notebook.Spec, o *Observed) {
		old := *o.Slots["a"]
		old.Port = 19001
		busy(&old)
		o.Slots["b"], s.Serve.Settings = &old, "refreshed"
	},
	image: "new:1",
	want:  "waits: the charm was refreshed; the former notebook has busy kernel python3/1234",
}, {
	summary: "killed after the flip, and somebody computes in the old one",
	adjust: func(_ *notebook.Spec, o *Observed) {
		old := *o.Slots["a"]
		old.Port = 19001
		busy(&old)
		o.Slots["b"] = &old
	},
	image: "new:1",
	want:  "waits: the former notebook has busy kernel python3/1234",
}, {
	summary: "a refreshed gateway takes over, the old one goes when nobody uses it",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Gateway.ID = "new"
		o.Gateways = []GatewayContainer{{ID: "old", Variant: "g0", Running: true}, {ID: "new", Variant: "g1", Running: true}}
	},
	image: "new:1",
	want:  "remove old gateway: it handed over and has no connection left",
}, {
	summary: "a gateway that was stopped by hand is replaced, one that drains stays",
	image:   "new:1",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Gateway = GatewayState{Upstream: 19000, Lost: true, Open: map[string]int{"drains": 1}}
		o.Gateways = []GatewayContainer{{ID: "stopped"}, {ID: "drains", Running: true}, {ID: "unreachable", Running: true}}
	},
	want: "start gateway: no gateway answers\nremove old gateway: it does not run\nremove old gateway: it cannot be reached\nset gateway: listen on 10.0.0.1:8888",
}, {
	summary: "a gateway that is too busy to answer is not ended",
	image:   "new:1",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Gateway = GatewayState{Upstream: 19000}
		o.Gateways = []GatewayContainer{{ID: "slow", Running: true}}
	},
	want: "start gateway: no gateway answers\nset gateway: listen on 10.0.0.1:8888",
}, {
	summary: "the network was removed: the notebook gets another without a restart",
	image:   "new:1",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Network, o.Slots[notebook.SlotA].Network, o.Slots[notebook.SlotA].Healthy = "", "", false
	},
	want: "make network: the unit has no network\njoin network a: it is not on the unit's network\nwait until healthy a: it could not be reached",
}, {
	summary: "an old gateway with a WebSocket stays",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Gateways = []GatewayContainer{{ID: "old", Variant: "g0", Running: true}}
		o.Gateway.Open = map[string]int{"old": 1}
	},
	image: "new:1",
	want:  "nothing to do",
}}

func (makeSuite) TestMake(c *C) {
	for _, test := range makeTests {
		c.Logf("%s", test.summary)
		s, o := spec(), serving(test.image)
		if test.adjust != nil {
			test.adjust(&s, &o)
		}
		c.Check(Make(s, o, "g1", test.apply).String(), Equals, test.want, Commentf("%s", test.summary))
	}
}

// Two units that took the same ports would serve each other's notebooks.
func (makeSuite) TestPortsOfOthersAreNotTaken(c *C) {
	o := Observed{Taken: map[int]bool{19000: true, 19001: true}}
	c.Check(Make(spec(), o, "g1", false).Port, Equals, 19002)
}

// A slot keeps its port: the gateway finds it there after a reboot.
func (makeSuite) TestSlotsKeepTheirPair(c *C) {
	c.Check(Make(spec(), serving("old:1"), "g1", false).Port, Equals, 19001)
}
