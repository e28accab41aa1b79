package jupyter_test

import (
	"context"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/jupyter"
)

const (
	twoKernels = `[{"id":"12345678-9","name":"python3","execution_state":"busy","last_activity":"2026-11-27T10:00:00.5Z"},
		{"id":"1","name":"x","execution_state":"starting","last_activity":"2026-11-27T11:00:00Z"}]`
	terminals = `[{"name":"10","last_activity":"2026-11-27T10:00:00.5Z"},{"name":"2"}]`
)

var (
	used  = time.Date(2026, 11, 27, 10, 0, 0, 5e8, time.UTC)
	later = time.Date(2026, 11, 27, 11, 0, 0, 0, time.UTC)
)

var runningTests = []struct {
	summary string
	answers answers
	want    Running
	err     string
}{{
	summary: "nothing",
	answers: answers{kernelsCode: 200, kernels: `[]`, terminalsCode: 200, terminals: `[]`},
	want:    Running{Kernels: []KernelState{}, Terminals: []Terminal{}},
}, {
	summary: "kernels, and a server without terminals",
	answers: answers{kernelsCode: 200, kernels: twoKernels},
	want: Running{Kernels: []KernelState{
		{ID: "12345678-9", Name: "python3", State: "busy", Last: used}, {ID: "1", Name: "x", State: "starting", Last: later},
	}},
}, {
	summary: "terminals in the order of their numbers, one of which does not say when it was used",
	answers: answers{kernelsCode: 200, kernels: `[]`, terminalsCode: 200, terminals: terminals},
	want:    Running{Kernels: []KernelState{}, Terminals: []Terminal{{Name: "2"}, {Name: "10", Last: used}}},
}, {
	summary: "refused",
	answers: answers{kernelsCode: 403},
	err:     "cannot count kernels: Jupyter answers 403 to api/kernels",
}, {
	summary: "not a list",
	answers: answers{kernelsCode: 200, kernels: `{}`},
	err:     "cannot count kernels: cannot read what Jupyter answered to api/kernels: .*",
}, {
	summary: "terminals that cannot be counted",
	answers: answers{kernelsCode: 200, kernels: `[]`, terminalsCode: 500},
	err:     "cannot count terminals: Jupyter answers 500 to api/terminals",
}}

// TestRunning: what cannot be counted is an error, and never nothing.
func (serverSuite) TestRunning(c *C) {
	for _, test := range runningTests {
		h, s := serve(test.answers)
		got, err := s.Running(context.Background())
		h.Close()
		if test.err != "" {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
			continue
		}
		c.Assert(err, IsNil, Commentf(test.summary))
		c.Check(got, DeepEquals, test.want, Commentf(test.summary))
	}
}
