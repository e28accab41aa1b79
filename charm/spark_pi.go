package charm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/probe"
)

// sparkPi computes pi in the notebook, as a cell of a user would.
func (c *Charm) sparkPi(ctx context.Context) error {
	asked := struct {
		probe.PiAsked
		Timeout int `json:"timeout"`
	}{}
	if err := c.tools.Parameters(&asked); err != nil {
		return err
	}
	until := time.Now().Add(time.Duration(asked.Timeout) * time.Second)
	ctx, stop := cancellable(ctx)
	defer stop()
	server, _, err := c.serving(ctx)
	if err != nil {
		return err
	}
	var found probe.Pi
	found.Log, err = c.runProgram(ctx, server, until, program{name: "spark-pi", found: &found, code: func(seconds int) string {
		asked.Seconds = seconds
		return asked.PiAsked.Code()
	}})
	if results := found.Results(); len(results) > 0 {
		err = errors.Join(err, c.tools.SetResults(results))
	}
	if err == nil {
		err = found.Err()
	}
	if err != nil {
		return fmt.Errorf("cannot compute pi: %w", err)
	}
	return nil
}
