//go:build integration || clusters

package stories

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// config sets options as k=v, and waits until units that rest have begun to heed
// them, which may take as long as other units of the machine do: until then their
// status is that of before, and could be what the story wants to hear.
func (m *model) config(app string, options ...string) {
	m.t.Helper()
	before, resting := m.settings(app), m.resting(app)
	m.juju("config", append([]string{app}, options...)...)
	if reflect.DeepEqual(before, m.settings(app)) {
		return // no hook tells of that
	}
	for unit, ran := range resting {
		for deadline := time.Now().Add(patience); !m.heeds(unit, ran); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				m.t.Fatalf("%s did not begin to heed %q: %s", unit, options, m.unit(unit))
			}
		}
	}
}

// reset brings options back to their defaults. No hook tells of that: units find it
// with their next one.
func (m *model) reset(app, keys string) {
	m.t.Helper()
	m.juju("config", app, "--reset", keys)
	for unit := range m.app(app).Units {
		m.updateStatus(unit)
	}
}

// updateStatus gives the unit a hook as Juju does every few minutes.
func (m *model) updateStatus(unit string) {
	m.t.Helper()
	m.juju("exec", "--unit", unit, "--", "JUJU_DISPATCH_PATH=hooks/update-status ./dispatch")
}

// settings are the application's options, with their values.
func (m *model) settings(app string) map[string]any {
	m.t.Helper()
	var config struct {
		Settings map[string]any `json:"settings"`
	}
	decode(m.t, m.juju("config", app, "--format", "json"), &config)
	return config.Settings
}

// resting are the units that run nothing, with how often they ran config-changed.
func (m *model) resting(app string) map[string]int {
	m.t.Helper()
	units := map[string]int{}
	for unit, s := range m.app(app).Units {
		if s.Agent.Current == "idle" && s.Workload.Current != "error" {
			units[unit] = m.configChanges(unit)
		}
	}
	return units
}

// heeds reports whether the unit runs config-changed, or has done so once more.
func (m *model) heeds(unit string, ran int) bool {
	m.t.Helper()
	return strings.Contains(m.unit(unit).Agent.Message, "config-changed") || m.configChanges(unit) > ran
}

func (m *model) configChanges(unit string) int {
	m.t.Helper()
	log := m.juju("debug-log", "--replay", "--no-tail", "--include", unit)
	return strings.Count(log, fmt.Sprintf("%q hook", "config-changed"))
}
