package charm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/probe"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// sparkPi computes pi in the notebook, as a cell of a user would.
func (c *Charm) sparkPi(ctx context.Context) error {
	var asked probe.PiAsked
	if err := c.Tools.Parameters(&asked); err != nil {
		return err
	}
	if err := masterForm(asked.Master); err != nil {
		return fmt.Errorf("cannot compute pi: master %w", err)
	}
	until := time.Now().Add(time.Duration(asked.Timeout) * time.Second)
	ctx, stop := cancellable(ctx)
	defer stop()
	at, err := c.serving(ctx)
	if err != nil {
		return err
	}
	var found probe.Pi
	found.Log, err = c.runProgram(ctx, at, until, program{name: "spark-pi", found: &found, code: func(seconds int) string {
		asked.Seconds = seconds
		return asked.Code()
	}})
	if results := found.Results(); len(results) > 0 {
		err = errors.Join(err, c.Tools.SetResults(results))
	}
	if err == nil {
		err = found.Err()
	}
	if err != nil {
		return fmt.Errorf("cannot compute pi: %w", err)
	}
	return nil
}

// masterForm refuses what is no master, nor a Connect server.
func masterForm(master string) error {
	if strings.HasPrefix(master, "sc://") {
		_, err := spark.ParseRemote(master)
		return err
	}
	_, err := spark.ParseMaster(master)
	return err
}
