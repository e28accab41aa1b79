//go:build integration

package stories

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A server whose token check is gone: the gateway sees it by itself and forwards
// nothing to it any more; the next hook makes the container anew from its image,
// even while an option is bad. Once it stayed open for as long as one was.
func TestOpenedServer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.write("kept.txt", "through it all")
	for _, c := range []struct{ option, good, status, says string }{
		{"switch-when=manual", "switch-when=now", "active", "test/plain:1"},
		{"memory-limit=nonsense", "memory-limit=", "blocked", "memory-limit must be a size"},
		{"jupyter-image=" + image("none"), "jupyter-image=" + image("plain"), "blocked", "the image does not exist"},
	} {
		m.config("nb", c.option)
		m.waitStatus("nb/0", c.status, c.says)
		was, hooks := m.serving("nb/0"), m.hooksRun()
		stop := make(chan struct{})
		let := n.knock(10*time.Millisecond, stop)
		m.opens("nb/0")
		n.closesBy(503)
		if now := m.hooksRun(); now != hooks {
			t.Errorf("%s: the gateway closed after %d hooks", c.option, now-hooks)
		}
		m.updateStatus("nb/0")
		m.waitStatus("nb/0", c.status, c.says, "without the token")
		n.serves()
		close(stop)
		if got := <-let; got > 0 {
			t.Errorf("%s: %d strangers were let in", c.option, got)
		}
		if now := m.serving("nb/0"); now == was {
			t.Errorf("%s: the opened container still serves", c.option)
		}
		if got := n.read("kept.txt"); got != "through it all" {
			t.Errorf("the file holds %q", got)
		}
		m.config("nb", c.good)
		m.waitActive("nb/0", "test/plain:1")
		m.keptAside(was)
	}
}

// closesBy waits until the gateway answers everyone with the code.
func (n *notebook) closesBy(code int) {
	n.t.Helper()
	eventually(n.t, fmt.Sprintf("the gateway answers %d", code), time.Minute, func() bool {
		for _, token := range []string{"", n.token} {
			if got, _, err := n.try("GET", "api/contents", token, nil); err != nil || got != code {
				return false
			}
		}
		return true
	})
	if got, _, err := n.try("GET", "api/status", n.token, nil); err != nil || got != code {
		n.t.Errorf("a moment later the gateway answers %d (%v)", got, err)
	}
}

// keptAside checks that the one container is kept, stopped and named in the status,
// until apply.
func (m *model) keptAside(id string) {
	m.t.Helper()
	kept := m.asideNow("nb/0")
	if len(kept) != 1 {
		m.t.Errorf("set aside are %v, want one", kept)
		return
	}
	if got := strings.TrimSpace(m.onMachine("nb/0", "docker inspect -f '{{.Id}} {{.State.Running}} {{.HostConfig.RestartPolicy.Name}}' "+kept[0])); got != id+" false no" {
		m.t.Errorf("set aside is %s, want %s, stopped", got, id)
	}
	m.waitActive("nb/0", kept[0]+" was set aside")
	m.run("nb/0", "apply")
	m.waitUnit("nb/0", "active with nothing set aside", patience, func(s unitStatus) bool {
		return s.Workload.Current == "active" && !strings.Contains(s.Workload.Message, "-aside-")
	})
	if left := m.leftovers("nb/0"); left != "" {
		m.t.Errorf("after apply there is %s", left)
	}
}

// breakages are what people do to the layer of their container.
var breakages = []struct{ what, does string }{
	{"a part of Jupyter is gone", "rm -r /opt/venv/lib/python3*/site-packages/jupyter_server"},
	{"Jupyter hangs at its start", `echo "import time; time.sleep(1e6)" | tee -a /opt/venv/lib/python3*/site-packages/jupyter_server/__init__.py`},
}

// A container whose own layer broke does not come up however often it is started:
// it is made anew from its image, and the broken one is kept for the operator, even
// while an option is bad. Once it was started for ever.
func TestBrokenLayer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "start-timeout=60")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.write("kept.txt", "through it all")
	for _, c := range breakages {
		m.config("nb", "memory-limit=nonsense")
		m.waitStatus("nb/0", "blocked", "memory-limit")
		was := m.serving("nb/0")
		m.onMachine("nb/0", "docker exec -u 0 "+was+" sh -c '"+c.does+"'; docker restart -t 1 "+was)
		for deadline := time.Now().Add(2 * patience); !n.healthy(); { // a busy machine has three times start-timeout
			if time.Now().After(deadline) {
				t.Fatalf("%s: the notebook is not made anew: %s", c.what, m.unit("nb/0"))
			}
			m.updateStatus("nb/0")
		}
		n.serves()
		m.waitStatus("nb/0", "blocked", "memory-limit", "was set aside")
		if now := m.serving("nb/0"); now == was {
			t.Errorf("%s: the broken container serves", c.what)
		}
		if got := n.read("kept.txt"); got != "through it all" {
			t.Errorf("%s: the file holds %q", c.what, got)
		}
		m.config("nb", "memory-limit=")
		m.waitActive("nb/0", "test/plain:1")
		m.keptAside(was)
	}
}
