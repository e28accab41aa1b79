package docker

import (
	"context"
	"errors"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
)

// removalLimit bounds the wait for a removal that somebody else began.
const removalLimit = 30 * time.Second

// removalPause is between two questions whether it ended.
const removalPause = 100 * time.Millisecond

// Remove removes a container, running or not; none is fine. A removal that is under
// way already is waited for.
func (e *Engine) Remove(ctx context.Context, id string) error {
	limit, tick := time.NewTimer(removalLimit), time.NewTicker(removalPause)
	defer limit.Stop()
	defer tick.Stop()
	for {
		err := e.cli.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
		if errdefs.IsNotFound(err) {
			return nil
		}
		if !errdefs.IsConflict(err) { // with force, nothing else conflicts
			return e.refusal(ctx, err, "cannot remove container %s", id)
		}
		select {
		case <-tick.C: // ask for it again: the other removal may fail
		case <-limit.C:
			return failure(err, "cannot remove container %s", id)
		case <-ctx.Done():
			return failure(ctx.Err(), "cannot remove container %s", id)
		}
	}
}

// RemoveNotebooks ends the unit's notebooks, each within the grace, and removes
// them, side by side. Its gateway stays, and says that none serves.
func (e *Engine) RemoveNotebooks(ctx context.Context, grace time.Duration) error {
	return e.removeEach(ctx, func(c container.Summary) error {
		if c.Labels[labelRole] != roleNotebook {
			return nil
		}
		if err := e.Stop(ctx, c.ID, grace); err != nil {
			return err
		}
		return e.Remove(ctx, c.ID)
	})
}

// lastGrace is for notebooks that are still there when all is removed.
const lastGrace = 5 * time.Second

// RemoveAll removes every container and the network of the unit, and then the
// images that it pulled and nobody else uses. Directories are left alone.
func (e *Engine) RemoveAll(ctx context.Context) error {
	if err := e.RemoveNotebooks(ctx, lastGrace); err != nil {
		return err
	}
	err := e.removeEach(ctx, func(c container.Summary) error { return e.Remove(ctx, c.ID) })
	if err != nil {
		return err
	}
	err = e.cli.NetworkRemove(ctx, e.unit.Key())
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsPermissionDenied(err) { // a container of somebody else's is in it
		return failure(err, "cannot remove the network %s", e.unit.Key())
	}
	return errors.Join(e.TidyImages(ctx, nil), e.tidyGatewayImages(ctx))
}

// removeEach calls remove for each of the unit's containers, side by side.
func (e *Engine) removeEach(ctx context.Context, remove func(container.Summary) error) error {
	all, err := e.all(ctx)
	if err != nil {
		return err
	}
	each := make([]func() error, len(all))
	for i, c := range all {
		each[i] = func() error { return remove(c) }
	}
	return parallel.Run(each...)
}
