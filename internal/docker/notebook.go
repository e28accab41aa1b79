package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// cpuPeriod is the period, in microseconds, of which a quota is a part. A quota
// can be taken away again, NanoCpus cannot.
const cpuPeriod = 100000

// stopGrace is how long, in seconds, a notebook may take to end by itself.
const stopGrace = 30

// Facts reads what the image says of itself, and refuses one for another
// architecture. id is an image id. It looks once, since an image never changes;
// who asks meanwhile waits for that.
func (e *Engine) Facts(ctx context.Context, id string) (notebook.Image, error) {
	e.looking.Lock()
	defer e.looking.Unlock()
	if known, ok := e.facts[id]; ok {
		return known, nil
	}
	img, err := e.look(ctx, id)
	if err == nil {
		e.facts[id] = img
	}
	return img, err
}

func (e *Engine) look(ctx context.Context, id string) (notebook.Image, error) {
	if err := e.fits(ctx, id); err != nil {
		return notebook.Image{}, err
	}
	img, err := e.cli.ImageInspect(ctx, id)
	if err != nil {
		return notebook.Image{}, failure(err, "cannot inspect image %s", id)
	}
	if img.Config == nil {
		return notebook.Image{}, &Error{Kind: Invalid, Err: fmt.Errorf("cannot run image %s: it has no configuration", id)}
	}
	out := notebook.Image{
		ID: img.ID, User: img.Config.User, Env: img.Config.Env,
		Entrypoint: img.Config.Entrypoint, Cmd: img.Config.Cmd,
	}
	if out.Home = notebook.Home(out.Env, out.User, ""); !slices.ContainsFunc(out.Env, isHome) {
		passwd, err := e.passwd(ctx, id)
		if err != nil {
			return out, err
		}
		out.Home = notebook.Home(out.Env, out.User, passwd)
	}
	return out, nil
}

func isHome(pair string) bool { return len(pair) > 5 && pair[:5] == "HOME=" }

// passwd reads the image's passwd file through a container that never starts.
func (e *Engine) passwd(ctx context.Context, id string) (string, error) {
	name := e.unit.Key() + "-probe"
	if err := e.remove(ctx, name); err != nil { // of a hook that was killed
		return "", err
	}
	c, err := e.cli.ContainerCreate(ctx, &container.Config{
		Image: id, Entrypoint: []string{"none"}, Labels: e.labels("probe", nil),
	}, nil, nil, nil, name)
	if err != nil {
		return "", failure(err, "cannot look into image %s", id)
	}
	defer func() { _ = e.remove(ctx, c.ID) }() // else the next look does
	body, _, err := e.cli.CopyFromContainer(ctx, c.ID, "/etc/passwd")
	if errdefs.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", failure(err, "cannot look into image %s", id)
	}
	defer body.Close()
	r := tar.NewReader(body)
	if _, err := r.Next(); err != nil {
		return "", fmt.Errorf("cannot read the passwd file of image %s: %v", id, err)
	}
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	return string(text), err
}

