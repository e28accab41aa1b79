package docker

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/docker/docker/pkg/jsonmessage"
	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
)

type pullSuite struct{}

var _ = Suite(&pullSuite{})

const ref = "registry.example:5000/team/nb:1"

// brings is an image that a pull brings.
func brings(architecture string) Answer {
	return Turns(Refuses(404, "no such image"), Says(200, Object{
		"Id": "sha256:2", "Os": "linux", "Architecture": architecture, "RootFS": files, "Config": Object{}}))
}

// pulling is an engine that can pull what stream says, which has nothing yet.
func pulling(stream Answer) map[string]Answer {
	return map[string]Answer{
		"GET /info":                          Says(200, Object{"NCPU": 2, "DockerRootDir": "/no/such/directory"}),
		"GET /version":                       Says(200, Object{"Os": "linux", "Arch": "amd64"}),
		"POST /images/create":                stream,
		"GET /images/" + ref + "/json":       Refuses(404, "no such image"),
		"GET /distribution/" + ref + "/json": Refuses(404, "manifest unknown"),
	}
}

// files are those of an image, as inspecting it shows them.
var files = Object{"Type": "layers", "Layers": []string{"sha256:f"}}

func streams(lines ...string) Answer {
	return func(*http.Request) (*http.Response, error) {
		return Body(200, strings.NewReader(strings.Join(lines, "\n"))), nil
	}
}

// broken is a pull that begins and fails in its stream.
func broken(message string, before ...string) Answer {
	return streams(append(before, `{"errorDetail":{"message":"`+message+`"},"error":"`+message+`"}`)...)
}

// is is what the registry says of an image where one can be seen to be one.
func is(platforms ...Object) Answer {
	return Says(200, Object{"Descriptor": Object{"mediaType": "application/vnd.oci.image.manifest.v1+json"}, "Platforms": platforms})
}

var amd64 = Object{"os": "linux", "architecture": "amd64"}

// pullTests are failures, with what the engine says when it is then asked about the
// image: as 20.10 and 29 answer.
var pullTests = []struct {
	summary string
	stream  Answer
	asked   Answer
	kind    Kind
	err     string
}{
	{"no such image", Refuses(404, "manifest unknown"), Refuses(404, "manifest unknown"), NotFound, "cannot pull .*manifest unknown"},
	{"no such image, to 20.10", Refuses(500, "manifest unknown"), Refuses(404, "manifest unknown"), NotFound, "cannot pull .*manifest unknown"},
	{"a login is wanted", Refuses(401, "unauthorized"), nil, Denied, "cannot pull .*unauthorized"},
	{"there are no credentials", Refuses(500, "no basic auth credentials"), Refuses(401, "unauthorized: auth"), Denied, "cannot pull .*credentials"},
	{"forbidden", Refuses(403, "denied"), nil, Denied, "cannot pull .*denied"},
	{"forbidden, to 29", Refuses(500, "error from registry: denied"), Refuses(403, "denied: denied"), Denied, "cannot pull .*denied"},
	{"forbidden, to 20.10", Refuses(404, "pull access denied"), Refuses(403, "denied: denied"), Denied, "cannot pull .*denied"},
	{"too many requests", Refuses(500, "toomanyrequests"), Refuses(429, "toomanyrequests"), TooOften, "cannot pull .*toomanyrequests"},
	{"no registry there", Refuses(500, "connection refused"), Refuses(500, "connection refused"), RegistryDown, "cannot pull .*"},
	{"it is there again when it is asked", Refuses(500, "connection refused"), is(), RegistryDown, "cannot pull .*"},
	{"a chart, to 20.10", broken("unsupported media type", `{"status":"Pulling from team/nb","id":"1"}`), is(), NoImage, "cannot pull .*unsupported media type"},
	{"it breaks before a layer", broken("unexpected EOF"), is(amd64), RegistryDown, "cannot pull .*unexpected EOF"},
	{"it breaks in a layer", broken("unexpected EOF", `{"status":"Pulling fs layer","id":"l1"}`), is(), RegistryDown, "cannot pull .*unexpected EOF"},
	{"the engine goes away", streams(`{"status":"Pull`), Breaks(errors.New("dial unix: connection refused")), RegistryDown, "cannot pull .*"},
	{"a reference that it does not take", Refuses(400, "invalid reference format"), nil, Invalid, "cannot pull .*"},
	{"the engine is not there", Breaks(errors.New("dial unix: connection refused")), nil, Unreachable, "cannot .*"},
}

