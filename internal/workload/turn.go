package workload

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// gatewayLimit bounds the wait for a gateway to take over, and drainLimit that for
// requests which the former notebook still answers.
const (
	gatewayLimit = time.Minute
	drainLimit   = 10 * time.Second
)

// turn turns the gateway to a container, or to nobody while that one is mended. c is
// nil where nothing serves any more. It listens where it does.
func (a *application) turn(ctx context.Context, c *plan.Container, to bool) error {
	state := gateway.State{Listen: a.o.Gateway.Listen, Trusted: a.o.Gateway.Trusted, BasePath: "/"}
	if c != nil {
		state.Container, state.BasePath = c.ID, c.Serve.BaseURL
	}
	if to {
		state.Upstream = c.Upstream()
	}
	return a.set(ctx, state)
}

// setGateway changes where the gateway listens, and not where it forwards to.
func (a *application) setGateway(ctx context.Context, want notebook.Gateway) error {
	g := a.o.Gateway
	state := gateway.State{Listen: want.Listen, Trusted: want.Trusted, BasePath: "/", Upstream: g.Upstream, Container: g.Container}
	if s := plan.FindServing(a.o).Served(); s != nil {
		state.BasePath = s.BaseURL
	}
	return a.set(ctx, state)
}

func (a *application) set(ctx context.Context, state gateway.State) error {
	status, err := a.Gateway.Set(ctx, state)
	if err != nil {
		return a.explainBind(ctx, err)
	}
	g := &a.o.Gateway
	g.Answers, g.Lost, g.Open, g.Unbound = true, false, status.Open, status.Unbound
	g.Listen, g.Trusted, g.Upstream, g.Container = state.Listen, state.Trusted, state.Upstream, state.Container
	return nil
}

// holderLimit bounds the wait for the name of the unit that has a port: a gateway
// listens a moment before it has written down where.
const holderLimit = time.Second

// explainBind names the unit that holds the port, where it is one of ours.
func (a *application) explainBind(ctx context.Context, err error) error {
	var bind *gateway.BindError
	if !errors.As(err, &bind) {
		return err
	}
	_, port, _ := net.SplitHostPort(bind.Address)
	holders, lookup := a.Engine.Holders(ctx)
	warn(lookup)
	var holder string
	_, interrupted := a.poll(ctx, 50*time.Millisecond, holderLimit, func() (bool, error) {
		holder = a.holder(port, holders)
		return holder != "" || len(holders) == 0, nil
	})
	warn(interrupted)
	if holder != "" {
		return &PortError{Address: bind.Address, Port: port, Holder: holder}
	}
	return &PortError{Address: bind.Address, Port: port, Reason: bind.Reason}
}

// holder returns which of the units listens at the port, by what its gateway has
// written down; "" for none.
func (a *application) holder(port string, units map[string]string) string {
	for key, unit := range units {
		state, err := gateway.ReadState(host.Unit{Dir: filepath.Join(filepath.Dir(a.Files.Dir), key)}.GatewayDir())
		warn(err)
		for _, listen := range state.Listen {
			if strings.HasSuffix(listen, ":"+port) {
				return unit
			}
		}
	}
	return ""
}

// startGateway brings the program's gateway up beside whichever there is.
func (a *application) startGateway(ctx context.Context, s plan.Step) error {
	if err := a.Files.MakeGatewayDir(docker.GatewayGroup); err != nil {
		return err
	}
	id, err := a.Engine.StartGateway(ctx, docker.Gateway{
		Program: a.Program, Variant: s.Variant, Privileged: plan.Privileged(s.Gateway.Listen), Dir: a.Files.GatewayDir(), Group: a.Files.Group,
	})
	if err != nil {
		return err
	}
	var status gateway.Status
	var last error
	ok, err := a.poll(ctx, 20*time.Millisecond, gatewayLimit, func() (bool, error) {
		status, last = a.Gateway.Status(ctx)
		return last == nil && status.Program == s.Variant, nil
	})
	if err != nil || !ok {
		return errors.Join(fmt.Errorf("cannot start the gateway: it does not answer: %v", errors.Join(err, last)), a.Engine.RemoveGateway(ctx, id))
	}
	g := &a.o.Gateway
	g.Answers, g.Lost, g.Variant, g.Open = true, false, status.Program, status.Open
	g.Listen, g.Trusted, g.Upstream, g.Container = status.Listen, status.Trusted, status.Upstream, status.Container
	return nil
}

// drain waits until the gateways have no plain request left for the container.
func (a *application) drain(ctx context.Context, c *plan.Container) error {
	_, err := a.poll(ctx, 50*time.Millisecond, drainLimit, func() (bool, error) {
		requests, _, err := a.loads(ctx, c)
		return requests == 0, err
	})
	return err
}

// loads is what gateways have on its way to the container.
func (a *application) loads(ctx context.Context, c *plan.Container) (requests, sockets int, err error) {
	status, err := a.Gateway.Status(ctx)
	if err != nil {
		return 0, 0, err
	}
	all, err := a.Gateway.Replaced(ctx)
	for _, s := range append(all, status) {
		requests += s.Loads[c.Upstream()].Requests
		sockets += s.Loads[c.Upstream()].WebSockets
	}
	return requests, sockets, err
}

// recount counts the work in a container that is about to go.
func (a *application) recount(ctx context.Context, c *plan.Container, r plan.Rule) error {
	server, err := a.Server(c)
	if err != nil {
		return err
	}
	c.Work = a.work(ctx, server, c, a.o.Notes.Seen)
	if why := c.Hindrance(r, a.Clock.Now()); why != "" {
		return &BusyError{why}
	}
	return nil
}

// abandon removes a candidate of a plan that failed. One that the gateway names
// stays, and so does one in which somebody began to work meanwhile: it goes later.
func (a *application) abandon(ctx context.Context, s plan.Step) error {
	c, err := a.container(s)
	if err != nil || a.o.Gateway.Upstream == c.Upstream() {
		return nil // none was made, or it serves
	}
	if c.Kept && c.Running {
		requests, sockets, err := a.loads(ctx, c)
		warn(err)
		if a.recount(ctx, c, plan.Rule{Asked: true}) != nil || requests > 0 {
			logger.Infof("somebody works in slot %s (%d WebSockets): it stays until that has ended", c.Slot, sockets)
			return nil
		}
	}
	if s.Record != nil {
		a.o.Records[c.Slot] = *s.Record
		warn(a.Files.WriteRecord(recordName(c.Slot), *s.Record))
	}
	logger.Infof("%s", s)
	return a.remove(ctx, c)
}

// takenDriver is an address at which executors would call the container's driver
// and at which another program listens, "" for none.
func (a *application) takenDriver(c *plan.Container) string {
	first, last := spark.Driver{First: c.Drivers}.Ports()
	for port := first; port <= last; port++ {
		if !docker.FreeAt(c.Serve.Spark.Bind, port) {
			return net.JoinHostPort(c.Serve.Spark.Bind, strconv.Itoa(port))
		}
	}
	return ""
}
