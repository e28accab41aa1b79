//go:build integration

package stories

import (
	"regexp"
	"strings"
	"testing"
)

// watcher notes, without a pause and until its folder is gone, whatever looks like a
// token in the command line of any process.
const watcher = `d=$(mktemp -d); touch $d/seen; echo $d
setsid sh -c 'while [ -d '$d' ]; do grep -ahoE "[0-9a-f]{64}" /proc/[0-9]*/cmdline >>'$d'/seen; done' >/dev/null 2>&1 </dev/null &`

// slowly makes action-set, which is over in some milliseconds, take two seconds: no
// look at the processes misses it then.
const slowly = `tool=$(command -v action-set) && mv $tool $tool.real &&
printf '#!/bin/bash\nsleep 2\nexec -a action-set %s.real "$@"\n' $tool >$tool && chmod 755 $tool`

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
	m.onMachineOfUnit("nb/0", slowly)
	m.run("nb/0", "get-url") // by the tool
	var token string
	for range 3 {
		token = m.run("nb/0", "get-token").result("token")
	}
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(token) {
		t.Fatalf("get-token gave %d characters", len(token))
	}
	control := strings.Repeat("c0", 32)
	m.onMachine("bystander/0", strings.Repeat("sh -c 'sleep 1; :' "+control+"\n", 3)) // long enough for a busy machine
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
