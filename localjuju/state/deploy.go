package state

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
)

// Deployment is what `juju deploy` asks for.
type Deployment struct {
	Name       string
	Charm      *charmfile.Charm
	CharmFile  string
	Config     map[string]any
	Units      int
	To         []string // machines; an empty word is a new one
	Directives map[string]int
	Attach     []string // detached storage for the first unit
	Resources  map[string]string
	Trusted    bool
}

// Deploy adds an application with its units, and its peer relations.
func (w *World) Deploy(m *Model, d Deployment, now time.Time) (*Application, error) {
	if !appName.MatchString(d.Name) {
		return nil, fmt.Errorf("invalid application name %q", d.Name)
	}
	if m.Apps[d.Name] != nil {
		return nil, fmt.Errorf("cannot add application %q: application already exists", d.Name)
	}
	directives, err := fullDirectives(d.Charm.Meta, d.Directives)
	if err != nil {
		return nil, err
	}
	for name := range d.Resources {
		if _, ok := d.Charm.Meta.Resources[name]; !ok {
			return nil, fmt.Errorf("unrecognized resource %q", name)
		}
	}
	if err := m.checkMachines(d.To); err != nil {
		return nil, err
	}
	if err := m.checkAttach(d.Charm.Meta, d.Attach); err != nil {
		return nil, err
	}
	a := &Application{Name: d.Name, Life: Alive, Charm: d.Charm, CharmFile: d.CharmFile, CharmEpoch: 1,
		CharmRev: m.nextCharm(d.Charm.Meta.Name), Config: d.Config, ConfigEpoch: 1, Trusted: d.Trusted,
		Units: map[string]*Unit{}, Directives: directives, Resources: d.Resources}
	m.Apps[d.Name] = a
	for _, name := range slices.Sorted(maps.Keys(d.Charm.Meta.Peers)) {
		e := d.Charm.Meta.Peers[name]
		m.addRelation([]Endpoint{{App: d.Name, Name: name, Role: "peer", Interface: e.Interface}}, now)
	}
	_, err = w.AddUnits(m, a, d.Units, d.To, d.Attach, now)
	return a, err
}

func (m *Model) nextCharm(name string) int {
	if m.Next.Charm == nil {
		m.Next.Charm = map[string]int{}
	}
	n := m.Next.Charm[name]
	m.Next.Charm[name]++
	return n
}

// fullDirectives adds the least count of each store that the charm requires.
func fullDirectives(meta charmfile.Meta, given map[string]int) (map[string]int, error) {
	full := map[string]int{}
	for name := range given {
		if _, ok := meta.Storage[name]; !ok {
			return nil, fmt.Errorf("charm %q has no store called %q", meta.Name, name)
		}
	}
	for name, s := range meta.Storage {
		least, most := s.CountRange()
		n, ok := given[name]
		if !ok {
			n = least
		}
		if n < least || (most >= 0 && n > most) {
			return nil, fmt.Errorf("charm %q store %q: %d instances specified, allowed are %s", meta.Name, name, n, s.Multiple.Range)
		}
		full[name] = n
	}
	return full, nil
}

func (m *Model) checkMachines(to []string) error {
	for _, id := range to {
		if id != "" && m.Machines[id] == nil {
			return fmt.Errorf("cannot place a unit on machine %s: machine %s not found", id, id)
		}
	}
	return nil
}

// AddUnits adds n units, on new machines or those named.
func (w *World) AddUnits(m *Model, a *Application, n int, to, attach []string, now time.Time) ([]*Unit, error) {
	if a.Life != Alive {
		return nil, fmt.Errorf("application %q is not alive", a.Name)
	}
	if err := m.checkMachines(to); err != nil {
		return nil, err
	}
	if err := m.checkAttach(a.Charm.Meta, attach); err != nil {
		return nil, err
	}
	var units []*Unit
	for i := 0; i < n; i++ {
		machine := ""
		if i < len(to) {
			machine = to[i]
		}
		units = append(units, w.addUnit(m, a, machine, now))
	}
	for _, id := range attach {
		if len(units) > 0 {
			m.attach(m.Storage[id], units[0])
		}
	}
	for _, u := range units {
		m.addStorage(a, u, now)
	}
	return units, nil
}

func (w *World) addUnit(m *Model, a *Application, machine string, now time.Time) *Unit {
	if machine == "" {
		machine = strconv.Itoa(m.Next.Machine)
		m.Next.Machine++
		m.Machines[machine] = &Machine{ID: machine, Created: now}
	}
	u := &Unit{Name: fmt.Sprintf("%s/%d", a.Name, a.NextUnit), Machine: machine, Life: Alive,
		Workload: Status{"waiting", "waiting for machine", now}, Agent: Status{"allocating", "", now},
		State: map[string]string{}, Storage: map[string]bool{}, Relations: map[int]*RelationSeen{}}
	u.Dir = w.freeDir(m, fmt.Sprintf("unit-%s-%d", a.Name, a.NextUnit))
	a.NextUnit++
	a.Units[u.Name] = u
	if a.Leader == "" {
		a.Leader = u.Name
	}
	return u
}

// freeDir names the unit's folder: units of one name in two models need two.
func (w *World) freeDir(m *Model, dir string) string {
	for _, other := range w.Models {
		for _, a := range other.Apps {
			for _, u := range a.Units {
				if u.Dir == dir {
					return dir + "-" + m.Name
				}
			}
		}
	}
	return dir
}

// ElectLeader gives the lead to the first unit that stays, if the leader goes.
func (a *Application) ElectLeader() {
	if u := a.Units[a.Leader]; u != nil && u.Life == Alive {
		return
	}
	leader := a.Leader
	a.Leader = ""
	for _, name := range a.UnitNames() {
		if a.Units[name].Life == Alive {
			a.Leader = name
			return
		}
	}
	if a.Units[leader] != nil {
		a.Leader = leader // nobody is left to take it
	}
}
