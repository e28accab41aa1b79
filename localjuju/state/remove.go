package state

import (
	"fmt"
	"time"
)

// Removal says how something is to go.
type Removal struct {
	DestroyStorage bool
	Force          bool // hooks that fail are passed over
	At             time.Time
}

// RemoveApplication starts the removal: its units and relations are dying. One
// without units is gone at once.
func (m *Model) RemoveApplication(a *Application, how Removal) {
	a.Life = Dying
	for _, u := range a.Units {
		m.RemoveUnit(a, u, how)
	}
	for _, r := range m.Relations {
		if r.Side(a.Name) != nil && !r.IsPeer() {
			m.RemoveRelation(r)
		}
	}
	m.Sweep()
}

// RemoveUnit starts the removal of a unit.
func (m *Model) RemoveUnit(a *Application, u *Unit, how Removal) {
	if u.Life == Alive {
		u.Life, u.DyingSince = Dying, how.At
	}
	u.DestroyStorage = u.DestroyStorage || how.DestroyStorage
	u.Force = u.Force || how.Force
	a.ElectLeader()
}

// RemoveRelation starts the removal of a relation.
func (m *Model) RemoveRelation(r *Relation) {
	r.Life = Dying
	m.Sweep()
}

// Sweep takes away what is dying and has nobody left to say goodbye: relations
// that no unit is in, applications without units, machines without units.
func (m *Model) Sweep() {
	for id, r := range m.Relations {
		if (r.Life == Dying && len(r.InScope) == 0) || m.Apps[r.Endpoints[0].App] == nil {
			delete(m.Relations, id)
			m.forgetGrants(id)
		}
	}
	for name, a := range m.Apps {
		if a.Life == Dying && len(a.Units) == 0 && !m.related(name) {
			delete(m.Apps, name)
			m.forgetOwner(name)
		}
	}
	for id, r := range m.Relations { // peer relations of what is gone
		if m.Apps[r.Endpoints[0].App] == nil {
			delete(m.Relations, id)
		}
	}
	for id := range m.Machines {
		if !m.used(id) {
			delete(m.Machines, id)
		}
	}
}

func (m *Model) related(app string) bool {
	for _, r := range m.Relations {
		if r.Side(app) != nil && !r.IsPeer() {
			return true
		}
	}
	return false
}

func (m *Model) used(machine string) bool {
	for _, a := range m.Apps {
		for _, u := range a.Units {
			if u.Machine == machine {
				return true
			}
		}
	}
	return false
}

func (m *Model) forgetOwner(owner string) {
	for id, s := range m.Secrets {
		if s.Owner == owner {
			delete(m.Secrets, id)
		}
	}
}

func (m *Model) forgetGrants(relation int) {
	for _, s := range m.Secrets {
		for i := len(s.Grants) - 1; i >= 0; i-- {
			if s.Grants[i].Relation == relation {
				s.Grants = append(s.Grants[:i], s.Grants[i+1:]...)
			}
		}
	}
}

// Bury takes away a unit whose remove hook is over.
func (m *Model) Bury(a *Application, u *Unit) {
	for _, id := range m.StorageOf(u.Name, "") {
		m.Detach(u, id)
	}
	for _, r := range m.Relations {
		delete(r.InScope, u.Name)
		delete(r.UnitData, u.Name)
	}
	for _, s := range m.Secrets {
		delete(s.Consumers, u.Name)
	}
	m.forgetOwner(u.Name)
	for _, t := range m.Tasks {
		if t.Unit == u.Name && t.Unfinished() {
			t.Status, t.Message = "aborted", "unit was removed"
		}
	}
	delete(a.Units, u.Name)
	a.ElectLeader()
	m.Sweep()
}

// Detach takes a storage from its unit. It stays, with its files, unless it was
// to be destroyed: then its folder is among Gone.
func (m *Model) Detach(u *Unit, id string) {
	s := m.Storage[id]
	s.Owner, s.Machine, s.Life = "", "", Alive
	delete(u.Storage, id)
	if u.DestroyStorage {
		delete(m.Storage, id)
		m.Gone = append(m.Gone, s.Location)
	}
}

// CutOff is when Juju forgets a unit that goes, whatever it does then; zero is never.
// It does so where the machine goes with its last unit.
func (m *Model) CutOff(u *Unit) time.Time {
	limit, _ := time.ParseDuration(m.Setting(RemovalSetting)) // checked when it was set
	if limit == 0 || u.Life == Alive {
		return time.Time{}
	}
	for _, a := range m.Apps {
		for _, other := range a.Units {
			if other.Machine == u.Machine && other.Life == Alive {
				return time.Time{}
			}
		}
	}
	return u.DyingSince.Add(limit)
}

// CheckPort says why the unit, with the ranges it has, cannot open another one.
func (m *Model) CheckPort(u *Unit, own []PortRange, p PortRange) error {
	for _, o := range own {
		if o.overlaps(p) && !o.same(p) && o.Endpoint == p.Endpoint {
			return fmt.Errorf("cannot open %s (unit %q): port range conflicts with %s (unit %q)", p, u.Name, o, u.Name)
		}
	}
	for _, a := range m.Apps {
		for _, other := range a.Units {
			if other == u || other.Machine != u.Machine {
				continue
			}
			for _, o := range other.Ports {
				if o.overlaps(p) {
					return fmt.Errorf("cannot open %s (unit %q): port range conflicts with %s (unit %q)", p, u.Name, o, other.Name)
				}
			}
		}
	}
	return nil
}

func (p PortRange) overlaps(o PortRange) bool {
	return p.Protocol == o.Protocol && p.From <= o.To && o.From <= p.To
}

func (p PortRange) same(o PortRange) bool {
	return p.Protocol == o.Protocol && p.From == o.From && p.To == o.To
}

func (p PortRange) String() string {
	switch {
	case p.Protocol == "icmp":
		return "icmp"
	case p.From == p.To:
		return fmt.Sprintf("%d/%s", p.From, p.Protocol)
	}
	return fmt.Sprintf("%d-%d/%s", p.From, p.To, p.Protocol)
}
