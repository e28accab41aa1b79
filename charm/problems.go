package charm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

var (
	// errNoCredential says that the token's secret is not there yet.
	errNoCredential = errors.New("waiting for the leader to make the token")
	// errNoAddress says that Juju knows no address of the unit yet.
	errNoAddress = errors.New("waiting for an address of the binding website")
	// errNoDriverAddress says that executors could not be told where the driver is.
	errNoDriverAddress = errors.New("waiting for an address of the binding spark, or set driver-host")
	// errUserNS says that the engine maps users, which the notebooks' folder and the
	// notebook's socket do not survive.
	errUserNS = errors.New("the docker engine uses userns-remap, which is not supported: switch it off or use another machine")
)

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

// bindingError is a binding whose space has no address on the machine.
type bindingError struct {
	endpoint string
}

func (e *bindingError) Error() string {
	return fmt.Sprintf("the space of the binding %s has no address on this machine: juju bind it to one that has", e.endpoint)
}

// dataError is another folder for the notebooks than people see.
type dataError struct {
	From, To string
}

func (e *dataError) Error() string {
	return fmt.Sprintf("Juju now gives %s for the notebooks, people see %s: the action apply serves the new one, nothing is copied", e.To, e.From)
}

// problem is what a person reads of an error. Its status is "" for a defect, with
// which the hook fails.
type problem struct {
	status, message string
}

// problemOf is the one table from errors to the unit's status.
func problemOf(err error) problem {
	var (
		options *optionError
		binding *bindingError
		data    *dataError
		hadoop  *compat.HadoopError
		match   *compat.MatchError
		flags   *workload.FlagError
		refused *workload.CandidateError
		port    *workload.PortError
		engine  *docker.Error
	)
	switch {
	case errors.Is(err, errNoCredential), errors.Is(err, errNoAddress), errors.Is(err, errNoDriverAddress):
		return problem{"waiting", err.Error()}
	case errors.As(err, &options), errors.As(err, &binding), errors.As(err, &data), errors.As(err, &hadoop), errors.As(err, &match),
		errors.As(err, &flags), errors.As(err, &refused), errors.As(err, &port), errors.Is(err, errUserNS):
		return problem{"blocked", err.Error()}
	case errors.Is(err, host.ErrNoSpace), errors.Is(err, gateway.ErrNoSpace):
		return problem{"blocked", "no space is left in " + host.Root + ": make room; what runs goes on"}
	case errors.Is(err, gateway.ErrNotRunning):
		return problem{"waiting", "the gateway does not run: see juju debug-log"}
	case errors.Is(err, host.ErrDisabled):
		return problem{"blocked", err.Error() + ": enable and start it, or remove the unit"}
	case errors.Is(err, host.ErrNoEngine):
		return problem{"blocked", "there is no docker engine on this machine: install one"}
	case errors.Is(err, host.ErrEngine):
		return problem{"blocked", "the docker engine cannot be started: see journalctl -u docker"}
	case errors.As(err, &engine):
		return problemOfEngine(engine)
	}
	return problem{}
}

func problemOfEngine(err *docker.Error) problem {
	switch err.Kind {
	case docker.NotFound:
		return problem{"blocked", "the image does not exist, or its registry wants a login: check jupyter-image"}
	case docker.Denied:
		return problem{"blocked", "the registry refuses the image, wants a login or does not have it: check jupyter-image"}
	case docker.TooOften:
		return problem{"waiting", "the registry takes no more requests from here for now: see juju debug-log"}
	case docker.NoRegistry:
		return problem{"blocked", "what answers for the image is no registry, but a web page, say: check jupyter-image"}
	case docker.NoImage:
		return problem{"blocked", "the image is none that a container can be made of, such as a Helm chart: check jupyter-image"}
	case docker.RegistryDown:
		return problem{"waiting", "the image cannot be pulled: see juju debug-log"}
	case docker.DiskFull:
		return problem{"blocked", "the engine's disk is full: make room; what runs goes on"}
	case docker.Stalled, docker.Platform:
		return problem{"blocked", err.Error()}
	case docker.Unreachable:
		return problem{"blocked", "the docker engine does not answer: see journalctl -u docker"}
	case docker.Invalid:
		return problem{"blocked", "the engine refuses to make the notebook: see juju debug-log"}
	case docker.InUse:
		return problem{"blocked", "something else on the engine has the unit's name: see juju debug-log"}
	case docker.NotNow:
		return problem{"waiting", "memory-limit is below what the notebook uses now: the former limit stays until kernels end"}
	}
	return problem{}
}
