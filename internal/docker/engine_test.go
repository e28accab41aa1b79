package docker

import (
	"context"
	"errors"
	"syscall"
	"testing"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

func TestPackage(t *testing.T) { TestingT(t) }

const model = "7b29c3f0-1111-4222-8333-444455556666"

// speaking returns the engine of unit nb/1 behind the answers.
func speaking(c *C, answers map[string]Answer) (*Engine, *Transport) {
	t := &Transport{Answers: answers}
	e, err := Over(t, notebook.Unit{Name: "nb/1", ModelUUID: model, ModelName: "lab"}, "v1")
	c.Assert(err, IsNil)
	return e, t
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
	answer  Answer
	kind    Kind
}{
	{"no socket", Breaks(syscall.ENOENT), Unreachable},
	{"it does not Answer in time", Breaks(context.DeadlineExceeded), Unreachable},
	{"a value that it does not take", Refuses(400, "invalid reference"), Invalid},
	{"a name that is taken", Refuses(409, "name is in use"), InUse},
	{"what vanished is not an image that does not exist", Refuses(404, "no such container"), Unknown},
	{"a refusal of its own is not one of a registry", Refuses(403, "authorization plugin"), Unknown},
	{"its own trouble", Refuses(500, "oops"), Unknown},
	{"it is shutting down", Refuses(503, "later"), Unknown},
}

func (engineSuite) TestFailuresOfACall(c *C) {
	for _, test := range failureTests {
		e, _ := speaking(c, map[string]Answer{"POST /containers/id1/start": test.answer})
		err := e.Start(context.Background(), "id1")
		c.Check(err, ErrorMatches, "cannot start the notebook: (.|\n)*", Commentf(test.summary))
		c.Check(kindOf(err), Equals, test.kind, Commentf(test.summary))
	}
}
