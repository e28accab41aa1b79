package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/pkg/jsonmessage"
)

// GatewayGroup is the numeric group, and mostly the user, of a gateway. It owns
// nothing on the host but the gateway's directory.
const GatewayGroup = 65532

// gatewayGrace is how long, in seconds, a gateway may take to end by itself.
const gatewayGrace = 10

const gatewayRepository = "jupyter-docker/gateway"

// Gateway is a gateway to be started.
type Gateway struct {
	Program    string // file of the program
	Variant    string // identity of the program and its privileges
	Privileged bool   // may listen below port 1024
	Dir        string // on the host
	Group      int    // the unit's, beside GatewayGroup: it may enter the notebooks' socket directories
}

// StartGateway starts a gateway beside whatever gateway runs, from an image made
// of the program alone. It returns the container's id.
func (e *Engine) StartGateway(ctx context.Context, g Gateway) (string, error) {
	tag := gatewayRepository + ":" + g.Variant
	name := fmt.Sprintf("%s-gateway-%s-%x", e.unit.Key(), g.Variant, time.Now().UnixMilli())
	config, host := e.gatewayConfig(g, tag)
	id, err := e.create(ctx, config, host, name)
	if errdefs.IsNotFound(err) { // no such image
		if err := e.importProgram(ctx, g.Program, tag); err != nil {
			return "", err
		}
		id, err = e.create(ctx, config, host, name)
	}
	if err != nil {
		return "", e.refusal(ctx, err, "cannot create the gateway")
	}
	if err := e.cli.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return "", errors.Join(e.refusal(ctx, err, "cannot start the gateway"), e.Remove(ctx, id))
	}
	return id, nil
}

func (e *Engine) gatewayConfig(g Gateway, tag string) (*container.Config, *container.HostConfig) {
	pids := int64(256)
	config := &container.Config{
		Image: tag, Cmd: []string{"gateway", "/gateway", g.Variant}, User: fmt.Sprintf("%d:%d", GatewayGroup, GatewayGroup),
		Labels: e.labels(roleGateway, map[string]string{labelVariant: g.Variant}),
	}
	host := &container.HostConfig{
		NetworkMode: "host", ReadonlyRootfs: true, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
		GroupAdd:      []string{strconv.Itoa(g.Group)},
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyUnlessStopped},
		LogConfig:     container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "3"}},
		Mounts:        []mount.Mount{{Type: mount.TypeBind, Source: g.Dir, Target: "/gateway"}},
		Resources:     container.Resources{Memory: 256 << 20, MemorySwap: 256 << 20, PidsLimit: &pids},
	}
	if g.Privileged {
		config.User, host.CapAdd = fmt.Sprintf("0:%d", GatewayGroup), []string{"NET_BIND_SERVICE"}
	}
	return config, host
}

// importProgram makes an image of one file.
func (e *Engine) importProgram(ctx context.Context, program, tag string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("cannot read the gateway's program: %v", err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "jupyter-docker", Mode: 0o755, Size: int64(len(content))}); err != nil {
		return fmt.Errorf("cannot pack the gateway: %v", err)
	}
	if _, err := w.Write(content); err != nil {
		return fmt.Errorf("cannot pack the gateway: %v", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("cannot pack the gateway: %v", err)
	}
	body, err := e.cli.ImageImport(ctx, image.ImportSource{Source: &archive, SourceName: "-"}, tag,
		image.ImportOptions{Changes: []string{`ENTRYPOINT ["/jupyter-docker"]`, "LABEL " + labelRole + "=" + roleGateway}})
	if err != nil {
		return e.refusal(ctx, err, "cannot import the gateway")
	}
	defer body.Close()
	err = jsonmessage.DisplayJSONMessagesStream(body, io.Discard, 0, false, nil) // an error may come in the stream
	return e.refusal(ctx, err, "cannot import the gateway")
}

// RemoveGateway removes a gateway by its container's id.
func (e *Engine) RemoveGateway(ctx context.Context, id string) error {
	grace := gatewayGrace
	if err := e.cli.ContainerStop(ctx, id, container.StopOptions{Timeout: &grace}); err != nil && !errdefs.IsNotFound(err) {
		return e.refusal(ctx, err, "cannot stop the old gateway")
	}
	if err := e.Remove(ctx, id); err != nil {
		return err
	}
	return e.tidyGatewayImages(ctx)
}

// tidyGatewayImages removes the gateways' images that no container stands on,
// also those whose tag another import of the same program took.
func (e *Engine) tidyGatewayImages(ctx context.Context) error {
	images, err := e.cli.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelRole+"="+roleGateway))})
	if err != nil {
		return failure(err, "cannot list the gateways' images")
	}
	for _, img := range images {
		users, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("ancestor", img.ID))})
		if err != nil {
			return failure(err, "cannot list the containers of a gateway's image")
		}
		if len(users) > 0 {
			continue
		}
		names := img.RepoTags
		if len(names) == 0 || names[0] == "<none>:<none>" {
			names = []string{img.ID}
		}
		for _, name := range names {
			if err := e.untag(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}
