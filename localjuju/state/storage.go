package state

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
)

// AddStorage makes n more instances of a store for the unit.
func (m *Model) AddStorage(a *Application, u *Unit, name string, n int, now time.Time) error {
	s, ok := a.Charm.Meta.Storage[name]
	if !ok {
		return fmt.Errorf("charm storage %q not found", name)
	}
	if _, most := s.CountRange(); most >= 0 && len(m.StorageOf(u.Name, name))+n > most {
		return fmt.Errorf("storage %q of %s: at most %d instances", name, u.Name, most)
	}
	for i := 0; i < n; i++ {
		m.newStorage(name, u, now)
	}
	return nil
}

func (m *Model) addStorage(a *Application, u *Unit, now time.Time) {
	for _, name := range slices.Sorted(maps.Keys(a.Directives)) {
		for len(m.StorageOf(u.Name, name)) < a.Directives[name] {
			m.newStorage(name, u, now)
		}
	}
}

func (m *Model) newStorage(name string, u *Unit, now time.Time) {
	id := fmt.Sprintf("%s/%d", name, m.Next.Storage)
	m.Next.Storage++
	m.Storage[id] = &Storage{ID: id, Name: name, Owner: u.Name, Machine: u.Machine, Life: Alive, Created: now,
		Location: filepath.Join("storage", m.Name, id)}
}

// StorageOf are the instances that the unit has, of one store or ("") of all.
func (m *Model) StorageOf(unit, name string) []string {
	var ids []string
	for id, s := range m.Storage {
		if s.Owner == unit && (name == "" || s.Name == name) {
			ids = append(ids, id)
		}
	}
	return ByNumber(ids)
}

// AttachStorage attaches detached storage to a unit that is there.
func (m *Model) AttachStorage(a *Application, u *Unit, ids []string) error {
	if err := m.checkAttach(a.Charm.Meta, ids); err != nil {
		return err
	}
	for _, id := range ids {
		s := m.Storage[id]
		if _, most := a.Charm.Meta.Storage[s.Name].CountRange(); most >= 0 && len(m.StorageOf(u.Name, s.Name))+1 > most {
			return fmt.Errorf("storage %q of %s: at most %d instances", s.Name, u.Name, most)
		}
		m.attach(s, u)
	}
	return nil
}

// DetachStorage has the unit that owns a storage told that it goes; it goes with
// the end of that hook, or at once where the unit was not told of it.
func (m *Model) DetachStorage(id string) error {
	s := m.Storage[id]
	if s == nil {
		return fmt.Errorf("storage %q not found", id)
	}
	if s.Owner == "" {
		return fmt.Errorf("storage %q is not attached", id)
	}
	_, u, err := m.Unit(s.Owner)
	if err != nil {
		return err
	}
	if s.Life = Dying; !u.Storage[id] {
		m.Detach(u, id)
	}
	return nil
}

func (m *Model) checkAttach(meta charmfile.Meta, ids []string) error {
	for _, id := range ids {
		s := m.Storage[id]
		if s == nil {
			return fmt.Errorf("storage %q not found", id)
		}
		if s.Owner != "" {
			return fmt.Errorf("storage %q is attached to %s", id, s.Owner)
		}
		if _, ok := meta.Storage[s.Name]; !ok {
			return fmt.Errorf("charm %q has no store called %q", meta.Name, s.Name)
		}
	}
	return nil
}

func (m *Model) attach(s *Storage, u *Unit) { s.Owner, s.Machine = u.Name, u.Machine }
