package charm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

func TestPackage(t *testing.T) { TestingT(t) }

type statusSuite struct{}

var _ = Suite(&statusSuite{})

const (
	defaultImage = "quay.io/jupyter/pyspark-notebook:2026-07-28"
	hush         = "top-secret"
)

// pulled is a failure of the engine as the docker package makes it.
func engineError(kind docker.Kind, text string) error {
	return fmt.Errorf("%w", &docker.Error{Kind: kind, Err: errors.New(text)})
}

func bad(name, value, reason string) notebook.BadOption {
	return notebook.BadOption{Name: name, Value: value, Reason: reason}
}

var statusTests = []struct {
	summary         string
	err             error
	status, message string // no status: the hook fails
}{
	{"no token yet", errNoCredential, "waiting", "waiting for the leader to make the token"},
	{"no address yet", errNoAddress, "waiting", "waiting for an address of the website binding"},
	{"a bad option", &optionError{[]notebook.BadOption{bad("port", "0", "must be a whole number from 1 to 65535")}},
		"blocked", "port must be a whole number from 1 to 65535"},
	{"an option with two faults is named once", &optionError{[]notebook.BadOption{bad("environment", hush, "line 1 is not KEY=VALUE"), bad("environment", hush, "line 2 is not KEY=VALUE")}},
		"blocked", "environment line 1 is not KEY=VALUE"},
	{"several bad options", &optionError{[]notebook.BadOption{bad("command", hush, "x"), bad("environment", hush, "y"), bad("port", "0", "z")}},
		"blocked", "cannot use options command, environment, port: see juju debug-log"},
	{"a flag that wins", &flagError{[]string{"--ServerApp.token", "--port"}},
		"blocked", "the image's command line fixes --ServerApp.token, --port: set the option command"},
	{"a candidate that did not come up", &candidateError{reason: "it ended with exit status 1 (no licence)"},
		"blocked", "the new notebook was refused: it ended with exit status 1 (no licence)"},
	{"what served does not come up again", &candidateError{reason: "it ran out of memory", old: true},
		"blocked", "the notebook does not come up again: it ran out of memory"},
	{"a port of ours", &portError{Address: "10.0.0.1:8888", Port: "8888", Holder: "nb/1"},
		"blocked", "port 8888 is held by unit nb/1 on this machine: set the option port"},
	{"a port of somebody's", &portError{Address: "10.0.0.1:8888", Port: "8888", Reason: "address already in use"},
		"blocked", "cannot listen on 10.0.0.1:8888: address already in use"},
	{"somebody computes", &busyError{plan.Kernels{Known: true, Total: 2, Busy: 1, Names: []string{"python3/12345678"}}},
		"active", "waits for busy kernel python3/12345678"},
	{"the engine does not start", fmt.Errorf("%w: exit status 1: Job failed", host.ErrEngine),
		"blocked", "the docker engine cannot be started: see its log"},
	{"no such image", engineError(docker.NotFound, "cannot pull x: manifest unknown"),
		"blocked", "the image does not exist, or its registry wants a login: check jupyter-image"},
	{"a login is wanted", engineError(docker.Denied, "no"), "blocked", "the registry refuses the image: check jupyter-image"},
	{"the registry is down", engineError(docker.RegistryDown, "EOF"), "waiting", "the image cannot be pulled: see juju debug-log"},
	{"a stalled pull", engineError(docker.Stalled, "cannot pull x: no progress for two minutes"), "blocked", "cannot pull x: no progress for two minutes"},
	{"a full disk", engineError(docker.DiskFull, "cannot pull: /var/lib/docker has only 3MB left"),
		"blocked", "cannot pull: /var/lib/docker has only 3MB left"},
	{"another architecture", engineError(docker.Platform, "cannot run x: it is for linux/arm64, this machine is linux/amd64"),
		"blocked", "cannot run x: it is for linux/arm64, this machine is linux/amd64"},
	{"no engine", engineError(docker.Unreachable, "dial"), "blocked", "the docker engine does not answer: see its log"},
	{"settings that the engine refuses", engineError(docker.Invalid, hush), "blocked", "the engine refuses the notebook's settings: see juju debug-log"},
	{"a limit below the present use", engineError(docker.NotNow, "x"), "waiting", "memory-limit is below what the notebook uses now"},
	{"a name that is taken: to look again may mend it", engineError(docker.InUse, "x"), "", ""},
	{"a defect", errors.New("cannot do step"), "", ""},
	{"what Juju did not answer", &juju.ToolError{Tool: "config-get", Code: 1}, "", ""},
	{"with what came after it", errors.Join(&candidateError{reason: "x"}, errors.New("cannot remove it")), "blocked", "the new notebook was refused: x"},
}

func (statusSuite) TestStatusOf(c *C) {
	for _, test := range statusTests {
		status, message, known := statusOf(test.err)
		c.Check(known, Equals, test.status != "", Commentf(test.summary))
		c.Check([]string{status, message}, DeepEquals, []string{test.status, test.message}, Commentf(test.summary))
		c.Check(utf8.RuneCountInString(message) <= 120, Equals, true, Commentf("%s: %d", test.summary, len(message)))
		c.Check(strings.Contains(message, hush), Equals, false, Commentf(test.summary))
	}
}

