// Package hook is what one run of a hook, an action or a command can see and do:
// the other side of the hook tools. Changes are kept back until the run is over,
// and dropped when it fails, as Juju does.
package hook

import (
	"fmt"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// Context is one run.
type Context struct {
	ID    string
	Store *state.Store
	// ModelName and UnitName say whose run it is.
	ModelName string
	UnitName  string
	Hook      *state.Hook // nil for an action or a command
	TaskID    string      // of the action or exec
	Now       func() time.Time
	Log       func(module, level, message string)

	pendingState   map[string]*string // nil deletes
	pendingUnit    map[int]map[string]string
	pendingApp     map[int]map[string]string
	pendingPorts   []portChange
	pendingSecrets []*secretChange
	pendingStorage []storageAdd
	tracked        map[string]int // secrets whose newest revision is read from now on
	statusRead     *state.Status
	failed         bool
	failMessage    string
	results        map[string]any
}

type portChange struct {
	state.PortRange
	open bool
}

type storageAdd struct {
	name  string
	count int
}

// Scene is the model, application and unit of a run.
type Scene struct {
	World *state.World
	Model *state.Model
	App   *state.Application
	Unit  *state.Unit
}

func (c *Context) scene(w *state.World) (Scene, error) {
	m := w.Models[c.ModelName]
	if m == nil {
		return Scene{}, fmt.Errorf("model %q not found", c.ModelName)
	}
	a, u, err := m.Unit(c.UnitName)
	return Scene{w, m, a, u}, err
}

// read shows the unit to f.
func (c *Context) read(f func(s Scene) error) (err error) {
	c.Store.Read(func(w *state.World) {
		s, e := c.scene(w)
		if e == nil {
			e = f(s)
		}
		err = e
	})
	return err
}

// change lets f change things at once.
func (c *Context) change(f func(s Scene) error) error {
	return c.Store.Change(func(w *state.World) error {
		s, err := c.scene(w)
		if err != nil {
			return err
		}
		return f(s)
	})
}

// IsLeader tells whether the unit leads.
func (c *Context) IsLeader() (leader bool, err error) {
	err = c.read(func(s Scene) error {
		leader = s.App.Leader == s.Unit.Name
		return nil
	})
	return leader, err
}

func mustLead(s Scene) error {
	if s.App.Leader != s.Unit.Name {
		return fmt.Errorf("this unit is not the leader")
	}
	return nil
}

// Config gives the options that have a value; all of them (nil without) on demand.
func (c *Context) Config(all bool) (values map[string]any, err error) {
	err = c.read(func(s Scene) error {
		values = s.App.Settings(all)
		return nil
	})
	return values, err
}

// Setting is one of the model's settings.
func (c *Context) Setting(key string) (value string, err error) {
	err = c.read(func(s Scene) error {
		value = s.Model.Setting(key)
		return nil
	})
	return value, err
}

// SetStatus sets the unit's status, at once.
func (c *Context) SetStatus(current, message string) error {
	return c.change(func(s Scene) error {
		s.Unit.Workload = state.Status{Current: current, Message: message, Since: c.Now()}
		s.Unit.CharmSetStatus = true
		return nil
	})
}

// SetAppStatus sets the application's status, at once.
func (c *Context) SetAppStatus(current, message string) error {
	return c.change(func(s Scene) error {
		if err := mustLead(s); err != nil {
			return err
		}
		s.App.Status = &state.Status{Current: current, Message: message, Since: c.Now()}
		return nil
	})
}

// Status is the unit's status, as it was when this run read it first.
func (c *Context) Status() (state.Status, error) {
	if c.statusRead == nil {
		err := c.read(func(s Scene) error {
			status := s.Unit.Workload
			c.statusRead = &status
			return nil
		})
		if err != nil {
			return state.Status{}, err
		}
	}
	return *c.statusRead, nil
}

// AppStatus is the application's status and those of its units.
func (c *Context) AppStatus() (status state.Status, units map[string]state.Status, err error) {
	units = map[string]state.Status{}
	err = c.read(func(s Scene) error {
		if err := mustLead(s); err != nil {
			return err
		}
		status = s.App.ShownStatus()
		for name, u := range s.App.Units {
			units[name] = u.Workload
		}
		return nil
	})
	return status, units, err
}

// SetVersion sets the workload's version, at once.
func (c *Context) SetVersion(version string) error {
	return c.change(func(s Scene) error {
		s.Unit.WorkloadVersion, s.App.Version = version, version
		return nil
	})
}

// StateValue is one value of the unit's stored state, with pending changes.
func (c *Context) StateValue(key string) (value string, found bool, err error) {
	values, err := c.State()
	value, found = values[key]
	return value, found, err
}

// State is the unit's stored state, with pending changes.
func (c *Context) State() (map[string]string, error) {
	values := map[string]string{}
	err := c.read(func(s Scene) error {
		for k, v := range s.Unit.State {
			values[k] = v
		}
		return nil
	})
	for k, v := range c.pendingState {
		if v == nil {
			delete(values, k)
		} else {
			values[k] = *v
		}
	}
	return values, err
}

// SetState keeps a value for the end of the run; nil deletes it.
func (c *Context) SetState(key string, value *string) {
	if c.pendingState == nil {
		c.pendingState = map[string]*string{}
	}
	c.pendingState[key] = value
}

// Resource is where the file of a resource is; the caller puts it there.
func (c *Context) Resource(name string) (source, filename, dir string, err error) {
	err = c.read(func(s Scene) error {
		r, ok := s.App.Charm.Meta.Resources[name]
		source = s.App.Resources[name]
		if !ok || source == "" {
			return fmt.Errorf("could not download resource: cannot get resource: resource#%s/%s not found", s.App.Name, name)
		}
		filename, dir = r.Filename, s.Unit.Dir
		return nil
	})
	return source, filename, dir, err
}

// Trusted tells whether the application may see the cloud's credential.
func (c *Context) Trusted() (trusted bool, err error) {
	err = c.read(func(s Scene) error {
		trusted = s.App.Trusted
		return nil
	})
	return trusted, err
}
