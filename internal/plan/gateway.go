package plan

import (
	"net"
	"strconv"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// low marks a gateway that may listen on ports which only root may.
const low = "-low"

// Variant is the identity of a gateway of the build that may listen at the
// addresses.
func Variant(build string, listen []string) string {
	if Privileged(listen) {
		return build + low
	}
	return build
}

// Privileged reports whether one of the addresses has a port that only root may
// listen on.
func Privileged(listen []string) bool {
	for _, address := range listen {
		_, port, err := net.SplitHostPort(address)
		if n, _ := strconv.Atoi(port); err == nil && n > 0 && n < 1024 {
			return true
		}
	}
	return false
}

// keepGateway brings up the gateway that was told to listen, in the program's
// present version, and removes those that are of no use.
func keepGateway(p *Plan, o Observed, s Serving, build string) {
	g := o.Gateway
	variant := Variant(build, g.Listen)
	if g.Variant == build+low {
		variant = g.Variant // it may more: a wish for such a port was not made yet
	}
	for _, c := range o.Gateways { // one that is paused holds the port of its successor
		if cause := superfluous(c, g, variant); cause != "" && !g.Answers && !c.Running {
			p.add(Step{Kind: RemoveGateway, ID: c.ID, Cause: cause})
		}
	}
	if len(g.Listen) > 0 {
		start := Step{Kind: StartGateway, Variant: variant, Gateway: stored(g)}
		switch {
		case !g.Answers:
			start.Cause = "no gateway answers"
			p.add(start)
		case g.Variant != variant:
			start.Cause = "the gateway's program changed"
			p.add(start)
		}
	}
	for _, c := range o.Gateways {
		if cause := superfluous(c, g, variant); cause != "" && (g.Answers || c.Running) {
			p.add(Step{Kind: RemoveGateway, ID: c.ID, Cause: cause})
		}
	}
	if s.Served() == nil && g.Upstream != "" {
		p.add(Step{Kind: TurnAway, Cause: "the notebook is gone"})
	}
}

// superfluous says why a gateway's container is of no use, "" while it is. One
// that cannot be reached for good holds the port of its successor. One that could
// not be asked may have connections left.
func superfluous(c GatewayContainer, now GatewayState, variant string) string {
	connections, drains := now.Draining[c.ID]
	inCharge := c.ID == now.ID || now.ID == "" && c.Variant == variant
	ended := !c.Running || now.Draining != nil && connections == 0
	switch {
	case now.Answers && now.Variant == variant && !inCharge && ended:
		return "it handed over and has no connection left"
	case !now.Answers && !c.Running:
		return "it does not run"
	case now.Lost && !drains:
		return "it cannot be reached"
	}
	return ""
}

// stored is what the gateway was told, but for where it forwards to.
func stored(g GatewayState) notebook.Gateway {
	return notebook.Gateway{Listen: g.Listen, Trusted: g.Trusted}
}
