//go:build integration

package stories

import (
	"strings"
	"testing"
	"time"
)

// From nothing to a served notebook, a switch under a polling client, and back
// to nothing.
func TestDeploySwitchRemove(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.serves()
	n.write("hello.txt", "saved before the switch")
	if got := n.startKernel().run("print(6 * 7)"); got != "42\n" {
		t.Fatalf("the kernel printed %q", got)
	}

	stop := make(chan struct{})
	polled := n.poll("api", 20*time.Millisecond, stop)
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain2:1")
	close(stop)
	if p := <-polled; len(p.failures) > 0 || p.requests < 20 {
		t.Errorf("of %d requests during the switch %d failed: %v", p.requests, len(p.failures), p.failures)
	}
	if got := n.read("hello.txt"); got != "saved before the switch" {
		t.Errorf("after the switch the file holds %q", got)
	}
	n.write("hello.txt", "saved by another uid")
	n.serves()

	key := m.key("nb/0")
	m.watch("nb/0")
	m.juju("remove-application", "--no-prompt", "nb")
	eventually(t, "the application is gone", patience, func() bool { return len(m.app("nb").Units) == 0 })
	left := m.onMachine("bystander/0", "docker ps -aq --filter label=io.jupyter-docker.key="+key+
		"; docker network ls -q --filter name="+key+"; docker images -q jupyter-docker/"+key)
	if strings.TrimSpace(left) != "" {
		t.Errorf("after the removal there is still %q", left)
	}
	kept := m.onMachine("bystander/0", "cd /var/lib/jupyter-docker/"+key+" && ls && cat notebooks/hello.txt && rm -r ../"+key)
	if kept != "notebooks\nsaved by another uid" {
		t.Errorf("after the removal the unit's directory holds %q", kept)
	}
}
