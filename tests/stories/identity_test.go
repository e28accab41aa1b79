//go:build integration

package stories

import (
	"fmt"
	"strings"
	"testing"
)

// standIn tries, as a user of the machine, to reach, to take or to replace the
// notebook's end of the way from its gateway, and prints what it could do. A
// notebook of a charm of before is behind a port of the loopback.
const standIn = `
import encodings.idna, json, os, socket, sys # while the modules can be read
uid, key, pids = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
folder = "/var/lib/jupyter-docker/" + key + "/gateway"
at = json.load(open(folder + "/state.json"))["upstream"]
gid = ([os.stat("/proc/" + p).st_gid for p in pids if os.stat("/proc/" + p).st_uid == uid] or [uid])[0]
os.setgroups([]); os.setgid(gid); os.setuid(uid)
def attempt(what, do, *args):
    try: do(*args)
    except OSError: return
    print("uid %d can %s %s" % (uid, what, args))
def unix(): return socket.socket(socket.AF_UNIX)
if at.startswith("unix:"):
    for run in [folder + "/run/" + at[5:]] + ["/proc/%s/root/jupyter-docker/run" % p for p in pids]:
        path = run + "/jupyter.sock"
        attempt("list", os.listdir, run)
        attempt("connect to", unix().connect, path)
        attempt("bind", unix().bind, run + "/other.sock")
        attempt("bind", unix().bind, path)
        attempt("replace", os.rename, path, path + "-gone")
        attempt("remove", os.remove, path)
else:
    host, port = at.rsplit(":", 1)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    attempt("bind", listener.bind, (host, int(port)))
    attempt("connect to", socket.create_connection, (host, int(port)))`

// standsIn tries it as another user and as the user of the server itself.
func (m *model) standsIn(when string, users ...int) {
	m.t.Helper()
	for _, uid := range users {
		could := m.onMachine("nb/0", fmt.Sprintf("cat >/tmp/%[1]s.py <<'END'%[2]s\nEND\npython3 /tmp/%[1]s.py %[3]d %[4]s $(docker top %[5]s 2>/dev/null | awk 'NR > 1 { print $2 }'); code=$?; rm /tmp/%[1]s.py; exit $code",
			"stand-in-"+m.name, standIn, uid, m.key("nb/0"), m.serving("nb/0")))
		if could != "" {
			m.t.Errorf("%s:\n%s", when, could)
		}
	}
}

// No user of the machine can stand in for the notebook, reach it past its gateway
// or keep it from starting, whether it runs or not: not even one that has the
// server's own uid. Once whoever bound the port of a stopped notebook was sent its
// clients' tokens.
func TestNobodyStandsIn(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	for _, c := range []struct {
		image string
		uid   int
	}{{"plain", 1000}, {"classic", 1000}, {"server1", 1000}, {"stepdown", 1234}} {
		for _, mode := range []string{"bridge", "host"} {
			m.config("nb", "jupyter-image="+image(c.image), "network-mode="+mode)
			eventually(t, c.image+" serves in mode "+mode, patience, func() bool {
				m.waitActive("nb/0", "test/"+c.image+":1")
				now := m.inspect("nb/0", "{{.HostConfig.NetworkMode}}")
				return (now == "host") == (mode == "host")
			})
			n, what := m.open("nb/0"), c.image+" in mode "+mode
			n.write("kept.txt", what)
			m.standsIn(what+", running", 65534, c.uid)
			m.onMachine("nb/0", "docker stop -t 5 "+m.serving("nb/0"))
			m.standsIn(what+", stopped", 65534, c.uid)
			m.onMachine("nb/0", "docker start "+m.serving("nb/0"))
			n.comesBack()
			n.serves()
			if got := n.read("kept.txt"); got != what {
				t.Errorf("%s: the file holds %q", what, got)
			}
			if got := n.startKernel().run("print(6 * 7)"); got != "42\n" {
				t.Errorf("%s: a kernel printed %q", what, got)
			}
		}
	}
}

