package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// ownRepository is where the unit tags what it pulled: that tag keeps the image
// when its own moves on, and tells at removal what the charm brought here.
func (e *Engine) ownRepository() string { return "jupyter-docker/" + e.unit.Key() }

func (e *Engine) ownTag(ref string) string {
	return e.ownRepository() + ":" + shortHash(asKept(ref))
}

// asKept is a reference as the engine keeps it: with a digest, it forgets the tag.
func asKept(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	if d, ok := named.(reference.Digested); ok {
		return reference.TrimNamed(named).String() + "@" + d.Digest().String()
	}
	return ref
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:12]
}

func (e *Engine) image(ctx context.Context, ref string) (out plan.Image, err error) {
	images, err := e.ownImages(ctx)
	if err != nil {
		return out, err
	}
	for _, img := range images {
		for _, tag := range img.RepoTags {
			if strings.HasPrefix(tag, e.ownRepository()+":") {
				out.Kept++
			}
			if tag == e.ownTag(ref) {
				out.Pulled = img.ID
			}
		}
	}
	if out.Pulled != "" {
		return out, nil
	}
	out.Local, err = e.imageID(ctx, ref)
	return out, err
}

// Pulled is the image that the unit pulled under a reference, "" when none.
func (e *Engine) Pulled(ctx context.Context, ref string) (string, error) {
	return e.imageID(ctx, e.ownTag(ref))
}

// imageID is the image that a reference names on the engine, "" when none.
func (e *Engine) imageID(ctx context.Context, ref string) (string, error) {
	found, err := e.cli.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return "", nil
	}
	return found.ID, failure(err, "cannot inspect image %s", ref)
}

// ownImages are the images with a tag of the unit.
func (e *Engine) ownImages(ctx context.Context) ([]image.Summary, error) {
	images, err := e.cli.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", e.ownRepository()))})
	return images, failure(err, "cannot list images")
}

// keepTag moves the unit's tag to what the reference names now. The image that
// had it keeps one until it is tidied away: it may be what serves.
func (e *Engine) keepTag(ctx context.Context, ref string) error {
	before, err := e.Pulled(ctx, ref)
	if err != nil {
		return err
	}
	now, err := e.imageID(ctx, ref)
	if err != nil {
		return err
	}
	if before != "" && before != now {
		if err := e.cli.ImageTag(ctx, before, e.ownTag(ref)+"-previous"); err != nil {
			return failure(err, "cannot tag %s", before)
		}
	}
	return failure(e.cli.ImageTag(ctx, ref, e.ownTag(ref)), "cannot tag %s", ref)
}

// TidyImages takes the unit's tags from all images but those of the kept
// references, and removes what nobody else uses then.
func (e *Engine) TidyImages(ctx context.Context, keep []string) error {
	kept := map[string]bool{}
	for _, ref := range keep {
		kept[e.ownTag(ref)] = true
	}
	images, err := e.ownImages(ctx)
	if err != nil {
		return err
	}
	for _, img := range images {
		for _, tag := range img.RepoTags {
			if strings.HasPrefix(tag, e.ownRepository()+":") && !kept[tag] {
				if err := e.forget(ctx, img, tag); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// forget removes our tag of an image, and the reference under which it was
// pulled when no other unit and no container needs it.
func (e *Engine) forget(ctx context.Context, img image.Summary, own string) error {
	if needed, err := e.needed(ctx, img); err != nil {
		return err
	} else if !needed {
		for _, name := range append(img.RepoTags, img.RepoDigests...) {
			if e.pulledAs(name, own) {
				if err := e.untag(ctx, name); err != nil {
					return err
				}
			}
		}
	}
	return e.untag(ctx, own)
}

func (e *Engine) pulledAs(name, own string) bool {
	ref, err := reference.ParseNormalizedNamed(name)
	return err == nil && e.ownTag(ref.String()) == own
}

// needed tells whether another unit or any container stands on the image.
func (e *Engine) needed(ctx context.Context, img image.Summary) (bool, error) {
	for _, tag := range img.RepoTags {
		if strings.HasPrefix(tag, "jupyter-docker/") && !strings.HasPrefix(tag, e.ownRepository()+":") {
			return true, nil
		}
	}
	users, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("ancestor", img.ID))})
	return len(users) > 0, failure(err, "cannot list containers of an image")
}

func (e *Engine) untag(ctx context.Context, name string) error {
	_, err := e.cli.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
		return nil // somebody else removed it, or uses it
	}
	return failure(err, "cannot remove image %s", name)
}
