package charm

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/distribution/reference"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// errNoCredential says that the token's secret is not there yet.
var errNoCredential = errors.New("waiting for the leader to make the token")

// errNoAddress says that Juju knows no address of the unit yet.
var errNoAddress = errors.New("waiting for an address of the website binding")

// optionError is options whose values cannot be used.
type optionError struct {
	bad []notebook.BadOption
}

func (e *optionError) Error() string {
	var names []string
	for _, b := range e.bad {
		if len(names) == 0 || names[len(names)-1] != b.Name {
			names = append(names, b.Name)
		}
	}
	if len(names) == 1 {
		return names[0] + " " + e.bad[0].Reason
	}
	return "cannot use options " + strings.Join(names, ", ") + ": see juju debug-log"
}

// flagError is flags of an image's command line that win over the charm.
type flagError struct {
	flags []string
}

func (e *flagError) Error() string {
	return "the image's command line fixes " + strings.Join(e.flags, ", ") + ": set the option command"
}

// candidateError is a notebook that did not come up. It served before when it is
// not a new one.
type candidateError struct {
	reason string
	old    bool
}

func (e *candidateError) Error() string {
	if e.old {
		return "the notebook does not come up again: " + e.reason
	}
	return "the new notebook was refused: " + e.reason
}

// portError is an address that cannot be listened on. Holder is the unit that
// has it, where it is one of ours.
type portError struct {
	Address, Port, Holder, Reason string
}

func (e *portError) Error() string {
	if e.Holder != "" {
		return fmt.Sprintf("port %s is held by unit %s on this machine: set the option port", e.Port, e.Holder)
	}
	return fmt.Sprintf("cannot listen on %s: %s", e.Address, e.Reason)
}

// busyError is a switch that was not made since somebody computes.
type busyError struct {
	kernels plan.Kernels
}

func (e *busyError) Error() string { return "waits for " + e.kernels.String() }

// statusOf is the one table from errors to the unit's status. known is false
// for an error that the hook should fail with.
func statusOf(err error) (status, message string, known bool) {
	var (
		options   *optionError
		flags     *flagError
		candidate *candidateError
		port      *portError
		busy      *busyError
		hadoop    *hadoopError
		match     *matchError
		engine    *docker.Error
	)
	switch {
	case errors.Is(err, errNoCredential), errors.Is(err, errNoAddress), errors.Is(err, errNoDriverAddress):
		return "waiting", err.Error(), true
	case errors.As(err, &options):
		return "blocked", options.Error(), true
	case errors.As(err, &flags):
		return "blocked", flags.Error(), true
	case errors.As(err, &hadoop):
		return "blocked", hadoop.Error(), true
	case errors.As(err, &match):
		return "blocked", match.Error(), true
	case errors.As(err, &candidate):
		return "blocked", candidate.Error(), true
	case errors.As(err, &port):
		return "blocked", port.Error(), true
	case errors.As(err, &busy):
		return "active", busy.Error(), true
	case errors.Is(err, host.ErrEngine):
		return "blocked", "the docker engine cannot be started: see its log", true
	case errors.As(err, &engine):
		return statusOfEngine(engine)
	}
	return "", "", false
}

func statusOfEngine(err *docker.Error) (status, message string, known bool) {
	switch err.Kind {
	case docker.NotFound:
		return "blocked", "the image does not exist, or its registry wants a login: check jupyter-image", true
	case docker.Denied:
		return "blocked", "the registry refuses the image: check jupyter-image", true
	case docker.RegistryDown:
		return "waiting", "the image cannot be pulled: see juju debug-log", true
	case docker.Stalled, docker.DiskFull, docker.Platform:
		return "blocked", err.Error(), true
	case docker.Unreachable:
		return "blocked", "the docker engine does not answer: see its log", true
	case docker.Invalid:
		return "blocked", "the engine refuses the notebook's settings: see juju debug-log", true
	case docker.NotNow:
		return "waiting", "memory-limit is below what the notebook uses now", true
	}
	return "", "", false
}

// active is the status of a unit that serves.
func active(out Outputs) juju.Status {
	now := out.Observed.Slots[out.Serving]
	text := out.URL() + " " + familiar(now.Serve.Image)
	if now.OOM {
		text += ", ended before for lack of memory"
	}
	if out.Spark != "" {
		text += "; " + out.Spark
	}
	if out.Waits != "" {
		text += "; waits: " + formerly.ReplaceAllString(out.Waits, "") // which is what serves, named above
	}
	return juju.Status{Status: "active", Message: text}
}

// formerly is what a cause says of the value that an option had.
var formerly = regexp.MustCompile(`, was [^;( ]+`)

// familiar is a reference as a person writes it, with as much of a digest as
// tells it from another.
func familiar(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	short := reference.FamiliarString(named)
	if d, ok := named.(reference.Digested); ok {
		return strings.TrimSuffix(short, d.Digest().Encoded()) + d.Digest().Encoded()[:12]
	}
	return short
}

// describe adds to a status what still serves.
func describe(status, message string, out Outputs) juju.Status {
	if now := out.Observed.Slots[out.Serving]; out.Serving != "" && now != nil && now.Healthy {
		if status == "active" {
			s := active(out)
			s.Message += "; " + message
			return s
		}
		message += "; " + familiar(now.Serve.Image) + " still serves"
	}
	return juju.Status{Status: status, Message: message}
}
