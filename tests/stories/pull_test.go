//go:build integration

package stories

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hanging is a registry that greets and then says nothing more, which a real one
// cannot be asked to do. It ends by itself.
const hanging = `
import http.server, sys, time
class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/v2/":
            time.sleep(300)
        self.send_response(200)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    do_HEAD = do_GET
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Registry)
server.timeout = 300
deadline = time.time() + 300
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
