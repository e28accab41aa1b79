package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"
)

// stall is how long a pull may make no progress.
const stall = 2 * time.Minute

// explainLimit bounds the questions that explain why a pull failed.
const explainLimit = 30 * time.Second

// Pull pulls the reference within the limit and tags it as ours. report is
// called with the progress, at least every five seconds. A failed pull changes
// nothing that runs.
func (e *Engine) Pull(ctx context.Context, ref string, limit time.Duration, report func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if why := e.lacks(ctx, pullNeeds); why != "" {
		return &Error{Kind: DiskFull, Err: fmt.Errorf("cannot pull: %s", why)}
	}
	var p progress
	if err := e.pull(ctx, ref, stall, &p, report); err != nil {
		return e.explainPull(context.WithoutCancel(ctx), ref, limit, p, err)
	}
	if err := e.checkPlatform(ctx, ref); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), explainLimit)
		defer cancel()
		return errors.Join(err, e.untag(ctx, ref))
	}
	return e.keepTag(ctx, ref)
}

// errStalled ends a pull without progress.
var errStalled = errors.New("no progress for two minutes")

func (e *Engine) explainPull(ctx context.Context, ref string, limit time.Duration, p progress, err error) error {
	ctx, cancel := context.WithTimeout(ctx, explainLimit)
	defer cancel()
	switch {
	case errors.Is(err, errStalled):
		return &Error{Kind: Stalled, Err: fmt.Errorf("cannot pull the image: %w", errStalled)}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: Stalled, Err: fmt.Errorf("cannot pull the image: not done within %s", limit)}
	}
	// The engine has no class for a full disk, and has tidied it up by now. What is
	// pulled lies there twice, packed and unpacked.
	if why := e.lacks(ctx, space{max(pullNeeds.bytes, 2*p.size()), pullNeeds.files}); why != "" {
		return &Error{Kind: DiskFull, Err: fmt.Errorf("cannot pull: %s", why)}
	}
	kind := classifyPull(err)
	if kind == NotFound || kind == RegistryDown {
		if other := e.platforms(ctx, ref); other != nil {
			return other
		}
	}
	return &Error{Kind: kind, Err: fmt.Errorf("cannot pull %s: %w", ref, err)}
}

// classifyPull says what a registry did. The engine answers 500 for most of it.
func classifyPull(err error) Kind {
	switch {
	case client.IsErrConnectionFailed(err):
		return Unreachable
	case errdefs.IsNotFound(err):
		return NotFound
	case errdefs.IsUnauthorized(err), errdefs.IsPermissionDenied(err):
		return Denied
	case errdefs.IsInvalidArgument(err):
		return Invalid
	}
	return RegistryDown
}

// platforms explains a reference that is there, but not for this machine. The
// engine has no class for that: 20.10 breaks the pull off with a message.
func (e *Engine) platforms(ctx context.Context, ref string) error {
	found, err := e.cli.DistributionInspect(ctx, ref, "")
	if err != nil || len(found.Platforms) == 0 {
		return nil
	}
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
	return &Error{Kind: Platform, Err: fmt.Errorf("cannot run the image: it is for %s, this machine is %s/%s",
		strings.Join(names, ", "), server.Os, server.Arch)}
}

// pull fetches the reference; quietLimit is how long it may make no progress.
func (e *Engine) pull(ctx context.Context, ref string, quietLimit time.Duration, p *progress, report func(string)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages, failed := make(chan jsonmessage.JSONMessage), make(chan error, 1)
	go e.receive(ctx, ref, messages, failed)
	quiet, tick := time.NewTimer(quietLimit), time.NewTicker(2*time.Second)
	defer quiet.Stop()
	defer tick.Stop()
	for {
		select {
		case m := <-messages:
			if p.update(m) {
				quiet.Reset(quietLimit)
			}
		case err := <-failed:
			return err
		case <-tick.C:
			report(p.String())
		case <-quiet.C:
			return errStalled
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// receive asks for the image and passes on what the engine says. The engine is
// silent until the registry has described the image, so that this may take long.
func (e *Engine) receive(ctx context.Context, ref string, out chan<- jsonmessage.JSONMessage, done chan<- error) {
	body, err := e.cli.ImagePull(ctx, ref, image.PullOptions{})
	if err != nil {
		done <- err
		return
	}
	defer body.Close()
	decode(ctx, body, out, done)
}

// decode passes the engine's messages on until the stream ends.
func decode(ctx context.Context, body io.Reader, out chan<- jsonmessage.JSONMessage, done chan<- error) {
	d := json.NewDecoder(body)
	for {
		var m jsonmessage.JSONMessage
		err := d.Decode(&m)
		switch {
		case errors.Is(err, io.EOF):
			done <- nil
			return
		case err != nil:
			done <- err
			return
		case m.Error != nil:
			done <- m.Error
			return
		}
		select {
		case out <- m:
		case <-ctx.Done():
			done <- ctx.Err()
			return
		}
	}
}

// checkPlatform refuses an image for another architecture than the engine's.
func (e *Engine) checkPlatform(ctx context.Context, ref string) error {
	img, err := e.cli.ImageInspect(ctx, ref)
	if err != nil {
		return failure(err, "cannot inspect image %s", ref)
	}
	server, err := e.cli.ServerVersion(ctx)
	if err != nil {
		return failure(err, "cannot ask the engine for its version")
	}
	if img.Architecture != "" && img.Architecture != server.Arch || img.Os != "" && img.Os != server.Os {
		return &Error{Kind: Platform, Err: fmt.Errorf("cannot run the image: it is for %s/%s, this machine is %s/%s",
			img.Os, img.Architecture, server.Os, server.Arch)}
	}
	return nil
}
