package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"
)

// cause says why a pull failed. The engine answers 500 for most of what a registry
// does; asked about the image, it answers as the registry did. named is that the
// pull came as far as layers.
func (e *Engine) cause(ctx context.Context, ref string, named bool, err error) error {
	began := errors.As(err, new(*jsonmessage.JSONError))
	if left, unknown := e.inspect(ctx, ref); began && unknown == nil && left.ID != "" && !isImage(left) {
		return notAnImage(left)
	}
	kind := classifyPull(err)
	if kind == NotFound || kind == RegistryDown {
		found, why := e.cli.DistributionInspect(ctx, ref, "")
		switch answered := classifyPull(why); {
		case why != nil && (answered == NotFound || answered == Denied || answered == TooOften):
			kind = answered
		case why != nil:
		case len(found.Platforms) > 0:
			if other := e.otherPlatforms(ctx, found); other != nil {
				return other
			}
		case began && !named:
			kind = NoImage // the engine read the manifest, and fetched nothing of it
		}
	}
	return &Error{Kind: kind, Err: fmt.Errorf("cannot pull %s: %w", ref, err)}
}

// classifyPull says what a registry did.
func classifyPull(err error) Kind {
	switch {
	case client.IsErrConnectionFailed(err):
		return Unreachable
	case errdefs.IsNotFound(err):
		return NotFound
	case errdefs.IsUnauthorized(err), errdefs.IsPermissionDenied(err):
		return Denied
	case errdefs.IsResourceExhausted(err):
		return TooOften
	case errdefs.IsInvalidArgument(err):
		return Invalid
	}
	return RegistryDown
}

// otherPlatforms refuses an image that the registry has for other machines than this
// one. The engine has no class for that: 20.10 breaks the pull off with a message.
func (e *Engine) otherPlatforms(ctx context.Context, found registry.DistributionInspect) error {
	server, err := e.cli.ServerVersion(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range found.Platforms {
		if p.OS == server.Os && p.Architecture == server.Arch {
			return nil
		}
		if p.Architecture != "unknown" { // an attestation
			names = append(names, p.OS+"/"+p.Architecture)
		}
	}
	return otherPlatform(strings.Join(names, ", "), server.Os+"/"+server.Arch)
}

func otherPlatform(image, machine string) error {
	return &Error{Kind: Platform, Err: fmt.Errorf("cannot run the image: it is for %s, this machine is %s", image, machine)}
}

// runnable inspects an image from which a container can be made on this machine.
func (e *Engine) runnable(ctx context.Context, ref string) (img image.InspectResponse, err error) {
	if img, err = e.cli.ImageInspect(ctx, ref); err != nil {
		return img, failure(err, "cannot inspect image %s", ref)
	}
	if !isImage(img) {
		return img, notAnImage(img)
	}
	server, err := e.cli.ServerVersion(ctx)
	if err != nil {
		return img, failure(err, "cannot ask the engine for its version")
	}
	if img.Architecture != "" && img.Architecture != server.Arch || img.Os != "" && img.Os != server.Os {
		return img, otherPlatform(img.Os+"/"+img.Architecture, server.Os+"/"+server.Arch)
	}
	return img, nil
}

// isImage reports whether a container has anything to run from. An engine that keeps
// images in containerd pulls whatever answers, such as a Helm chart or a web page,
// and shows it as an image without layers.
func isImage(img image.InspectResponse) bool { return img.Config != nil && len(img.RootFS.Layers) > 0 }

func notAnImage(img image.InspectResponse) error {
	if d := img.Descriptor; d != nil && !isManifest(d.MediaType) {
		return &Error{Kind: NoRegistry, Err: fmt.Errorf("cannot run the image: it is %s, which no registry answers", d.MediaType)}
	}
	return &Error{Kind: NoImage, Err: errors.New("cannot run the image: it has no layers of files, such as a Helm chart or another artifact")}
}

// isManifest reports whether a registry describes images and artifacts by the type.
func isManifest(mediaType string) bool {
	return strings.HasPrefix(mediaType, "application/vnd.oci.image.") || strings.HasPrefix(mediaType, "application/vnd.docker.distribution.manifest.")
}
