//go:build integration

package stories

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// killer waits until a hook of the unit logs the given text, and kills it with
// SIGKILL so many seconds later: a hook logs each step before it is made and waits
// for juju-log, so that it ends exactly there. A hook that has done the step by
// then, logging the next one or ending, lives, and the one after it gets half the
// time: how long a step takes is the machine's affair.
const killer = `
import os, signal, sys, time
unit, model, text, later = sys.argv[1:]
def read(pid, name):
    try:
        with open("/proc/" + pid + "/" + name) as f: return f.read()
    except OSError:
        return ""
def hooks():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if os.path.basename(read(pid, "cmdline").split("\0")[0]) == "dispatch":
            env = read(pid, "environ").split("\0")
            if "JUJU_UNIT_NAME=" + unit in env and "JUJU_MODEL_UUID=" + model in env: yield pid
def children(pid):
    try:
        return [c for t in os.listdir("/proc/%s/task" % pid) for c in read(pid, "task/%s/children" % t).split()]
    except OSError:
        return []
def logs(hook, text=""):
    found = [(pid, read(pid, "cmdline").split("\0")) for pid in children(hook)]
    return {pid for pid, words in found if os.path.basename(words[0]) == "juju-log" and text in " ".join(words)}
def lives(hook):
    return os.path.exists("/proc/%s/exe" % hook)
def in_step(hook, logged):
    end = time.time() + later
    while lives(hook) and not logs(hook) - logged:
        if time.time() >= end: return True
        time.sleep(0.001)
    return False
try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) # juju-log is there for milliseconds
except OSError:
    os.nice(-20)
later = float(later)
print("waiting", flush=True)
deadline = time.time() + 600
while time.time() < deadline and os.path.exists("killer.py"):
    time.sleep(0.003)
    for hook in hooks():
        while lives(hook):
            logged = logs(hook, text)
            if logged and in_step(hook, logged):
                os.kill(int(hook), signal.SIGKILL)
                sys.exit("killed %.3f s into the step" % later)
            if logged:
                later /= 2
                break
            time.sleep(0.0003)
sys.exit("no hook came to that step")`

// killAt has the next hook of the unit that comes to the step killed, so much
// later. The function that it returns tells whether that has happened.
func (m *model) killAt(unit, step string, later time.Duration) (killed func() bool) {
	m.t.Helper()
	return m.killOn(unit, unit, step, later)
}

// killOn is killAt for a unit that may not be there yet, on the machine of another.
func (m *model) killOn(beside, unit, step string, later time.Duration) (killed func() bool) {
	m.t.Helper()
	dir := strings.TrimSpace(m.onMachine(beside, "mktemp -d"))
	m.onMachine(beside, fmt.Sprintf("cd %s; cat >killer.py <<'END'%s\nEND\nsetsid python3 killer.py '%s' '%s' '%s' %.3f >out 2>&1 </dev/null &\nuntil [ -s out ]; do sleep 0.05; done",
		dir, killer, unit, m.uuid(), step, later.Seconds()))
	m.t.Cleanup(func() { m.tryOnMachine(beside, "rm -r "+dir) }) // one that still waits ends then
	return func() bool {
		m.t.Helper()
		said := strings.Fields(m.onMachine(beside, "cat "+dir+"/out"))
		switch {
		case len(said) == 1:
			return false // still waiting
		case said[1] != "killed":
			m.t.Fatalf("cannot wait for the step %q: %v", step, said)
		}
		m.t.Logf("%s: %s", step, strings.Join(said[1:], " "))
		return true
	}
}

// killings are where a hook is ended: before each step of a switch, and within
// those that take time.
var killings = []struct {
	step  string
	later time.Duration
}{
	{"pull image", 0}, {"pull image", 50 * time.Millisecond},
	{"create notebook", 0}, {"create notebook", 50 * time.Millisecond},
	{"start notebook", 0}, {"wait until healthy", 0}, {"wait until healthy", time.Second},
	{"turn gateway", 0}, {"let requests end", 0},
	{"stop notebook", 0}, {"stop notebook", 250 * time.Millisecond},
	{"remove notebook", 0}, {"remove unused images", 0},
}

// A hook that is killed anywhere in a switch and run again comes to the same end,
// and nobody notices.
func TestKilledHooks(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.write("kept.txt", "through it all")
	stop := make(chan struct{})
	polled := n.poll("api", 20*time.Millisecond, stop)
	// Names of its own: what other stories run could not be pulled anew.
	now, next := "plain-"+m.name, "plain2-"+m.name
	m.push("nb/0", image("plain"), image(now))
	m.push("nb/0", image("plain2"), image(next))
	m.config("nb", "jupyter-image="+image(now))
	m.waitSettled("nb/0", now)
	for _, k := range killings {
		killed := m.killAt("nb/0", k.step, k.later)
		for try := 0; try == 0 || !killed(); try++ {
			if try == 5 {
				t.Fatalf("no hook was caught at %q", k.step)
			}
			if k.step == "pull image" {
				m.forgetImage("nb/0", next)
			}
			m.config("nb", "jupyter-image="+image(next))
			m.waitActive("nb/0", "test/"+next+":1")
			now, next = next, now
		}
		if left := m.leftovers("nb/0"); left != "" {
			t.Errorf("a hook killed at %q and %s left %s", k.step, k.later, left)
		}
	}
	close(stop)
	if p := <-polled; len(p.failures) > 0 || p.requests < 100 {
		t.Errorf("of %d requests %d failed: %v", p.requests, len(p.failures), p.failures)
	}
	n.serves()
	if got := n.read("kept.txt"); got != "through it all" {
		t.Errorf("the file holds %q", got)
	}
}

// forgetImage takes an image away from the unit's machine, so that the next
// switch pulls it.
func (m *model) forgetImage(unit, name string) {
	m.t.Helper()
	m.onMachine(unit, "docker images --format '{{.Repository}}:{{.Tag}}' jupyter-docker/"+m.key(unit)+` | while read own; do
  if [ "$(docker inspect -f '{{.Id}}' "$own")" = "$(docker inspect -f '{{.Id}}' `+image(name)+`)" ]; then docker rmi "$own"; fi; done
docker rmi `+image(name)+` || true`)
}

// leftovers are what should not be on the unit's machine while it serves: a
// second notebook, a container for looking into an image, unfinished files.
func (m *model) leftovers(unit string) string {
	m.t.Helper()
	return strings.TrimSpace(m.onMachine(unit, `
list() { docker ps -a --format '{{.Names}}' --filter label=io.jupyter-docker.key=`+m.key(unit)+` --filter label=io.jupyter-docker.role=$1; }
for role in notebook gateway; do [ "$(list $role | wc -l)" = 1 ] || list $role; done
list probe
cd /var/lib/jupyter-docker/`+m.key(unit)+` && find . -path ./notebooks -prune -o -name '*new*' -print`))
}
