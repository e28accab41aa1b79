package workload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/run"
)

// errCut says that a run ended without a word.
var errCut = errors.New("the run was ended from outside: its notebook was stopped or made anew, or a process of the run was killed; run it again")

// errLate says that a run's time passed, and that of which nothing was heard.
func errLate(o run.Order, limit time.Duration) error {
	if o.Detached {
		return fmt.Errorf("its first cell did not run within %s, and it was told to end: try again when the machine is less busy", limit)
	}
	return fmt.Errorf("nothing was heard of its end within %s, a minute more than its timeout: the action list-runs tells whether it runs still", limit)
}

// whyCut says why no more is heard of a run that is not over; err is what else is known.
func whyCut(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return context.Cause(ctx)
	case ctx.Err() != nil:
		return errors.New("the action was cancelled, and nothing was heard of the run's end: see the action list-runs")
	case err != nil:
		return err
	}
	return errCut
}