func (pullSuite) TestFailures(c *C) {
	for _, test := range pullTests {
		answers := pulling(test.stream)
		answers["GET /distribution/"+ref+"/json"] = test.asked
		e, t := speaking(c, answers)
		err := e.Pull(context.Background(), ref, time.Minute, func(string) {})
		c.Check(err, ErrorMatches, "(?s)"+test.err, Commentf(test.summary))
		c.Check(kindOf(err), Equals, test.kind, Commentf("%s: %v", test.summary, err))
		for _, call := range t.Asked {
			c.Check(strings.HasPrefix(call, "DELETE"), Equals, false, Commentf(test.summary))
		}
	}
}

// TestAnImageForOthersIsNotMissing: with a list of manifests that has none for its
// platform, the engine answers 200 and then breaks off.
func (pullSuite) TestAnImageForOthersIsNotMissing(c *C) {
	answers := pulling(streams(`{"status":"Pulling from team/nb","id":"1"}`, `{"errorDetail":{"message":"no matching manifest"},"error":"no matching manifest"}`))
	answers["GET /distribution/"+ref+"/json"] = Says(200, Object{"Platforms": []Object{
		{"os": "linux", "architecture": "arm64"}, {"os": "unknown", "architecture": "unknown"}}})
	e, _ := speaking(c, answers)
	err := e.Pull(context.Background(), ref, time.Minute, func(string) {})
	c.Check(err, ErrorMatches, "cannot run the image: it is for linux/arm64, this machine is linux/amd64")
	c.Check(kindOf(err), Equals, Platform)
}

func (pullSuite) TestAPulledImageForOthersIsNotKept(c *C) {
	answers := pulling(streams(`{"status":"done"}`))
	answers["GET /images/"+ref+"/json"] = brings("s390x")
	answers["DELETE /images/"+ref] = Says(200, []Object{})
	e, t := speaking(c, answers)
	err := e.Pull(context.Background(), ref, time.Minute, func(string) {})
	c.Check(err, ErrorMatches, "cannot run the image: it is for linux/s390x, this machine is linux/amd64")
	c.Check(t.Asked[len(t.Asked)-1], Equals, "DELETE /images/"+ref)
}

func (pullSuite) TestNoRoom(c *C) {
	answers := pulling(nil)
	answers["GET /info"] = Says(200, Object{"DockerRootDir": "/proc"}) // has no byte free
	e, t := speaking(c, answers)
	err := e.Pull(context.Background(), ref, time.Minute, func(string) {})
	c.Check(kindOf(err), Equals, DiskFull)
	c.Check(err, ErrorMatches, "cannot pull: /proc has only 0B left")
	c.Check(t.Asked, DeepEquals, []string{"GET /info"})
}

// TestTheDiskIsTooSmall: an image larger than any disk breaks off.
func (pullSuite) TestTheDiskIsTooSmall(c *C) {
	answers := pulling(streams(`{"status":"Downloading","id":"l1","progressDetail":{"current":5,"total":4000000000000000}}`, `{"error":"no space","errorDetail":{"message":"no space"}}`))
	answers["GET /info"] = Says(200, Object{"DockerRootDir": c.MkDir()})
	e, _ := speaking(c, answers)
	err := e.Pull(context.Background(), ref, time.Minute, func(string) {})
	c.Check(kindOf(err), Equals, DiskFull)
}

func (pullSuite) TestWhatWasPulledIsTagged(c *C) {
	answers := pulling(streams(`{"status":"Pulling from team/nb","id":"1"}`, `{"status":"Status: Downloaded newer image"}`))
	answers["GET /images/"+ref+"/json"] = brings("amd64")
	e, t := speaking(c, answers)
	answers["GET /images/"+e.ownTag(ref)+"/json"] = Says(200, Object{"Id": "sha256:1"})
	answers["POST /images/sha256:1/tag"] = Says(201, nil)
	answers["POST /images/"+ref+"/tag"] = Says(201, nil)
	c.Assert(e.Pull(context.Background(), ref, time.Minute, func(string) {}), IsNil)
	c.Check(t.Asked[len(t.Asked)-2:], DeepEquals, []string{"POST /images/sha256:1/tag", "POST /images/" + ref + "/tag"})
}

