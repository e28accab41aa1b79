// Package resolver chooses what a unit's agent does next, from the state alone,
// and records what a finished hook was for. It has no effects.
package resolver

import (
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// Op is the next thing to do. With none of the others set there is nothing
// to do before Wake, or (zero) before the state changes.
type Op struct {
	Unpack bool        // put the charm into its directory
	Hook   *state.Hook // run the hook
	Skip   bool        // commit the hook without running it
	Task   *state.Task // run an action or an exec
	Bury   bool        // the unit is gone
	Wake   time.Time
}

// Scene is what the choice is made from.
type Scene struct {
	Model   *state.Model
	App     *state.Application
	Unit    *state.Unit
	Now     time.Time
	BootID  string
	Address string // of the host
}

// Next chooses. The order is that of Juju's resolvers.
func (s Scene) Next() Op {
	end := s.Model.CutOff(s.Unit)
	if !end.IsZero() && !s.Now.Before(end) {
		return Op{Bury: true}
	}
	op := s.next()
	if !end.IsZero() && (op.Wake.IsZero() || end.Before(op.Wake)) {
		op.Wake = end
	}
	return op
}

func (s Scene) next() Op {
	if s.Unit.Hook != nil {
		return s.pendingHook()
	}
	if s.Unit.CharmEpoch == 0 {
		if s.Unit.Life != state.Alive {
			return Op{Bury: true}
		}
		return Op{Unpack: true}
	}
	steps := []func() *state.Hook{s.reboot, s.relationCreated, s.leadership, s.secrets}
	if !s.Unit.Installed {
		steps = nil
	}
	if h := first(steps); h != nil {
		return Op{Hook: h}
	}
	if t := s.task(); t != nil && s.Unit.Installed {
		return Op{Task: t}
	}
	if h := s.storage(); h != nil {
		return Op{Hook: h}
	}
	return s.lifecycle()
}

func first(steps []func() *state.Hook) *state.Hook {
	for _, step := range steps {
		if h := step(); h != nil {
			return h
		}
	}
	return nil
}

// lifecycle is what comes once nothing more urgent is due.
func (s Scene) lifecycle() Op {
	u := s.Unit
	switch {
	case u.Life != state.Alive:
		return s.dying()
	case !u.Installed:
		return Op{Hook: plain("install")}
	case u.CharmEpoch < s.App.CharmEpoch:
		return Op{Unpack: true}
	case u.ConfigEpoch < s.App.ConfigEpoch:
		return Op{Hook: s.configChanged()}
	case !u.Started:
		return Op{Hook: plain("start")}
	}
	if h := s.relations(); h != nil {
		return Op{Hook: h}
	}
	due := u.UpdateStatusAt.Add(s.Model.UpdateStatusInterval())
	if !s.Now.Before(due) {
		return Op{Hook: plain("update-status")}
	}
	return Op{Wake: s.earlier(due)}
}

func plain(name string) *state.Hook { return &state.Hook{Name: name, Kind: name} }

// configChanged runs for the newest configuration; for the one before it first,
// where one command changed several options.
func (s Scene) configChanged() *state.Hook {
	h := plain("config-changed")
	h.Seen = s.App.ConfigEpoch
	if s.App.ConfigDouble == h.Seen && s.Unit.ConfigEpoch > 0 && s.Unit.ConfigEpoch < h.Seen-1 {
		h.Seen--
	}
	return h
}

func (s Scene) dying() Op {
	u := s.Unit
	if !u.Installed || u.Removed {
		return Op{Bury: true}
	}
	if h := s.relations(); h != nil {
		return Op{Hook: h}
	}
	if u.Started && !u.Stopped {
		return Op{Hook: plain("stop")}
	}
	return Op{Hook: plain("remove")}
}

// pendingHook is a hook that is queued, or has failed: then tasks run before it,
// and nothing else does.
func (s Scene) pendingHook() Op {
	u := s.Unit
	if u.Hook.Step != state.Failed {
		return Op{Hook: u.Hook}
	}
	if t := s.task(); t != nil {
		return Op{Task: t}
	}
	switch {
	case u.Resolve == "retry":
		return Op{Hook: u.Hook}
	case u.Resolve == "skip" || u.Force:
		return Op{Hook: u.Hook, Skip: true}
	case !s.Model.RetriesHooks():
		return Op{}
	case !s.Now.Before(u.RetryAt):
		return Op{Hook: u.Hook}
	}
	return Op{Wake: u.RetryAt}
}

func (s Scene) reboot() *state.Hook {
	if s.Unit.Started && !s.Unit.Stopped && s.Unit.BootID != s.BootID {
		return plain("start")
	}
	return nil
}

func (s Scene) leadership() *state.Hook {
	if s.App.Leader == s.Unit.Name && !s.Unit.LeaderSeen && s.Unit.Life == state.Alive {
		return plain("leader-elected")
	}
	return nil
}

func (s Scene) task() *state.Task {
	var next *state.Task
	for _, t := range s.Model.Tasks {
		if t.Unit == s.Unit.Name && t.Status == "pending" &&
			(next == nil || state.NumberOf(t.ID) < state.NumberOf(next.ID)) {
			next = t
		}
	}
	return next
}

func (s Scene) storage() *state.Hook {
	for _, id := range s.Model.StorageOf(s.Unit.Name, "") {
		seen, dying := s.Unit.Storage[id], s.Unit.Life != state.Alive || s.Model.Storage[id].Life != state.Alive
		name := s.Model.Storage[id].Name
		if !seen && !dying {
			return &state.Hook{Name: name + "-storage-attached", Kind: "storage-attached", StorageID: id}
		}
		if seen && dying {
			return &state.Hook{Name: name + "-storage-detaching", Kind: "storage-detaching", StorageID: id}
		}
	}
	return nil
}

// RetryDelay is the time after which a hook that has failed n times is run again.
func RetryDelay(n int) time.Duration {
	d := 5 * time.Second
	for ; n > 1 && d < 5*time.Minute; n-- {
		d *= 2
	}
	return min(d, 5*time.Minute)
}
