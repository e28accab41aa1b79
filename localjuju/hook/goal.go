package hook

import (
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// Goal is what goal-state shows: the peers and the related units that there are
// or will be, with their status.
func (c *Context) Goal() (units map[string]any, relations map[string]map[string]any, err error) {
	units, relations = map[string]any{}, map[string]map[string]any{}
	err = c.read(func(s Scene) error {
		addUnits(units, s.App)
		for _, r := range s.Model.Relations {
			side := r.Side(s.App.Name)
			if side == nil || r.IsPeer() {
				continue
			}
			remote := s.Model.Apps[r.Remote(s.App.Name).App]
			if relations[side.Name] == nil {
				relations[side.Name] = map[string]any{}
			}
			relations[side.Name][remote.Name] = goal("joined", r.Created)
			addUnits(relations[side.Name], remote)
		}
		return nil
	})
	return units, relations, err
}

func addUnits(to map[string]any, a *state.Application) {
	for name, u := range a.Units {
		to[name] = goal(u.Workload.Current, u.Workload.Since)
	}
}

func goal(status string, since time.Time) map[string]any {
	return map[string]any{"status": status, "since": since.UTC().Format("2006-01-02 15:04:05Z")}
}