// Containers that are started again in another order, with no hook, are reached by
// their own gateways: what an engine hands out at a start identifies nobody.
func TestRestartedInAnotherOrder(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	m.deployBeside("nb/0", "other")
	m.waitActive("other/0")
	books := map[string]*notebook{"nb/0": m.open("nb/0"), "other/0": m.open("other/0")}
	for unit, n := range books {
		n.write("whose.txt", unit)
	}
	a, b, hooks := m.serving("nb/0"), m.serving("other/0"), m.hooksRun()
	for _, does := range []string{
		"docker restart -t 1 " + a,
		"docker stop -t 1 " + a + " " + b + "; docker start " + b + "; docker start " + a,
		"docker stop -t 1 " + b + " " + a + "; docker start " + a + "; docker start " + b,
	} {
		m.onMachine("nb/0", does)
		for unit, n := range books {
			n.comesBack()
			n.serves()
			if got := n.read("whose.txt"); got != unit {
				t.Errorf("after %s the notebook of %s is that of %s", does, unit, got)
			}
		}
	}
	if now := m.hooksRun(); now != hooks {
		t.Errorf("it took %d hooks", now-hooks)
	}
}

// A name is for people: a container that somebody renamed is switched, limited and
// closed like any other. Once the switch left it running on the same notebooks, a
// limit failed the hook, and an open one stayed open.
func TestRenamed(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	rename := func(to string) (id string) {
		id = m.serving("nb/0")
		m.onMachine("nb/0", "docker rename "+id+" "+to+"-"+m.name)
		return id
	}
	was := rename("mine")
	m.config("nb", "memory-limit=1g")
	eventually(t, "the limit is in force", patience, func() bool { return m.inspect("nb/0", "{{.HostConfig.Memory}}") == "1073741824" })
	m.waitActive("nb/0", "test/plain:1")
	if now := m.serving("nb/0"); now != was {
		t.Errorf("a limit left %s, was %s", now, was)
	}
	n.beside("what was renamed is switched", func() {
		m.config("nb", "jupyter-image="+image("plain2"))
		m.waitActive("nb/0", "test/plain2:1")
	})
	if left := m.leftovers("nb/0"); left != "" {
		t.Errorf("the switch left %s", left)
	}
	n.computesAs(4321)

	was = rename("yours")
	m.opens("nb/0")
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain2:1")
	n.serves()
	if m.onMachine("nb/0", "docker inspect -f '{{.State.Running}}' "+was+" 2>/dev/null; true") == "true\n" || m.serving("nb/0") == was {
		t.Error("the open container still runs")
	}
}

// asksWithin asks Jupyter in its container, without a token, and succeeds where it
// answers: by its socket, or by the port of a charm of before.
const asksWithin = `
import http.client, os, socket, sys
conn, at = http.client.HTTPConnection("127.0.0.1", 8888, timeout=5), "/jupyter-docker/run/jupyter.sock"
if os.path.exists(at):
    conn.sock = socket.socket(socket.AF_UNIX)
    conn.sock.connect(at)
conn.request("GET", "/api/contents")
sys.exit(conn.getresponse().status != 200)`

// opens patches the token check of the serving container away, starts it again and
// waits until it lets strangers in who are within.
func (m *model) opens(unit string) {
	m.t.Helper()
	id := m.serving(unit)
	m.onMachine(unit, `docker exec -u 0 `+id+` sh -c 'f=$(find /opt -path "*/jupyter_server/auth/identity.py"); [ -n "$f" ] &&
echo "IdentityProvider.get_user = lambda self, handler: self.generate_anonymous_user(handler)" >>$f'
docker restart -t 1 `+id+`
for i in $(seq 300); do docker exec -u 0 `+id+` python3 -c '`+asksWithin+`' 2>/dev/null && exit; sleep 0.5; done; exit 1`)
}

// asideNow are the containers that the charm keeps for the operator to look at.
func (m *model) asideNow(unit string) []string {
	m.t.Helper()
	return strings.Fields(m.onMachine(unit, "docker ps -a --format '{{.Names}}' --filter label=io.jupyter-docker.key="+m.key(unit)+" | grep -e -aside-; true"))
}
