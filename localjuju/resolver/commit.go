package resolver

import (
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// Commit records that the hook is over: it ran, was skipped, or is not there.
func (s Scene) Commit(h *state.Hook) {
	u := s.Unit
	u.Hook, u.Resolve, u.Retries = nil, "", 0
	switch h.Kind {
	case "install":
		u.Installed = true
	case "config-changed":
		u.ConfigEpoch = max(u.ConfigEpoch, h.Seen)
	case "start":
		if !u.Started {
			u.UpdateStatusAt = s.Now
		}
		u.Started, u.BootID = true, s.BootID
		if !u.CharmSetStatus {
			u.Workload = state.Status{Current: "unknown", Since: s.Now}
		}
	case "stop":
		u.Stopped = true
	case "remove":
		u.Removed = true
	case "leader-elected":
		u.LeaderSeen = true
	case "update-status":
		u.UpdateStatusAt = s.Now
	case "storage-attached":
		u.Storage[h.StorageID] = true
	case "storage-detaching":
		s.Model.Detach(u, h.StorageID)
	}
	s.commitRelation(h)
	s.commitSecret(h)
}

func (s Scene) commitRelation(h *state.Hook) {
	r, seen := s.Model.Relations[h.RelationID], s.Unit.Relations[h.RelationID]
	if h.Endpoint == "" || r == nil {
		return
	}
	switch h.Kind {
	case "relation-created":
		s.Unit.Relations[r.ID] = &state.RelationSeen{Created: true, Members: map[string]int{}}
		r.InScope[s.Unit.Name] = true
		return
	case "relation-broken":
		seen.Broken = true
		delete(r.InScope, s.Unit.Name)
		delete(r.UnitData, s.Unit.Name)
		s.Model.Sweep()
	case "relation-joined":
		seen.Members[h.RemoteUnit] = 0
		s.Unit.Hook = s.changed(r, h.RemoteUnit)
		s.Unit.Hook.Step = state.Queued
	case "relation-departed":
		delete(seen.Members, h.RemoteUnit)
	case "relation-changed":
		if h.RemoteUnit == "" {
			seen.App = h.Seen
		} else {
			seen.Members[h.RemoteUnit] = h.Seen
		}
	}
}

// Begin gets the state ready for a hook. In a relation that the unit is about to
// enter, Juju writes the unit's addresses into its databag.
func (s Scene) Begin(h *state.Hook) {
	r := s.Model.Relations[h.RelationID]
	if h.Kind != "relation-created" || r == nil {
		return
	}
	missing := map[string]string{"egress-subnets": s.Address + "/32", "ingress-address": s.Address, "private-address": s.Address}
	bag := r.Unit(s.Unit.Name)
	for key := range bag.Values {
		delete(missing, key)
	}
	bag.Update(missing)
}

func (s Scene) commitSecret(h *state.Hook) {
	secret := s.Model.Secrets[h.SecretID]
	if secret == nil {
		return
	}
	r := secret.Revision(h.Seen)
	switch h.Kind {
	case "secret-changed":
		if c := secret.Consumers[s.Unit.Name]; c != nil {
			c.Notified = h.Seen
		}
	case "secret-rotate":
		secret.RotateAt = s.Now.Add(state.RotatePeriods[secret.Rotate])
	case "secret-expired":
		if r != nil {
			r.Expired = true
		}
	case "secret-remove":
		if r != nil {
			r.Told = true
		}
	}
}

// Fail records that the hook failed, and when it is due again.
func (s Scene) Fail(h *state.Hook) {
	u := s.Unit
	failed := *h
	failed.Step, failed.PID, failed.ContextID = state.Failed, 0, ""
	u.Hook, u.Resolve = &failed, ""
	u.Retries++
	u.RetryAt = s.Now.Add(RetryDelay(u.Retries))
	u.Agent = state.Status{Current: "idle", Since: s.Now}
}
