package docker

import (
	"context"
	"encoding/json"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/together"
)

// unlimited is the memory limit that stands for none, since the engine cannot
// take a limit away: the largest multiple of a page in an int64.
const unlimited = 9223372036854771712

// Observe reads what there is, with one list call and an inspect of each of the
// unit's own notebooks. It says nothing of gateways' and notebooks' insides.
func (e *Engine) Observe(ctx context.Context, reference string) (plan.Observed, error) {
	o := plan.Observed{Slots: map[notebook.Slot]*plan.Container{}, Taken: map[int]bool{}}
	err := together.Run(
		func() error { return e.observeContainers(ctx, &o) },
		func() (err error) { o.Image, err = e.image(ctx, reference); return err },
		func() (err error) { o.Network, err = e.networkID(ctx); return err },
	)
	return o, err
}

func (e *Engine) observeContainers(ctx context.Context, o *plan.Observed) error {
	all, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", labelUnit))})
	if err != nil {
		return failure(err, "cannot list containers")
	}
	for _, c := range all {
		take(o.Taken, c)
		if !e.mine(c.Labels) {
			o.Drivers = append(o.Drivers, drivers(c)...)
			continue
		}
		switch c.Labels[labelRole] {
		case "notebook":
			found, err := e.notebook(ctx, c)
			if err != nil {
				return err
			}
			o.Slots[notebook.Slot(c.Labels[labelSlot])] = found
		case "gateway":
			o.Gateways = append(o.Gateways, plan.GatewayContainer{
				ID: c.ID[:12], Variant: c.Labels[labelVariant], Running: c.State == "running", Created: c.Created,
			})
		case "probe":
			o.Strays = append(o.Strays, c.ID)
		}
	}
	return nil
}

// take marks the pair of ports that a container of any unit holds.
func take(taken map[int]bool, c container.Summary) {
	if port := atoi(c.Labels[labelPort]); port != 0 {
		base := port - (port % 2)
		taken[base], taken[base+1] = true, true
	}
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

// TakenByOthers are the loopback ports and the driver ports that other units'
// containers hold now.
func (e *Engine) TakenByOthers(ctx context.Context) (taken map[int]bool, driverPorts []plan.Ports, err error) {
	all, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", labelPort))})
	taken = map[int]bool{}
	for _, c := range all {
		if !e.mine(c.Labels) {
			take(taken, c)
			driverPorts = append(driverPorts, drivers(c)...)
		}
	}
	return taken, driverPorts, failure(err, "cannot list containers")
}

// all lists the unit's own containers.
func (e *Engine) all(ctx context.Context) (out []container.Summary, err error) {
	found, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", labelUnit+"="+e.unit.Name))})
	for _, c := range found {
		if e.mine(c.Labels) {
			out = append(out, c)
		}
	}
	return out, failure(err, "cannot list containers")
}

// notebook inspects one of the unit's containers.
func (e *Engine) notebook(ctx context.Context, c container.Summary) (*plan.Container, error) {
	full, err := e.cli.ContainerInspect(ctx, c.ID)
	if errdefs.IsNotFound(err) {
		return nil, nil // removed since the list
	}
	if err != nil {
		return nil, failure(err, "cannot inspect container %s", c.ID[:12])
	}
	out := &plan.Container{
		ID: c.ID, Hash: c.Labels[labelHash], ImageID: c.Labels[labelImage], Port: atoi(c.Labels[labelPort]), Driver: driverPort(c),
		Running: full.State.Running && !full.State.Restarting, OOM: full.State.OOMKilled,
		Limits: limits(full.HostConfig.Resources), Kept: full.HostConfig.RestartPolicy.IsUnlessStopped(),
	}
	if n := full.NetworkSettings; n != nil && n.Networks[e.unit.Key()] != nil {
		out.Network = n.Networks[e.unit.Key()].NetworkID
	}
	out.Started, _ = time.Parse(time.RFC3339Nano, full.State.StartedAt) // the zero time is long ago
	_ = json.Unmarshal([]byte(c.Labels[labelServe]), &out.Serve)        // a label that cannot be read differs from what should run
	return out, nil
}

func limits(r container.Resources) notebook.Limits {
	l := notebook.Limits{Memory: r.Memory}
	if r.Memory >= unlimited {
		l.Memory = 0
	}
	if r.CPUQuota > 0 {
		l.CPU = float64(r.CPUQuota) / cpuPeriod
	}
	return l
}

// Holders are the keys of the other units that have a gateway on this engine,
// with their names.
func (e *Engine) Holders(ctx context.Context) (map[string]string, error) {
	all, err := e.cli.ContainerList(ctx, container.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelRole+"=gateway"))})
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

// CPUs is how many CPUs the engine's machine has.
func (e *Engine) CPUs(ctx context.Context) (int, string, error) {
	info, err := e.cli.Info(ctx)
	return info.NCPU, info.DockerRootDir, failure(err, "cannot ask the engine about its machine")
}

// Free tells whether a loopback port can be listened on now.
func Free(port int) bool { return FreeAt("127.0.0.1", port) }

// FreeAt tells whether a port of an address of this machine can be listened on
// now.
func FreeAt(address string, port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
