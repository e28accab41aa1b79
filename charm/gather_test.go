package charm

import (
	"context"
	"strings"
	"sync"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type gatherSuite struct{}

var _ = Suite(&gatherSuite{})

// world stands in for the hook tools that a hook reads with; they are asked side
// by side.
type world struct {
	answers map[string]string
	mu      sync.Mutex
	calls   []string
}

func (w *world) Run(_ context.Context, tool string, args ...string) ([]byte, error) {
	call := tool + " " + strings.Join(args, " ")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call)
	for prefix, text := range w.answers {
		if strings.HasPrefix(call, prefix) {
			return []byte(text), nil
		}
	}
	if tool == "secret-get" {
		return nil, &juju.ToolError{Tool: tool, Code: 1, Stderr: "ERROR not found"}
	}
	return nil, nil
}

func ordinary() *world {
	return &world{answers: map[string]string{
		"config-get": `{"port":8888}`, "is-leader": "true", "storage-list": "[]", "opened-ports": "null",
		"status-get":    `{"status":"active","message":"m"}`,
		"network-get":   `{"bind-addresses":[{"addresses":[{"value":"127.0.0.1"}]}],"ingress-addresses":["10.0.0.1"]}`,
		"relation-ids":  `["website:1","website:2"]`,
		"relation-list": `["haproxy/0"]`,
		"relation-get --format=json -r website:1": `{"private-address":"10.0.0.9"}`,
		"relation-get --format=json -r website:2": `{"private-address":"10.0.0.8"}`,
		"secret-get": `{"token":"t","cookie-secret":"k","revision":"3"}`,
	}}
}

func gather(w *world, event juju.Event) (notebook.Inputs, *Charm, error) {
	c := &Charm{event: event, tools: juju.NewTools(context.Background(), w), unit: notebook.Unit{Name: "nb/0"}}
	in, err := c.Gather()
	return in, c, err
}

func (gatherSuite) TestGather(c *C) {
	w := ordinary()
	in, charm, err := gather(w, juju.Event{Hook: "config-changed", Proxy: juju.ProxySettings{No: "127.0.0.1"}})
	c.Assert(err, IsNil)
	c.Check(in, DeepEquals, notebook.Inputs{
		Unit: notebook.Unit{Name: "nb/0"}, Leader: true, Options: map[string]any{"port": 8888.0},
		Credential: &notebook.Credential{Token: "t", CookieSecret: "k", Revision: "3"},
		BindTo:     []string{"127.0.0.1"}, Ingress: "10.0.0.1", Proxies: []string{"10.0.0.8", "10.0.0.9"},
	})
	c.Check(charm.before.status, Equals, juju.Status{Status: "active", Message: "m"})
	c.Check(len(w.calls) <= 12, Equals, true, Commentf("%d: %v", len(w.calls), w.calls))
}

// TestTheRelationThatEndsIsOver guards against a proxy that is trusted, or
// written to, in the very hook that takes leave of it.
func (gatherSuite) TestTheRelationThatEndsIsOver(c *C) {
	in, charm, err := gather(ordinary(), juju.Event{Hook: "website-relation-broken", Broken: "website:1"})
	c.Assert(err, IsNil)
	c.Check(in.Proxies, DeepEquals, []string{"10.0.0.8"})
	c.Check(charm.before.websites, DeepEquals, []string{"website:2"})
}

func (gatherSuite) TestTheModelsProxy(c *C) {
	in, _, err := gather(ordinary(), juju.Event{Hook: "start", Proxy: juju.ProxySettings{HTTPS: "http://p:1", No: "10.0.0.0/8"}})
	c.Assert(err, IsNil)
	c.Check(in.Proxy, Equals, notebook.Proxy{HTTPS: "http://p:1", No: "10.0.0.0/8"})
}

func (gatherSuite) TestAnotherUnitDoesNotLookForSecretsToMake(c *C) {
	w := ordinary()
	w.answers["is-leader"] = "false"
	delete(w.answers, "secret-get")
	in, _, err := gather(w, juju.Event{Hook: "update-status"})
	c.Assert(err, IsNil)
	c.Check(in.Credential, IsNil)
	c.Check(strings.Contains(strings.Join(w.calls, "\n"), "secret-ids"), Equals, false)
}

func (gatherSuite) TestWhatCannotBeReadFailsTheHook(c *C) {
	for _, tool := range []string{"config-get", "is-leader", "storage-list", "network-get", "opened-ports", "status-get", "relation-ids"} {
		w := ordinary()
		w.answers[tool] = "no JSON"
		_, _, err := gather(w, juju.Event{Hook: "update-status"})
		c.Check(err, ErrorMatches, "cannot read what "+tool+" printed: .*", Commentf(tool))
	}
}

var deadlineTests = []struct {
	summary string
	age     time.Duration
	want    time.Duration
}{
	{"it has served for an hour", time.Hour, patience},
	{"the engine has just started it again", 5 * time.Second, bootLimit - 5*time.Second},
	{"it should have booted", bootLimit - time.Second, patience},
}

func (gatherSuite) TestDeadline(c *C) {
	now := time.Now()
	for _, test := range deadlineTests {
		got := deadline(&plan.Container{Started: now.Add(-test.age)}, now)
		c.Check(got.Sub(now), Equals, test.want, Commentf(test.summary))
	}
}

// TestAddressesThatAreGone: Juju tells those of a removed bridge for a while.
func (gatherSuite) TestAddressesThatAreGone(c *C) {
	c.Check(present([]string{"203.0.113.7", "127.0.0.1"}), DeepEquals, []string{"127.0.0.1"})
	c.Check(present([]string{"203.0.113.7"}), DeepEquals, []string{"203.0.113.7"})
	c.Check(present(nil), HasLen, 0)
}
