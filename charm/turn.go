package charm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// setGateway tells the gateway the whole of what it should do. Nil is no
// notebook to turn to.
func (a *application) setGateway(ctx context.Context, to *plan.Container) error {
	state := gateway.State{Listen: a.spec.Gateway.Listen, Trusted: a.spec.Gateway.Trusted, BasePath: a.spec.Serve.BaseURL}
	upstream := 0
	if to != nil {
		upstream, state.BasePath = to.Port, to.Serve.BaseURL
		state.Upstream = net.JoinHostPort("127.0.0.1", strconv.Itoa(upstream))
	}
	if _, err := a.gateway.Set(ctx, state); err != nil {
		return a.explainBind(ctx, err)
	}
	a.turned = a.turned || a.observed.Gateway.Upstream != upstream
	a.observed.Gateway.Answers, a.observed.Gateway.Upstream = true, upstream
	a.observed.Gateway.Listen, a.observed.Gateway.Trusted = state.Listen, state.Trusted
	return nil
}

// explainBind names the unit that holds the port, where it is one of ours.
func (a *application) explainBind(ctx context.Context, err error) error {
	var bind *gateway.BindError
	if !errors.As(err, &bind) {
		return err
	}
	_, port, _ := net.SplitHostPort(bind.Address)
	holders, lookup := a.engine.Holders(ctx)
	a.warn(lookup)
	for key, unit := range holders {
		state, err := gateway.ReadState(host.Unit{Dir: host.Root + "/" + key}.GatewayDir())
		a.warn(err)
		for _, listen := range state.Listen {
			if strings.HasSuffix(listen, ":"+port) {
				return &portError{Address: bind.Address, Port: port, Holder: unit}
			}
		}
	}
	return &portError{Address: bind.Address, Port: port, Reason: bind.Reason}
}

// startGateway brings the program's gateway up beside whichever there is.
func (a *application) startGateway(ctx context.Context) error {
	if err := a.dirs.MakeGatewayDir(docker.GatewayGroup); err != nil {
		return err
	}
	variant := a.variant(a.spec)
	id, err := a.engine.StartGateway(ctx, docker.Gateway{
		Program: a.program, Variant: variant, Privileged: privileged(a.spec), Dir: a.dirs.GatewayDir(),
	})
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(gatewayLimit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var status gateway.Status
		if status, err = a.gateway.Status(ctx); err == nil && status.Program == variant {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("cannot start the gateway: it does not answer: %v", err), a.engine.RemoveGateway(ctx, id))
}

// privileged tells whether a port is asked for that only root may have.
func privileged(spec notebook.Spec) bool {
	for _, listen := range spec.Gateway.Listen {
		if p := portOf(listen); p > 0 && p < 1024 {
			return true
		}
	}
	return false
}

// portOf is the port of host:port, 0 when there is none.
func portOf(address string) int {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(port)
	return n
}

// drain waits until the gateway has no plain request left for the slot.
func (a *application) drain(ctx context.Context, s notebook.Slot) error {
	upstream := net.JoinHostPort("127.0.0.1", strconv.Itoa(a.observed.Slots[s].Port))
	for deadline := time.Now().Add(drainLimit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		status, err := a.gateway.Status(ctx)
		if err != nil {
			return err
		}
		all, err := a.gateway.Replaced(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(append(all, status), func(s gateway.Status) bool { return s.Loads[upstream].Requests > 0 }) {
			return nil
		}
	}
	return nil
}
