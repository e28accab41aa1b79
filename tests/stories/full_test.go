//go:build integration

package stories

import (
	"strings"
	"testing"
)

// The file system of the unit's folder is full, of data or of files, while the
// engine's is not: what runs goes on, the gateway starts again and serves from what
// it has, no hook fails, and with space again all heals (20).
func TestUnitsFolderIsFull(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.juju("deploy", packed(t, "bystander"), "bystander")
	m.waitActive("bystander/0")
	key := "nb-0-" + m.uuid()[:8]
	dir := "/var/lib/jupyter-docker/" + key
	m.onMachine("bystander/0", "mkdir -p -m 700 /var/lib/jupyter-docker; mkdir "+dir+" && mount -t tmpfs -o size=32m,nr_inodes=600,mode=711 story "+dir)
	t.Cleanup(func() { m.tryOnMachine("bystander/0", "umount -l "+dir) })
	m.deployBeside("bystander/0", "nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	for _, full := range []struct{ of, fill, from, to string }{
		{"space", "dd if=/dev/zero of=filler bs=64k 2>/dev/null; dd if=/dev/zero of=filler2 bs=1 count=70000 2>/dev/null; true", "plain", "plain2"},
		{"inodes", "mkdir filler; i=0; while touch filler/$i 2>/dev/null; do i=$((i + 1)); done; true", "plain2", "plain"},
	} {
		k := n.startKernel()
		k.run("held = 41")
		before := m.containers("nb/0")
		m.onMachine("nb/0", "cd "+dir+" && "+full.fill)
		m.config("nb", "jupyter-image="+image(full.to))
		m.waitStatus("nb/0", "blocked", "no space", "test/"+full.from+":1 still serves")
		m.restartsGateway(n, full.of)
		m.updateStatus("nb/0")
		m.waitStatus("nb/0", "blocked", "no space", "test/"+full.from+":1 still serves")
		if now := m.containers("nb/0"); now != before {
			t.Errorf("without %s there are %q, were %q", full.of, now, before)
		}
		if err := k.connect(); err != nil { // the gateway took its WebSocket with it
			t.Fatal(err)
		}
		if got := k.run("print(held + 1)"); got != "42\n" {
			t.Errorf("without %s the kernel printed %q", full.of, got)
		}
		m.onMachine("nb/0", "docker stop -t 2 $(docker ps -q --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+key+")")
		m.updateStatus("nb/0")
		m.waitStatus("nb/0", "blocked", "no space", "test/"+full.from+":1 still serves")
		n.serves()
		m.onMachine("nb/0", "cd "+dir+" && rm -rf filler filler2")
		m.updateStatus("nb/0")
		m.waitSettled("nb/0", "test/"+full.to+":1")
		n.serves()
	}
	if log := m.juju("debug-log", "--replay", "--no-tail"); strings.Contains(log, "hook failed") {
		t.Error("a hook failed")
	}
}

// restartsGateway has the gateway start anew, which has to serve from what it has.
func (m *model) restartsGateway(n *notebook, without string) {
	m.t.Helper()
	gateway := "$(docker ps -aq --filter label=io.jupyter-docker.role=gateway --filter label=io.jupyter-docker.key=" + m.key("nb/0") + ")"
	m.onMachine("nb/0", "docker restart -t 2 "+gateway)
	n.comesBack()
	n.serves()
	m.onMachine("nb/0", "docker rm -f "+gateway)
	m.updateStatus("nb/0")
	n.comesBack()
	n.serves()
	if m.t.Failed() {
		m.t.Fatalf("without %s the gateway does not come up", without)
	}
}
