package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// inventoryProgram is where the charm's program is in a container that reads an
// image.
const inventoryProgram = "/jupyter-docker-inventory"

// Inventory finds Spark and what belongs to it in an image. The charm's own program
// reads it, in a container without network that runs nothing of the image; env
// is NAME=value over the image's.
func (e *Engine) Inventory(ctx context.Context, id, program string, env []string) (found spark.Installation, err error) {
	config := &container.Config{
		Image: id, Entrypoint: []string{inventoryProgram}, Cmd: []string{"inventory"}, User: "0:0", Env: env,
		Labels: e.labels(roleProbe, nil), Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
	host := &container.HostConfig{
		NetworkMode: "none", ReadonlyRootfs: true, CapDrop: []string{"ALL"}, CapAdd: []string{"DAC_OVERRIDE"}, SecurityOpt: []string{"no-new-privileges"},
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "1"}},
		Mounts:    []mount.Mount{{Type: mount.TypeBind, Source: program, Target: inventoryProgram, ReadOnly: true}},
	}
	created, err := e.create(ctx, config, host, e.unit.Key()+"-inventory")
	if err != nil {
		return found, e.refusal(ctx, err, "cannot read image %s", id)
	}
	defer func() { _ = e.Remove(ctx, created) }() // else it is a stray
	code, said, complaint, err := e.runToEnd(ctx, created)
	if err != nil {
		return found, e.refusal(ctx, err, "cannot read image %s", id)
	}
	if err := json.Unmarshal(said, &found); code != 0 || err != nil {
		return found, &Error{Kind: Invalid, Err: fmt.Errorf("cannot read image %s: the inventory ended with %d: %v: %.200s", id, code, err, complaint)}
	}
	return found, nil
}

// runToEnd starts a container, waits for its end, and reads what it wrote.
func (e *Engine) runToEnd(ctx context.Context, id string) (code int64, out, errs []byte, err error) {
	ended, failed := e.cli.ContainerWait(ctx, id, container.WaitConditionNextExit)
	if err := e.cli.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return 0, nil, nil, err
	}
	select {
	case end := <-ended:
		code = end.StatusCode
	case err := <-failed:
		return 0, nil, nil, err
	}
	body, err := e.cli.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return 0, nil, nil, err
	}
	defer body.Close()
	var stdout, stderr bytes.Buffer
	_, err = stdcopy.StdCopy(&stdout, &stderr, io.LimitReader(body, 8<<20))
	return code, stdout.Bytes(), stderr.Bytes(), err
}
