package charm

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/jupyter"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/relation"
	"github.com/jupyter-docker/jupyter-docker/internal/together"
)

// secretLabel names the application's secret to the charm.
const secretLabel = "notebook-token"

// Gather reads everything that Juju says, once. What does not depend on another
// read is asked for side by side: most of a tool's time is its process's.
func (c *Charm) Gather() (in notebook.Inputs, err error) {
	p := c.event.Proxy
	in = notebook.Inputs{Unit: c.unit, Proxy: notebook.Proxy{HTTP: p.HTTP, HTTPS: p.HTTPS}}
	if p.HTTP != "" || p.HTTPS != "" {
		in.Proxy.No = p.No
	}
	var network juju.Network
	err = together.Run(
		func() (err error) {
			if in.Options, err = c.tools.Config(); err == nil {
				err = c.gatherSpark(&in)
			}
			return err
		},
		func() (err error) { in.Storage, err = c.tools.Storage("notebooks"); return err },
		func() (err error) { network, err = c.tools.Network("website"); return err },
		func() (err error) { c.before.ports, err = c.tools.Ports(); return err },
		func() (err error) { c.before.status, err = c.tools.Status(); return err },
		func() (err error) { in.Proxies, err = c.proxies(); return err },
		func() (err error) {
			if in.Leader, err = c.tools.IsLeader(); err == nil {
				in.Credential, err = c.credential(in.Leader)
			}
			return err
		},
	)
	in.BindTo = present(network.Bind)
	if len(network.Ingress) > 0 {
		in.Ingress = network.Ingress[0]
	}
	return in, err
}

// present are the addresses that the machine has now. Juju tells an address of a
// bridge that is gone for a while, and nobody can listen there. Where none is
// left all are, so that the operator is told which.
func present(told []string) []string {
	have, err := net.InterfaceAddrs()
	if err != nil {
		logger.Warningf("cannot list this machine's addresses: %v", err)
		return told
	}
	gone := func(address string) bool { return !has(have, address) }
	if left := slices.DeleteFunc(slices.Clone(told), gone); len(left) > 0 {
		return left
	}
	return told
}

func has(have []net.Addr, address string) bool {
	return slices.ContainsFunc(have, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(net.ParseIP(address))
	})
}

func (c *Charm) credential(leader bool) (*notebook.Credential, error) {
	content, found, err := c.tools.Secret(secretLabel, leader)
	if err != nil || !found {
		return nil, err
	}
	return &notebook.Credential{Token: content["token"], CookieSecret: content["cookie-secret"], Revision: content["revision"]}, nil
}

