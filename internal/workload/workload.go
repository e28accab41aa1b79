// Package workload observes what runs of a unit, and makes plans. It decides
// nothing: a step carries all that it needs, and a Result says what is there then.
package workload

import (
	"context"
	"io"
	"time"

	"github.com/juju/loggo"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

var logger = loggo.GetLogger("jupyter-docker.workload")

// Containers are the engine's containers, acted on by id.
type Containers interface {
	Observe(ctx context.Context) (plan.Observed, error)
	State(ctx context.Context, id string) (docker.State, error)
	Logs(ctx context.Context, id string, lines int) (all, errs string, err error)
	Create(ctx context.Context, r notebook.Request) (id string, err error)
	Start(ctx context.Context, id string) error
	Resume(ctx context.Context, id string) error
	Keep(ctx context.Context, id string) error
	SetAside(ctx context.Context, id string) error
	SetLimits(ctx context.Context, id string, l notebook.Limits) error
	Stop(ctx context.Context, id string, grace time.Duration) error
	Kill(ctx context.Context, id string) error
	Remove(ctx context.Context, id string) error
	Exec(ctx context.Context, id, user string, command []string, in io.Reader, out io.Writer) error
}

// Images are the engine's images.
type Images interface {
	Facts(ctx context.Context, id string) (notebook.Image, error)
	Reference(ctx context.Context, ref string, made []string) (plan.Reference, error)
	Pull(ctx context.Context, ref string, limit time.Duration, report func(string)) error
	TidyImages(ctx context.Context, keep []string) error
}

// Networks are the engine's networks and the gateways' containers.
type Networks interface {
	MakeNetwork(ctx context.Context) error
	JoinNetwork(ctx context.Context, id string) error
	StartGateway(ctx context.Context, g docker.Gateway) (id string, err error)
	RemoveGateway(ctx context.Context, id string) error
	Holders(ctx context.Context) (map[string]string, error)
}

// Engine is what of the container engine this package needs.
type Engine interface {
	Containers
	Images
	Networks
}

// Gateway takes orders for the gateway in charge.
type Gateway interface {
	Status(ctx context.Context) (gateway.Status, error)
	Set(ctx context.Context, s gateway.State) (gateway.Status, error)
	Replaced(ctx context.Context) ([]gateway.Status, error)
}

// Clock is the time, and waiting.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error // the context's error once that has ended
}

// SystemClock is the machine's.
type SystemClock struct{}

// Now is the time.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Workload is the unit's containers and files on this machine. It holds handles
// alone.
type Workload struct {
	Engine  Engine
	Gateway Gateway
	Files   host.Unit
	Clock   Clock
	Program string // file of this program, of which gateways are made
	Build   string // its identity
}

// Job is what a plan's steps need beyond themselves, from the hook that makes it.
type Job struct {
	// Credential opens candidates. Nil where none is made: what is made anew has its
	// secret beside it.
	Credential *notebook.Credential
	// Inspect finds Spark in an image, given the operator's environment.
	Inspect func(ctx context.Context, imageID string, environment map[string]string) (spark.Installation, error)
	// Judge refuses an image that does not match the cluster.
	Judge func(ctx context.Context, found spark.Installation) error
	// Progress shows what takes time.
	Progress func(string)
}

// Result is what came of a plan.
type Result struct {
	Observed plan.Observed // what is there now
	Turned   bool          // the gateway forwards to another container than before
	Errs     []error       // of each part that failed
}

// stopGrace is how long a notebook may take to end by itself.
const stopGrace = 30 * time.Second

// walkLimit bounds a walk over the notebooks.
const walkLimit = time.Minute

// stepLimit bounds a step that waits for the engine alone.
const stepLimit = 3 * time.Minute

// poll calls done every so often until it is true, or fails, or the limit is over,
// which it reports as ok == false.
func (w *Workload) poll(ctx context.Context, every, limit time.Duration, done func() (bool, error)) (ok bool, err error) {
	for until := w.Clock.Now().Add(limit); ; {
		if ok, err := done(); ok || err != nil {
			return ok, err
		}
		if !w.Clock.Now().Before(until) {
			return false, nil
		}
		if err := w.Clock.Sleep(ctx, every); err != nil {
			return false, err
		}
	}
}
