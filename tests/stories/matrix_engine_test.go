//go:build integration

package stories

import (
	"fmt"
	"strings"
)

// engineProxy stands between the engine and whoever calls it, and disturbs the
// calls of one unit's hooks alone: all others, streams and hijacked connections
// included, it passes through. It takes itself away, after two minutes at the
// latest.
const engineProxy = `
import json, os, re, socket, struct, subprocess, sys, threading, time
unit, model, mode, kind, nth = sys.argv[1:]
calls = {"create": r"POST .*/containers/create", "start": r"POST .*/containers/[^/]+/start", "stop": r"POST .*/containers/[^/]+/stop",
  "remove": r"DELETE .*/containers/", "inspect": r"GET .*/containers/[0-9a-f]+/json", "list": r"GET .*/containers/json",
  "update": r"POST .*/containers/[^/]+/update", "networks": r"GET .*/networks", "image": r"GET .*/images/", "pull": r"POST .*/images/create"}
lock, count, open_now = threading.Lock(), {}, [0]
def ours(conn):
    pid = struct.unpack("3i", conn.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    try:
        with open("/proc/%d/environ" % pid) as f: env = f.read().split("\0")
    except OSError:
        return False
    return "JUJU_UNIT_NAME=" + unit in env and "JUJU_MODEL_UUID=" + model in env and not any(e.startswith("JUJU_ACTION_NAME=") for e in env)
def hit(head):
    found = [k for k in calls if re.match(calls[k], head)]
    with lock:
        for k in found: count[k] = count.get(k, 0) + 1
        with open("counts", "w") as f: json.dump(count, f)
        made = kind in found and count[kind] == int(nth)
        if made: open("made", "w").close()
        return made
def pump(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data: break
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def answer(conn, up, head):
    mine = ours(conn)
    if mine and mode == "slow":
        open("made", "w").close()
        time.sleep(0.3)
    made = mine and hit(head.decode("latin1").split("\r\n")[0])
    if made and mode == "fail":
        body = b'{"message":"the story has it fail"}'
        conn.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        conn.shutdown(socket.SHUT_WR)
        while conn.recv(65536): pass
        return
    if not re.search(rb"\r\nUpgrade:", head, re.I): # one call a connection
        head = re.sub(rb"\r\nConnection:[^\r]*", b"", head, flags=re.I).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    up.connect("real.sock")
    up.sendall(head)
    sender = threading.Thread(target=pump, args=(conn, up), daemon=True)
    sender.start()
    if made and mode == "drop":
        up.recv(1) # the engine has done it, and nobody hears of it
        return
    pump(up, conn)
def serve(conn):
    up = socket.socket(socket.AF_UNIX)
    try:
        head = b""
        while b"\r\n\r\n" not in head:
            data = conn.recv(65536)
            if not data: return
            head += data
        answer(conn, up, head)
    except OSError:
        pass
    finally:
        for s in (conn, up):
            try: s.shutdown(socket.SHUT_RDWR)
            except OSError: pass
            s.close()
        with lock: open_now[0] -= 1
def accept():
    while True:
        conn = front.accept()[0]
        with lock: open_now[0] += 1
        threading.Thread(target=serve, args=(conn,), daemon=True).start()
open("real.sock", "w").close()
subprocess.check_call(["mount", "--bind", "/var/run/docker.sock", "real.sock"])
front = socket.socket(socket.AF_UNIX)
front.bind("front.sock")
there = os.stat("/var/run/docker.sock")
os.chown("front.sock", there.st_uid, there.st_gid)
os.chmod("front.sock", there.st_mode & 0o777)
front.listen(128)
threading.Thread(target=accept, daemon=True).start()
subprocess.check_call(["mount", "--bind", "front.sock", "/var/run/docker.sock"])
open("ready", "w").close()
end = time.time() + 120
while not os.path.exists("end") and time.time() < end: time.sleep(0.02)
subprocess.call(["umount", "-l", "/var/run/docker.sock"])
open("gone", "w").close()
while open_now[0] and time.time() < end + 600: time.sleep(0.1) # others may still stream
subprocess.call(["umount", "-l", "real.sock"])
os.chdir("/")
`

// disturbed puts the proxy before the engine while do runs, and reports whether it
// did anything, and which calls it saw.
func (r *attempt) disturbed(mode, kind string, nth int, do func()) (made bool, saw string) {
	r.t.Helper()
	dir := strings.TrimSpace(r.onMachine(r.unit, "mktemp -d"))
	r.onMachine(r.unit, fmt.Sprintf("cd %s; cat >proxy.py <<'END'%sEND\nsetsid python3 proxy.py '%s' '%s' '%s' '%s' %d >out 2>&1 </dev/null &\nfor i in $(seq 100); do [ -e ready ] && exit; sleep 0.05; done; cat out >&2; exit 1",
		dir, engineProxy, r.unit, r.uuid(), mode, kind, nth))
	end := func() { r.tryOnMachine(r.unit, "cd "+dir+" && touch end && until [ -e gone ]; do sleep 0.02; done") }
	r.t.Cleanup(func() { end(); r.tryOnMachine(r.unit, "rm -rf "+dir) })
	do()
	saw = r.onMachine(r.unit, "cat "+dir+"/counts; [ ! -e "+dir+"/made ] || echo made")
	end()
	return strings.HasSuffix(strings.TrimSpace(saw), "made"), saw
}
