package charm

import (
	"context"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/jupyter"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/relation"
)

// secretLabel names the application's secret to the charm.
const secretLabel = "notebook-token"

// Gather reads everything that Juju says, once.
func (c *Charm) Gather() (in notebook.Inputs, err error) {
	p := c.event.Proxy
	in = notebook.Inputs{Unit: c.unit, Proxy: notebook.Proxy{HTTP: p.HTTP, HTTPS: p.HTTPS}}
	if p.HTTP != "" || p.HTTPS != "" {
		in.Proxy.No = p.No
	}
	if in.Options, err = c.tools.Config(); err != nil {
		return in, err
	}
	if in.Leader, err = c.tools.IsLeader(); err != nil {
		return in, err
	}
	if in.Credential, err = c.credential(in.Leader); err != nil {
		return in, err
	}
	if in.Storage, err = c.tools.Storage("notebooks"); err != nil {
		return in, err
	}
	network, err := c.tools.Network("website")
	if err != nil {
		return in, err
	}
	in.BindTo = network.Bind
	if len(network.Ingress) > 0 {
		in.Ingress = network.Ingress[0]
	}
	in.Proxies, err = c.proxies()
	return in, err
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
	ids, err := c.tools.Relations("website")
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
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
	o, err := c.engine.Observe(ctx, spec.Serve.Image)
	if err != nil {
		return o, err
	}
	c.observeGateway(ctx, &o)
	for slot, n := range o.Slots {
		if n != nil && n.Running {
			c.observeServer(ctx, slot, n)
		}
	}
	if len(o.Slots) == 0 {
		takenByOthers(&o)
	}
	return o, nil
}

func (c *Charm) observeGateway(ctx context.Context, o *plan.Observed) {
	status, err := c.gateway.Status(ctx)
	if err != nil {
		stored, err := gateway.ReadState(c.dirs.GatewayDir())
		if err == nil {
			o.Gateway.Upstream = portOf(stored.Upstream)
		}
		return
	}
	o.Gateway = plan.GatewayState{
		Answers: true, Variant: status.Program, Listen: status.Listen, Trusted: status.Trusted, Upstream: portOf(status.Upstream),
		Open: map[string]int{}, ID: containerOf(status),
	}
	replaced, err := c.gateway.Replaced(ctx)
	c.warn(err)
	for _, r := range replaced {
		o.Gateway.Open[containerOf(r)] += r.Connections
	}
}

// containerOf is the id of the container that a gateway runs in.
func containerOf(s gateway.Status) string {
	_, id, _ := strings.Cut(s.Instance, "@")
	return id
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
	health := server.Check(ctx)
	n.Healthy, n.Version = health.Healthy, health.Version
	if n.Healthy {
		n.Kernels = count(ctx, server)
	}
}

func count(ctx context.Context, s *jupyter.Server) plan.Kernels {
	total, busy, err := s.Kernels(ctx)
	if err != nil {
		logger.Warningf("%v", err)
		return plan.Kernels{}
	}
	return plan.Kernels{Known: true, Total: total, Busy: len(busy), Names: busy}
}

// takenByOthers marks the loopback ports that programs other than ours hold, up
// to the first pair that is free.
func takenByOthers(o *plan.Observed) {
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
