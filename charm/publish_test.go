package charm

import (
	"context"
	"os"
	"path/filepath"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type publishSuite struct{}

var _ = Suite(publishSuite{})

// withTools is a charm that has hook tools alone.
func withTools(c *C, w *world, event juju.Event) *Charm {
	if event.Dir == "" {
		event.Dir = filepath.Join(c.MkDir(), "agents", "unit-nb-0", "charm")
		c.Assert(os.MkdirAll(event.Dir, 0o755), IsNil)
	}
	event.Unit = "nb/0"
	return &Charm{
		Handles: Handles{Event: event, Tools: juju.NewTools(context.Background(), w)}, unit: notebook.Unit{Name: "nb/0"},
		files: host.Unit{Dir: filepath.Join(c.MkDir(), "nb-0-12345678")},
	}
}

const (
	setVersion = "application-version-set Jupyter 2.21.1"
	withdrawn  = "relation-set -r website:1 hostname= port="
	stillBad   = "status-set blocked environment line 1 is not KEY=VALUE" + still
)

var publishTests = []struct {
	summary string
	event   juju.Event
	adjust  func(*Outcome)
	shown   bool             // progress was
	fails   map[string]error // tools that do
	written []string
	err     string
}{{
	summary: "nothing is written where nothing differs",
}, {
	summary: "the first time",
	adjust: func(o *Outcome) {
		o.Said.Published = Published{Websites: map[string]map[string]string{"website:1": {"private-address": "10.0.0.1"}}}
	},
	written: []string{"open-port 8888/tcp", "relation-set -r website:1 hostname=10.0.0.1 port=8888", setVersion, "status-set active " + at},
}, {
	summary: "a relation in which something else was written",
	adjust: func(o *Outcome) {
		o.Said.Published.Websites["website:1"] = map[string]string{"hostname": "172.17.0.1", "private-address": "172.17.0.1", "port": "8888", "other": "x"}
	},
	written: []string{"relation-set -r website:1 hostname=10.0.0.1 private-address=10.0.0.1"},
}, {
	summary: "a switch behind the same reference changes the version all the same",
	adjust:  func(o *Outcome) { o.Turned = true },
	written: []string{setVersion, "status-set active " + at},
}, {
	summary: "progress that was shown is replaced",
	shown:   true,
	written: []string{setVersion, "status-set active " + at},
}, {
	summary: "the port follows the option",
	adjust:  func(o *Outcome) { o.Observed.Gateway.Listen = []string{"10.0.0.1:80"} },
	written: []string{"close-port 8888/tcp", "open-port 80/tcp", "relation-set -r website:1 port=80", setVersion, "status-set active http://10.0.0.1:80/ team/nb:1"},
}, {
	summary: "what does not answer is withdrawn",
	adjust:  down,
	written: []string{withdrawn, "status-set waiting no notebook serves: see juju debug-log"},
}, {
	summary: "without an address nothing is offered",
	adjust: func(o *Outcome) {
		o.Said.Inputs.Website, o.Errs = notebook.Network{}, []error{errNoAddress}
	},
	written: []string{withdrawn, setVersion, "status-set waiting waiting for an address of the binding website" + still},
}, {
	summary: "a bad option leaves all as it is",
	adjust:  fail(badOptions(bad("environment", hush, "line 1 is not KEY=VALUE"))),
	written: []string{setVersion, stillBad},
}, {
	summary: "what could not be seen is not withdrawn",
	adjust: func(o *Outcome) {
		o.Known, o.Observed, o.Errs = false, plan.Observed{}, []error{errNoCredential}
	},
	written: []string{"status-set waiting waiting for the leader to make the token"},
}, {
	summary: "a hook that fails publishes nothing: Juju would drop it",
	adjust:  fail(errBroken, badPort),
	err:     errBroken.Error(),
}, {
	summary: "a port that another unit of the machine has open",
	adjust:  func(o *Outcome) { o.Said.Published.Ports = nil },
	fails:   map[string]error{"open-port": refusedBy("open-port", "ERROR cannot open 8888/tcp: conflicts")},
	written: []string{setVersion, "status-set blocked another unit on this machine has opened 8888/tcp: set port or driver-ports" + still},
}, {
	summary: "and another problem, which is the graver",
	adjust: func(o *Outcome) {
		o.Said.Published.Ports, o.Errs = nil, []error{badOptions(bad("environment", hush, "line 1 is not KEY=VALUE"))}
	},
	fails:   map[string]error{"open-port": refusedBy("open-port", "ERROR cannot open 8888/tcp: conflicts")},
	written: []string{setVersion, stillBad},
}, {
	summary: "a tool that fails fails the hook: open-port",
	adjust:  func(o *Outcome) { o.Said.Published.Ports = nil },
	fails:   map[string]error{"open-port": errBroken},
	err:     errBroken.Error(),
}, {
	summary: "close-port",
	adjust:  func(o *Outcome) { o.Said.Published.Ports = []string{"8888/tcp", "80/tcp"} },
	fails:   map[string]error{"close-port": errBroken},
	err:     errBroken.Error(),
}, {
	summary: "relation-set",
	adjust:  down,
	fails:   map[string]error{"relation-set": errBroken},
	err:     errBroken.Error(),
}, {
	summary: "application-version-set",
	shown:   true,
	fails:   map[string]error{"application-version-set": errBroken},
	err:     errBroken.Error(),
}, {
	summary: "the leader makes the token in the hook install, and says no more: the next hook comes at once",
	event:   juju.Event{Hook: "install"},
	adjust:  func(o *Outcome) { withoutToken(o) },
	written: []string{"secret-add --label notebook-token --owner application"},
}, {
	summary: "later it tells the peers, and what it waits for",
	event:   juju.Event{Hook: "leader-elected"},
	adjust:  func(o *Outcome) { withoutToken(o) },
	written: []string{"secret-add --label notebook-token --owner application", "relation-set -r peers:0 --app credential=1",
		"status-set waiting waiting for the leader to make the token"},
}, {
	summary: "another unit makes none",
	event:   juju.Event{Hook: "install"},
	adjust: func(o *Outcome) {
		withoutToken(o)
		o.Said.Inputs.Leader = false
	},
	written: []string{"status-set waiting waiting for the leader to make the token"},
}, {
	summary: "a secret that Juju does not take",
	event:   juju.Event{Hook: "install"},
	adjust:  func(o *Outcome) { withoutToken(o) },
	fails:   map[string]error{"secret-add": errBroken},
	err:     errBroken.Error(),
}, {
	summary: "peers that come are told",
	event:   juju.Event{Hook: "peers-relation-created"},
	adjust:  func(o *Outcome) { o.Said.Inputs.Credential.Revision = "7" },
	written: []string{"relation-set -r peers:0 --app credential=7"},
}, {
	summary: "peers that cannot be listed",
	event:   juju.Event{Hook: "peers-relation-created"},
	fails:   map[string]error{"relation-ids": errBroken},
	err:     errBroken.Error(),
}}

// withoutToken is a unit whose leader has made no token yet.
func withoutToken(o *Outcome) {
	o.Said.Inputs.Credential, o.Said.Published, o.Observed = nil, Published{}, plan.Observed{}
	o.Errs = []error{errNoCredential}
}

func (publishSuite) TestPublish(c *C) {
	for _, test := range publishTests {
		w := usual()
		w.fails = test.fails
		o, show := serving(), &progress{}
		if test.adjust != nil {
			test.adjust(&o)
		}
		if test.shown {
			show.shown = juju.Status{Status: "maintenance", Message: "pulling team/nb:2"}
		}
		var err error
		text := logged(c, func() { err = withTools(c, w, test.event).publish(o, show) })
		if test.err == "" {
			c.Check(err, IsNil, Commentf(test.summary))
		} else {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
		}
		c.Check(w.wrote(), DeepEquals, test.written, Commentf(test.summary))
		c.Check(text, Not(Matches), "(?s).*"+hush+".*", Commentf(test.summary))
	}
}

func (publishSuite) TestCredential(c *C) {
	one, err := newCredential(1)
	c.Assert(err, IsNil)
	two, err := newCredential(2)
	c.Assert(err, IsNil)
	c.Check(len(one["token"]) >= 64, Equals, true) // 256 bits in hex
	c.Check(one["token"], Not(Equals), two["token"])
	c.Check(one["cookie-secret"], Not(Equals), two["cookie-secret"])
	c.Check([]string{one["revision"], two["revision"]}, DeepEquals, []string{"1", "2"})
}

func (publishSuite) TestProgress(c *C) {
	w := usual()
	charm := withTools(c, w, juju.Event{})
	hook, action := &progress{tools: charm.Tools}, charm.showing()
	hook.say("pulling team/nb:2")
	action.say("pulling team/nb:2")
	c.Check(w.wrote(), DeepEquals, []string{"status-set maintenance pulling team/nb:2", "action-log pulling team/nb:2"})
	c.Check([]juju.Status{hook.shown, action.shown}, DeepEquals, []juju.Status{{Status: "maintenance", Message: "pulling team/nb:2"}, {}})
	w.fails["status-set"] = errBroken
	c.Check(logged(c, func() { hook.say("x") }), Equals, errBroken.Error())
}
