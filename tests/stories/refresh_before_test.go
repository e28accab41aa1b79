//go:build integration

package stories

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lastPort is the last commit whose charm published Jupyter at a loopback port and
// named what serves by it.
const lastPort = "5cd7077d101dff18d4eed8c62a03d3a69cebf4f6"

// charmOf packs the charm of a commit of this repository.
func charmOf(t *testing.T, commit string) string {
	t.Helper()
	dir := t.TempDir()
	script := `set -e
git -C "$ROOT" archive "$COMMIT" | tar -x -C "$DIR"
cd "$DIR"
CGO_ENABLED=0 GOOS=linux go build -trimpath -buildvcs=false -ldflags "-s -w" -o dispatch-of-before ./hooks
go run ./tests/pack -arch "$(go env GOARCH)" -program dispatch-of-before -out before.charm`
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(os.Environ(), "ROOT="+root, "COMMIT="+commit, "DIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot pack the charm of %s, which needs the repository's history: %v: %s", commit, err, out)
	}
	return filepath.Join(dir, "before.charm")
}

// TestRefreshFromPorts refreshes a unit of a charm that knew what serves by a port:
// no request is lost, its kernel goes on, and its container is what serves, by its
// id, until a switch makes one with a socket of its own.
func TestRefreshFromPorts(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.try("model-config", "--reset", "localjuju-network") // that charm took the bridges' addresses for the unit's
	now, before := charmFile, charmOf(t, lastPort)
	m.deployFile(before, "nb", nil)
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	cell, containers := k.busy(), m.containers("nb/0")
	id := strings.Fields(containers)[1]

	n.beside("the charm is refreshed", func() {
		m.juju("refresh", "nb", "--path", now)
		m.waitActive("nb/0", "test/plain:1; waits: the charm was refreshed", k.name())
	})
	if got := m.onMachine("nb/0", "cat /var/lib/jupyter-docker/"+m.key("nb/0")+"/gateway/state.json"); !strings.Contains(got, id) {
		t.Errorf("the gateway does not name %s: %s", id, got)
	}
	m.onMachine("nb/0", "docker rename "+id+" somebody-renamed-it")
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "waits: the charm was refreshed")
	m.onMachine("nb/0", "docker rename somebody-renamed-it "+m.key("nb/0")+"-a")
	k.done(cell)
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("the kernel printed %q", got)
	}
	if after := m.containers("nb/0"); after != containers {
		t.Errorf("the refresh left %q, were %q", after, containers)
	}
	m.onMachine("nb/0", "docker stop -t 2 "+id)
	m.updateStatus("nb/0") // nobody works there any more: it is started, and then replaced
	m.waitSettled("nb/0", "test/plain:1")
	n.serves()
	if left := m.containers("nb/0"); strings.Contains(left, id) {
		t.Errorf("the container of before is still there: %s", left)
	}
	if ports := m.inspect("nb/0", "{{json .HostConfig.PortBindings}}"); strings.Contains(ports, "8888") {
		t.Errorf("after the switch Jupyter is still published: %s", ports)
	}
	k.conn.Close()
	eventually(t, "nothing of before is left", time.Minute, func() bool {
		m.updateStatus("nb/0")
		return m.leftovers("nb/0") == ""
	})
}
