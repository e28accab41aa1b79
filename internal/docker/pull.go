package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"
)

// stall is how long a pull may make no progress.
const stall = 2 * time.Minute

// explainLimit bounds the questions that explain why a pull failed.
const explainLimit = 30 * time.Second

// Pull pulls the reference within the limit and tags it as ours. report is
// called with the progress, at least every five seconds. A failed pull changes
// nothing that runs, and what cannot run is not kept.
func (e *Engine) Pull(ctx context.Context, ref string, limit time.Duration, report func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if why := e.lacks(ctx, pullNeeds); why != "" {
		return &Error{Kind: DiskFull, Err: fmt.Errorf("cannot pull: %s", why)}
	}
	before, err := e.ImageID(ctx, ref)
	if err != nil {
		return err
	}
	var p progress
	if err = e.pull(ctx, ref, stall, &p, report); err != nil {
		err = e.explainPull(context.WithoutCancel(ctx), ref, limit, p, err)
	} else {
		_, err = e.runnable(ctx, ref)
	}
	if err != nil {
		return errors.Join(err, e.takeBack(context.WithoutCancel(ctx), ref, before))
	}
	return e.keepTag(ctx, ref)
}

// takeBack removes what a failed pull left under a reference, which then names what
// it named before again, "" for nothing.
func (e *Engine) takeBack(ctx context.Context, ref, before string) error {
	ctx, cancel := context.WithTimeout(ctx, explainLimit)
	defer cancel()
	pulled, err := e.ImageID(ctx, ref)
	if err != nil || pulled == "" || pulled == before {
		return err // what was there is somebody else's
	}
	if before == "" {
		return e.untag(ctx, ref)
	}
	if err := e.cli.ImageTag(ctx, before, ref); err != nil {
		return e.refusal(ctx, err, "cannot tag %s", before)
	}
	left, err := e.cli.ImageInspect(ctx, pulled)
	if err != nil || len(left.RepoTags) > 0 { // or is gone with its name
		return nil
	}
	return e.untag(ctx, pulled)
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
	return e.cause(ctx, ref, len(p.layers) > 0, err)
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
