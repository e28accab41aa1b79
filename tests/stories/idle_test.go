//go:build integration

package stories

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// terminal is a terminal with its WebSocket.
type terminal struct {
	n    *notebook
	name string
	conn *websocket.Conn
}

// startTerminal starts a terminal over REST and connects to it.
func (n *notebook) startTerminal() *terminal {
	n.t.Helper()
	var started struct {
		Name string `json:"name"`
	}
	n.call("POST", "api/terminals", nil, &started, 200)
	url := strings.Replace(n.url, "http://", "ws://", 1) + "terminals/websocket/" + started.Name
	conn, _, err := (&websocket.Dialer{HandshakeTimeout: 30 * time.Second}).Dial(url, http.Header{"Authorization": {"token " + n.token}})
	if err != nil {
		n.t.Fatalf("cannot connect to the terminal: %v", err)
	}
	n.t.Cleanup(func() { conn.Close() })
	listen(conn)
	return &terminal{n, started.Name, conn}
}

// types sends a line to the shell.
func (t *terminal) types(line string) {
	t.n.t.Helper()
	if err := t.conn.WriteJSON([]string{"stdin", line + "\r"}); err != nil {
		t.n.t.Fatalf("cannot type into the terminal: %v", err)
	}
}

// has waits until the shell has made the file.
func (n *notebook) has(path string) {
	n.t.Helper()
	eventually(n.t, path+" is there", time.Minute, func() bool {
		code, _, err := n.try("GET", "api/contents/"+path, n.token, nil)
		return err == nil && code == 200
	})
}

// proxy changes what no operator of the notebook asked for.
func (m *model) proxy(value string) {
	m.t.Helper()
	m.juju("model-config", "juju-http-proxy="+value, "juju-no-proxy=127.0.0.1,localhost")
	m.updateStatus("nb/0")
}

// A job in a terminal is work: what nobody asked for waits for it, and so does what
// was asked for with switch-when=idle. Once it was ended without a word.
func TestTerminalAtWork(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.containers("nb/0")
	idle, works := n.startTerminal(), n.startTerminal()
	works.types("touch ~/work/began; sleep 600")
	n.has("began")
	m.proxy("http://proxy.invalid:3128")
	m.waitActive("nb/0", "test/plain:1", "waits: the model's proxy changed", "busy terminal "+works.name)
	if s := m.unit("nb/0"); strings.Contains(s.Workload.Message, "terminals") {
		t.Errorf("terminal %s counts as busy too: %s", idle.name, s)
	}
	m.config("nb", "switch-when=idle", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain:1", "waits: ", "test/plain2:1", "busy terminal "+works.name)
	if now := m.containers("nb/0"); now != before {
		t.Errorf("while a terminal works there are %q, were %q", now, before)
	}
	works.types("\x03")
	works.types("touch ~/work/ended")
	n.has("ended")
	m.updateStatus("nb/0")
	m.waitSettled("nb/0", "test/plain2:1")
	n.serves()
}

// A kernel that was used a moment ago holds somebody's memory: what nobody asked
// for waits until it has rested for idle-minutes; at 0 it does not rest at all.
func TestKernelAtRest(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.containers("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	m.proxy("http://proxy.invalid:3128")
	m.waitActive("nb/0", "test/plain:1", "waits: the model's proxy changed", "idle kernel", k.name(), "60 minutes")
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("the kernel printed %q", got)
	}
	if now := m.containers("nb/0"); now != before {
		t.Errorf("while a kernel rests there are %q, were %q", now, before)
	}
	m.config("nb", "idle-minutes=0")
	m.waitSettled("nb/0", "test/plain:1")
	n.serves()
	if now := m.containers("nb/0"); now == before {
		t.Error("with idle-minutes=0 nothing was switched")
	}
}

// slowKernel is a kernel that does not come up.
const slowKernel = `mkdir -p ~/.local/share/jupyter/kernels/slow
echo "{\"argv\": [\"sleep\", \"1000\"], \"display_name\": \"slow\", \"language\": \"python\"}" >~/.local/share/jupyter/kernels/slow/kernel.json`

// A kernel that starts is somebody's, who waits for it: a switch lets it.
func TestKernelStarts(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.containers("nb/0")
	m.onMachine("nb/0", "docker exec "+m.serving("nb/0")+" sh -c '"+slowKernel+"'")
	var started struct {
		ID string `json:"id"`
	}
	n.call("POST", "api/kernels", map[string]string{"name": "slow"}, &started, 201)
	m.proxy("http://proxy.invalid:3128")
	m.waitActive("nb/0", "test/plain:1", "waits: the model's proxy changed", "busy kernel", started.ID[:8])
	m.config("nb", "switch-when=idle", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain:1", "waits: ", "busy kernel", started.ID[:8])
	if now := m.containers("nb/0"); now != before {
		t.Errorf("while a kernel starts there are %q, were %q", now, before)
	}
	n.call("DELETE", "api/kernels/"+started.ID, nil, nil, 204)
	m.updateStatus("nb/0")
	m.waitSettled("nb/0", "test/plain2:1")
}