// slow is a pull that never ends by itself.
func slow(lines ...string) (Answer, func()) {
	r, w := io.Pipe()
	go func() { _, _ = io.WriteString(w, strings.Join(lines, "\n")) }()
	return func(*http.Request) (*http.Response, error) { return Body(200, r), nil }, func() { w.Close() }
}

func (pullSuite) TestStall(c *C) {
	stream, end := slow(`{"status":"Downloading","id":"l1","progressDetail":{"current":5,"total":10}}` + "\n")
	defer end()
	e, _ := speaking(c, pulling(stream))
	err := e.pull(context.Background(), ref, 100*time.Millisecond, &progress{}, func(string) {})
	c.Check(err, Equals, errStalled)
	err = e.explainPull(context.Background(), ref, time.Minute, progress{}, err)
	c.Check(err, ErrorMatches, "cannot pull the image: no progress for two minutes")
	c.Check(kindOf(err), Equals, Stalled)
}

func (pullSuite) TestTheLimitOfTheWhole(c *C) {
	stream, end := slow()
	defer end()
	e, _ := speaking(c, pulling(stream))
	err := e.Pull(context.Background(), ref, 200*time.Millisecond, func(string) {})
	c.Check(err, ErrorMatches, "cannot pull the image: not done within 200ms")
	c.Check(kindOf(err), Equals, Stalled)
}

func message(status, id string, current, total int64) jsonmessage.JSONMessage {
	m := jsonmessage.JSONMessage{Status: status, ID: id}
	if total != 0 {
		m.Progress = &jsonmessage.JSONProgress{Current: current, Total: total}
	}
	return m
}

var progressTests = []struct {
	summary  string
	messages []jsonmessage.JSONMessage
	text     string
}{
	{"nothing yet", nil, "pulling: the registry has named no layers yet"},
	{"the tag is no layer", []jsonmessage.JSONMessage{message("Pulling from team/nb", "1", 0, 0)}, "pulling: the registry has named no layers yet"},
	{"layers in all states", []jsonmessage.JSONMessage{
		message("Pulling from team/nb", "1", 0, 0),
		message("Already exists", "l0", 0, 0),
		message("Pulling fs layer", "l1", 0, 0), message("Pulling fs layer", "l2", 0, 0), message("Pulling fs layer", "l3", 0, 0),
		message("Downloading", "l1", 400e6, 600e6), message("Downloading", "l2", 2000e6, 2000e6),
		message("Downloading", "l3", 100e6, 500e6), message("Download complete", "l1", 0, 0),
		message("Extracting", "l2", 30, 60), message("Pull complete", "l1", 0, 0),
	}, "pulling 2/4 layers, 2.7/3.1 GB"},
	{"small ones", []jsonmessage.JSONMessage{message("Downloading", "l1", 1.2e6, 3.1e6)}, "pulling 0/1 layers, 1.2/3.1 MB"},
}

func (pullSuite) TestProgress(c *C) {
	for _, test := range progressTests {
		var p progress
		for _, m := range test.messages {
			p.update(m)
		}
		c.Check(p.String(), Equals, test.text, Commentf(test.summary))
	}
}

// TestASlowPullMoves guards against progress that is rounded for people: 200 kB of
// 3 GB look like nothing there.
func (pullSuite) TestASlowPullMoves(c *C) {
	var p progress
	p.update(message("Downloading", "l1", 1234.0e6, 3100e6))
	c.Check(p.update(message("Downloading", "l1", 1234.0e6, 3100e6)), Equals, false)
	c.Check(p.update(message("Downloading", "l1", 1234.2e6, 3100e6)), Equals, true)
	c.Check(p.update(message("Verifying Checksum", "l1", 0, 0)), Equals, true)
}
