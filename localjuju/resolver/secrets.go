package resolver

import (
	"maps"
	"slices"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// secrets finds the next secret hook: expired, rotate and remove for the owner,
// changed for who reads it.
func (s Scene) secrets() *state.Hook {
	if s.Unit.Life != state.Alive {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(s.Model.Secrets)) {
		secret := s.Model.Secrets[id]
		if secret.CanManage(s.App, s.Unit.Name) {
			if h := s.ownedSecret(secret); h != nil {
				return h
			}
		}
		c := secret.Consumers[s.Unit.Name]
		latest := secret.Latest().Number
		if c != nil && c.Revision < latest && c.Notified < latest && secret.CanRead(s.Model, s.App.Name, s.Unit.Name) {
			return secretHook("secret-changed", secret, c.Label, 0, latest)
		}
	}
	return nil
}

func (s Scene) ownedSecret(secret *state.Secret) *state.Hook {
	for _, r := range secret.Revisions {
		if !r.Expire.IsZero() && !r.Expired && !s.Now.Before(r.Expire) {
			return secretHook("secret-expired", secret, secret.Label, r.Number, r.Number)
		}
	}
	if !secret.RotateAt.IsZero() && !s.Now.Before(secret.RotateAt) {
		n := secret.Latest().Number
		return secretHook("secret-rotate", secret, secret.Label, n, n)
	}
	for _, r := range secret.Revisions {
		if r != secret.Latest() && !r.Told && !secret.Tracked(r.Number) {
			return secretHook("secret-remove", secret, secret.Label, r.Number, r.Number)
		}
	}
	return nil
}

func secretHook(kind string, secret *state.Secret, label string, revision, seen int) *state.Hook {
	return &state.Hook{Name: kind, Kind: kind, SecretID: secret.ID, SecretLabel: label, Revision: revision, Seen: seen}
}

// earlier is the due time, or that of a secret's rotation or expiry before it.
func (s Scene) earlier(due time.Time) time.Time {
	consider := func(t time.Time) {
		if !t.IsZero() && t.Before(due) {
			due = t
		}
	}
	for _, secret := range s.Model.Secrets {
		if !secret.CanManage(s.App, s.Unit.Name) {
			continue
		}
		consider(secret.RotateAt)
		for _, r := range secret.Revisions {
			if !r.Expired {
				consider(r.Expire)
			}
		}
	}
	return due
}
