package resolver

import (
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func (s Scene) relationCreated() *state.Hook {
	if s.Unit.Life != state.Alive {
		return nil
	}
	for _, id := range s.Model.RelationIDs() {
		r := s.Model.Relations[id]
		if r.Side(s.App.Name) != nil && r.Life == state.Alive && s.Unit.Relations[id] == nil {
			return s.relationHook(r, "relation-created")
		}
	}
	return nil
}

func (s Scene) relationHook(r *state.Relation, kind string) *state.Hook {
	name := r.Side(s.App.Name).Name
	return &state.Hook{Name: name + "-" + kind, Kind: kind, RelationID: r.ID, Endpoint: name,
		RemoteApp: r.Remote(s.App.Name).App}
}

// relations finds the next hook of the relations that the unit is in. A unit
// that goes leaves its peers last.
func (s Scene) relations() *state.Hook {
	var peers []*state.Relation
	for _, id := range s.Model.RelationIDs() {
		r := s.Model.Relations[id]
		if r.IsPeer() && s.Unit.Life != state.Alive {
			peers = append(peers, r)
			continue
		}
		if h := s.relation(r); h != nil {
			return h
		}
	}
	for _, r := range peers {
		if h := s.relation(r); h != nil {
			return h
		}
	}
	return nil
}

func (s Scene) relation(r *state.Relation) *state.Hook {
	seen := s.Unit.Relations[r.ID]
	if seen == nil || seen.Broken {
		return nil
	}
	if r.Life != state.Alive || s.Unit.Life != state.Alive {
		return s.leave(r, seen)
	}
	if h := s.departed(r, seen); h != nil {
		return h
	}
	return s.arrived(r, seen)
}

// leave says goodbye to each member, then breaks the relation. There is no
// broken hook for peers.
func (s Scene) leave(r *state.Relation, seen *state.RelationSeen) *state.Hook {
	if left := members(seen); len(left) > 0 {
		h := s.relationHook(r, "relation-departed")
		h.RemoteUnit, h.DepartingUnit = left[0], left[0]
		if s.Unit.Life != state.Alive {
			h.DepartingUnit = s.Unit.Name
		}
		return h
	}
	if r.IsPeer() {
		return nil
	}
	return s.relationHook(r, "relation-broken")
}

// departed tells of a remote unit that went. Of a peer that went, Juju 4.0.15
// tells its survivors nothing.
func (s Scene) departed(r *state.Relation, seen *state.RelationSeen) *state.Hook {
	if r.IsPeer() {
		return nil
	}
	for _, name := range members(seen) {
		if !r.InScope[name] {
			h := s.relationHook(r, "relation-departed")
			h.RemoteUnit, h.DepartingUnit = name, name
			return h
		}
	}
	return nil
}

// arrived tells of what is new: the remote application's databag, then units.
func (s Scene) arrived(r *state.Relation, seen *state.RelationSeen) *state.Hook {
	remote := r.Remote(s.App.Name).App
	own := r.IsPeer() && s.App.Leader == s.Unit.Name // the leader wrote it
	if bag := r.AppData[remote]; bag != nil && bag.Version != seen.App && !own {
		h := s.relationHook(r, "relation-changed")
		h.Seen = bag.Version
		return h
	}
	for _, name := range r.Members(s.Unit.Name) {
		version, joined := seen.Members[name]
		if !joined {
			h := s.relationHook(r, "relation-joined")
			h.RemoteUnit = name
			return h
		}
		if bag := r.UnitData[name]; bag != nil && bag.Version != version {
			return s.changed(r, name)
		}
	}
	return nil
}

func (s Scene) changed(r *state.Relation, unit string) *state.Hook {
	h := s.relationHook(r, "relation-changed")
	h.RemoteUnit = unit
	if bag := r.UnitData[unit]; bag != nil {
		h.Seen = bag.Version
	}
	return h
}

func members(seen *state.RelationSeen) []string {
	var names []string
	for name := range seen.Members {
		names = append(names, name)
	}
	return state.ByNumber(names)
}
