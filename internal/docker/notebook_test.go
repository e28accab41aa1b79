package docker

import (
	"context"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
)

type notebookSuite struct{}

var _ = Suite(&notebookSuite{})

var id = "0123456789abcdef"

func (notebookSuite) TestState(c *C) {
	e, _ := speaking(c, map[string]Answer{"GET /containers/id1/json": Turns(
		Says(200, Object{"RestartCount": 2, "State": Object{"Running": true, "Paused": true, "Pid": 77, "StartedAt": "2026-01-02T03:04:05Z"}}),
		Says(200, Object{"State": Object{"Running": true, "Restarting": true, "OOMKilled": true, "ExitCode": 137, "StartedAt": "0001-01-01T00:00:00Z"}}),
		Refuses(404, "gone"))})
	got, err := e.State(context.Background(), "id1")
	c.Assert(err, IsNil)
	c.Check(got, Equals, State{Running: true, Paused: true, PID: 77, Restarts: 2, Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	got, err = e.State(context.Background(), "id1")
	c.Assert(err, IsNil)
	c.Check(got, Equals, State{OOM: true, ExitCode: 137})
	_, err = e.State(context.Background(), "id1")
	c.Check(err, ErrorMatches, "cannot inspect the notebook: .*gone")
}

// TestWhatIsSoAlready: a hook that was killed did it, or the notebook itself.
func (notebookSuite) TestWhatIsSoAlready(c *C) {
	e, _ := speaking(c, map[string]Answer{
		"POST /containers/id1/stop":    Refuses(404, "gone"),
		"DELETE /containers/id1":       Refuses(404, "gone"),
		"POST /containers/id1/kill":    Refuses(409, "not running"),
		"POST /containers/id1/unpause": Refuses(500, "not paused"),
		"GET /containers/id1/json":     Says(200, Object{"State": Object{"Running": true}}),
	})
	ctx := context.Background()
	c.Check(e.Stop(ctx, "id1", time.Second), IsNil)
	c.Check(e.Remove(ctx, "id1"), IsNil)
	c.Check(e.Kill(ctx, "id1"), IsNil)
	c.Check(e.Resume(ctx, "id1"), IsNil)
}

func (notebookSuite) TestResume(c *C) {
	e, _ := speaking(c, map[string]Answer{
		"POST /containers/id1/unpause": Turns(Says(204, nil), Refuses(500, "oops")),
		"GET /containers/id1/json":     Says(200, Object{"State": Object{"Running": true, "Paused": true}}),
	})
	c.Check(e.Resume(context.Background(), "id1"), IsNil)
	c.Check(e.Resume(context.Background(), "id1"), ErrorMatches, "cannot resume the notebook: .*oops")
}

func (notebookSuite) TestKeep(c *C) {
	e, t := speaking(c, map[string]Answer{"POST /containers/id1/update": Says(200, Object{})})
	c.Assert(e.Keep(context.Background(), "id1"), IsNil)
	c.Check(t.Bodies["POST /containers/id1/update"], Matches, `(?s).*"PidsLimit":null,.*"RestartPolicy":{"Name":"unless-stopped".*`)
}

var asideTests = []struct {
	summary, name string
	rename        Answer
	names         string
}{
	{"its first time", "nb-a", Says(204, nil), "nb-a-aside-01234567"},
	{"a hook was killed in between", "nb-a-aside-01234567", nil, ""},
	{"somebody has that name", "nb-a", Turns(Refuses(409, "in use"), Says(204, nil)), "nb-a-aside-01234567 nb-a-aside-01234567-[0-9a-f]{6}"},
}

func (notebookSuite) TestSetAside(c *C) {
	for _, test := range asideTests {
		answers := map[string]Answer{
			"POST /containers/" + id + "/update": Says(200, Object{}),
			"POST /containers/" + id + "/stop":   Says(304, nil),
			"GET /containers/" + id + "/json":    Says(200, Object{"Id": id, "Name": "/" + test.name}),
		}
		if test.rename != nil {
			answers["POST /containers/"+id+"/rename"] = test.rename
		}
		e, t := speaking(c, answers)
		c.Assert(e.SetAside(context.Background(), id), IsNil, Commentf(test.summary))
		c.Check(strings.Join(t.Names, " "), Matches, test.names, Commentf(test.summary))
		c.Check(t.Bodies["POST /containers/"+id+"/update"], Matches, `(?s).*"RestartPolicy":{"Name":"no".*`)
		c.Check(t.Asked[0], Equals, "POST /containers/"+id+"/update") // else the engine starts it again
	}
}

// written is what the engine sends of a container's output: a header of eight
// bytes before each part.
func written(stream byte, text string) string {
	return string([]byte{stream, 0, 0, 0, 0, 0, 0, byte(len(text))}) + text
}

func (notebookSuite) TestLogs(c *C) {
	e, _ := speaking(c, map[string]Answer{"GET /containers/id1/logs": streams(written(1, "a\n") + written(2, "b\n") + written(1, "c\n"))})
	all, errs, err := e.Logs(context.Background(), "id1", 20)
	c.Assert(err, IsNil)
	c.Check(all, Equals, "a\nb\nc\n")
	c.Check(errs, Equals, "b\n")
}

func (notebookSuite) TestJoinNetwork(c *C) {
	on := Object{"NetworkSettings": Object{"Networks": Object{"nb-1-7b29c3f0": Object{"NetworkID": "gone"}}}}
	e, t := speaking(c, map[string]Answer{
		"GET /containers/id1/json":                Turns(Says(200, on), Says(200, Object{})),
		"POST /networks/nb-1-7b29c3f0/disconnect": Refuses(404, "gone"),
		"POST /networks/nb-1-7b29c3f0/connect":    Says(200, nil),
	})
	c.Check(e.JoinNetwork(context.Background(), "id1"), IsNil)
	c.Check(e.JoinNetwork(context.Background(), "id1"), IsNil)
	c.Check(t.Asked, HasLen, 5)
	c.Check(t.Bodies["POST /networks/nb-1-7b29c3f0/connect"], Matches, `(?s).*"Container":"id1".*`)
}
