//go:build integration

package stories

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// storageID is the one storage of the model.
func (m *model) storageID() string {
	m.t.Helper()
	var all struct {
		Storage map[string]any `json:"storage"`
	}
	decode(m.t, m.juju("storage", "--format", "json"), &all)
	for id := range all.Storage {
		return id
	}
	m.t.Fatal("there is no storage")
	return ""
}

// answers checks how the notebook's address answers a request with the token.
func (n *notebook) answers(code int) {
	n.t.Helper()
	if got, _, err := n.try("GET", "api/contents", n.token, nil); err != nil || got != code {
		n.t.Errorf("the contents answer %d (%v), want %d", got, err, code)
	}
}

// Storage that comes to a unit which had none is not taken in silence: people go on
// in the folder that they see, the status names both, and apply moves.
func TestStorageComes(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, own := m.open("nb/0"), m.storageOf("nb/0")
	n.write("kept.txt", "in the unit's folder")
	before := m.containers("nb/0")
	m.juju("add-storage", "nb/0", "notebooks=100M")
	s := m.waitStatus("nb/0", "blocked", own, "apply", "still serves")
	n.serves()
	if got := n.read("kept.txt"); got != "in the unit's folder" {
		t.Errorf("the file holds %q", got)
	}
	if now := m.containers("nb/0"); now != before {
		t.Errorf("before apply there are %q, were %q", now, before)
	}
	m.run("nb/0", "apply")
	m.waitSettled("nb/0", "test/plain:1")
	place := m.storageOf("nb/0")
	if place == own || !strings.Contains(s.Workload.Message, place) {
		t.Errorf("apply moved to %s; the status before it: %s", place, s)
	}
	if code, _, err := n.try("GET", "api/contents/kept.txt", n.token, nil); err != nil || code != 404 {
		t.Errorf("after apply the file of the other folder answers %d (%v)", code, err)
	}
	n.write("new.txt", "on the storage")
	if got := m.onMachine("nb/0", "cat "+place+"/new.txt "+own+"/kept.txt"); got != "on the storagein the unit's folder" {
		t.Errorf("the folders hold %q", got)
	}
}

// Storage that is taken away takes its notebook with it: the gateway answers 503,
// however many hooks come, until the storage is back or the operator says apply.
func TestStorageGoes(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deployWith("nb", []string{"--storage", "notebooks=100M"})
	m.waitActive("nb/0", "test/plain:1")
	n, place, id := m.open("nb/0"), m.storageOf("nb/0"), m.storageID()
	n.write("kept.txt", "on the storage")
	goes := func() {
		m.juju("detach-storage", id)
		m.waitStatus("nb/0", "blocked", "storage", "apply")
		n.answers(503)
		m.updateStatus("nb/0")
		m.waitStatus("nb/0", "blocked", place, "apply")
		n.answers(503)
		if got := m.onMachine("nb/0", "docker inspect -f '{{.State.Running}}' "+m.serving("nb/0")); got != "false\n" {
			t.Errorf("without its storage the notebook runs: %s", got)
		}
	}
	goes()
	m.juju("attach-storage", "nb/0", id)
	m.waitActive("nb/0", "test/plain:1")
	n.serves()
	if got := n.read("kept.txt"); got != "on the storage" {
		t.Errorf("with the storage back the file holds %q", got)
	}
	goes()
	m.run("nb/0", "apply")
	m.waitSettled("nb/0", "test/plain:1")
	n.serves()
	if now := m.storageOf("nb/0"); !strings.HasPrefix(now, "/var/lib/jupyter-docker/") {
		t.Errorf("without the storage, apply serves %s", now)
	}
	if got := m.onMachine("nb/0", "cat "+place+"/kept.txt"); got != "on the storage" {
		t.Errorf("on the storage the file holds %q", got)
	}
}

// The machine comes up and its storage is not there yet: the engine cannot start
// the container, so that nobody saves into the empty folder below, and the unit is
// not active. The hook after the storage came brings it up. Once an empty folder
// was served, and the unit was active.
func TestStorageIsLate(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deployWith("nb", []string{"--storage", "notebooks=100M"})
	m.waitActive("nb/0", "test/plain:1")
	n, place, id := m.open("nb/0"), m.storageOf("nb/0"), m.serving("nb/0")
	n.write("kept.txt", "on the storage")
	if sources := m.inspect("nb/0", "{{range .Mounts}}{{.Source}} {{end}}"); strings.Contains(sources, place+"/") {
		t.Errorf("people decide what the engine mounts: %s", sources)
	}
	// As after a reboot: /run is empty, and the storage is not mounted yet.
	m.onMachine("nb/0", "docker stop -t 5 "+id+" && rm -r /run/jupyter-docker/"+m.key("nb/0")+" && mount -t tmpfs story "+place)
	t.Cleanup(func() { m.tryOnMachine("nb/0", "umount -l "+place) })
	if _, err := m.tryOnMachine("nb/0", "docker start "+id); err == nil {
		t.Error("the engine starts the container without its storage")
	}
	for range 2 {
		m.updateStatus("nb/0")
		s := m.waitUnit("nb/0", "not active", 30*time.Second, func(s unitStatus) bool { return s.Workload.Current != "active" })
		if !strings.Contains(s.Workload.Message, place) {
			t.Errorf("without its storage the unit is %s", s)
		}
		n.answers(503)
		if got := m.onMachine("nb/0", "ls -A "+place); got != "" {
			t.Errorf("in the folder below the storage there is %s", got)
		}
	}
	m.onMachine("nb/0", "umount "+place)
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	n.serves()
	if got := n.read("kept.txt"); got != "on the storage" {
		t.Errorf("the file holds %q", got)
	}
	if now := m.serving("nb/0"); now != id {
		t.Errorf("it is %s, was %s", now, id)
	}
	n.seesWhatIsThere(m, place)
}

// seesWhatIsThere mounts over the storage while the notebook runs, which goes on in
// the folder that it has: the status says so, and the hook after the end of that is
// content again.
func (n *notebook) seesWhatIsThere(m *model, place string) {
	n.t.Helper()
	m.onMachine("nb/0", fmt.Sprintf("mount -t tmpfs story %s && touch %[1]s/.other", place))
	m.updateStatus("nb/0")
	if s := m.unit("nb/0"); s.Workload.Current == "active" || !strings.Contains(s.Workload.Message, place) {
		n.t.Errorf("with another folder there than the notebook sees, the unit is %s", s)
	}
	m.onMachine("nb/0", "umount "+place)
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	if got := n.read("kept.txt"); got != "on the storage" {
		n.t.Errorf("the file holds %q", got)
	}
}
