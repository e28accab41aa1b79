package charm

import (
	"context"
	"fmt"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// reserve makes sure of the candidate's loopback port. A unit whose hook runs at
// the same time may have chosen the same: one after the other looks again and
// creates its container, whose label holds the port from then on. The caller
// calls release when its container is there.
func (a *application) reserve(ctx context.Context, s notebook.Slot) (release func(), err error) {
	release, err = host.LockPorts(ctx)
	if err != nil {
		return nil, err
	}
	taken, err := a.engine.TakenByOthers(ctx)
	if err != nil {
		release()
		return nil, err
	}
	if taken[a.plan.Port] {
		for port := range a.observed.Taken {
			taken[port] = true
		}
		a.plan.Port = plan.FreePort(taken, s)
	}
	if a.plan.Port == 0 {
		release()
		return nil, fmt.Errorf("cannot place the notebook: no loopback port from %d to %d is free", plan.FirstPort, plan.LastPort)
	}
	return release, nil
}
