//go:build integration

package stories

import (
	"strings"
	"testing"
)

// storageOf is where the notebooks of the unit are on its machine.
func (m *model) storageOf(unit string) string {
	m.t.Helper()
	return strings.TrimSpace(m.onMachine(unit, "docker ps -q --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+m.key(unit)+
		` | xargs docker inspect -f '{{range .Mounts}}{{if eq .Destination "/jupyter-docker/work"}}{{.Source}}{{end}}{{end}}' | xargs readlink -f`))
}

// What is saved lands on the storage that the application was deployed with. It
// is there for the next application, whose image has another user.
func TestStorageOutlivesTheApplication(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deployWith("nb", []string{"--storage", "notebooks=100M"})
	m.waitActive("nb/0", "test/plain:1")
	n, place := m.open("nb/0"), m.storageOf("nb/0")
	if strings.HasPrefix(place, "/var/lib/jupyter-docker/") {
		t.Errorf("the notebooks are in %s", place)
	}
	n.write("kept.txt", "on the storage")
	n.startKernel().run(work + `os.makedirs("out")
open("out/part-0", "w").write("computed")`)
	if got := m.onMachine("nb/0", "cat "+place+"/kept.txt"); got != "on the storage" {
		t.Errorf("on the storage the file holds %q", got)
	}
	machine := m.watch("nb/0")
	m.juju("remove-application", "--no-prompt", "nb")
	m.gone("nb/0")
	id := m.detached()

	m.deployWith("next", []string{"--to", machine, "--attach-storage", id}, "jupyter-image="+image("plain2"))
	m.waitActive("next/0", "test/plain2:1")
	later := m.open("next/0")
	if got := later.read("kept.txt"); got != "on the storage" {
		t.Errorf("the file holds %q", got)
	}
	later.write("kept.txt", "by the next")
	later.startKernel().run(work + `open("out/part-0", "a").write(" and more")
shutil.rmtree("out")`)
}

// detached is the storage that no unit has.
func (m *model) detached() string {
	m.t.Helper()
	var all struct {
		Storage map[string]struct {
			Status struct {
				Current string `json:"current"`
			} `json:"status"`
		} `json:"storage"`
	}
	decode(m.t, m.juju("storage", "--format", "json"), &all)
	for id, s := range all.Storage {
		if s.Status.Current == "detached" {
			return id
		}
	}
	m.t.Fatalf("no storage is detached: %+v", all)
	return ""
}

// Files that were there before, of another user and closed to all others, can be
// used by the notebook; so can what programs make that set modes themselves, as
// Spark does, once the image has another user. Owners stay.
func TestFilesOfOthers(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	place := m.storageOf("nb/0")
	m.onMachine("nb/0", `cd `+place+` && mkdir -m 755 brought && echo ours >brought/old.txt && chown -R 7777:7777 brought && chmod 644 brought/old.txt &&
setfattr -x system.posix_acl_access brought 2>/dev/null; true`)
	n := m.open("nb/0")
	n.startKernel().run(work + `
import tempfile
os.makedirs("table/part=1")
for name in ("table/part=1/data", "table/_SUCCESS"):
    open(name, "w").write("computed")
    os.chmod(name, 0o644)
for name in ("table/part=1", "table"): os.chmod(name, 0o755)
with open("private", "w") as f: f.write("mine")
os.chmod("private", 0o600)`)
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain2:1")
	got := n.startKernel().run(work + `
print(open("private").read(), os.stat("private").st_uid)
open("table/_SUCCESS", "a").write("!")
open("table/part=1/more", "w").write("computed")
shutil.rmtree("table")
open("brought/old.txt", "a").write("theirs")
open("brought/new.txt", "w").write("new")
os.remove("brought/old.txt")
print("all of it")`)
	if !strings.HasSuffix(got, "all of it\n") {
		t.Errorf("the other user got as far as %q", got)
	}
}
