package docker

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// Observe reads what there is, with one list of containers, one of networks, and
// an inspect of each of the unit's own notebooks, side by side. It says nothing of
// gateways' and notebooks' insides.
func (e *Engine) Observe(ctx context.Context) (plan.Observed, error) {
	var o plan.Observed
	err := parallel.Run(
		func() error { return e.observeContainers(ctx, &o) },
		func() error { return e.observeNetworks(ctx, &o) },
	)
	return o, err
}

func (e *Engine) observeContainers(ctx context.Context, o *plan.Observed) error {
	all, err := e.list(ctx, labelUnit)
	if err != nil {
		return err
	}
	var notebooks []container.Summary
	for _, c := range all {
		switch {
		case !e.mine(c.Labels):
			o.Drivers = append(o.Drivers, drivers(c)...)
		case c.Labels[labelRole] == roleNotebook:
			notebooks = append(notebooks, c)
		case c.Labels[labelRole] == roleGateway:
			o.Gateways = append(o.Gateways, plan.GatewayContainer{
				ID: c.ID[:12], Variant: c.Labels[labelVariant], Running: c.State == container.StateRunning, Created: c.Created,
			})
		case c.Labels[labelRole] == roleProbe:
			o.Strays = append(o.Strays, c.ID)
		}
	}
	o.Notebooks, err = e.notebooks(ctx, notebooks)
	return err
}

// list lists the containers of anyone that have the label, or label=value.
func (e *Engine) list(ctx context.Context, label string) ([]container.Summary, error) {
	all, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", label))})
	return all, failure(err, "cannot list containers")
}

// all lists the unit's own containers.
func (e *Engine) all(ctx context.Context) ([]container.Summary, error) {
	all, err := e.list(ctx, labelUnit+"="+e.unit.Name)
	return slices.DeleteFunc(all, func(c container.Summary) bool { return !e.mine(c.Labels) }), err
}

// drivers is the pair of blocks that a container's unit holds for its drivers.
func drivers(c container.Summary) []plan.Ports {
	if first := driverPort(c); first != 0 {
		return []plan.Ports{plan.DriverPair(notebook.Slot(c.Labels[labelSlot]), first)}
	}
	return nil
}

// driverPort is the first of a container's driver ports, 0 for none.
func driverPort(c container.Summary) int {
	first, _, _ := strings.Cut(c.Labels[labelDriver], "-")
	return atoi(first)
}

// notebooks inspects the unit's notebooks side by side. One that was removed since
// the list is left out.
func (e *Engine) notebooks(ctx context.Context, listed []container.Summary) ([]*plan.Container, error) {
	found := make([]*plan.Container, len(listed))
	inspect := make([]func() error, len(listed))
	for i, c := range listed {
		inspect[i] = func() (err error) { found[i], err = e.notebook(ctx, c); return err }
	}
	err := parallel.Run(inspect...)
	return slices.DeleteFunc(found, func(c *plan.Container) bool { return c == nil }), err
}

// notebook inspects one of the unit's notebooks, nil when it is gone, or going: the
// engine starts none that it is removing.
func (e *Engine) notebook(ctx context.Context, c container.Summary) (*plan.Container, error) {
	full, err := e.cli.ContainerInspect(ctx, c.ID)
	if errdefs.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failure(err, "cannot inspect container %s", c.ID[:12])
	}
	if going := full.State.Status; going == container.StateRemoving || going == container.StateDead {
		return nil, nil
	}
	now := state(full)
	out := &plan.Container{
		ID: c.ID, Name: strings.TrimPrefix(full.Name, "/"), Slot: notebook.Slot(c.Labels[labelSlot]),
		Hash: c.Labels[labelHash], ImageID: c.Labels[labelImage],
		Run: c.Labels[labelRun], Port: atoi(c.Labels[labelPort]), Drivers: driverPort(c),
		Running: now.Running, Paused: now.Paused, OOM: now.OOM, Kept: full.HostConfig.RestartPolicy.IsUnlessStopped(),
		Started: now.Started, Restarts: now.Restarts, PID: now.PID, Limits: limits(full.HostConfig.Resources),
	}
	if n := full.NetworkSettings; n != nil && n.Networks[e.unit.Key()] != nil {
		out.Network = n.Networks[e.unit.Key()].NetworkID
	}
	out.Created, _ = time.Parse(time.RFC3339Nano, full.Created)
	_ = json.Unmarshal([]byte(c.Labels[labelServe]), &out.Serve) // a label that cannot be read differs from what should run
	return out, nil
}

// Holders are the keys of the other units that have a gateway on this engine,
// with their names.
func (e *Engine) Holders(ctx context.Context) (map[string]string, error) {
	all, err := e.cli.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelRole+"="+roleGateway))})
	if err != nil {
		return nil, failure(err, "cannot list gateways")
	}
	out := map[string]string{}
	for _, c := range all {
		if !e.mine(c.Labels) {
			out[c.Labels[labelKey]] = c.Labels[labelUnit]
		}
	}
	return out, nil
}

// FreeAt reports whether a port of an address of this machine can be listened on
// now.
func FreeAt(address string, port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
