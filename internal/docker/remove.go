package docker

import (
	"context"
	"errors"

	"github.com/containerd/errdefs"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// RemoveContainers ends and removes every container of the unit. Directories and
// images are left alone.
func (e *Engine) RemoveContainers(ctx context.Context) error {
	all, err := e.all(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Labels[labelRole] == "notebook" {
			if err := e.Stop(ctx, notebook.Slot(c.Labels[labelSlot])); err != nil {
				return err
			}
		}
		if err := e.remove(ctx, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// RemoveAll removes every container and the network of the unit, and then the
// images that it pulled and nobody else uses. Directories are left alone.
func (e *Engine) RemoveAll(ctx context.Context) error {
	if err := e.RemoveContainers(ctx); err != nil {
		return err
	}
	err := e.cli.NetworkRemove(ctx, e.unit.Key())
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsPermissionDenied(err) { // a container of somebody else's is in it
		return failure(err, "cannot remove the network %s", e.unit.Key())
	}
	return errors.Join(e.TidyImages(ctx, nil), e.tidyGatewayImages(ctx))
}
