//go:build integration

package stories

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stopping runs the hook stop, whatever Juju would do then, and prints how many
// milliseconds after its beginning the token was gone, and the notebook.
const stopping = `dir=/var/lib/jupyter-docker/%s; now() { date +%%s%%3N; }
running() { [ -n "$(docker ps -q --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key=%s)" ]; }
began=$(now); JUJU_DISPATCH_PATH=hooks/stop ./dispatch >/dev/null 2>&1 & hook=$!
while ls $dir/slot-*/secret/token >/dev/null 2>&1 && [ $(( $(now) - began )) -lt 60000 ]; do sleep 0.02; done; token=$(( $(now) - began ))
while running && [ $(( $(now) - began )) -lt 60000 ]; do sleep 0.05; done; notebook=$(( $(now) - began ))
kill -9 $hook 2>/dev/null
echo $token $notebook`

// Juju may give a unit that goes a dozen seconds in all, and never run its last
// hook: the token is off the disk within a second, and the notebook has ended
// within five, though it does not heed to be told so (37).
func TestStopIsSwift(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", `command=sh -c "trap '' TERM; jupyter lab --no-browser; while :; do sleep 1; done"`)
	m.waitActive("nb/0")
	m.open("nb/0").write("kept.txt", "kept")
	key := m.key("nb/0")
	words := strings.Fields(m.onMachineOfUnit("nb/0", fmt.Sprintf(stopping, key, key)))
	if len(words) != 2 {
		t.Fatalf("the hook stop: %v", words)
	}
	for i, limit := range []int{1000, 5500} { // half a second for docker ps to say so
		if took, err := strconv.Atoi(words[i]); err != nil || took > limit {
			t.Errorf("%s was gone after %s ms, want at most %d", []string{"the token", "the notebook"}[i], words[i], limit)
		}
	}
	if got := m.onMachine("nb/0", "cat /var/lib/jupyter-docker/"+key+"/notebooks/kept.txt"); got != "kept" {
		t.Errorf("the file holds %q", got)
	}
}

// Juju forgot a unit in the middle of its hook stop: the hook ends its work without an
// agent, so that no token and no running notebook stay, and what people saved does.
func TestRemovalCutOff(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	if _, err := m.try("model-config", "localjuju-removal-limit=500ms"); err != nil {
		t.Skipf("only localjuju can be told when to forget a unit: %v", err)
	}
	m.juju("deploy", packed(t, "bystander"), "bystander")
	m.waitActive("bystander/0")
	m.deploy("nb", `command=sh -c "trap '' TERM; jupyter lab --no-browser; while :; do sleep 1; done"`)
	m.waitActive("nb/0")
	m.open("nb/0").write("kept.txt", "kept")
	key := m.key("nb/0")
	dir := "/var/lib/jupyter-docker/" + key
	ours := "docker ps -q --filter label=io.jupyter-docker.key=" + key + " --filter "
	t.Cleanup(func() {
		m.tryOnMachine("bystander/0", "docker ps -aq --filter label=io.jupyter-docker.key="+key+" | xargs -r docker rm -f; docker network ls -q --filter label=io.jupyter-docker.key="+key+" | xargs -r docker network rm; rm -rf "+dir)
	})
	m.juju("remove-application", "--no-prompt", "nb")
	m.gone("nb/0")
	eventually(t, "no token and no running notebook is left", time.Minute, func() bool {
		return m.onMachine("bystander/0", "find "+dir+" -path '*/secret/*' -type f; "+ours+"label=io.jupyter-docker.role=notebook") == ""
	})
	if got := m.onMachine("bystander/0", "cat "+dir+"/notebooks/kept.txt"); got != "kept" {
		t.Errorf("the file holds %q", got)
	}
	if log := m.juju("debug-log", "--replay", "--no-tail"); strings.Contains(log, `ran "remove" hook`) || !strings.Contains(log, "was removed while a hook of it ran") {
		t.Errorf("the removal was not cut off: %s", log)
	}
}

// What a unit left whose last hook never ran, its secrets go with the next hook of
// another unit of the model, and nothing else: not its notebooks, and nothing of a
// unit that lives or of another model (37).
func TestSecretsOfUnitsThatAreGone(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	m.deployBeside("nb/0", "lives")
	m.waitActive("lives/0")
	gone, foreign := "gone-7-"+m.uuid()[:8], "gone-7-0123abcd"
	t.Cleanup(func() { m.tryOnMachine("nb/0", "cd /var/lib/jupyter-docker && rm -rf "+gone+" "+foreign) })
	m.onMachine("nb/0", "cd /var/lib/jupyter-docker && for u in "+gone+" "+foreign+`; do mkdir -p $u/slot-a/secret $u/slot-b/secret/spark $u/slot-a/config $u/notebooks
echo hush >$u/slot-a/secret/token; echo hush >$u/slot-b/secret/spark/conf; echo x >$u/slot-a/config/c; echo mine >$u/notebooks/a.ipynb; done`)
	list := func() string {
		return m.onMachine("nb/0", "cd /var/lib/jupyter-docker && find "+gone+" "+foreign+" lives-0-"+m.uuid()[:8]+"/slot-? -type f | sort")
	}
	before := list()
	m.updateStatus("nb/0")
	m.waitActive("nb/0")
	var want []string
	for _, path := range strings.Fields(before) {
		if !strings.HasPrefix(path, gone+"/slot-") || !strings.Contains(path, "/secret/") {
			want = append(want, path)
		}
	}
	if now := strings.Fields(list()); strings.Join(now, " ") != strings.Join(want, " ") {
		t.Errorf("after a hook of another unit there are\n%q, want\n%q", now, want)
	}
	m.open("lives/0").serves()
}
