package juju_test

import (
	"context"
	"errors"
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type toolsSuite struct{}

var _ = Suite(&toolsSuite{})

// recorder stands in for Juju's hook tools: it keeps what they were called with
// and answers from a table, by the start of the call. What real hook tools
// answer, the stories in tests/ see.
type recorder struct {
	calls   []string
	answers map[string]string
	errs    map[string]error
}

func (r *recorder) Run(_ context.Context, tool string, args ...string) ([]byte, error) {
	call := tool + " " + strings.Join(args, " ")
	r.calls = append(r.calls, call)
	for prefix, err := range r.errs {
		if strings.HasPrefix(call, prefix) {
			return nil, err
		}
	}
	for prefix, text := range r.answers {
		if strings.HasPrefix(call, prefix) {
			return []byte(text), nil
		}
	}
	return nil, nil
}

func (r *recorder) RunHidden(ctx context.Context, tool string, args ...string) ([]byte, error) {
	return r.Run(ctx, "hidden "+tool, args...)
}

func (r *recorder) tools() *Tools { return NewTools(context.Background(), r) }

var callTests = []struct {
	summary string
	use     func(*Tools) error
	call    string
}{
	{"unit status", func(t *Tools) error { return t.SetStatus(Status{Status: "active", Message: "a b"}) }, "status-set active a b"},
	{"version", func(t *Tools) error { return t.SetVersion("Jupyter 2.21") }, "application-version-set Jupyter 2.21"},
	{"open a port", func(t *Tools) error { return t.OpenPort("28000-28015/tcp") }, "open-port 28000-28015/tcp"},
	{"close what opened-ports printed", func(t *Tools) error { return t.ClosePort("1-2/udp") }, "close-port 1-2/udp"},
	{"keys in order, an empty one is deleted", func(t *Tools) error { return t.SetBag("website:3", map[string]string{"port": "1", "hostname": ""}) },
		"relation-set -r website:3 hostname= port=1"},
	{"the application's bag", func(t *Tools) error { return t.SetAppBag("peers:0", map[string]string{"credential": "2"}) },
		"relation-set -r peers:0 --app credential=2"},
	{"a log line that looks like a flag", func(t *Tools) error { return t.Log("INFO", "-x") }, "juju-log -l INFO -- -x"},
	{"results", func(t *Tools) error { return t.SetResults(map[string]string{"url": "u", "image": "i"}) }, "action-set image=i url=u"},
	{"results that hold a secret", func(t *Tools) error { return t.SetSecretResults(map[string]string{"token": "t"}) }, "hidden action-set token=t"},
	{"action log", func(t *Tools) error { return t.Progress("half") }, "action-log half"},
	{"action failure", func(t *Tools) error { return t.Fail("why") }, "action-fail why"},
}

func (toolsSuite) TestCalls(c *C) {
	for _, test := range callTests {
		var r recorder
		c.Assert(test.use(r.tools()), IsNil, Commentf(test.summary))
		c.Check(r.calls, DeepEquals, []string{test.call}, Commentf(test.summary))
	}
}

var readTests = []struct {
	summary string
	printed string
	read    func(*Tools) (any, error)
	call    string
	want    any
}{
	{"options", `{"port":8888,"b":true}`, func(t *Tools) (any, error) { return t.Config() }, "config-get --format=json",
		map[string]any{"port": 8888.0, "b": true}},
	{"leader", "true\n", func(t *Tools) (any, error) { return t.IsLeader() }, "is-leader --format=json", true},
	{"no ports", "null", func(t *Tools) (any, error) { return t.Ports() }, "opened-ports --format=json", []string(nil)},
	{"ports", `["8888/tcp"]`, func(t *Tools) (any, error) { return t.Ports() }, "opened-ports --format=json", []string{"8888/tcp"}},
	{"no relation", "[]", func(t *Tools) (any, error) { return t.Relations("website") }, "relation-ids --format=json website", []string{}},
	{"nothing printed", "", func(t *Tools) (any, error) { return t.Relations("website") }, "relation-ids --format=json website", []string(nil)},
	{"remote units", `["h/0"]`, func(t *Tools) (any, error) { return t.RemoteUnits("website:1") },
		"relation-list --format=json -r website:1", []string{"h/0"}},
	{"an empty bag", "null", func(t *Tools) (any, error) { return t.Bag("website:1", "h/0") },
		"relation-get --format=json -r website:1 - h/0", map[string]string(nil)},
	{"no storage", "[]", func(t *Tools) (any, error) { return t.Storage("notebooks") }, "storage-list --format=json notebooks", ""},
	{"private address", `"10.0.0.7"`, func(t *Tools) (any, error) { return t.PrivateAddress() }, "unit-get --format=json private-address", "10.0.0.7"},
	{"status", `{"message":"m","status":"active","status-data":{}}`, func(t *Tools) (any, error) { return t.Status() },
		"status-get --format=json --include-data", Status{Status: "active", Message: "m"}},
	{"life", `{"units":{"nb/0":{"status":"dying"}},"relations":{}}`, func(t *Tools) (any, error) { return t.Life("nb/0") },
		"goal-state --format=json", "dying"},
	{"parameters", `{"slices":4,"master":"yarn"}`, func(t *Tools) (any, error) {
		var out struct{ Slices int }
		err := t.Parameters(&out)
		return out.Slices, err
	}, "action-get --format=json", 4},
}

func (toolsSuite) TestReads(c *C) {
	for _, test := range readTests {
		r := recorder{answers: map[string]string{"": test.printed}}
		got, err := test.read(r.tools())
		c.Assert(err, IsNil, Commentf(test.summary))
		c.Check(got, DeepEquals, test.want, Commentf(test.summary))
		c.Check(r.calls, DeepEquals, []string{test.call}, Commentf(test.summary))
	}
}

func (toolsSuite) TestStorage(c *C) {
	r := recorder{answers: map[string]string{"storage-list": `["notebooks/4"]`, "storage-get": `"/mnt/n"`}}
	location, err := r.tools().Storage("notebooks")
	c.Assert(err, IsNil)
	c.Check(location, Equals, "/mnt/n")
	c.Check(r.calls[1], Equals, "storage-get --format=json -s notebooks/4 location")
}

func (toolsSuite) TestNetworkLeavesOutWhatNobodyListensOnAlone(c *C) {
	r := recorder{answers: map[string]string{"network-get": `{"bind-addresses":[
		{"interface-name":"eth0","addresses":[{"hostname":"","value":"10.1.0.5","cidr":"10.1.0.0/24"},{"value":"fe80::1"},{"value":"name"}]},
		{"addresses":[{"value":"10.1.0.5"},{"value":"2001:db8::5"}]}],"ingress-addresses":["10.9.0.1"],"egress-subnets":["10.9.0.1/32"]}`}}
	n, err := r.tools().Network("website")
	c.Assert(err, IsNil)
	c.Check(n, DeepEquals, notebook.Network{
		Addresses: []notebook.Address{{Value: "10.1.0.5", Interface: "eth0"}, {Value: "10.1.0.5"}, {Value: "2001:db8::5"}},
		Ingress:   []string{"10.9.0.1"},
	})
}

// A binding without an address is the operator's to mend; any other refusal is an
// error.
func (toolsSuite) TestABindingWithoutAnAddressIsMissing(c *C) {
	refuse := func(text string) *Tools {
		r := recorder{errs: map[string]error{"network-get": &ToolError{Tool: "network-get", Code: 1, Stderr: text}}}
		return r.tools()
	}
	n, err := refuse(`ERROR no network config found for binding "spark"`).Network("spark")
	c.Assert(err, IsNil)
	c.Check(n, DeepEquals, notebook.Network{Missing: true})
	_, err = refuse("ERROR connection is shut down").Network("spark")
	c.Check(err, NotNil)
}

func (toolsSuite) TestWhatIsNotJSONIsAnError(c *C) {
	r := recorder{answers: map[string]string{"": "True"}}
	_, err := r.tools().IsLeader()
	c.Check(err, ErrorMatches, "cannot read what is-leader printed: .*")
}

func (toolsSuite) TestARefusalIsAnErrorAndNotEmpty(c *C) {
	refused := &ToolError{Tool: "relation-get", Code: 1, Stderr: "ERROR relation unit not found"}
	r := recorder{errs: map[string]error{"relation-get": refused}}
	_, err := r.tools().Bag("website:1", "h/0")
	c.Check(err, Equals, refused)
	c.Check(err, ErrorMatches, "cannot run relation-get: exit status 1: relation unit not found")
}

func (toolsSuite) TestExecGivesCodeAndErrorWithoutArguments(c *C) {
	_, err := Exec{}.Run(context.Background(), "sh", "-c", "echo out; echo ERROR no such >&2; exit 2", "top-secret")
	var refused *ToolError
	c.Assert(errors.As(err, &refused), Equals, true)
	c.Check(*refused, Equals, ToolError{Tool: "sh", Code: 2, Stderr: "ERROR no such"})
	c.Check(strings.Contains(err.Error(), "top-secret"), Equals, false)
	out, err := Exec{}.Run(context.Background(), "sh", "-c", "echo out; echo noise >&2")
	c.Assert(err, IsNil)
	c.Check(string(out), Equals, "out\n")
	out, err = Exec{}.Run(context.Background(), "echo", "a\x00b") // a NUL, which no program takes
	c.Check([]any{string(out), err}, DeepEquals, []any{"ab\n", nil})
	_, err = Exec{}.Run(context.Background(), "no-such-hook-tool")
	c.Check(err, ErrorMatches, "cannot run no-such-hook-tool: .*")
}
