package state

import (
	"slices"
)

// Settings are the options of the application: those with a value or, with all,
// every one, nil without.
func (a *Application) Settings(all bool) map[string]any {
	values := map[string]any{}
	for name, option := range a.Charm.Options {
		value, set := a.Config[name]
		if !set {
			value = option.Default
		}
		if value != nil || all {
			values[name] = number(option.Type, value)
		}
	}
	return values
}

// number brings back what JSON has made of integers.
func number(kind string, value any) any {
	if f, ok := value.(float64); ok && kind == "int" {
		return int64(f)
	}
	return value
}

// HasBinding tells whether the charm declares the endpoint or extra binding.
func (a *Application) HasBinding(name string) bool {
	m := a.Charm.Meta
	_, p := m.Provides[name]
	_, r := m.Requires[name]
	_, s := m.Peers[name]
	_, x := m.Extra[name]
	return p || r || s || x
}

// Bindings are all endpoints and extra bindings, in order.
func (a *Application) Bindings() []string {
	var names []string
	m := a.Charm.Meta
	for name := range m.Provides {
		names = append(names, name)
	}
	for name := range m.Requires {
		names = append(names, name)
	}
	for name := range m.Peers {
		names = append(names, name)
	}
	for name := range m.Extra {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// worst are unit statuses, the one that shows most first.
var worst = []string{"error", "blocked", "waiting", "maintenance", "terminated", "active", "unknown"}

// ShownStatus is the application's status: what its leader set, else the worst
// of its units'.
func (a *Application) ShownStatus() Status {
	if a.Status != nil {
		return *a.Status
	}
	shown := Status{Current: "unknown"}
	for _, name := range a.UnitNames() {
		w := a.Units[name].ShownWorkload()
		if slices.Index(worst, w.Current) < slices.Index(worst, shown.Current) || shown.Since.IsZero() {
			shown = w
		}
	}
	return shown
}

// ShownWorkload is the unit's status as `juju status` shows it: a failed hook
// hides what the charm said.
func (u *Unit) ShownWorkload() Status {
	if u.Hook != nil && u.Hook.Step == Failed {
		return Status{Current: "error", Message: `hook failed: "` + u.Hook.Name + `"`, Since: u.Agent.Since}
	}
	return u.Workload
}
