//go:build integration

package stories

import (
	"slices"
	"strings"
	"testing"
)

// Juju lists the addresses of the engine's bridges with the machine's own, and
// often first: nobody elsewhere reaches the unit there, and nothing is published
// there alone (36). localjuju does so in every story.
func TestAddressesOfBridges(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"), "spark-master=spark://nowhere.invalid:7077")
	s := m.waitActive("nb/0", "test/notebook:1", "cannot be found")
	bridges := strings.Fields(m.onMachine("nb/0", `for b in /sys/class/net/*/bridge; do b=${b%/bridge}; b=${b##*/}
case $b in docker0|br-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]) ip -4 -o addr show $b | sed 's/.*inet \([0-9.]*\).*/\1/';; esac; done`))
	if len(bridges) == 0 {
		t.Fatal("the engine has no bridge")
	}
	listed := m.onMachineOfUnit("nb/0", "network-get website --ingress-address=false --format json")
	if !strings.Contains(listed, bridges[0]) {
		t.Logf("this Juju does not list bridges: %s", listed)
	}
	own := m.unit("nb/0").Address
	n := m.open("nb/0")
	n.serves()
	for what, got := range map[string]string{
		"get-url": n.url, "status": s.Workload.Message,
		"the driver's host":  m.onMachine("nb/0", "docker exec -u 0 $(docker ps -q --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+m.key("nb/0")+") grep -rh spark.driver.host /jupyter-docker/secret /jupyter-docker/config"),
		"the driver's ports": m.inspect("nb/0", "{{json .HostConfig.PortBindings}}"),
	} {
		if !strings.Contains(got, own) || slices.ContainsFunc(bridges, func(b string) bool { return strings.Contains(got, `"`+b+`"`) || strings.Contains(got, "/"+b+":") }) {
			t.Errorf("%s: %s; want %s, and none of %v", what, got, own, bridges)
		}
	}
	through := m.proxied("nb")
	through.serves()
	if bag := m.offered("nb/0"); bag["hostname"] != own || bag["private-address"] != own {
		t.Errorf("the databag offers %v, want %s", bag, own)
	}
	// Another order of the list, or fewer, changes nothing.
	before := m.containers("nb/0")
	_, _ = m.try("model-config", "--reset", "localjuju-network")
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/notebook:1")
	if now := m.containers("nb/0"); now != before {
		t.Errorf("fewer addresses left %q, were %q", now, before)
	}
}

// onMachineOfUnit runs a command in the unit's context, between hooks.
func (m *model) onMachineOfUnit(unit, script string) string {
	m.t.Helper()
	return m.juju("exec", "--unit", unit, "--", script)
}

// A binding whose space has no address on the machine failed each hook: it is
// blocked with what mends it, and what serves goes on (38).
func TestBindingWithoutAddress(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	if _, err := m.try("model-config", "localjuju-network=missing"); err != nil {
		t.Skipf("only localjuju takes addresses away: %v", err)
	}
	m.deploy("nb")
	m.waitStatus("nb/0", "blocked", "website", "juju bind")
	m.juju("model-config", "--reset", "localjuju-network")
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.containers("nb/0")
	m.juju("model-config", "localjuju-network=missing")
	m.updateStatus("nb/0")
	m.waitStatus("nb/0", "blocked", "website", "juju bind")
	n.serves()
	if now := m.containers("nb/0"); now != before {
		t.Errorf("there are %q, were %q", now, before)
	}
	m.juju("model-config", "--reset", "localjuju-network")
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
}
