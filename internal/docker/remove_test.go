package docker

import (
	"context"
	"slices"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
)

type removeSuite struct{}

var _ = Suite(&removeSuite{})

// TestARemovalUnderWayIsWaitedFor: somebody's docker rm, or that of a hook that was
// killed, holds the name and the ports until it ends.
func (removeSuite) TestARemovalUnderWayIsWaitedFor(c *C) {
	busy := Refuses(409, "removal of container id1 is already in progress")
	for _, last := range []Answer{Refuses(404, "gone"), Says(204, nil)} {
		e, t := speaking(c, map[string]Answer{"DELETE /containers/id1": Turns(busy, busy, last)})
		c.Check(e.Remove(context.Background(), "id1"), IsNil)
		c.Check(t.Asked, HasLen, 3)
	}
	e, _ := speaking(c, map[string]Answer{"DELETE /containers/id1": busy})
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	c.Check(e.Remove(ctx, "id1"), ErrorMatches, "cannot remove container id1: .*context deadline exceeded")
}

// removing is an engine with two notebooks and a gateway of the unit.
func removing() map[string]Answer {
	ours := []Object{summary("a", "nb/1", model, "notebook", "a"), summary("b", "nb/1", model, "notebook", "a"), summary("g", "nb/1", model, "gateway", "")}
	answers := map[string]Answer{
		"GET /images/json":                 Says(200, []Object{}),
		"DELETE /networks/nb-1-7b29c3f0":   Says(204, nil),
		"GET /containers/json":             Says(200, slices.Concat(ours, theirs)),
		"DELETE /containers/g0123456789ab": Says(204, nil),
	}
	for _, id := range []string{"a0123456789ab", "b0123456789ab"} {
		answers["POST /containers/"+id+"/stop"] = Says(204, nil)
		answers["DELETE /containers/"+id] = Says(204, nil)
	}
	return answers
}

// changing are the calls that change something, each once.
func changing(t *Transport) (out []string) {
	for _, call := range t.Asked {
		if !strings.HasPrefix(call, "GET ") && !slices.Contains(out, call) {
			out = append(out, call)
		}
	}
	slices.Sort(out)
	return out
}

func (removeSuite) TestRemoveNotebooks(c *C) {
	e, t := speaking(c, removing())
	c.Assert(e.RemoveNotebooks(context.Background(), 5*time.Second), IsNil)
	c.Check(changing(t), DeepEquals, []string{"DELETE /containers/a0123456789ab", "DELETE /containers/b0123456789ab",
		"POST /containers/a0123456789ab/stop", "POST /containers/b0123456789ab/stop"})
}

func (removeSuite) TestRemoveAllTouchesNothingOfOthers(c *C) {
	e, t := speaking(c, removing())
	c.Assert(e.RemoveAll(context.Background()), IsNil)
	c.Check(changing(t), DeepEquals, []string{"DELETE /containers/a0123456789ab", "DELETE /containers/b0123456789ab",
		"DELETE /containers/g0123456789ab", "DELETE /networks/nb-1-7b29c3f0",
		"POST /containers/a0123456789ab/stop", "POST /containers/b0123456789ab/stop"})
}

// TestRemoveGateway: its image goes with the last container that stands on it.
func (removeSuite) TestRemoveGateway(c *C) {
	e, t := speaking(c, map[string]Answer{
		"POST /containers/g1/stop": Says(204, nil), "DELETE /containers/g1": Says(204, nil),
		"GET /images/json": Says(200, []Object{
			{"Id": "sha256:1", "RepoTags": []string{"jupyter-docker/gateway:g0"}}, {"Id": "sha256:2", "RepoTags": []string{"<none>:<none>"}},
			{"Id": "sha256:3", "RepoTags": []string{"jupyter-docker/gateway:g1"}}}),
		"GET /containers/json":                     Turns(Says(200, []Object{}), Says(200, []Object{}), Says(200, []Object{{"Id": "x"}})),
		"DELETE /images/jupyter-docker/gateway:g0": Says(200, []Object{}), "DELETE /images/sha256:2": Refuses(409, "in use"),
	})
	c.Assert(e.RemoveGateway(context.Background(), "g1"), IsNil)
	c.Check(changing(t), DeepEquals, []string{"DELETE /containers/g1", "DELETE /images/jupyter-docker/gateway:g0", "DELETE /images/sha256:2",
		"POST /containers/g1/stop"})
}
