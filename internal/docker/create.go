package docker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// hostGrace is how long, in seconds, a notebook may take to end by itself where
// somebody else than the charm stops it, as at a shutdown of the host.
const hostGrace = 30

// capabilities are what start scripts of images need to hand files to their user
// and to step down, and sudo; nothing that reaches the host.
var capabilities = []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "AUDIT_WRITE"}

// Create creates a notebook's container, without starting it, and returns its id.
// Until Keep the engine does not start it again when it ends, so that a bad image
// is seen to end.
func (e *Engine) Create(ctx context.Context, r notebook.Request) (string, error) {
	serve, err := json.Marshal(r.Serve)
	if err != nil {
		return "", fmt.Errorf("cannot write the label of slot %s: %v", r.Slot, err)
	}
	labels := map[string]string{
		labelSlot: string(r.Slot), labelImage: r.Image, labelRun: r.Run, labelHash: r.Serve.Hash(), labelServe: string(serve),
	}
	if r.Drivers != 0 {
		labels[labelDriver] = fmt.Sprintf("%d-%d", r.Drivers, r.Drivers+spark.BlockLength-1)
	}
	grace := hostGrace
	config := &container.Config{
		Image: e.imageName(ctx, r), Env: r.Env, Entrypoint: r.Entrypoint, Cmd: r.Cmd, StopTimeout: &grace,
		Labels:      e.labels(roleNotebook, labels),
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}}, // an image's own asks a port that is not there
	}
	host := hostConfig(r)
	if r.Serve.NetworkMode == notebook.NetworkBridge {
		host.NetworkMode, host.ExtraHosts = container.NetworkMode(e.unit.Key()), r.Hosts
		config.ExposedPorts, host.PortBindings = published(r)
	}
	id, err := e.create(ctx, config, host, e.unit.Key()+"-"+string(r.Slot))
	if errdefs.IsNotFound(err) { // somebody removed the image
		return "", &Error{Kind: NotFound, Err: fmt.Errorf("cannot create the notebook: %w", err)}
	}
	return id, e.refusal(ctx, err, "cannot create the notebook")
}

// imageName is the operator's reference where it names the image, for people.
func (e *Engine) imageName(ctx context.Context, r notebook.Request) string {
	if id, err := e.imageID(ctx, r.Serve.Image); err == nil && id == r.Image {
		return r.Serve.Image
	}
	return r.Image
}

// published are the driver's ports, open under the same number.
func published(r notebook.Request) (nat.PortSet, nat.PortMap) {
	exposed, bindings := nat.PortSet{}, nat.PortMap{}
	for _, number := range r.Ports {
		port := nat.Port(strconv.Itoa(number) + "/tcp")
		exposed[port] = struct{}{}
		bindings[port] = []nat.PortBinding{{HostIP: r.Serve.Spark.Bind, HostPort: strconv.Itoa(number)}}
	}
	return exposed, bindings
}

func hostConfig(r notebook.Request) *container.HostConfig {
	host := &container.HostConfig{
		NetworkMode: "host", Tmpfs: r.Tmpfs, ShmSize: r.Serve.ShmSize,
		GroupAdd: []string{strconv.Itoa(r.Serve.Group)},
		CapDrop:  []string{"ALL"}, CapAdd: capabilities,
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		LogConfig:     container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "3"}},
		Resources:     resources(r.Limits),
	}
	if !r.Sudo {
		host.SecurityOpt = []string{"no-new-privileges"}
	}
	for _, m := range r.Mounts {
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly})
	}
	return host
}

// create creates a container and returns its id. The name is for people: when it
// is taken, another is.
func (e *Engine) create(ctx context.Context, config *container.Config, host *container.HostConfig, name string) (string, error) {
	created, err := e.cli.ContainerCreate(ctx, config, host, nil, nil, name)
	if errdefs.IsConflict(err) {
		created, err = e.cli.ContainerCreate(ctx, config, host, nil, nil, name+"-"+suffix())
	}
	return created.ID, err
}

// suffix is six random hexadecimal digits.
func suffix() string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
