package docker

import (
	"context"
	"errors"

	"github.com/containerd/errdefs"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// RemoveNotebooks ends and removes the unit's notebooks. Its gateway stays, and
// says that none serves.
func (e *Engine) RemoveNotebooks(ctx context.Context) error {
	all, err := e.all(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Labels[labelRole] != "notebook" {
			continue
		}
		if err := e.Stop(ctx, notebook.Slot(c.Labels[labelSlot])); err != nil {
			return err
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
	if err := e.RemoveNotebooks(ctx); err != nil {
		return err
	}
	others, err := e.all(ctx)
	if err != nil {
		return err
	}
	for _, c := range others {
		if err := e.remove(ctx, c.ID); err != nil {
			return err
		}
	}
	err = e.cli.NetworkRemove(ctx, e.unit.Key())
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsPermissionDenied(err) { // a container of somebody else's is in it
		return failure(err, "cannot remove the network %s", e.unit.Key())
	}
	return errors.Join(e.TidyImages(ctx, nil), e.tidyGatewayImages(ctx))
}
