package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/docker/docker/client"
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

func TestPackage(t *testing.T) { TestingT(t) }

// transport is the road to an engine, in memory: it answers by "METHOD path",
// and keeps what was asked. The real engine is met in tests/.
type transport struct {
	answers map[string]answer

	mu     sync.Mutex // the engine is asked side by side
	asked  []string
	bodies map[string]string
}

type answer = func(*http.Request) (*http.Response, error)

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1.41")
	if err := t.keep(call, r.Body); err != nil {
		return nil, err
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer := t.answers[call]
	if answer == nil {
		return nil, fmt.Errorf("no answer for %s", call)
	}
	resp, err := answer(r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func (t *transport) keep(call string, body io.Reader) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = append(t.asked, call)
	if body == nil {
		return nil
	}
	b, err := io.ReadAll(body)
	t.bodies[call] = string(b)
	return err
}

func body(code int, r io.Reader) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(r)}
}

// says answers with a code and an object.
func says(code int, v any) answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return func(*http.Request) (*http.Response, error) { return body(code, strings.NewReader(string(b))), nil }
}

// refuses answers as the engine does when it cannot.
func refuses(code int, message string) answer {
	return says(code, map[string]string{"message": message})
}

func breaks(err error) answer { return func(*http.Request) (*http.Response, error) { return nil, err } }

const model = "7b29c3f0-1111-4222-8333-444455556666"

// speaking returns the engine of unit nb/1 behind the answers.
func speaking(c *C, answers map[string]answer) (*Engine, *transport) {
	t := &transport{answers: answers, bodies: map[string]string{}}
	cli, err := client.NewClientWithOpts(client.WithHTTPClient(&http.Client{Transport: t}), client.WithVersion("1.41"))
	c.Assert(err, IsNil)
	return &Engine{cli: cli, unit: notebook.Unit{Name: "nb/1", ModelUUID: model, ModelName: "lab"}, version: "v1"}, t
}

type engineSuite struct{}

var _ = Suite(&engineSuite{})

func kindOf(err error) Kind {
	var known *Error
	if !errors.As(err, &known) {
		return -1
	}
	return known.Kind
}

var failureTests = []struct {
	summary string
	answer  answer
	kind    Kind
}{
	{"no socket", breaks(syscall.ENOENT), Unreachable},
	{"it does not answer in time", breaks(context.DeadlineExceeded), Unreachable},
	{"a value that it does not take", refuses(400, "invalid reference"), Invalid},
	{"a name that is taken", refuses(409, "name is in use"), InUse},
	{"what vanished is not an image that does not exist", refuses(404, "no such container"), Unknown},
	{"a refusal of its own is not one of a registry", refuses(403, "authorization plugin"), Unknown},
	{"its own trouble", refuses(500, "oops"), Unknown},
	{"it is shutting down", refuses(503, "later"), Unknown},
}

func (engineSuite) TestFailuresOfACall(c *C) {
	for _, test := range failureTests {
		e, _ := speaking(c, map[string]answer{"POST /containers/nb-1-7b29c3f0-a/start": test.answer})
		err := e.Start(context.Background(), notebook.SlotA)
		c.Check(err, ErrorMatches, "cannot start the notebook: (.|\n)*", Commentf(test.summary))
		c.Check(kindOf(err), Equals, test.kind, Commentf(test.summary))
	}
}

func (engineSuite) TestWhatIsGoneNeedsNoRemoval(c *C) {
	gone := refuses(404, "no such container")
	e, _ := speaking(c, map[string]answer{
		"POST /containers/nb-1-7b29c3f0-a/stop": gone, "DELETE /containers/nb-1-7b29c3f0-a": gone,
	})
	c.Check(e.Stop(context.Background(), notebook.SlotA), IsNil)
	c.Check(e.Remove(context.Background(), notebook.SlotA), IsNil)
}

type object = map[string]any

func summary(id, unit, uuid, role, slot string) object {
	labels := object{labelUnit: unit, labelModel: uuid, labelRole: role, labelSlot: slot, labelPort: "19004", labelVariant: "g1", labelKey: "key-" + unit,
		labelImage: "sha256:1"}
	return object{"Id": id + "0123456789ab", "Labels": labels, "State": "running"}
}

// theirs are containers of others whose names look like ours.
var theirs = []object{
	summary("x", "nb/10", model, "notebook", "a"),
	summary("y", "nb/1", "7b29c3f0-9999-4222-8333-444455556666", "notebook", "b"),
	summary("z", "other-nb/1", model, "gateway", ""),
}

func observing(mine ...object) map[string]answer {
	return map[string]answer{
		"GET /containers/json": says(200, append(mine, theirs...)),
		"GET /images/json":     says(200, []object{}), "GET /images/new:1/json": refuses(404, "no such image"),
		"GET /networks/nb-1-7b29c3f0": refuses(404, "no such network"),
		"GET /containers/a0123456789ab/json": says(200, object{
			"Image": "sha256:1", "State": object{"Running": true, "OOMKilled": true}, "Config": object{},
			"HostConfig": object{"Memory": int64(unlimited), "CpuPeriod": 100000, "CpuQuota": 29000},
		}),
	}
}

