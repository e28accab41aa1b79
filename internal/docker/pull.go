package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/docker/go-units"
)

// stall is how long a pull may make no progress.
const stall = 2 * time.Minute

// room is the free space, in bytes, below which no pull is begun.
const room = 1 << 30

// Pull pulls the reference within the limit and tags it as ours. report is
// called with the progress, at least every five seconds. A failed pull changes
// nothing that runs.
func (e *Engine) Pull(ctx context.Context, ref string, limit time.Duration, report func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := e.hasRoom(ctx); err != nil {
		return err
	}
	if err := e.pull(ctx, ref, report); err != nil {
		return e.explainPull(ref, limit, err)
	}
	if err := e.fits(ctx, ref); err != nil {
		return errors.Join(err, e.untag(context.WithoutCancel(ctx), ref))
	}
	return e.keepTag(ctx, ref)
}

// errStalled ends a pull without progress.
var errStalled = errors.New("no progress for two minutes")

func (e *Engine) explainPull(ref string, limit time.Duration, err error) error {
	switch {
	case errors.Is(err, errStalled):
		return &Error{Kind: Stalled, err: fmt.Errorf("cannot pull %s: %w", ref, errStalled)}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: Stalled, err: fmt.Errorf("cannot pull %s: not done within %s", ref, limit)}
	}
	if full := e.hasRoom(context.Background()); full != nil {
		return full
	}
	wrapped := failure(err, "cannot pull %s", ref)
	var known *Error
	if errors.As(wrapped, &known) && known.Kind == Unknown {
		known.Kind = RegistryDown // the engine answers 500 for whatever a registry does
	}
	return wrapped
}

func (e *Engine) pull(ctx context.Context, ref string, report func(string)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	body, err := e.cli.ImagePull(ctx, ref, image.PullOptions{})
	if err != nil {
		return err
	}
	defer body.Close()
	messages, failed := make(chan jsonmessage.JSONMessage), make(chan error, 1)
	go decode(ctx, body, messages, failed)
	var p progress
	quiet, tick := time.NewTimer(stall), time.NewTicker(2*time.Second)
	defer quiet.Stop()
	defer tick.Stop()
	for {
		select {
		case m := <-messages:
			if p.update(m) {
				quiet.Reset(stall)
			}
		case err := <-failed:
			return err
		case <-tick.C:
			report(p.String())
		case <-quiet.C:
			cancel(errStalled)
			return errStalled
		}
	}
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

// progress sums a pull's layers up.
type progress struct {
	layers map[string]*layer
}

type layer struct {
	current, total int64
	done           bool
	last           string
}

// update takes a message in; it tells whether anything moved.
func (p *progress) update(m jsonmessage.JSONMessage) bool {
	if m.ID == "" || m.Status == "Pulling from "+m.ID {
		return true
	}
	if p.layers == nil {
		p.layers = map[string]*layer{}
	}
	l := p.layers[m.ID]
	if l == nil {
		if m.Progress == nil && m.Status != "Pulling fs layer" && m.Status != "Already exists" {
			return true
		}
		l = &layer{}
		p.layers[m.ID] = l
	}
	seen := fmt.Sprint(m.Status, m.Progress)
	moved := seen != l.last
	l.last = seen
	switch m.Status {
	case "Downloading":
		if m.Progress != nil {
			l.current, l.total = m.Progress.Current, m.Progress.Total
		}
	case "Download complete":
		l.current = l.total
	case "Pull complete", "Already exists":
		l.current, l.done = l.total, true
	}
	return moved
}

func (p *progress) String() string {
	var done int
	var current, total int64
	for _, l := range p.layers {
		current, total = current+l.current, total+l.total
		if l.done {
			done++
		}
	}
	return fmt.Sprintf("pulling %d/%d layers, %s", done, len(p.layers), fraction(current, total))
}

// fraction prints two numbers of bytes in the unit of the second: "1.2/3.1 GB".
func fraction(part, whole int64) string {
	unit, name := 1e6, "MB"
	if whole >= 1e9 {
		unit, name = 1e9, "GB"
	}
	return fmt.Sprintf("%.1f/%.1f %s", float64(part)/unit, float64(whole)/unit, name)
}

// hasRoom refuses when the engine's disk is about full.
func (e *Engine) hasRoom(ctx context.Context) error {
	_, root, err := e.CPUs(ctx)
	if err != nil {
		return err
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(root, &s); err != nil {
		return nil // the engine is elsewhere; the pull itself will tell
	}
	if free := int64(s.Bavail) * s.Bsize; free < room {
		return &Error{Kind: DiskFull, err: fmt.Errorf("cannot pull: %s has only %s left", root, units.HumanSize(float64(free)))}
	}
	return nil
}

// fits refuses an image for another architecture than the engine's.
func (e *Engine) fits(ctx context.Context, ref string) error {
	img, err := e.cli.ImageInspect(ctx, ref)
	if err != nil {
		return failure(err, "cannot inspect image %s", ref)
	}
	server, err := e.cli.ServerVersion(ctx)
	if err != nil {
		return failure(err, "cannot ask the engine for its version")
	}
	if img.Architecture != "" && img.Architecture != server.Arch || img.Os != "" && img.Os != server.Os {
		return &Error{Kind: Platform, err: fmt.Errorf("cannot run %s: it is for %s/%s, this machine is %s/%s",
			ref, img.Os, img.Architecture, server.Os, server.Arch)}
	}
	return nil
}
