//go:build integration

package stories

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// open is a Jupyter that asks nobody for a token, without a flag that says so.
const open = `python3 -c "from jupyter_server.auth.identity import PasswordIdentityProvider as P; P.auth_enabled = property(lambda s: False); from jupyterlab.labapp import main; main()" --no-browser`

// An image that cannot serve, or would serve everybody, costs nobody anything:
// the status says why, the old notebook goes on, and going back is nothing.
func TestRefusedImages(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.serves()
	before := m.containers("nb/0")
	stop := make(chan struct{})
	served, guarded := n.poll("api", 20*time.Millisecond, stop), n.knock(20*time.Millisecond, stop)
	for _, c := range []struct {
		image, command string
		says           []string
	}{
		{"doesnotexist", "", []string{"does not exist"}},
		{"otherarch", "", []string{"it is for linux/", "this machine is linux/"}},
		{"exits", "", []string{"exit status 1", "no licence for this fine notebook"}},
		{"silent", "", []string{"not healthy within 10s", "nothing answers"}},
		{"nojupyter", "", []string{"not healthy within 10s", "no Jupyter server was found"}},
		{"openserver", "", []string{"--ServerApp.token", "--ServerApp.password"}},
		{"plain", open, []string{"it serves without the token"}},
		{"fixedtoken", "", []string{"--ServerApp.token", "command"}},
		{"fixedport", "", []string{"--port", "command"}},
		{"stacks", "start-notebook.py --NotebookApp.base_url=/x --ip=127.0.0.1", []string{"--NotebookApp.base_url"}},
	} {
		limit := "start-timeout=120"
		if c.image == "silent" || c.image == "nojupyter" {
			limit = "start-timeout=10"
		}
		m.config("nb", "jupyter-image="+image(c.image), "command="+c.command, limit)
		m.waitStatus("nb/0", "blocked", append(c.says, "test/plain:1 still serves")...)
		if now := m.containers("nb/0"); now != before {
			t.Errorf("after %s was refused there are %q, were %q", c.image, now, before)
		}
		m.config("nb", "jupyter-image="+image("plain"), "command=")
		m.waitActive("nb/0", "test/plain:1")
	}
	close(stop)
	if p := <-served; len(p.failures) > 0 || p.requests < 100 {
		t.Errorf("of %d requests %d failed: %v", p.requests, len(p.failures), p.failures)
	}
	if let := <-guarded; let > 0 {
		t.Errorf("%d requests without a token were let in", let)
	}
	if now := m.containers("nb/0"); now != before {
		t.Errorf("there are %q, were %q", now, before)
	}
}

// containers are the unit's notebooks on its machine: which, since when, and how
// often they were started.
func (m *model) containers(unit string) string {
	m.t.Helper()
	out, err := m.tryContainers(unit)
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	return out
}

// tryContainers is containers while a switch may remove what was just listed.
func (m *model) tryContainers(unit string) (string, error) {
	m.t.Helper()
	return m.tryOnMachine(unit, "docker ps -aq --no-trunc --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+
		m.key(unit)+" | xargs -r docker inspect -f '{{.Name}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}}'")
}

// knock asks for the contents without a token until stop is closed, and sends
// how often it was let in.
func (n *notebook) knock(interval time.Duration, stop <-chan struct{}) <-chan int {
	out := make(chan int, 1)
	go func() {
		let := 0
		for {
			select {
			case <-stop:
				out <- let
				return
			case <-time.After(interval):
			}
			if code, _, err := n.try("GET", "api/contents", "", nil); err == nil && code < 300 {
				let++
			}
		}
	}()
	return out
}

// On a first deploy there is nothing that still serves: the gateway says so
// until the operator has mended it.
func TestRefusedAtFirst(t *testing.T) {
	t.Parallel()
	m, at := newModel(t), strconv.Itoa(port())
	m.deploy("nb", "port="+at, "jupyter-image="+image("fixedport"))
	s := m.waitStatus("nb/0", "blocked", "--port", "command")
	resp, err := plainClient.Get("http://" + net.JoinHostPort(s.Address, at) + "/lab")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !strings.Contains(string(page), "<html") {
		t.Errorf("while nothing serves, the gateway answers %s (%v): %s", resp.Status, err, page)
	}
	if got := m.tryRun("nb/0", "get-url"); got.Status != "failed" || !strings.Contains(got.Message, "no notebook serves") {
		t.Errorf("get-url: %+v", got)
	}
	if left := m.containers("nb/0"); left != "" {
		t.Errorf("the refused notebook is still there: %q", left)
	}
	m.config("nb", "command=jupyter lab --no-browser")
	m.waitActive("nb/0", "test/fixedport:1", ":"+at+"/")
	m.open("nb/0").serves()
}
