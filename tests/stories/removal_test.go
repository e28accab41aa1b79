//go:build integration

package stories

import (
	"strings"
	"testing"
)

// has tells whether the machine has an image under the reference.
func (m *model) has(unit, ref string) bool {
	m.t.Helper()
	return strings.TrimSpace(m.onMachine(unit, "docker images -q "+ref)) != ""
}

// A removed unit leaves its notebooks and nothing else; what others use or had
// before stays.
func TestRemovalLeavesNothing(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.juju("deploy", packed(t, "bystander"), "bystander")
	m.waitActive("bystander/0")
	pulled, shared, before := registry+"/test/pulled-"+m.name+":1", registry+"/test/shared-"+m.name+":1", registry+"/test/before-"+m.name+":1"
	for to, from := range map[string]string{pulled: "plain", shared: "plain2", before: "plain"} {
		m.push("bystander/0", image(from), to)
	}
	m.onMachine("bystander/0", "docker pull -q "+before)
	m.deployBeside("bystander/0", "nb", "jupyter-image="+pulled)
	m.deployBeside("bystander/0", "other", "jupyter-image="+shared)
	m.waitActive("nb/0", "test/pulled-")
	m.waitActive("other/0", "test/shared-")
	n, other := m.open("nb/0"), m.open("other/0")
	n.write("kept.txt", "kept")
	m.config("nb", "jupyter-image="+shared)
	m.waitActive("nb/0", "test/shared-")
	m.config("nb", "jupyter-image="+before)
	m.waitActive("nb/0", "test/before-")

	key := m.key("nb/0")
	other.beside("a neighbour is removed", func() {
		m.juju("remove-application", "--no-prompt", "nb")
		m.gone("nb/0")
	})
	if left := strings.TrimSpace(m.onMachine("bystander/0", "docker ps -aq --filter label=io.jupyter-docker.key="+key+
		"; docker network ls -q --filter name="+key+"; docker images -q jupyter-docker/"+key+"; ls /var/lib/jupyter-docker/"+key)); left != "notebooks" {
		t.Errorf("after the removal there is %q", left)
	}
	for ref, want := range map[string]bool{pulled: false, shared: true, before: true} {
		if got := m.has("bystander/0", ref); got != want {
			t.Errorf("after the removal the machine has %s: %v", ref, got)
		}
	}
	other.serves()

	own := m.key("other/0")
	m.juju("remove-application", "--no-prompt", "other")
	m.gone("other/0")
	if m.has("bystander/0", shared) {
		t.Error("the last unit left the image that both pulled")
	}
	m.onMachine("bystander/0", "docker rmi "+before+"; cd /var/lib/jupyter-docker; grep -qx kept "+key+"/notebooks/kept.txt && rm -r "+key+" && rm -rf "+own)
}
