//go:build integration

package stories

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// engineOf finds the machine's engine: its process id, among those of containers
// that have an engine of their own.
const engineOf = `engine() { for p in $(pidof dockerd); do [ /proc/$p/ns/mnt -ef /proc/self/ns/mnt ] && echo $p; done; true; }
`

// stopEngine stops the engine under the charm; where no service manager does it,
// it keeps the command line in a file for startEngine.
const stopEngine = engineOf + `
if [ -d /run/systemd/system ]; then systemctl stop docker.socket docker.service; exit; fi
p=$(engine); [ -n "$p" ] || exit 1
tr '\0' '\n' </proc/$p/cmdline >/run/jupyter-docker-story-engine
kill $p; while [ -e /proc/$p ]; do sleep 0.1; done`

// startEngine starts it as it ran before.
const startEngine = engineOf + `
if [ -d /run/systemd/system ]; then systemctl start docker.socket docker.service; exit; fi
p=$(engine); [ -z "$p" ] || { kill $p; while [ -e /proc/$p ]; do sleep 0.1; done; }
mapfile -t words </run/jupyter-docker-story-engine; rm /run/jupyter-docker-story-engine
setsid "${words[@]}" >>/var/log/jupyter-docker-story-engine.log 2>&1 </dev/null &
for i in $(seq 300); do docker version >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1`

// The engine restarts under the charm: the notebook is back at its address by
// itself, without a hook. This story and the next are not parallel, so that they
// are over before the engine has anybody else's containers.
func TestEngineRestarts(t *testing.T) {
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.write("kept.txt", "through a restart")
	ports := m.inspect("nb/0", "{{json .HostConfig.PortBindings}}")
	hooks := m.hooksRun()

	m.onMachine("nb/0", stopEngine)
	m.onMachine("nb/0", startEngine)
	n.comesBack()
	n.serves()
	if got := n.read("kept.txt"); got != "through a restart" {
		t.Errorf("the file holds %q", got)
	}
	if now := m.hooksRun(); now != hooks {
		t.Errorf("it took %d hooks", now-hooks)
	}
	if now := m.inspect("nb/0", "{{json .HostConfig.PortBindings}}"); now != ports {
		t.Errorf("the notebook's ports are %s, were %s", now, ports)
	}
	before := m.containers("nb/0")
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	if now := m.containers("nb/0"); now != before {
		t.Errorf("the next hook left %q, were %q", now, before)
	}
}

// hooksRun counts the hooks that the model's log tells of.
func (m *model) hooksRun() int {
	m.t.Helper()
	return strings.Count(m.juju("debug-log", "--replay", "--no-tail"), " hook (via ")
}

// comesBack waits until the notebook answers again.
func (n *notebook) comesBack() {
	n.t.Helper()
	eventually(n.t, "the notebook answers again", time.Minute, func() bool {
		code, _, err := n.try("GET", "api/contents", n.token, nil)
		return err == nil && code == 200
	})
}

// The engine is stopped: the next hook starts it, and all is as it was.
func TestEngineStopped(t *testing.T) {
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.write("kept.txt", "through a stop")
	m.onMachine("nb/0", stopEngine)
	t.Cleanup(func() { m.onMachine("nb/0", startEngine) })
	if _, _, err := n.try("GET", "api", n.token, nil); err == nil {
		t.Error("with the engine stopped the notebook answers")
	}
	if got := m.tryRun("nb/0", "get-url"); got.Status != "failed" || !strings.Contains(got.Message, "engine does not answer") {
		t.Errorf("get-url: %+v", got)
	}
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	n.comesBack()
	n.serves()
	if got := n.read("kept.txt"); got != "through a stop" {
		t.Errorf("the file holds %q", got)
	}
}

// What somebody took away or stopped by hand is there again after the next
// update-status; what they left alone is left alone.
func TestHandsOn(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, key := m.open("nb/0"), m.key("nb/0")
	n.write("kept.txt", "through it all")
	serving := "$(docker ps -aq --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key=" + key + ")"
	gateway := strings.ReplaceAll(serving, "role=notebook", "role=gateway")
	for _, c := range []struct {
		what, does string
		stays      string // what is not made anew
		down       bool
	}{
		{"the notebook is stopped", "docker stop -t 5 " + serving, "notebook gateway", true},
		{"the notebook is killed", "docker kill " + serving, "notebook gateway", true},
		{"the notebook is removed", "docker rm -f " + serving, "gateway", true},
		{"the gateway is stopped", "docker stop " + gateway, "notebook", true},
		{"the gateway is removed", "docker rm -f " + gateway, "notebook", true},
		{"the network is removed", "docker network disconnect -f " + key + " " + serving + "; docker network rm " + key, "gateway", false}, // its socket needs none
		{"all is removed", "docker rm -f " + serving + " " + gateway + "; docker network rm " + key, "", true},
		{"the gateway's directory is removed", "rm -rf /var/lib/jupyter-docker/" + key + "/gateway", "notebook", false},
	} {
		before := m.parts("nb/0")
		m.onMachine("nb/0", c.does)
		if _, _, err := n.try("GET", "api/contents", n.token, nil); c.down && err == nil && n.healthy() {
			t.Errorf("%s: the notebook answers", c.what)
		}
		m.updateStatus("nb/0")
		m.waitActive("nb/0", "test/plain:1")
		n.serves()
		now := m.parts("nb/0")
		for role, ids := range now {
			if len(ids) != 1 || strings.Contains(c.stays, role) && !slices.Equal(ids, before[role]) {
				t.Errorf("%s: there is %s %v, was %v", c.what, role, ids, before[role])
			}
		}
		if got := n.read("kept.txt"); got != "through it all" {
			t.Errorf("%s: the file holds %q", c.what, got)
		}
	}
}

// healthy tells whether the contents are served.
func (n *notebook) healthy() bool {
	code, _, err := n.try("GET", "api/contents", n.token, nil)
	return err == nil && code == 200
}

// parts are the unit's containers by their role.
func (m *model) parts(unit string) map[string][]string {
	m.t.Helper()
	out := map[string][]string{"notebook": nil, "gateway": nil}
	for role := range out {
		out[role] = strings.Fields(m.onMachine(unit, fmt.Sprintf(
			"docker ps -aq --filter label=io.jupyter-docker.role=%s --filter label=io.jupyter-docker.key=%s", role, m.key(unit))))
	}
	return out
}
