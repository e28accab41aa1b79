package docker

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Facts reads what the image says of itself, and refuses what no container can be
// made from on this machine: Platform, NoImage, NoRegistry. id is an image id. It is
// read once, since an image never changes; a caller meanwhile waits for that.
func (e *Engine) Facts(ctx context.Context, id string) (notebook.Image, error) {
	e.reading.Lock()
	defer e.reading.Unlock()
	if known, ok := e.facts[id]; ok {
		return known, nil
	}
	img, err := e.readFacts(ctx, id)
	if err == nil {
		e.facts[id] = img
	}
	return img, err
}

func (e *Engine) readFacts(ctx context.Context, id string) (notebook.Image, error) {
	img, err := e.runnable(ctx, id)
	if err != nil {
		return notebook.Image{}, err
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

func isHome(pair string) bool { return strings.HasPrefix(pair, "HOME=") && pair != "HOME=" }

// passwd reads the image's passwd file through a container that never starts.
// When a hook is killed meanwhile, Observe lists that container as a stray.
func (e *Engine) passwd(ctx context.Context, id string) (string, error) {
	created, err := e.create(ctx, &container.Config{
		Image: id, Entrypoint: []string{"none"}, Labels: e.labels(roleProbe, nil),
	}, &container.HostConfig{}, e.unit.Key()+"-probe")
	if err != nil {
		return "", e.refusal(ctx, err, "cannot read image %s", id)
	}
	defer func() { _ = e.Remove(ctx, created) }()
	body, _, err := e.cli.CopyFromContainer(ctx, created, "/etc/passwd")
	if errdefs.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", failure(err, "cannot read image %s", id)
	}
	defer body.Close()
	r := tar.NewReader(body)
	if _, err := r.Next(); err != nil {
		return "", fmt.Errorf("cannot read the passwd file of image %s: %v", id, err)
	}
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	return string(text), err
}
