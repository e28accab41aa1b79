package parallel_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
)

func TestPackage(t *testing.T) { TestingT(t) }

type suite struct{}

var _ = Suite(suite{})

func failing(text string) func() error { return func() error { return errors.New(text) } }

func good() error { return nil }

func (suite) TestErrors(c *C) {
	for _, test := range []struct {
		summary string
		run     []func() error
		err     string // "" for none
	}{
		{"nothing to do", nil, ""},
		{"all is well", []func() error{good, good}, ""},
		{"one fails", []func() error{good, failing("x"), good}, "x"},
		{"errors in the order of the functions", []func() error{failing("x"), good, failing("y")}, "x\ny"},
	} {
		err := parallel.Run(test.run...)
		if test.err == "" {
			c.Check(err, IsNil, Commentf(test.summary))
			continue
		}
		c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
	}
}

// TestEachIsInspectable: the table of the unit's status looks for kinds of errors.
func (suite) TestEachIsInspectable(c *C) {
	kind := errors.New("kind")
	c.Check(errors.Is(parallel.Run(failing("x"), func() error { return kind }), kind), Equals, true)
}

// TestAtTheSameTime: each waits for the other, so that one after the other would
// never end.
func (suite) TestAtTheSameTime(c *C) {
	one, two := make(chan bool), make(chan bool)
	meet := func(give, take chan bool) func() error {
		return func() error {
			select {
			case give <- true:
			case <-take:
			case <-time.After(10 * time.Second):
				return errors.New("nobody else runs")
			}
			return nil
		}
	}
	c.Check(parallel.Run(meet(one, two), meet(two, one)), IsNil)
}

// TestAllEnd: one that fails neither ends the others nor the wait for them.
func (suite) TestAllEnd(c *C) {
	failed := make(chan bool)
	var done atomic.Bool
	err := parallel.Run(
		func() error { defer close(failed); return errors.New("x") },
		func() error {
			<-failed
			time.Sleep(10 * time.Millisecond)
			done.Store(true)
			return nil
		},
	)
	c.Check(err, ErrorMatches, "x")
	c.Check(done.Load(), Equals, true)
}