// serving is what a hook found: image runs and serves.
func serving(image string) Outputs {
	serve := notebook.Serve{Image: image, BaseURL: "/"}
	return Outputs{
		Inputs: notebook.Inputs{Ingress: "10.0.0.1"}, Known: true, Serving: notebook.SlotA,
		Observed: plan.Observed{
			Slots:   map[notebook.Slot]*plan.Container{notebook.SlotA: {Serve: serve, Running: true, Healthy: true, Version: "2.21.1", Port: 19000}},
			Gateway: plan.GatewayState{Answers: true, Listen: []string{"10.0.0.1:8888"}, Upstream: 19000},
		},
	}
}

func (statusSuite) TestActive(c *C) {
	out := serving(defaultImage)
	c.Check(active(out).Message, Equals, "http://10.0.0.1:8888/ quay.io/jupyter/pyspark-notebook:2026-07-28")
	out.Observed.Slots[notebook.SlotA].OOM = true
	c.Check(active(out).Message, Matches, ".*:2026-07-28, ended before for lack of memory")
	out = serving("docker.io/library/nb:1")
	out.Inputs.Ingress, out.Observed.Slots[notebook.SlotA].Serve.BaseURL = "2001:db8::1", "/team/"
	c.Check(active(out).Message, Equals, "http://[2001:db8::1]:8888/team/ nb:1")
}

// TestWhatWaitsIsShort: a status is a line of a table.
func (statusSuite) TestWhatWaitsIsShort(c *C) {
	out := serving("team/nb:1")
	out.Waits = "jupyter-image is docker.io/team/nb:2, was docker.io/team/nb:1; network-mode is host, was bridge (for busy kernel python3/1, or the action apply)"
	message := active(out).Message
	c.Check(message, Equals, "http://10.0.0.1:8888/ team/nb:1; waits: jupyter-image is docker.io/team/nb:2; network-mode is host (for busy kernel python3/1, or the action apply)")
}

func (statusSuite) TestFamiliar(c *C) {
	c.Check(familiar("docker.io/library/nb:1"), Equals, "nb:1")
	c.Check(familiar("quay.io/team/nb@sha256:"+strings.Repeat("0123456789abcdef", 4)), Equals, "quay.io/team/nb@sha256:0123456789ab")
	c.Check(familiar("quay.io/team/nb:1@sha256:"+strings.Repeat("0123456789abcdef", 4)), Equals, "quay.io/team/nb:1@sha256:0123456789ab")
}

var describeTests = []struct {
	summary, status, message string
	adjust                   func(*Outputs)
	want                     string
}{
	{"an old one goes on", "blocked", "the new one was refused", func(*Outputs) {}, "the new one was refused; team/nb:1 still serves"},
	{"it does not answer", "blocked", "the new one was refused", func(o *Outputs) { o.Observed.Slots[notebook.SlotA].Healthy = false },
		"the new one was refused"},
	{"none is there", "blocked", "no such image", func(o *Outputs) { *o = Outputs{} }, "no such image"},
	{"a switch that waits is no trouble", "active", "waits for busy kernel x", func(*Outputs) {},
		"http://10.0.0.1:8888/ team/nb:1; waits for busy kernel x"},
}

func (statusSuite) TestDescribe(c *C) {
	for _, test := range describeTests {
		out := serving("team/nb:1")
		test.adjust(&out)
		c.Check(describe(test.status, test.message, out), Equals, juju.Status{Status: test.status, Message: test.want}, Commentf(test.summary))
	}
}

func (statusSuite) TestOutputsKnowWhatServes(c *C) {
	o := serving("team/nb:1").Observed
	o.Slots[notebook.SlotB] = nil // removed since it was listed
	out := outputs(notebook.Inputs{}, notebook.Spec{}, o, plan.Plan{Waits: "x"})
	c.Check([]any{out.Serving, out.Waits, out.healthy(), out.port()}, DeepEquals, []any{notebook.SlotA, "x", true, 8888})
	o.Gateway.Answers = false
	out = outputs(notebook.Inputs{}, notebook.Spec{}, o, plan.Plan{})
	c.Check([]any{out.Serving, out.healthy()}, DeepEquals, []any{notebook.Slot(""), false})
	out = outputs(notebook.Inputs{}, notebook.Spec{}, plan.Observed{}, plan.Plan{})
	c.Check([]any{out.Serving, out.healthy(), out.port()}, DeepEquals, []any{notebook.Slot(""), false, 0})
}

func (statusSuite) TestSecretsAreCensored(c *C) {
	a := &application{in: notebook.Inputs{Credential: &notebook.Credential{Token: hush, CookieSecret: "cookie"}}}
	c.Check(a.censor("http://h/?token="+hush+" cookie"), Equals, "http://h/?token=(token) (secret)")
	c.Check(lastLine("one\n two \n\n"), Equals, "two")
	c.Check(lastLine(""), Equals, "")
}

func (statusSuite) TestCredential(c *C) {
	one, err := newCredential(1)
	c.Assert(err, IsNil)
	two, err := newCredential(2)
	c.Assert(err, IsNil)
	c.Check(len(one["token"]) >= 64, Equals, true) // 256 bits in hex
	c.Check(one["token"], Not(Equals), two["token"])
	c.Check(one["cookie-secret"], Not(Equals), two["cookie-secret"])
	c.Check([]string{one["revision"], two["revision"]}, DeepEquals, []string{"1", "2"})
}
