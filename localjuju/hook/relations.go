package hook

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// ErrRelationNotFound is what an unknown relation ID gets.
var ErrRelationNotFound = errors.New("relation not found")

// seen finds a relation that the unit has entered, or whose hook this is.
func (c *Context) seen(s Scene, id int) (*state.Relation, error) {
	r := s.Model.Relations[id]
	if r == nil || r.Side(s.App.Name) == nil {
		return nil, ErrRelationNotFound
	}
	rs := s.Unit.Relations[id]
	current := c.Hook != nil && c.Hook.Endpoint != "" && c.Hook.RelationID == id
	if !current && (rs == nil || rs.Broken) {
		return nil, ErrRelationNotFound
	}
	return r, nil
}

// Relation is the relation of this hook, if it has one.
func (c *Context) Relation() (id int, ok bool) {
	if c.Hook == nil || c.Hook.Endpoint == "" {
		return 0, false
	}
	return c.Hook.RelationID, true
}

// HasRelation tells whether the unit can speak of the relation; an endpoint name must fit.
func (c *Context) HasRelation(endpoint string, id int) error {
	return c.read(func(s Scene) error {
		r, err := c.seen(s, id)
		if err == nil && endpoint != "" && r.Side(s.App.Name).Name != endpoint {
			err = ErrRelationNotFound
		}
		return err
	})
}

// RelationIDs are those of an endpoint, as endpoint:ID.
func (c *Context) RelationIDs(endpoint string) ([]string, error) {
	ids := []string{}
	err := c.read(func(s Scene) error {
		for _, id := range s.Model.RelationIDs() {
			r, err := c.seen(s, id)
			if err == nil && r.Side(s.App.Name).Name == endpoint {
				ids = append(ids, fmt.Sprintf("%s:%d", endpoint, id))
			}
		}
		return nil
	})
	return ids, err
}

// Members are the remote units of a relation that joined, as far as this unit
// was told; with app, the remote application instead.
func (c *Context) Members(id int) (units []string, app string, err error) {
	err = c.read(func(s Scene) error {
		r, err := c.seen(s, id)
		if err != nil {
			return err
		}
		app = r.Remote(s.App.Name).App
		units = []string{}
		if rs := s.Unit.Relations[id]; rs != nil {
			units = slices.AppendSeq(units, maps.Keys(rs.Members))
		}
		joining := c.Hook != nil && c.Hook.RelationID == id && c.Hook.Kind == "relation-joined"
		if joining && !slices.Contains(units, c.Hook.RemoteUnit) {
			units = append(units, c.Hook.RemoteUnit)
		}
		state.ByNumber(units)
		return nil
	})
	return units, app, err
}

// UnitBag reads the databag of a unit; the own one with pending changes.
func (c *Context) UnitBag(id int, unit string) (values map[string]string, err error) {
	err = c.read(func(s Scene) error {
		r, err := c.seen(s, id)
		if err != nil {
			return err
		}
		if unit != c.UnitName && (r.Side(state.AppOf(unit)) == nil || !r.InScope[unit]) && !c.departing(id, unit) {
			return fmt.Errorf("relation unit not found")
		}
		values = map[string]string{}
		if bag := r.UnitData[unit]; bag != nil {
			values = maps.Clone(bag.Values)
		}
		if unit == c.UnitName {
			overlay(values, c.pendingUnit[id])
		}
		return nil
	})
	return values, err
}

// departing tells a unit that is leaving: its databag can still be read.
func (c *Context) departing(id int, unit string) bool {
	return c.Hook != nil && c.Hook.RelationID == id && c.Hook.RemoteUnit == unit
}

// AppBag reads the databag of an application. That of the own one can be read by
// the leader only, except between peers.
func (c *Context) AppBag(id int, app string) (values map[string]string, err error) {
	err = c.read(func(s Scene) error {
		r, err := c.seen(s, id)
		if err != nil {
			return err
		}
		if r.Side(app) == nil {
			return fmt.Errorf("application %q is not in relation %d", app, id)
		}
		if app == s.App.Name && !r.IsPeer() && s.App.Leader != s.Unit.Name {
			return fmt.Errorf("permission denied")
		}
		values = map[string]string{}
		if bag := r.AppData[app]; bag != nil {
			values = maps.Clone(bag.Values)
		}
		if app == s.App.Name {
			overlay(values, c.pendingApp[id])
		}
		return nil
	})
	return values, err
}

func overlay(values, pending map[string]string) {
	for k, v := range pending {
		if v == "" {
			delete(values, k)
		} else {
			values[k] = v
		}
	}
}

// SetUnitBag keeps changes of the own databag for the end of the run.
func (c *Context) SetUnitBag(id int, values map[string]string) {
	c.pendingUnit = merge(c.pendingUnit, id, values)
}

// SetAppBag keeps changes of the application's databag; for the leader.
func (c *Context) SetAppBag(id int, values map[string]string) error {
	if err := c.read(mustLead); err != nil {
		return fmt.Errorf("cannot write relation settings: %v", err)
	}
	c.pendingApp = merge(c.pendingApp, id, values)
	return nil
}

func merge(pending map[int]map[string]string, id int, values map[string]string) map[int]map[string]string {
	if pending == nil {
		pending = map[int]map[string]string{}
	}
	if pending[id] == nil {
		pending[id] = map[string]string{}
	}
	maps.Copy(pending[id], values)
	return pending
}

// ModelUUID is the model of the remote side: always the own one here.
func (c *Context) ModelUUID() (uuid string, err error) {
	err = c.read(func(s Scene) error {
		uuid = s.Model.UUID
		return nil
	})
	return uuid, err
}