// TestOnlyTheUnitsOwnIsSeen guards against units that are known by a part of
// their name: nb/1 is not nb/10, nor nb/1 of a model whose UUID begins alike.
func (engineSuite) TestOnlyTheUnitsOwnIsSeen(c *C) {
	e, t := speaking(c, observing(summary("a", "nb/1", model, "notebook", "a"), summary("g", "nb/1", model, "gateway", "")))
	o, err := e.Observe(context.Background(), "new:1")
	c.Assert(err, IsNil)
	c.Assert(o.Slots, HasLen, 1)
	c.Assert(o.Gateways, HasLen, 1)
	c.Check(o.Gateways[0].ID, Equals, "g0123456789a")
	a := o.Slots[notebook.SlotA]
	c.Check(a.Limits, Equals, notebook.Limits{CPU: 0.29})
	c.Check([]any{a.Running, a.OOM, a.Port, a.ImageID}, DeepEquals, []any{true, true, 19004, "sha256:1"})
	c.Check(o.Taken[19004] && o.Taken[19005], Equals, true)
	for _, call := range t.asked {
		c.Check(strings.Contains(call, "containers/x") || strings.Contains(call, "containers/y"), Equals, false, Commentf(call))
	}
}

func (engineSuite) TestRemoveAllTouchesNothingOfOthers(c *C) {
	left := append([]object{summary("a", "nb/1", model, "notebook", "a"), summary("g", "nb/1", model, "gateway", "")}, theirs...)
	answers := observing()
	answers["GET /containers/json"] = func(r *http.Request) (*http.Response, error) { return says(200, left)(r) }
	answers["POST /containers/nb-1-7b29c3f0-a/stop"] = says(204, nil)
	answers["DELETE /containers/a0123456789ab"] = func(r *http.Request) (*http.Response, error) {
		left = left[1:]
		return says(204, nil)(r)
	}
	answers["DELETE /containers/g0123456789ab"] = says(204, nil)
	answers["DELETE /networks/nb-1-7b29c3f0"] = says(204, nil)
	e, t := speaking(c, answers)
	c.Assert(e.RemoveAll(context.Background()), IsNil)
	var changed []string
	for _, call := range t.asked {
		if !strings.HasPrefix(call, "GET ") {
			changed = append(changed, call)
		}
	}
	c.Check(changed, DeepEquals, []string{"POST /containers/nb-1-7b29c3f0-a/stop", "DELETE /containers/a0123456789ab",
		"DELETE /containers/g0123456789ab", "DELETE /networks/nb-1-7b29c3f0"})
}

func (engineSuite) TestWhatCannotBeListedIsNotNothing(c *C) {
	for _, call := range []string{"GET /containers/json", "GET /images/json", "GET /images/new:1/json", "GET /networks/nb-1-7b29c3f0"} {
		answers := observing()
		answers[call] = refuses(500, "oops")
		e, _ := speaking(c, answers)
		_, err := e.Observe(context.Background(), "new:1")
		c.Check(err, ErrorMatches, "cannot .*oops", Commentf(call))
	}
}

func (engineSuite) TestHoldersAreTheOthers(c *C) {
	e, _ := speaking(c, map[string]answer{"GET /containers/json": says(200, []object{
		summary("g", "nb/1", model, "gateway", ""), summary("h", "nb/10", model, "gateway", "")})})
	holders, err := e.Holders(context.Background())
	c.Assert(err, IsNil)
	c.Check(holders, DeepEquals, map[string]string{"key-nb/10": "nb/10"})
}

var limitTests = []struct {
	summary string
	limits  notebook.Limits
	used    int64
	answer  answer
	sent    string
	kind    Kind
}{
	{"both", notebook.Limits{Memory: 1 << 30, CPU: 0.29}, 1 << 20, says(200, object{}),
		`"Memory":1073741824,.*"CpuPeriod":100000,"CpuQuota":29000,.*"MemorySwap":1073741824`, -1},
	{"none again", notebook.Limits{}, 1 << 40, says(200, object{}),
		`"Memory":9223372036854771712,.*"CpuQuota":-1,.*"MemorySwap":9223372036854771712`, -1},
	{"below the present use", notebook.Limits{Memory: 1 << 30}, 2 << 30, nil, "", NotNow},
	{"the kernel refuses", notebook.Limits{Memory: 1 << 30}, 1 << 20, refuses(500, "unable to set memory limit"), "", NotNow},
	{"the engine refuses", notebook.Limits{CPU: 1}, 0, refuses(400, "no"), "", Invalid},
}

func (engineSuite) TestSetLimits(c *C) {
	for _, test := range limitTests {
		answers := map[string]answer{
			"GET /containers/nb-1-7b29c3f0-a/stats": says(200, object{"memory_stats": object{"usage": test.used + 7, "stats": object{"inactive_file": 7}}}),
		}
		if test.answer != nil {
			answers["POST /containers/nb-1-7b29c3f0-a/update"] = test.answer
		}
		e, t := speaking(c, answers)
		err := e.SetLimits(context.Background(), notebook.SlotA, test.limits)
		c.Check(kindOf(err), Equals, test.kind, Commentf("%s: %v", test.summary, err))
		if test.sent != "" {
			c.Check(t.bodies["POST /containers/nb-1-7b29c3f0-a/update"], Matches, "(?s).*"+test.sent+".*", Commentf(test.summary))
		}
	}
}
