package charm

import (
	"context"
	"errors"
	"strings"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type publishSuite struct{}

var _ = Suite(&publishSuite{})

// tools stands in for Juju's hook tools: it answers relation-get from a bag, and
// keeps what is written.
type tools struct {
	bag     string
	written []string
}

func (t *tools) Run(_ context.Context, tool string, args ...string) ([]byte, error) {
	if tool == "relation-get" {
		return []byte(t.bag), nil
	}
	if tool != "juju-log" {
		t.written = append(t.written, tool+" "+strings.Join(args, " "))
	}
	return nil, nil
}

const (
	url     = "http://10.0.0.1:8888/ team/nb:1"
	offered = `{"hostname":"10.0.0.1","private-address":"10.0.0.1","port":"8888"}`
)

// settled is a unit in order, of which Juju knows all.
func settled(t *tools) *Charm {
	t.bag = offered
	return &Charm{
		tools: juju.NewTools(context.Background(), t), unit: notebook.Unit{Name: "nb/0"},
		before: before{status: juju.Status{Status: "active", Message: url}, ports: []string{"8888/tcp"}, websites: []string{"website:1"}},
	}
}

var settleTests = []struct {
	summary string
	adjust  func(*Charm, *tools, *Outputs)
	err     error
	fails   bool
	written []string
}{{
	summary: "nothing is written where nothing differs",
}, {
	summary: "the first time",
	adjust: func(c *Charm, t *tools, _ *Outputs) {
		c.before = before{websites: []string{"website:1"}}
		t.bag = `{"private-address":"10.0.0.1"}`
	},
	written: []string{"open-port 8888/tcp", "relation-set -r website:1 hostname=10.0.0.1 port=8888", "application-version-set Jupyter 2.21.1", "status-set active " + url},
}, {
	summary: "a switch behind the same reference changes the version all the same",
	adjust:  func(c *Charm, _ *tools, _ *Outputs) { c.turned = true },
	written: []string{"application-version-set Jupyter 2.21.1", "status-set active " + url},
}, {
	summary: "progress that was shown is replaced",
	adjust:  func(c *Charm, _ *tools, _ *Outputs) { c.told = true },
	written: []string{"application-version-set Jupyter 2.21.1", "status-set active " + url},
}, {
	summary: "the port follows the option",
	adjust: func(_ *Charm, _ *tools, o *Outputs) {
		o.Observed.Gateway.Listen = []string{"10.0.0.1:80"}
	},
	written: []string{"close-port 8888/tcp", "open-port 80/tcp", "relation-set -r website:1 port=80",
		"application-version-set Jupyter 2.21.1", "status-set active http://10.0.0.1:80/ team/nb:1"},
}, {
	summary: "what does not answer is withdrawn",
	adjust: func(_ *Charm, _ *tools, o *Outputs) {
		o.Observed.Slots[notebook.SlotA].Healthy = false
	},
	written: []string{"relation-set -r website:1 hostname= port=", "status-set waiting the notebook does not answer: see docker logs of its container"},
}, {
	summary: "without an address nothing is offered",
	adjust:  func(_ *Charm, _ *tools, o *Outputs) { o.Inputs.Ingress = "" },
	err:     errNoAddress,
	written: []string{"relation-set -r website:1 hostname= port=", "application-version-set Jupyter 2.21.1",
		"status-set waiting waiting for an address of the website binding; team/nb:1 still serves"},
}, {
	summary: "a bad option leaves all as it is",
	err:     &optionError{[]notebook.BadOption{bad("environment", hush, "line 1 is not KEY=VALUE")}},
	written: []string{"application-version-set Jupyter 2.21.1", "status-set blocked environment line 1 is not KEY=VALUE; team/nb:1 still serves"},
}, {
	summary: "what could not be seen is not withdrawn",
	adjust:  func(_ *Charm, _ *tools, o *Outputs) { *o = Outputs{} },
	err:     errNoCredential,
	written: []string{"status-set waiting waiting for the leader to make the token"},
}, {
	summary: "a hook that fails publishes nothing: Juju would drop it",
	err:     errors.New("cannot do step"),
	fails:   true,
}}

func (publishSuite) TestSettle(c *C) {
	for _, test := range settleTests {
		t, out := &tools{}, serving("team/nb:1")
		charm := settled(t)
		if test.adjust != nil {
			test.adjust(charm, t, &out)
		}
		err := charm.settle(out, test.err)
		c.Check(err != nil, Equals, test.fails, Commentf("%s: %v", test.summary, err))
		c.Check(t.written, DeepEquals, test.written, Commentf(test.summary))
	}
}
