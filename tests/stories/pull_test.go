//go:build integration

package stories

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hanging is a registry that names a manifest and then sends it a byte a second,
// which a real one cannot be asked to do. An engine tries TLS first, and falls back
// where the answer is HTTP; a newer one gives up by itself on who says nothing at
// all. It ends by itself.
const hanging = `
import http.server, socket, sys, time
deadline = time.time() + 300
class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def handle(self):
        if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":
            self.connection.recv(65536)
            self.connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        else:
            super().handle()
    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Docker-Content-Digest", "sha256:" + 64 * "0")
        self.send_header("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
        self.send_header("Content-Length", "2" if self.path == "/v2/" else "1000")
        self.end_headers()
    def do_GET(self):
        self.do_HEAD()
        while self.path != "/v2/" and time.time() < deadline:
            self.wfile.write(b" ")
            time.sleep(1)
        self.wfile.write(b"{}")
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Registry)
server.timeout = 300
while time.time() < deadline: server.handle_request()`

// A pull that gets nowhere ends at pull-timeout; until then the status says that
// the unit pulls, and all the while the old notebook serves.
func TestPullThatHangs(t *testing.T) {
	t.Parallel()
	m, at := newModel(t), strconv.Itoa(port())
	m.deploy("nb", "pull-timeout=60")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.containers("nb/0")
	m.onMachine("nb/0", fmt.Sprintf(`setsid python3 -c '%s' %s >/dev/null 2>&1 </dev/null &
until (exec 3<>/dev/tcp/127.0.0.1/%s) 2>/dev/null; do sleep 0.1; done`, hanging, at, at))
	n.beside("a pull hangs", func() {
		began := time.Now()
		m.config("nb", "jupyter-image=127.0.0.1:"+at+"/test/plain:1")
		eventually(t, "the status says that it pulls", patience, func() bool {
			s := m.unit("nb/0")
			return s.Workload.Current == "maintenance" && strings.Contains(s.Workload.Message, "the registry has named no layers yet")
		})
		pulls := time.Now()
		m.waitStatus("nb/0", "blocked", "not done within 1m0s", "test/plain:1 still serves")
		if since, seen := time.Since(began), time.Since(pulls); since < 55*time.Second || seen > 90*time.Second {
			t.Errorf("the pull was given up %s after it was asked for, %s after the status told of it", since, seen)
		}
	})
	m.config("nb", "jupyter-image="+image("plain"))
	m.waitActive("nb/0", "test/plain:1")
	if now := m.containers("nb/0"); now != before {
		t.Errorf("the pull left %q, were %q", now, before)
	}
}
