package docker

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"

	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// observeNetworks reads which network is the unit's own, and at which addresses
// of this machine the engine itself is.
func (e *Engine) observeNetworks(ctx context.Context, o *plan.Observed) error {
	all, err := e.cli.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return failure(err, "cannot list networks")
	}
	for _, n := range all {
		if n.Name == e.unit.Key() && e.mine(n.Labels) {
			o.Network = n.ID
		}
		o.EngineAddresses = append(o.EngineAddresses, addresses(n)...)
	}
	slices.Sort(o.EngineAddresses)
	return nil
}

// Options of a bridge network, as the engine writes them.
const (
	optionDefault = "com.docker.network.bridge.default_bridge"
	optionBridge  = "com.docker.network.bridge.name"
)

// addresses are those of the bridge that the engine made for a network. A gateway
// of another driver is somebody else's, and a default bridge of another name is
// one of the operator's (dockerd --bridge), with addresses of the machine's own.
func addresses(n network.Summary) (out []string) {
	if n.Driver != "bridge" || n.Options[optionDefault] == "true" && n.Options[optionBridge] != "docker0" {
		return nil
	}
	for _, part := range n.IPAM.Config {
		gateway, _, _ := strings.Cut(part.Gateway, "/") // some engines add the prefix of an IPv6 one
		if subnet, err := netip.ParsePrefix(part.Subnet); gateway == "" && err == nil {
			gateway = subnet.Masked().Addr().Next().String() // 20.10 is silent of a docker0 that it just made
		}
		if gateway != "" {
			out = append(out, gateway)
		}
	}
	return out
}

// JoinNetwork puts a container on the unit's network anew, with its ports. It need
// not be started again for it.
func (e *Engine) JoinNetwork(ctx context.Context, id string) error {
	c, err := e.cli.ContainerInspect(ctx, id)
	if err != nil {
		return failure(err, "cannot inspect the notebook")
	}
	if c.NetworkSettings != nil && c.NetworkSettings.Networks[e.unit.Key()] != nil {
		err := e.cli.NetworkDisconnect(ctx, e.unit.Key(), id, true)
		if err != nil && !errdefs.IsNotFound(err) {
			return e.refusal(ctx, err, "cannot take the notebook off its former network")
		}
	}
	err = e.cli.NetworkConnect(ctx, e.unit.Key(), id, nil)
	return e.refusal(ctx, err, "cannot put the notebook on network %s", e.unit.Key())
}

// MakeNetwork makes the unit's own bridge network.
func (e *Engine) MakeNetwork(ctx context.Context) error {
	_, err := e.cli.NetworkCreate(ctx, e.unit.Key(), network.CreateOptions{Driver: "bridge", Labels: e.labels(roleNetwork, nil)})
	return e.refusal(ctx, err, "cannot make the network %s", e.unit.Key())
}
