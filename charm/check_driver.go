package charm

import (
	"context"
	"errors"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/probe"
)

// checkDriver proves the way back from the cluster to the notebook, and fails
// with the one sentence that names the hop where it ends.
func (c *Charm) checkDriver(ctx context.Context) error {
	var asked struct {
		Timeout int `json:"timeout"`
	}
	if err := c.tools.Parameters(&asked); err != nil {
		return err
	}
	until := time.Now().Add(time.Duration(asked.Timeout) * time.Second)
	ctx, stop := cancellable(ctx)
	defer stop()
	server, err := c.serving(ctx)
	if err != nil {
		return err
	}
	var found probe.Driver
	found.Log, err = c.runProgram(ctx, server, until, program{name: "check-driver", found: &found, code: func(seconds int) string {
		return probe.DriverAsked{Seconds: seconds}.Code()
	}})
	if err != nil && found.Master == "" {
		return err
	}
	c.warn(err) // what was found until then is told
	if err := c.tools.SetResults(found.Results()); err != nil {
		return err
	}
	if sentence, ok := found.Verdict(); !ok {
		return errors.New(sentence)
	}
	return nil
}
