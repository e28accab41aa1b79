package docker

import (
	"context"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// networkID is the unit's own network, "" when it has none.
func (e *Engine) networkID(ctx context.Context) (string, error) {
	n, err := e.cli.NetworkInspect(ctx, e.unit.Key(), network.InspectOptions{})
	if errdefs.IsNotFound(err) || err == nil && !e.mine(n.Labels) {
		return "", nil
	}
	return n.ID, failure(err, "cannot inspect network %s", e.unit.Key())
}

// JoinNetwork puts the slot's container on the unit's network anew, with its
// port. It need not be started again for it.
func (e *Engine) JoinNetwork(ctx context.Context, s notebook.Slot) error {
	c, err := e.cli.ContainerInspect(ctx, e.slotName(s))
	if err != nil {
		return failure(err, "cannot inspect the notebook")
	}
	if c.NetworkSettings != nil && c.NetworkSettings.Networks[e.unit.Key()] != nil {
		err := e.cli.NetworkDisconnect(ctx, e.unit.Key(), c.ID, true)
		if err != nil && !errdefs.IsNotFound(err) {
			return failure(err, "cannot take the notebook off its former network")
		}
	}
	err = e.cli.NetworkConnect(ctx, e.unit.Key(), c.ID, nil)
	return failure(err, "cannot put the notebook on network %s", e.unit.Key())
}

// MakeNetwork makes the unit's own bridge network.
func (e *Engine) MakeNetwork(ctx context.Context) error {
	_, err := e.cli.NetworkCreate(ctx, e.unit.Key(), network.CreateOptions{Driver: "bridge", Labels: e.labels("network", nil)})
	return failure(err, "cannot make the network %s", e.unit.Key())
}
