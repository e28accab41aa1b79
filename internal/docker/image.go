package docker

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// ownRepository is where the unit tags what it pulled: that tag keeps the image
// when its own moves on, and says at removal what the charm brought here.
func (e *Engine) ownRepository() string { return "jupyter-docker/" + e.unit.Key() }

// ownTag says of which reference, and of which repository, the image was pulled.
func (e *Engine) ownTag(ref string) string {
	name, repository := asKept(ref)
	return e.ownRepository() + ":" + shortHash(name) + "-" + shortHash(repository)
}

// origin is what an own tag, of this or another unit, was made from.
func origin(own string) (name, repository string) {
	_, hashes, _ := strings.Cut(own, ":")
	name, repository, _ = strings.Cut(hashes, "-")
	repository, _, _ = strings.Cut(repository, "-") // the tag of a previous image
	return name, repository
}

// asKept is a reference as the engine keeps it, and its repository: with a
// digest, the engine forgets the tag.
func asKept(ref string) (name, repository string) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref, ref
	}
	repository = reference.TrimNamed(named).String()
	if d, ok := named.(reference.Digested); ok {
		return repository + "@" + d.Digest().String(), repository
	}
	return reference.TagNameOnly(named).String(), repository
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])[:12]
}

// Reference reads what a reference names on this engine, what the unit pulled under
// it, and which of the images that containers were made of it runs as. What is no
// image is as if it were not there.
func (e *Engine) Reference(ctx context.Context, ref string, made []string) (out plan.Reference, err error) {
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
	if out.Pulled != "" && slices.Contains(made, out.Pulled) {
		return out, nil
	}
	found, err := e.inspect(ctx, cmp.Or(out.Pulled, ref))
	switch {
	case err != nil:
		return out, err
	case !isImage(found):
		out.Pulled = ""
		return out, nil
	case out.Pulled == "":
		out.Local = found.ID
	}
	out.Same, err = e.sameAs(ctx, found, made)
	return out, err
}

// sameAs are the images of which a container would run as of img: on the same files,
// by the same settings. A registry may have them under another index, whose digest
// is the id where containerd keeps images.
func (e *Engine) sameAs(ctx context.Context, img image.InspectResponse, others []string) (same []string, err error) {
	for _, id := range others {
		if id == img.ID || slices.Contains(same, id) {
			continue
		}
		other, err := e.inspect(ctx, id)
		if err != nil {
			return nil, err
		}
		if isImage(other) && runsAs(other) == runsAs(img) {
			same = append(same, id)
		}
	}
	return same, nil
}

// runsAs is what of an image decides how it runs.
func runsAs(img image.InspectResponse) string {
	b, err := json.Marshal([]any{img.Os, img.Architecture, img.Variant, img.RootFS.Layers, img.Config})
	if err != nil {
		panic(err) // strings, and maps of them, always marshal
	}
	return string(b)
}

// Pulled is the image that the unit pulled under a reference, "" when none.
func (e *Engine) Pulled(ctx context.Context, ref string) (string, error) {
	return e.imageID(ctx, e.ownTag(ref))
}

// ImageID is the image that a reference names on the engine, "" when none. What is
// no reference names none.
func (e *Engine) ImageID(ctx context.Context, ref string) (string, error) {
	id, err := e.imageID(ctx, ref)
	var refused *Error
	if errors.As(err, &refused) && refused.Kind == Invalid {
		return "", nil
	}
	return id, err
}

// imageID is the image that a reference names on the engine, "" when none.
func (e *Engine) imageID(ctx context.Context, ref string) (string, error) {
	found, err := e.inspect(ctx, ref)
	return found.ID, err
}

// inspect inspects an image; one that is not there has no ID.
func (e *Engine) inspect(ctx context.Context, ref string) (image.InspectResponse, error) {
	found, err := e.cli.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return image.InspectResponse{}, nil
	}
	return found, failure(err, "cannot inspect image %s", ref)
}

// ownImages are the images with a tag of the unit. Of their names, the engine
// lists those tags alone.
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
			return e.refusal(ctx, err, "cannot tag %s", before)
		}
	}
	return e.refusal(ctx, e.cli.ImageTag(ctx, ref, e.ownTag(ref)), "cannot tag %s", ref)
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
				if err := e.forget(ctx, img.ID, tag); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// forget removes our tag of an image, and the names under which it was pulled.
func (e *Engine) forget(ctx context.Context, id, own string) error {
	img, err := e.cli.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return failure(err, "cannot inspect image %s", id)
	}
	users, err := e.cli.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("ancestor", img.ID))})
	if err != nil {
		return failure(err, "cannot list containers of an image")
	}
	used, names := map[string]bool{}, []string{own}
	for _, c := range users {
		name, _ := asKept(c.Image)
		used[name] = true
		byID := strings.HasPrefix(img.ID, c.Image) || strings.HasPrefix(img.ID, "sha256:"+c.Image)
		used[""] = used[""] || byID && c.Labels[labelUnit] == "" // units keep theirs by a tag
	}
	if !used[""] {
		names = append(e.brought(img, own, used), own)
	}
	for _, name := range names {
		if err := e.untag(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// brought are the names that a pull gave the image, but for those that another
// unit pulled too or that a container was created from. A digest goes with the
// last tag of its repository.
func (e *Engine) brought(img image.InspectResponse, own string, used map[string]bool) (out []string) {
	name, repository := origin(own)
	alone := true
	for _, tag := range img.RepoTags {
		kept, from := asKept(tag)
		switch ours := strings.HasPrefix(tag, "jupyter-docker/"); {
		case ours && !strings.HasPrefix(tag, e.ownRepository()+":"):
			theirs, near := origin(tag)
			if theirs == name {
				return nil
			}
			alone = alone && near != repository
		case !ours && shortHash(kept) == name && !used[kept]:
			out = append(out, tag)
		case !ours && shortHash(from) == repository:
			alone = false
		}
	}
	for _, digest := range img.RepoDigests {
		kept, from := asKept(digest)
		if !used[kept] && (shortHash(kept) == name || alone && shortHash(from) == repository) {
			out = append(out, digest)
		}
	}
	return out
}

func (e *Engine) untag(ctx context.Context, name string) error {
	_, err := e.cli.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
		return nil // somebody else removed it, or uses it
	}
	return failure(err, "cannot remove image %s", name)
}
