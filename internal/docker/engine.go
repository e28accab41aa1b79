// Package docker observes and changes what the charm has on a Docker engine. It
// alone speaks to the engine, and knows containers by their labels.
package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
	"github.com/juju/loggo"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

var logger = loggo.GetLogger("jupyter-docker.docker")

// Labels of what the charm makes. A unit is known by its key and its model's
// whole UUID.
const (
	labelKey     = "io.jupyter-docker.key"
	labelUnit    = "io.jupyter-docker.unit"
	labelModel   = "io.jupyter-docker.model"
	labelRole    = "io.jupyter-docker.role" // see the constants below
	labelSlot    = "io.jupyter-docker.slot"
	labelPort    = "io.jupyter-docker.port" // on the host's loopback, of a charm of before
	labelRun     = "io.jupyter-docker.run"  // name of the socket's directory
	labelHash    = "io.jupyter-docker.hash"
	labelImage   = "io.jupyter-docker.image" // id, as inspecting the image gave it
	labelServe   = "io.jupyter-docker.serve"
	labelDriver  = "io.jupyter-docker.driver-ports" // first and last of the slot's block
	labelVersion = "io.jupyter-docker.charm"
	labelVariant = "io.jupyter-docker.variant"
)

// Roles of what the charm makes.
const (
	roleNotebook = "notebook"
	roleGateway  = "gateway"
	roleNetwork  = "network"
	roleProbe    = "probe" // reads an image, and goes
)

// Kind classifies a failure by who can mend it.
type Kind int

// Kinds of failures.
const (
	Unknown      Kind = iota
	Unreachable       // the engine does not answer
	NotFound          // no such image
	Denied            // the registry asks for credentials, or refuses them
	Platform          // the image is for another architecture
	Stalled           // no progress, or too slow
	DiskFull          // the engine's disk has no room
	Invalid           // the engine does not take a value
	InUse             // a name or port is taken
	NotNow            // a limit below the present use
	RegistryDown      // the registry does not answer
	TooOften          // the registry takes no more requests for now
	NoRegistry        // what answers is a web page
	NoImage           // what is there is no image of a container
)

// Error is a failure of the engine, with its kind.
type Error struct {
	Kind Kind
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the engine's own error.
func (e *Error) Unwrap() error { return e.Err }

// failure wraps an engine's error, classified by errdefs. What vanished under
// the charm's hands is Unknown: observing again mends it.
func failure(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	kind := Unknown
	switch {
	case client.IsErrConnectionFailed(err), errors.Is(err, context.DeadlineExceeded):
		kind = Unreachable
	case errdefs.IsInvalidArgument(err):
		kind = Invalid
	case errdefs.IsConflict(err), errdefs.IsAlreadyExists(err):
		kind = InUse
	}
	return &Error{Kind: kind, Err: fmt.Errorf(format+": %w", append(args, err)...)}
}

// refusal is a failure of a call that would have changed something. The engine
// has no class for a full disk, so that is asked of the disk.
func (e *Engine) refusal(ctx context.Context, err error, format string, args ...any) error {
	wrapped := failure(err, format, args...)
	var known *Error
	if !errors.As(wrapped, &known) || known.Kind != Unknown || errdefs.IsNotFound(err) {
		return wrapped
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), explainLimit)
	defer cancel()
	if why := e.isFull(ctx); why != "" {
		return &Error{Kind: DiskFull, Err: fmt.Errorf(format+": %s: %w", append(args, why, err)...)}
	}
	return wrapped
}

// Engine is the Docker engine of this machine, as one unit sees it.
type Engine struct {
	cli     *client.Client
	unit    notebook.Unit
	version string // of the charm

	reading sync.Mutex
	facts   map[string]notebook.Image // by image id
}

// New returns the engine at DOCKER_HOST or its default socket. Nothing is sent
// yet.
func New(unit notebook.Unit, version string) (*Engine, error) {
	return over(unit, version, client.FromEnv, client.WithAPIVersionNegotiation())
}

// Over returns an engine that is spoken to through road, in the oldest version of
// its API that the charm knows.
func Over(road http.RoundTripper, unit notebook.Unit, version string) (*Engine, error) {
	return over(unit, version, client.WithHTTPClient(&http.Client{Transport: road}), client.WithVersion("1.41"))
}

func over(unit notebook.Unit, version string, how ...client.Opt) (*Engine, error) {
	cli, err := client.NewClientWithOpts(how...)
	if err != nil {
		return nil, fmt.Errorf("cannot set up the docker client: %w", err)
	}
	return &Engine{cli: cli, unit: unit, version: version, facts: map[string]notebook.Image{}}, nil
}

// pingLimit is how long an engine may take to say that it is there.
const pingLimit = 10 * time.Second

// Ping fails with Unreachable unless the engine answers.
func (e *Engine) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	answer, err := e.cli.Ping(ctx)
	if err != nil {
		return failure(err, "cannot reach the docker engine")
	}
	e.cli.NegotiateAPIVersionPing(answer) // else the next call pings again
	return nil
}

// labels are what everything of the unit carries.
func (e *Engine) labels(role string, more map[string]string) map[string]string {
	out := map[string]string{
		labelKey: e.unit.Key(), labelUnit: e.unit.Name, labelModel: e.unit.ModelUUID,
		labelRole: role, labelVersion: e.version,
	}
	maps.Copy(out, more)
	return out
}

// mine reports whether labels are of this unit, compared whole.
func (e *Engine) mine(labels map[string]string) bool {
	return labels[labelUnit] == e.unit.Name && labels[labelModel] == e.unit.ModelUUID
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
