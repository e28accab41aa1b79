//go:build integration

package stories

import (
	"regexp"
	"strings"
	"testing"
)

// watcher looks at the arguments of the newest processes, over and over without
// starting one, until its folder is gone; it notes what looks like a token.
const watcher = `d=$(mktemp -d); touch $d/seen; echo $d
setsid bash -c 'while [ -d '$d' ]; do read -r _ _ _ _ last </proc/loadavg
	for ((p = last - 40; p <= last; p++)); do
		while IFS= read -r -d "" word; do [[ $word =~ [0-9a-f]{64} ]] && echo "${BASH_REMATCH[0]}"; done </proc/$p/cmdline
	done
done >'$d'/seen 2>/dev/null' >/dev/null 2>&1 </dev/null &`

// action-set took the token as an argument, which any user of the machine could
// read in a process list; the unit's log at DEBUG has it neither.
func TestActionsHideTheToken(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.juju("model-config", "logging-config=<root>=DEBUG")
	m.juju("deploy", packed(t, "bystander"), "bystander")
	m.waitActive("bystander/0")
	m.deployWith("nb", []string{"--to", m.unit("bystander/0").Machine}, "log-level=TRACE")
	m.waitActive("nb/0")
	seen := strings.TrimSpace(m.onMachine("bystander/0", watcher))
	t.Cleanup(func() { m.tryOnMachine("bystander/0", "rm -r "+seen) })
	var token string
	for range 5 {
		token = m.run("nb/0", "get-token").result("token")
	}
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(token) {
		t.Fatalf("get-token gave %d characters", len(token))
	}
	control := strings.Repeat("c0", 32)
	m.onMachine("bystander/0", strings.Repeat("/bin/true "+control+"\n", 10))
	got := m.onMachine("bystander/0", "cat "+seen+"/seen")
	if strings.Contains(got, token) {
		t.Errorf("a process list showed the token, in %d looks", strings.Count(got, token))
	}
	if !strings.Contains(got, control) {
		t.Error("the watcher does not see what it should")
	}
	log := m.juju("debug-log", "--replay", "--no-tail")
	if strings.Contains(log, token) {
		t.Error("the log at DEBUG holds the token")
	}
	if !strings.Contains(log, "DEBUG") {
		t.Errorf("the log has nothing of DEBUG: %s", log)
	}
}
