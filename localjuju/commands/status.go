package commands

import (
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
	"github.com/jupyter-docker/jupyter-docker/localjuju/tools"
)

func status(c *call) error {
	c.modelFlag()
	c.Formats("tabular", "json", "yaml")
	c.ignore("relations", "storage", "color", "no-color", "utc", "integrations")
	if err := c.Parse(0, -1, ""); err != nil {
		return err
	}
	network := c.host.Network()
	return c.read(func(m *state.Model) error {
		v := viewer{m, network, c.host, c.Args}
		if c.Format() == "tabular" {
			_, err := fmt.Fprint(c.Stdout, v.tabular())
			return err
		}
		return c.Print(v.model())
	})
}

// viewer shows a model as `juju status` does.
type viewer struct {
	*state.Model
	network tools.Network
	host    tools.Host
	wanted  []string // applications and units; all if empty
}

func (v viewer) wants(app string) bool {
	if len(v.wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(v.wanted, func(p string) bool {
		if of := state.AppOf(p); of != "" {
			p = of
		}
		ok, err := path.Match(p, app)
		return ok && err == nil
	})
}

// since is how status writes times.
func since(t time.Time) string { return t.UTC().Format("02 Jan 2006 15:04:05Z") }

func statusView(s state.Status) map[string]any {
	view := map[string]any{"current": s.Current, "since": since(s.Since)}
	if s.Message != "" {
		view["message"] = s.Message
	}
	return view
}

func (v viewer) model() map[string]any {
	apps, machines := map[string]any{}, map[string]any{}
	for name, a := range v.Apps {
		if v.wants(name) {
			apps[name] = v.app(a)
		}
	}
	for id, machine := range v.Machines {
		machines[id] = v.machine(machine)
	}
	view := map[string]any{
		"model": map[string]any{"name": v.Name, "type": "iaas", "controller": controllerName, "cloud": cloudName,
			"region": cloudName, "version": state.Version,
			"model-status": statusView(state.Status{Current: "available", Since: v.Created})},
		"machines":     machines,
		"applications": apps,
		"controller":   map[string]any{"timestamp": time.Now().UTC().Format("15:04:05Z")},
	}
	if len(v.Storage) > 0 {
		view["storage"] = storageView(v.Model, v.host)
	}
	return view
}

func (v viewer) machine(m *state.Machine) map[string]any {
	id, release := hostBase()
	running := state.Status{Current: "running", Message: "Running", Since: m.Created}
	return map[string]any{
		"juju-status":         map[string]any{"current": "started", "since": since(m.Created), "version": state.Version},
		"hostname":            v.network.Hostname,
		"dns-name":            v.network.Address,
		"ip-addresses":        []string{v.network.Address},
		"instance-id":         "localhost-" + m.ID,
		"machine-status":      statusView(running),
		"modification-status": map[string]any{"current": "idle", "since": since(m.Created)},
		"base":                map[string]any{"name": id, "channel": release + "/stable"},
		"network-interfaces": map[string]any{v.network.Interface: map[string]any{
			"ip-addresses": []string{v.network.Address}, "mac-address": v.network.MAC, "is-up": true, "space": "alpha"}},
		"constraints": "",
		"hardware":    "arch=" + arch(),
	}
}

func (v viewer) app(a *state.Application) map[string]any {
	base := a.Charm.Bases[0]
	view := map[string]any{
		"charm":        fmt.Sprintf("local:%s-%d", a.Charm.Meta.Name, a.CharmRev),
		"base":         map[string]any{"name": base.Name, "channel": base.Channel},
		"charm-origin": "local", "charm-name": a.Charm.Meta.Name, "charm-rev": a.CharmRev,
		"exposed":            a.Exposed,
		"application-status": statusView(a.ShownStatus()),
		"endpoint-bindings":  v.bindings(a),
	}
	if a.Charm.Version != "" {
		view["charm-version"] = a.Charm.Version
	}
	if a.Version != "" {
		view["version"] = a.Version
	}
	if a.Life != state.Alive {
		view["life"] = a.Life
	}
	if relations := v.relations(a); len(relations) > 0 {
		view["relations"] = relations
	}
	units := map[string]any{}
	for name, u := range a.Units {
		units[name] = v.unit(a, u)
	}
	if len(units) > 0 {
		view["units"] = units
	}
	return view
}

func (v viewer) bindings(a *state.Application) map[string]string {
	bindings := map[string]string{"": "alpha"}
	for _, name := range a.Bindings() {
		bindings[name] = "alpha"
	}
	return bindings
}

func (v viewer) relations(a *state.Application) map[string][]map[string]any {
	relations := map[string][]map[string]any{}
	for _, id := range v.RelationIDs() {
		r := v.Relations[id]
		side := r.Side(a.Name)
		if side == nil {
			continue
		}
		relations[side.Name] = append(relations[side.Name], map[string]any{
			"related-application": r.Remote(a.Name).App, "interface": side.Interface, "scope": "global"})
	}
	return relations
}

func (v viewer) unit(a *state.Application, u *state.Unit) map[string]any {
	agent := statusView(u.Agent)
	agent["version"] = state.Version
	view := map[string]any{
		"workload-status": statusView(u.ShownWorkload()),
		"juju-status":     agent,
		"machine":         u.Machine,
		"public-address":  v.network.Address,
		"address":         v.network.Address,
	}
	if a.Leader == u.Name {
		view["leader"] = true
	}
	if ports := portTexts(u); len(ports) > 0 {
		view["open-ports"] = ports
	}
	if u.Life != state.Alive {
		agent["life"] = u.Life
	}
	return view
}

func portTexts(u *state.Unit) []string {
	texts := []string{}
	for _, p := range u.Ports {
		if !slices.Contains(texts, p.String()) {
			texts = append(texts, p.String())
		}
	}
	slices.Sort(texts)
	return texts
}
