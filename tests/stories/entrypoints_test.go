//go:build integration

package stories

import (
	"strings"
	"testing"
	"time"
)

// An image whose wrapper starts another program at a port of its own, before
// Jupyter, serves: it was refused for that program's --port (28). The wrapper
// survives the option command (29).
func TestWrapperStartsAnotherProgram(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("otherport"))
	m.waitActive("nb/0", "test/otherport:1")
	const seen = `import os, urllib.request
print(os.path.exists("/tmp/wrapped"), urllib.request.urlopen("http://127.0.0.1:5000/").status)`
	if got := m.open("nb/0").startKernel().run(seen); got != "True 200\n" {
		t.Errorf("beside the notebook a cell finds %q", got)
	}
	m.config("nb", "command=jupyter lab --no-browser --ServerApp.tornado_settings={}")
	m.waitSettled("nb/0", "test/otherport:1")
	n := m.open("nb/0")
	n.serves()
	if got := n.startKernel().run(`import os; print(os.path.exists("/tmp/wrapped"))`); got != "True\n" {
		t.Errorf("with command, a cell finds that the wrapper was there: %q", got)
	}
}

// An image whose entry point is Jupyter, with a token that everybody knows, is
// refused, and the option command mends it: no entry point once meant the image's
// own to the engine (29).
func TestEntryPointIsJupyter(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("entrytoken"))
	m.waitStatus("nb/0", "blocked", "--ServerApp.token", "command")
	m.config("nb", "command=jupyter lab --no-browser")
	m.waitActive("nb/0", "test/entrytoken:1")
	n := m.open("nb/0")
	n.serves()
	n.closed("letmein", "letmein")
}

// An entry point that keeps Jupyter from the charm's settings is refused within
// seconds, with that reason: it took the whole start-timeout, and said that the
// charm's own token was refused (30).
func TestEntryPointKeepsSettingsAway(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	before := m.containers("nb/0")
	for _, c := range []struct{ image, command, says string }{
		{"configfile", "", "--config"},
		{"plain", "jupyter lab --no-browser --config=/home/nb/own.py", "--config"},
		{"clearsenv", "", "clears the environment"},
	} {
		began := time.Now()
		m.config("nb", "jupyter-image="+image(c.image), "command="+c.command, "start-timeout=180")
		m.waitStatus("nb/0", "blocked", c.says, "still serves")
		if took := time.Since(began); took > 40*time.Second {
			t.Errorf("%s %q was refused after %s", c.image, c.command, took)
		}
		if now := m.containers("nb/0"); now != before {
			t.Errorf("after %s there are %q, were %q", c.image, now, before)
		}
		m.config("nb", "jupyter-image="+image("plain"), "command=")
		m.waitSettled("nb/0", "test/plain:1")
	}
	m.open("nb/0").serves()
}

// A server that steps down to a user of its own, and whose output goes to a file,
// gets its token: that it could not read it was once found in its log alone (31).
func TestServerStepsDownInSilence(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("quietstep"), "start-timeout=90")
	m.waitActive("nb/0", "test/quietstep:1")
	n := m.open("nb/0")
	n.serves()
	n.computesAs(1234)
	// The host's user of that number finds neither the token nor the notebooks (19).
	found, _ := m.tryOnMachine("nb/0", "setpriv --reuid 1234 --regid 1234 --clear-groups sh -c 'cat /var/lib/jupyter-docker/"+
		m.key("nb/0")+"/slot-a/secret/token; ls /var/lib/jupyter-docker/"+m.key("nb/0")+"/notebooks' 2>&1; true")
	if strings.Contains(found, n.token) || strings.Contains(found, "seen.txt") {
		t.Errorf("the host's user 1234 finds %q", found)
	}
	m.config("nb", "jupyter-image="+image("plain"))
	m.waitSettled("nb/0", "test/plain:1")
	if got := m.onMachine("nb/0", "python3 -c '"+letIn+"' 1234 /var/lib/jupyter-docker/"+m.key("nb/0")); got != "" {
		t.Errorf("the user of a slot that is gone is still let in:\n%s", got)
	}
}

// letIn prints what a user is let in to by name at or below a folder, but for what
// is in that of the notebooks, which nobody reaches but through it.
const letIn = `
import os, struct, sys
for top, folders, files in os.walk(sys.argv[2]):
    if "/notebooks/" in top + "/" and not top.endswith("/notebooks"): continue
    for path in [top] + [os.path.join(top, name) for name in files if not top.endswith("/notebooks")]:
        for kind in ("access", "default"):
            try: acl = os.getxattr(path, "system.posix_acl_" + kind, follow_symlinks=False)
            except OSError: continue
            if any(tag == 2 and user == int(sys.argv[1]) for tag, _, user in struct.iter_unpack("<HHI", acl[4:])): print(kind, path)
`