// Create creates the slot's container, without starting it; found is the Spark in
// its image. Until Keep it is not started again when it ends, so that a bad image
// is seen to end.
func (e *Engine) Create(ctx context.Context, spec notebook.Spec, img notebook.Image, found spark.Image, p notebook.Place) error {
	c := notebook.Compose(spec, img, found, p)
	serve, err := json.Marshal(spec.Serve)
	if err != nil {
		return fmt.Errorf("cannot write the label of slot %s: %v", p.Slot, err)
	}
	name := img.ID
	if id, err := e.imageID(ctx, spec.Serve.Image); err == nil && id == img.ID {
		name = spec.Serve.Image // the same, as a person knows it
	}
	grace := stopGrace
	labels := map[string]string{
		labelSlot: string(p.Slot), labelImage: img.ID, labelPort: strconv.Itoa(p.Port), labelHash: spec.Serve.Hash(), labelServe: string(serve),
	}
	if p.DriverPort != 0 {
		labels[labelDriver] = fmt.Sprintf("%d-%d", p.DriverPort, p.DriverPort+spark.BlockLength-1)
	}
	config := &container.Config{
		Image: name, Env: c.Env, Entrypoint: c.Entrypoint, Cmd: c.Cmd, StopTimeout: &grace, Labels: e.labels("notebook", labels),
	}
	host, net := e.hostConfig(spec, c), (*network.NetworkingConfig)(nil)
	if spec.Serve.NetworkMode == notebook.NetworkBridge {
		inside := nat.Port(strconv.Itoa(notebook.JupyterPort) + "/tcp")
		config.ExposedPorts = nat.PortSet{inside: {}}
		host.PortBindings = nat.PortMap{inside: {{HostIP: "127.0.0.1", HostPort: strconv.Itoa(p.Port)}}}
		for _, port := range c.Ports {
			number := strconv.Itoa(port)
			config.ExposedPorts[nat.Port(number+"/tcp")] = struct{}{}
			host.PortBindings[nat.Port(number+"/tcp")] = []nat.PortBinding{{HostIP: spec.Serve.Spark.Bind, HostPort: number}}
		}
		host.NetworkMode = container.NetworkMode(e.unit.Key())
		host.ExtraHosts = c.Hosts
	}
	_, err = e.cli.ContainerCreate(ctx, config, host, net, nil, e.slotName(p.Slot))
	return failure(err, "cannot create the notebook")
}

func (e *Engine) hostConfig(spec notebook.Spec, c notebook.Container) *container.HostConfig {
	host := &container.HostConfig{
		NetworkMode: "host", Tmpfs: c.Tmpfs, ShmSize: spec.Serve.ShmSize,
		GroupAdd:      []string{strconv.Itoa(spec.Serve.Group)},
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		LogConfig:     container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "3"}},
		Resources:     resources(spec.Limits),
	}
	for _, m := range c.Mounts {
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly})
	}
	return host
}

// resources sends memory and swap as a pair, and a quota of a period: what the
// engine can change in place in both directions.
func resources(l notebook.Limits) container.Resources {
	r := container.Resources{CPUPeriod: cpuPeriod, CPUQuota: int64(math.Round(l.CPU * cpuPeriod))}
	if l.Memory > 0 {
		r.Memory, r.MemorySwap = l.Memory, l.Memory
	}
	return r
}

// SetLimits changes the limits of the slot's container in place.
func (e *Engine) SetLimits(ctx context.Context, s notebook.Slot, l notebook.Limits) error {
	r := resources(l)
	if l.Memory == 0 {
		r.Memory, r.MemorySwap = unlimited, unlimited
	}
	if l.CPU == 0 {
		r.CPUQuota = -1
	}
	if used, err := e.memoryUsed(ctx, s); err != nil {
		return err
	} else if l.Memory > 0 && used > l.Memory {
		return &Error{Kind: NotNow, Err: fmt.Errorf("cannot lower the memory limit: %d bytes are in use", used)}
	}
	_, err := e.cli.ContainerUpdate(ctx, e.slotName(s), container.UpdateConfig{Resources: r,
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}})
	wrapped := failure(err, "cannot change the limits")
	var known *Error
	if l.Memory > 0 && errors.As(wrapped, &known) && known.Kind == Unknown {
		known.Kind = NotNow // the kernel refuses a limit below the present use; the engine has no class for it
	}
	return wrapped
}

