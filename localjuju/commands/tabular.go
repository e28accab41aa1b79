package commands

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func arch() string { return runtime.GOARCH }

// tabular is the status for people.
func (v viewer) tabular() string {
	sections := []string{table([][]string{
		{"Model", "Controller", "Cloud/Region", "Version", "Timestamp"},
		{v.Name, controllerName, cloudName + "/" + cloudName, state.Version, time.Now().UTC().Format("15:04:05Z")}})}
	apps := [][]string{{"App", "Version", "Status", "Scale", "Charm", "Rev", "Exposed", "Message"}}
	units := [][]string{{"Unit", "Workload", "Agent", "Machine", "Public address", "Ports", "Message"}}
	for _, name := range v.AppNames() {
		if !v.wants(name) {
			continue
		}
		a := v.Apps[name]
		apps = append(apps, v.appRow(a))
		for _, unit := range a.UnitNames() {
			units = append(units, v.unitRow(a, a.Units[unit]))
		}
	}
	machines := [][]string{{"Machine", "State", "Address", "Inst id", "Base", "AZ", "Message"}}
	id, release := hostBase()
	for _, m := range state.ByNumber(sortedNames(v.Machines)) {
		machines = append(machines, []string{m, "started", v.network.Address, "localhost-" + m, id + "@" + release, "", "Running"})
	}
	for _, rows := range [][][]string{apps, units, machines, v.relationRows()} {
		if len(rows) > 1 {
			sections = append(sections, table(rows))
		}
	}
	if len(apps) == 1 {
		sections = append(sections, fmt.Sprintf("Model %q is empty.\n", "admin/"+v.Name))
	}
	return strings.Join(sections, "\n")
}

func (v viewer) appRow(a *state.Application) []string {
	s := a.ShownStatus()
	exposed := "no"
	if a.Exposed {
		exposed = "yes"
	}
	return []string{a.Name, a.Version, s.Current, fmt.Sprint(len(a.Units)), a.Charm.Meta.Name, fmt.Sprint(a.CharmRev), exposed, s.Message}
}

func (v viewer) unitRow(a *state.Application, u *state.Unit) []string {
	name := u.Name
	if a.Leader == u.Name {
		name += "*"
	}
	w, message := u.ShownWorkload(), u.ShownWorkload().Message
	if u.Agent.Current == "executing" {
		message = strings.TrimSpace("(" + strings.TrimPrefix(u.Agent.Message, "running ") + ") " + message)
	}
	return []string{name, w.Current, u.Agent.Current, u.Machine, v.network.Address, strings.Join(portTexts(u), ","), message}
}

func (v viewer) relationRows() [][]string {
	rows := [][]string{{"Integration provider", "Requirer", "Interface", "Type", "Message"}}
	for _, id := range v.RelationIDs() {
		r := v.Relations[id]
		first, second, kind := r.Endpoints[0], r.Endpoints[0], "peer"
		if !r.IsPeer() {
			second, first, kind = r.Endpoints[0], r.Endpoints[1], "regular"
		}
		message := ""
		if r.Life != state.Alive {
			message = "removing"
		}
		rows = append(rows, []string{first.App + ":" + first.Name, second.App + ":" + second.Name, first.Interface, kind, message})
	}
	return rows
}
