package plan_test

import (
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type changeSuite struct{}

var _ = Suite(&changeSuite{})

func busy(c *Container) {
	c.Work = Work{Known: true, Items: []Item{{Kind: Kernel, Name: "python3/1234", Busy: true}}}
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

const carefulFlip = "count work again a: nobody may lose work\n" + theFlip + "count work again a: somebody may have begun to work meanwhile\n" + theEnd

const firstNotebook = `create notebook a: no notebook serves
start notebook a: no notebook serves
`

const firstEnd = `wait until healthy a: before anyone is sent there
turn gateway a: it is healthy
remove unused images: only the current and the previous image are kept`

const newGateway = "start gateway: no gateway answers\nset gateway: listen on 10.0.0.1:8888\n"

const leftoverGoes = "stop notebook b: it does not serve\nremove notebook b: it does not serve"

// ready is a candidate that an earlier hook left, and that is the one that should
// run.
func ready(o *Observed, s *notebook.Spec, adjust func(*Container)) {
	beside(o, func(b *Container) {
		b.Hash, b.ImageID, b.Serve = s.Serve.Hash(), "sha256:new:1", s.Serve
		if adjust != nil {
			adjust(b)
		}
	})
}

type changeTest struct {
	summary string
	adjust  func(s *notebook.Spec, o *Observed)
	image   string
	apply   bool
	want    string
}

var changeTests = []changeTest{{
	summary: "all is in order",
	image:   "new:1",
	want:    "nothing to do",
}, {
	summary: "nothing is there",
	adjust:  func(_ *notebook.Spec, o *Observed) { *o = Observed{} },
	want: "make network: the unit has no network\n" + newGateway + "pull image: new:1 is not on this engine\n" +
		firstNotebook + firstEnd,
}, {
	summary: "nothing is there but the image: Jupyter boots while the gateway comes up",
	adjust: func(_ *notebook.Spec, o *Observed) {
		*o = Observed{Network: "n1", Wanted: Reference{Local: "sha256:new:1"}}
	},
	want: firstNotebook + newGateway + firstEnd,
}, {
	summary: "another image, asked for",
	image:   "old:1",
	want:    theSwitch + theFlip + theEnd,
}, {
	summary: "another image, not pulled yet",
	adjust:  func(_ *notebook.Spec, o *Observed) { o.Wanted = Reference{} },
	image:   "old:1",
	want:    "pull image: new:1 is not on this engine\n" + theSwitch + theFlip + theEnd,
}, {
	summary: "now does not mind a busy kernel",
	adjust:  func(_ *notebook.Spec, o *Observed) { busy(o.Notebooks[0]) },
	image:   "old:1",
	want:    theSwitch + theFlip + theEnd,
}, {
	summary: "idle waits for a busy kernel, and says for which",
	adjust:  func(s *notebook.Spec, o *Observed) { s.When = notebook.WhenIdle; busy(o.Notebooks[0]) },
	image:   "old:1",
	want:    "waits: jupyter-image is new:1, was old:1 (for busy kernel python3/1234, or the action apply)",
}, {
	summary: "idle switches when all are idle, and counts twice again",
	adjust:  func(s *notebook.Spec, _ *Observed) { s.When = notebook.WhenIdle },
	image:   "old:1",
	want:    theSwitch + carefulFlip,
}, {
	summary: "work that cannot be counted is taken for busy",
	adjust:  func(s *notebook.Spec, o *Observed) { s.When, o.Notebooks[0].Work = notebook.WhenIdle, Work{} },
	image:   "old:1",
	want:    "waits: jupyter-image is new:1, was old:1 (for kernels that cannot be counted, or the action apply)",
}, {
	summary: "manual waits for apply",
	adjust:  func(s *notebook.Spec, _ *Observed) { s.When = notebook.WhenManual },
	image:   "old:1",
	want:    "waits: jupyter-image is new:1, was old:1 (for the action apply)",
}, {
	summary: "apply does not wait",
	adjust:  func(s *notebook.Spec, o *Observed) { s.When = notebook.WhenManual; busy(o.Notebooks[0]) },
	image:   "old:1",
	apply:   true,
	want:    theSwitch + theFlip + theEnd,
}, {
	summary: "what does not run does not keep a switch waiting, and is not counted",
	adjust:  func(s *notebook.Spec, o *Observed) { s.When = notebook.WhenIdle; ended(o.Notebooks[0]) },
	image:   "old:1",
	want:    theSwitch + theFlip + theEnd,
}, {
	summary: "what nobody asked for waits even with now (12)",
	adjust:  func(s *notebook.Spec, o *Observed) { s.Serve.Settings = "2"; busy(o.Notebooks[0]) },
	image:   "new:1",
	want:    "waits: the charm was refreshed (for busy kernel python3/1234, or the action apply)",
}, {
	summary: "what nobody asked for waits for an idle terminal (12)",
	adjust: func(s *notebook.Spec, o *Observed) {
		s.Serve.Proxy.HTTP = "http://proxy"
		o.Notebooks[0].Work.Items = []Item{{Kind: Terminal, Name: "1", Last: o.Now.Add(-59 * time.Minute)}}
	},
	image: "new:1",
	want:  "waits: the model's proxy changed (for idle terminal 1, until none was used for 60 minutes, or the action apply)",
}, {
	summary: "what nobody asked for is made when manual too, once nobody works",
	adjust:  func(s *notebook.Spec, _ *Observed) { s.When, s.Serve.Settings = notebook.WhenManual, "2" },
	image:   "new:1",
	want: `create notebook b: the charm was refreshed
start notebook b: the charm was refreshed
wait until healthy b: before anyone is sent there
count work again a: nobody may lose work
turn gateway b: the charm was refreshed
let requests end a: requests under way
count work again a: somebody may have begun to work meanwhile
stop notebook a: the charm was refreshed
remove notebook a: the charm was refreshed
remove unused images: only the current and the previous image are kept`,
}, {
	summary: "a newer image was pulled",
	adjust:  func(s *notebook.Spec, o *Observed) { o.Wanted.Pulled, s.When = "sha256:newer", notebook.WhenManual },
	image:   "new:1",
	want:    "waits: a newer image was pulled (for the action apply)",
}, {
	summary: "the same image was pulled under another index",
	adjust: func(_ *notebook.Spec, o *Observed) {
		o.Wanted.Pulled, o.Wanted.Same = "sha256:newer", []string{o.Notebooks[0].ImageID}
	},
	image: "new:1",
	want:  "nothing to do",
}, {
	summary: "limits and addresses change in place while a switch waits",
	adjust: func(s *notebook.Spec, _ *Observed) {
		s.When, s.Limits.Memory, s.Gateway.Listen = notebook.WhenManual, 1<<30, []string{"10.0.0.1:9999"}
	},
	image: "old:1",
	want: `set gateway: listen on 10.0.0.1:9999
set limits a: memory-limit, cpu-limit or pids-limit changed
waits: jupyter-image is new:1, was old:1 (for the action apply)`,
}, {
	summary: "it ended for lack of memory: it gets more before it is started",
	adjust:  func(s *notebook.Spec, o *Observed) { ended(o.Notebooks[0]); s.Limits.Memory = 1 << 30 },
	image:   "new:1",
	want: `set limits a: memory-limit, cpu-limit or pids-limit changed
start notebook a: it serves and is not running
wait until healthy a: before anyone is sent there`,
}, {
	summary: "paused: it gets its limits, and is not started",
	adjust: func(s *notebook.Spec, o *Observed) {
		ended(o.Notebooks[0])
		o.Notebooks[0].Paused, s.Limits.Pids = true, 128
	},
	image: "new:1",
	want:  "set limits a: memory-limit, cpu-limit or pids-limit changed",
}, {
	summary: "a port below 1024 takes another gateway",
	adjust:  func(s *notebook.Spec, _ *Observed) { s.Gateway.Listen = []string{"10.0.0.1:80"} },
	image:   "new:1",
	want:    "start gateway: the gateway's program changed\nset gateway: listen on 10.0.0.1:80",
}, {
	summary: "other proxies are trusted",
	adjust:  func(s *notebook.Spec, _ *Observed) { s.Gateway.Trusted = nil },
	image:   "new:1",
	want:    "set gateway: listen on 10.0.0.1:8888",
}, {
	summary: "host mode needs no network",
	adjust: func(s *notebook.Spec, o *Observed) {
		*o = Observed{Wanted: Reference{Local: "sha256:new:1"}}
		s.Serve.NetworkMode = notebook.NetworkHost
	},
	want: firstNotebook + newGateway + firstEnd,
}, {
	summary: "the gateway's state was lost with the gateway: turned to once it is told where to listen",
	adjust:  func(_ *notebook.Spec, o *Observed) { o.Gateway = GatewayState{Lost: true} },
	image:   "new:1",
	want:    newGateway + "wait until healthy a: before anyone is sent there\nturn gateway a: it serves, and the gateway does not turn to it",
}, {
	summary: "the same, and it computes and does not answer: it stays (4)",
	adjust:  func(_ *notebook.Spec, o *Observed) { o.Gateway = GatewayState{Lost: true}; silent(o.Notebooks[0]) },
	image:   "new:1",
	want:    "start gateway: no gateway answers\nset gateway: listen on 10.0.0.1:8888",
}, {
	summary: "images that nobody needs",
	adjust:  func(_ *notebook.Spec, o *Observed) { o.Wanted.Kept = 3 },
	image:   "new:1",
	want:    "remove unused images: only the current and the previous image are kept",
}}

func (changeSuite) TestChange(c *C) {
	for _, test := range append(changeTests, leftoverTests...) {
		s, o := specOf("new:1"), inOrder(test.image)
		s.Gateway.Trusted = []string{"10.0.0.9"}
		if test.adjust != nil {
			test.adjust(s, &o)
		}
		c.Check(Change(*s, o, "g1", Ask{Apply: test.apply}).String(), Equals, test.want, Commentf("%s", test.summary))
	}
}
