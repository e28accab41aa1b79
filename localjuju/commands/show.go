package commands

import (
	"fmt"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func showUnit(c *call) error {
	c.modelFlag()
	c.Formats("yaml", "json")
	c.Flags.String("endpoint", "", "Only show relation data for the specified endpoint")
	c.Flags.String("related-unit", "", "Only show relation data for the specified unit")
	appOnly := c.Flags.Bool("app", false, "Only show application relation data")
	if err := c.Parse(1, -1, "an unit name must be supplied"); err != nil {
		return err
	}
	address := c.host.Network().Address
	return c.read(func(m *state.Model) error {
		views := map[string]any{}
		for _, name := range c.Args {
			a, u, err := m.Unit(name)
			if err != nil {
				return err
			}
			views[u.Name] = map[string]any{
				"workload-version": u.WorkloadVersion, "machine": u.Machine, "opened-ports": portTexts(u),
				"public-address": address, "address": address,
				"charm":  fmt.Sprintf("local:%s-%d", a.Charm.Meta.Name, a.CharmRev),
				"leader": a.Leader == u.Name, "life": u.Life,
				"relation-info": relationInfo(m, a, u, *appOnly),
			}
		}
		return c.Print(views)
	})
}

func relationInfo(m *state.Model, a *state.Application, u *state.Unit, appOnly bool) []map[string]any {
	infos := []map[string]any{}
	for _, id := range m.RelationIDs() {
		r := m.Relations[id]
		side := r.Side(a.Name)
		if side == nil {
			continue
		}
		remote := r.Remote(a.Name)
		info := map[string]any{"relation-id": r.ID, "endpoint": side.Name, "related-endpoint": remote.Name,
			"application-data": values(r.AppData[remote.App])}
		if !appOnly {
			if r.IsPeer() || r.InScope[u.Name] {
				info["local-unit"] = unitData(r, u.Name)
			}
			related := map[string]any{}
			for _, name := range r.Members(u.Name) {
				related[name] = unitData(r, name)
			}
			info["related-units"] = related
		}
		infos = append(infos, info)
	}
	return infos
}

func unitData(r *state.Relation, unit string) map[string]any {
	return map[string]any{"in-scope": r.InScope[unit], "data": values(r.UnitData[unit])}
}

func values(bag *state.Bag) map[string]string {
	if bag == nil {
		return map[string]string{}
	}
	return bag.Values
}

func showApplication(c *call) error {
	c.modelFlag()
	c.Formats("yaml", "json")
	if err := c.Parse(1, -1, "an application name must be supplied"); err != nil {
		return err
	}
	return c.read(func(m *state.Model) error {
		views := map[string]any{}
		for _, name := range c.Args {
			a, err := m.App(name)
			if err != nil {
				return err
			}
			base := a.Charm.Bases[0]
			views[name] = map[string]any{"charm": a.Charm.Meta.Name, "base": base.Name + "@" + base.Channel,
				"constraints": map[string]any{}, "principal": true, "exposed": a.Exposed, "remote": false,
				"life": a.Life, "endpoint-bindings": viewer{Model: m}.bindings(a)}
		}
		return c.Print(views)
	})
}
