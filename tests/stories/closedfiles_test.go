//go:build integration

package stories

import (
	"strings"
	"testing"
)

// A file that nobody can change fails no hook, and the rest is shared; what was
// left is named once in the log, by a path that its owner knows (16).
func TestImmutableFile(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	place := m.storageOf("nb/0")
	n := m.open("nb/0")
	n.startKernel().run(work + `os.makedirs("course/week 1")
for name in ("course/week 1/fixed.csv", "course/zz.csv"):
    open(name, "w").write("given")
    os.chmod(name, 0o600)`)
	fixed := "'" + place + "/course/week 1/fixed.csv'"
	if out, err := m.tryOnMachine("nb/0", "chattr +i "+fixed); err != nil {
		t.Skipf("this file system has no immutable files: %v %s", err, out)
	}
	t.Cleanup(func() { m.tryOnMachine("nb/0", "chattr -i "+fixed) })
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitSettled("nb/0", "test/plain2:1")
	m.updateStatus("nb/0")
	m.waitSettled("nb/0", "test/plain2:1")
	if got := m.open("nb/0").startKernel().run(work + `open("course/zz.csv", "a").write("!"); print(open("course/zz.csv").read())`); got != "given!\n" {
		t.Errorf("beside the file that is fixed the other user reads %q", got)
	}
	log := m.juju("debug-log", "--replay", "--no-tail")
	if got := strings.Count(log, "course/week 1/fixed.csv"); got != 1 {
		t.Errorf("the log names the file that was left %d times", got)
	}
	if strings.Contains(log, "hook failed") || strings.Contains(log, "/proc/self/fd") {
		t.Errorf("the log says:\n%s", log)
	}
}

// closing makes what is private by its mode, by its name, and by its kind.
const closing = work + `
os.umask(0o077)
os.makedirs("deep/private"); os.makedirs("deep/.keys"); os.makedirs("deep/database/base")
for name in ("deep/private/file", "deep/.keys/id", "deep/.secret", "deep/database/PG_VERSION", "deep/database/base/1"):
    open(name, "w").write("mine")
for name in ("deep/private/file", "deep/.keys/id", "deep/.secret", "deep/database/PG_VERSION", "deep/database/base/1"): os.chmod(name, 0o600)
for name in ("deep/private", "deep/.keys", "deep/database", "deep/database/base"): os.chmod(name, 0o700)
`

const modes = work + `
for name in ("deep/private", "deep/private/file", "deep/.keys", "deep/.keys/id", "deep/.secret", "deep/database", "deep/database/PG_VERSION", "deep/database/base/1"):
    print(oct(os.stat(name).st_mode & 0o777)[2:], end=" ")
`

// What somebody closed stays closed while the same user serves; when another one
// does it is opened to him, but for names that begin with a dot and for a
// PostgreSQL's folder, which would not start (18).
func TestClosedFiles(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.startKernel().run(closing)
	const closed = "700 600 700 600 600 700 600 600 "
	if got := n.startKernel().run(modes); got != closed {
		t.Fatalf("the modes are %q", got)
	}
	m.config("nb", "jupyter-image="+image("sudoer")) // its server has the same uid
	m.waitSettled("nb/0", "test/sudoer:1")
	if got := n.startKernel().run(modes); got != closed {
		t.Errorf("after a switch to an image with the same user the modes are %q, want %q", got, closed)
	}
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitSettled("nb/0", "test/plain2:1")
	if got := n.startKernel().run(work + `print(open("deep/private/file").read())
open("deep/private/theirs", "w").write("x")
for name in ("deep/.keys/id", "deep/.secret", "deep/database/PG_VERSION"):
    try: print(open(name).read())
    except PermissionError: print("closed")`); got != "mine\nclosed\nclosed\nclosed\n" {
		t.Errorf("the other user reads %q", got)
	}
	place := m.storageOf("nb/0")
	if got := strings.Fields(m.onMachine("nb/0", "cd "+place+"/deep && stat -c %a .keys .keys/id .secret database database/PG_VERSION database/base database/base/1")); strings.Join(got, " ") != "700 600 600 700 600 700 600" {
		t.Errorf("what is private by its name or kind has modes %v", got)
	}
}
