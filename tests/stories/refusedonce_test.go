//go:build integration

package stories

import (
	"strings"
	"testing"
)

// tries counts how often a notebook of the unit was started.
func (m *model) tries() int {
	m.t.Helper()
	return strings.Count(m.juju("debug-log", "--replay", "--no-tail"), "start notebook ")
}

// A candidate that was refused is not tried again at each update-status, each time
// for the whole start-timeout, nor twice since Juju runs config-changed twice after
// one config; it is after a change, and when the operator asks (26).
func TestRefusedOnce(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.containers("nb/0")
	first := m.tries()
	more := func(what string, want int) {
		t.Helper()
		if got := m.tries() - first; got != want {
			t.Errorf("%s: %d candidates were tried, want %d", what, got, want)
		}
	}
	m.config("nb", "jupyter-image="+image("silent"), "start-timeout=10")
	m.waitStatus("nb/0", "blocked", "not healthy within 10s", "still serves")
	more("after the change", 1)
	m.juju("exec", "--unit", "nb/0", "--", "JUJU_DISPATCH_PATH=hooks/config-changed ./dispatch")
	m.updateStatus("nb/0")
	m.updateStatus("nb/0")
	m.waitStatus("nb/0", "blocked", "not healthy within 10s", "still serves")
	more("after three hooks without a change", 1)
	m.tryRun("nb/0", "apply")
	m.waitStatus("nb/0", "blocked", "not healthy within 10s", "still serves")
	more("after apply", 2)
	m.config("nb", "environment=AGAIN=1")
	eventually(t, "the changed candidate was tried", patience, func() bool { return m.tries()-first >= 3 })
	m.waitStatus("nb/0", "blocked", "not healthy within 10s", "still serves")
	m.updateStatus("nb/0")
	more("after another change", 3)
	n.serves()
	if now := m.containers("nb/0"); now != before {
		t.Errorf("there are %q, were %q", now, before)
	}
	m.config("nb", "jupyter-image="+image("plain2"), "environment=", "start-timeout=120")
	m.waitSettled("nb/0", "test/plain2:1")
}

// replaced waits until the unit's notebooks are others than before.
func (m *model) replaced(unit, before string) {
	m.t.Helper()
	eventually(m.t, "another notebook is there", patience, func() bool {
		now, err := m.tryContainers(unit)
		return err == nil && now != "" && now != before
	})
}

// Somebody removes the notebook's container while a hook wants to do so too: the
// engine's "removal is already in progress" is no error of the hook (24).
func TestRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	key := m.key("nb/0")
	for _, later := range []string{"0", "0.05", "0.1", "0.2", "0.3"} {
		before := m.containers("nb/0")
		m.onMachine("nb/0", "setsid sh -c 'c=$(docker ps -aq --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+
			key+"); sleep "+later+"; docker rm -f $c' >/dev/null 2>&1 </dev/null &")
		m.updateStatus("nb/0")
		eventually(t, "the container was removed", patience, func() bool {
			now, err := m.tryContainers("nb/0")
			return err == nil && now != before
		})
		m.updateStatus("nb/0")
	}
	m.waitActive("nb/0", "test/plain:1")
	m.open("nb/0").serves()
	if log := m.juju("debug-log", "--replay", "--no-tail"); strings.Contains(log, "hook failed") || strings.Contains(log, "already in progress") {
		t.Error("the log tells of an error that is none")
	}
}
