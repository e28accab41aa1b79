package hook

import (
	"fmt"
	"slices"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// Flush makes the changes that were kept back, all in one step.
func (c *Context) Flush(s Scene) error {
	for k, v := range c.pendingState {
		if v == nil {
			delete(s.Unit.State, k)
		} else {
			s.Unit.State[k] = *v
		}
	}
	c.flushRelations(s)
	for _, p := range c.pendingPorts {
		s.Unit.Ports = applyPort(s.Unit.Ports, p)
	}
	for _, add := range c.pendingStorage {
		if err := s.Model.AddStorage(s.App, s.Unit, add.name, add.count, c.Now()); err != nil {
			return fmt.Errorf("cannot add storage: %w", err)
		}
	}
	return c.flushSecrets(s)
}

func (c *Context) flushRelations(s Scene) {
	for id, values := range c.pendingUnit {
		if r := s.Model.Relations[id]; r != nil {
			r.Unit(s.Unit.Name).Update(values)
		}
	}
	for id, values := range c.pendingApp {
		r := s.Model.Relations[id]
		if r == nil {
			continue
		}
		bag := r.App(s.App.Name)
		bag.Update(values)
		if rs := s.Unit.Relations[id]; r.IsPeer() && rs != nil {
			rs.App = bag.Version // a leader is not told of what it wrote
		}
	}
}

func applyPort(ports []state.PortRange, p portChange) []state.PortRange {
	i := slices.Index(ports, p.PortRange)
	switch {
	case p.open && i < 0:
		return append(ports, p.PortRange)
	case !p.open && i >= 0:
		return slices.Delete(ports, i, i+1)
	}
	return ports
}

// OpenedPorts are the unit's ranges, with pending changes.
func (c *Context) OpenedPorts() (ports []state.PortRange, err error) {
	err = c.read(func(s Scene) error {
		ports = c.ports(s)
		return nil
	})
	return ports, err
}

func (c *Context) ports(s Scene) []state.PortRange {
	ports := slices.Clone(s.Unit.Ports)
	for _, p := range c.pendingPorts {
		ports = applyPort(ports, p)
	}
	return ports
}

// OpenPort keeps the opening of a range for the end of the run; a conflict is
// told at once.
func (c *Context) OpenPort(p state.PortRange) error {
	err := c.read(func(s Scene) error {
		if err := checkEndpoint(s, p.Endpoint); err != nil {
			return err
		}
		return s.Model.CheckPort(s.Unit, c.ports(s), p)
	})
	if err == nil {
		c.pendingPorts = append(c.pendingPorts, portChange{p, true})
	}
	return err
}

// ClosePort keeps the closing of a range for the end of the run.
func (c *Context) ClosePort(p state.PortRange) error {
	err := c.read(func(s Scene) error { return checkEndpoint(s, p.Endpoint) })
	c.pendingPorts = append(c.pendingPorts, portChange{p, false})
	return err
}

func checkEndpoint(s Scene, name string) error {
	if name == "" || s.App.HasBinding(name) {
		return nil
	}
	return fmt.Errorf("endpoint %q does not exist", name)
}

// HasBinding tells whether network-get knows the name.
func (c *Context) HasBinding(name string) error {
	return c.read(func(s Scene) error {
		if name == "juju-info" || s.App.HasBinding(name) {
			return nil
		}
		return fmt.Errorf("no network config found for binding %q", name)
	})
}

// AddStorage keeps a wish for storage for the end of the run.
func (c *Context) AddStorage(name string, count int) error {
	err := c.read(func(s Scene) error {
		if _, ok := s.App.Charm.Meta.Storage[name]; !ok {
			return fmt.Errorf("storage %q not found in charm", name)
		}
		return nil
	})
	if err == nil {
		c.pendingStorage = append(c.pendingStorage, storageAdd{name, count})
	}
	return err
}

// Storage are the IDs of attached storage, of one store or of all.
func (c *Context) Storage(name string) (ids []string, err error) {
	err = c.read(func(s Scene) error {
		ids = []string{}
		for _, id := range s.Model.StorageOf(s.Unit.Name, name) {
			if s.Unit.Storage[id] || (c.Hook != nil && c.Hook.StorageID == id) {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return ids, err
}

// StorageLocation is the folder of an attached storage, inside the state folder.
func (c *Context) StorageLocation(id string) (location string, err error) {
	err = c.read(func(s Scene) error {
		st := s.Model.Storage[id]
		if st == nil || st.Owner != s.Unit.Name {
			return fmt.Errorf("storage not found")
		}
		location = st.Location
		return nil
	})
	return location, err
}
