package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/docker/docker/api/types/container"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// cpuPeriod is the period, in microseconds, of which a quota is a part. A quota
// can be taken away again, NanoCpus cannot.
const cpuPeriod = 100000

// unlimited is the memory limit that stands for none, since the engine cannot
// take a limit away: the largest multiple of a page in an int64.
const unlimited = 9223372036854771712

// resources sends memory and swap as a pair, and a quota of a period: what the
// engine can change in place in both directions.
func resources(l notebook.Limits) container.Resources {
	r := container.Resources{CPUPeriod: cpuPeriod, CPUQuota: int64(math.Round(l.CPU * cpuPeriod))}
	if l.Memory > 0 {
		r.Memory, r.MemorySwap = l.Memory, l.Memory
	}
	if l.Pids > 0 {
		r.PidsLimit = &l.Pids
	}
	return r
}

// limits reads what resources wrote.
func limits(r container.Resources) notebook.Limits {
	l := notebook.Limits{Memory: r.Memory}
	if r.Memory >= unlimited {
		l.Memory = 0
	}
	if r.CPUQuota > 0 {
		l.CPU = float64(r.CPUQuota) / cpuPeriod
	}
	if r.PidsLimit != nil && *r.PidsLimit > 0 {
		l.Pids = *r.PidsLimit
	}
	return l
}

// SetLimits changes the limits of a container in place. A memory limit below the
// present use fails with NotNow.
func (e *Engine) SetLimits(ctx context.Context, id string, l notebook.Limits) error {
	r, err := e.update(ctx, l)
	if err != nil {
		return err
	}
	if used := e.memoryUsed(ctx, id); l.Memory > 0 && used > l.Memory {
		return &Error{Kind: NotNow, Err: fmt.Errorf("cannot lower the memory limit: %d bytes are in use", used)}
	}
	_, err = e.cli.ContainerUpdate(ctx, id, container.UpdateConfig{Resources: r})
	wrapped := e.refusal(ctx, err, "cannot change the limits")
	var known *Error
	if l.Memory > 0 && errors.As(wrapped, &known) && known.Kind == Unknown {
		known.Kind = NotNow // the kernel refuses a limit below the present use; the engine has no class for it
	}
	return wrapped
}

// update is resources for a container that is there: a limit that it should not
// have any more needs a value of its own, for nothing sent changes nothing.
func (e *Engine) update(ctx context.Context, l notebook.Limits) (container.Resources, error) {
	r := resources(l)
	if l.CPU == 0 {
		r.CPUQuota = -1
	}
	if l.Pids == 0 {
		none := int64(-1)
		r.PidsLimit = &none
	}
	if l.Memory > 0 {
		return r, nil
	}
	machine, err := e.Machine(ctx)
	r.Memory, r.MemorySwap = unlimited, unlimited
	if machine.CgroupVersion == "2" {
		r.MemorySwap = -1 // there swap is counted apart: their difference would leave none
	}
	return r, err
}

// memoryUsed is what the container holds and cannot give back, in bytes, 0 when
// the engine does not say. With cgroup v2 the kernel does not refuse a lower limit:
// it kills.
func (e *Engine) memoryUsed(ctx context.Context, id string) int64 {
	body, err := e.cli.ContainerStatsOneShot(ctx, id)
	if err != nil {
		return 0
	}
	defer body.Body.Close()
	var stats container.StatsResponse
	if err := json.NewDecoder(body.Body).Decode(&stats); err != nil {
		return 0
	}
	cache := stats.MemoryStats.Stats["inactive_file"] // cgroup v2
	if v1, ok := stats.MemoryStats.Stats["total_inactive_file"]; ok {
		cache = v1
	}
	return int64(stats.MemoryStats.Usage - min(cache, stats.MemoryStats.Usage))
}