// memoryUsed is what the slot's container holds and cannot give back, in bytes.
// With cgroup v2 the kernel does not refuse a lower limit: it kills.
func (e *Engine) memoryUsed(ctx context.Context, s notebook.Slot) (int64, error) {
	body, err := e.cli.ContainerStatsOneShot(ctx, e.slotName(s))
	if err != nil {
		return 0, failure(err, "cannot read the notebook's use of memory")
	}
	defer body.Body.Close()
	var stats container.StatsResponse
	if err := json.NewDecoder(body.Body).Decode(&stats); err != nil {
		return 0, fmt.Errorf("cannot read the notebook's use of memory: %v", err)
	}
	cache := stats.MemoryStats.Stats["inactive_file"] // cgroup v2
	if v1, ok := stats.MemoryStats.Stats["total_inactive_file"]; ok {
		cache = v1
	}
	return int64(stats.MemoryStats.Usage - min(cache, stats.MemoryStats.Usage)), nil
}

// Keep makes the engine start the slot's container again whenever it ends.
func (e *Engine) Keep(ctx context.Context, s notebook.Slot) error {
	_, err := e.cli.ContainerUpdate(ctx, e.slotName(s), container.UpdateConfig{
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}})
	return failure(err, "cannot set the restart policy")
}

// Start starts the slot's container.
func (e *Engine) Start(ctx context.Context, s notebook.Slot) error {
	return failure(e.cli.ContainerStart(ctx, e.slotName(s), container.StartOptions{}), "cannot start the notebook")
}

// Stop lets the slot's container end by itself for stopGrace seconds.
func (e *Engine) Stop(ctx context.Context, s notebook.Slot) error {
	grace := stopGrace
	err := e.cli.ContainerStop(ctx, e.slotName(s), container.StopOptions{Timeout: &grace})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return failure(err, "cannot stop the notebook")
}

// Kill ends the slot's container at once: it should not serve for a moment.
func (e *Engine) Kill(ctx context.Context, s notebook.Slot) error {
	return failure(e.cli.ContainerKill(ctx, e.slotName(s), "KILL"), "cannot stop the notebook")
}

// RemoveStray removes a container by its id; none is fine.
func (e *Engine) RemoveStray(ctx context.Context, id string) error { return e.remove(ctx, id) }

// Remove removes the slot's container; none is fine.
func (e *Engine) Remove(ctx context.Context, s notebook.Slot) error {
	return e.remove(ctx, e.slotName(s))
}

func (e *Engine) remove(ctx context.Context, name string) error {
	err := e.cli.ContainerRemove(ctx, name, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return failure(err, "cannot remove container %s", name)
}

// Ended tells whether the slot's container has ended, and how.
func (e *Engine) Ended(ctx context.Context, s notebook.Slot) (string, bool, error) {
	c, err := e.cli.ContainerInspect(ctx, e.slotName(s))
	if err != nil {
		return "", false, failure(err, "cannot inspect the notebook")
	}
	switch {
	case c.State.Running && !c.State.Restarting:
		return "", false, nil
	case c.State.OOMKilled:
		return "it ran out of memory", true, nil
	}
	return "it ended with exit status " + strconv.Itoa(c.State.ExitCode), true, nil
}

// Logs are the last lines that the slot's container wrote, and apart those that
// it wrote to its standard error: what came first of two at once is not known.
func (e *Engine) Logs(ctx context.Context, s notebook.Slot, lines int) (all, errors string, err error) {
	body, err := e.cli.ContainerLogs(ctx, e.slotName(s), container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(lines)})
	if err != nil {
		return "", "", failure(err, "cannot read the notebook's log")
	}
	defer body.Close()
	var out, errs bytes.Buffer
	_, err = stdcopy.StdCopy(&out, io.MultiWriter(&out, &errs), io.LimitReader(body, 1<<20))
	return out.String(), errs.String(), err
}

// Commands are the command lines of the processes in the slot's container.
func (e *Engine) Commands(ctx context.Context, s notebook.Slot) ([][]string, error) {
	top, err := e.cli.ContainerTop(ctx, e.slotName(s), []string{"-eo", "pid,args"})
	if err != nil {
		return nil, failure(err, "cannot list the notebook's processes")
	}
	var out [][]string
	for _, row := range top.Processes {
		if len(row) > 1 {
			out = append(out, row[1:])
		}
	}
	return out, nil
}