// proxies are the addresses of the units that are related to the website.
func (c *Charm) proxies() (out []string, err error) {
	if c.before.websites, err = c.tools.Relations("website"); err != nil {
		return nil, err
	}
	c.before.websites = slices.DeleteFunc(c.before.websites, func(id string) bool { return id == c.event.Broken })
	for _, id := range c.before.websites {
		units, err := c.tools.RemoteUnits(id)
		if err != nil {
			return nil, err
		}
		for _, unit := range units {
			bag, err := c.tools.Bag(id, unit)
			if err != nil {
				return nil, err
			}
			out = append(out, relation.Addresses(bag)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// observe reads what there is: on the engine, in the gateway and in Jupyter.
func (c *Charm) observe(ctx context.Context, spec notebook.Spec) (plan.Observed, error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	o, err := c.engine.Observe(ctx, spec.Serve.Image)
	if err != nil {
		return o, err
	}
	asks := []func() error{func() error { c.observeGateway(ctx, &o); return nil }}
	for slot, n := range o.Slots {
		if n != nil && n.Running {
			asks = append(asks, func() error { c.observeServer(ctx, slot, n); return nil })
		}
	}
	if err := together.Run(asks...); err != nil {
		return o, err
	}
	if len(o.Slots) == 0 {
		c.takenByOthers(&o)
	}
	return o, nil
}

func (c *Charm) observeGateway(ctx context.Context, o *plan.Observed) {
	status, err := c.gateway.Status(ctx)
	if err != nil {
		c.observeLost(ctx, err, o)
		return
	}
	o.Gateway = plan.GatewayState{
		Answers: true, Variant: status.Program, Listen: status.Listen, Trusted: status.Trusted, Upstream: portOf(status.Upstream),
		Open: map[string]int{}, ID: containerOf(status),
	}
	c.observeDraining(ctx, o)
}

// observeLost reads what a gateway that does not answer has left.
func (c *Charm) observeLost(ctx context.Context, err error, o *plan.Observed) {
	o.Gateway = plan.GatewayState{Lost: errors.Is(err, gateway.ErrNotRunning), Open: map[string]int{}}
	if stored, err := gateway.ReadState(c.dirs.GatewayDir()); err == nil {
		o.Gateway.Upstream = portOf(stored.Upstream)
	}
	c.observeDraining(ctx, o)
}

// observeDraining counts the connections that replaced gateways still have.
func (c *Charm) observeDraining(ctx context.Context, o *plan.Observed) {
	replaced, err := c.gateway.Replaced(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // as before the first gateway
		c.warn(err)
		o.Gateway.Lost = false // one may drain that could not be asked
	}
	for _, r := range replaced {
		o.Gateway.Open[containerOf(r)] += r.Connections
	}
}

// containerOf is the id of the container that a gateway runs in.
func containerOf(s gateway.Status) string {
	_, id, _ := strings.Cut(s.Instance, "@")
	return id
}

// A running notebook may fail to answer for as long as patience: one that computes
// on all CPUs is not taken off the website. Nor is one that served before and that
// the engine started again, as after a reboot, less than bootLimit ago.
const (
	patience  = 10 * time.Second
	bootLimit = time.Minute
)

// deadline is until when a notebook that does not answer is asked again.
func deadline(n *plan.Container, now time.Time) time.Time {
	until := now.Add(patience)
	if up := n.Started.Add(bootLimit); up.After(until) {
		return up
	}
	return until
}

// over tells whether to ask a notebook that does not answer again is of no use:
// the plan waits for one that never served, and one that is stopping ends.
func (c *Charm) over(ctx context.Context, slot notebook.Slot, n *plan.Container) bool {
	if !n.Kept {
		return true
	}
	_, ended, err := c.engine.Ended(ctx, slot)
	n.Running = n.Running && !ended
	return ended || err != nil
}

// observeServer asks a running notebook how it is. What cannot be asked is not
// healthy, and its kernels are not known.
func (c *Charm) observeServer(ctx context.Context, slot notebook.Slot, n *plan.Container) {
	token, err := c.dirs.Token(string(slot))
	if err != nil {
		logger.Warningf("%v", err)
		return
	}
	server := jupyter.New(n.Port, n.Serve.BaseURL, token)
	var health jupyter.Health
	var kernels plan.Kernels
	for until := deadline(n, time.Now()); ; time.Sleep(200 * time.Millisecond) {
		err = together.Run(
			func() error { health = server.Check(ctx); return nil },
			func() (err error) { kernels, err = count(ctx, server); return err },
		)
		if health.Healthy || health.Open || time.Now().After(until) || c.over(ctx, slot, n) {
			break
		}
	}
	n.Open = health.Open
	if n.Healthy, n.Version = health.Healthy, health.Version; n.Healthy {
		n.Kernels = kernels
		c.warn(err)
	}
}

func count(ctx context.Context, s *jupyter.Server) (plan.Kernels, error) {
	total, busy, err := s.Kernels(ctx)
	if err != nil {
		return plan.Kernels{}, err
	}
	return plan.Kernels{Known: true, Total: total, Busy: len(busy), Names: busy}, nil
}

// takenByOthers marks the loopback ports that other units' gateways turn to, for
// their notebooks may be down, and those that other programs hold, up to the first
// pair that is free.
func (c *Charm) takenByOthers(o *plan.Observed) {
	units, err := filepath.Glob(host.Root + "/*")
	c.warn(err)
	for _, dir := range units {
		unit := host.Unit{Dir: dir}
		state, err := gateway.ReadState(unit.GatewayDir())
		if port := portOf(state.Upstream); err == nil && port != 0 && dir != c.dirs.Dir {
			o.Taken[port-port%2], o.Taken[port-port%2+1] = true, true
		}
	}
	for port := plan.FirstPort; port < plan.LastPort; port += 2 {
		if o.Taken[port] {
			continue
		}
		if docker.Free(port) && docker.Free(port+1) {
			return
		}
		o.Taken[port], o.Taken[port+1] = true, true
	}
}
