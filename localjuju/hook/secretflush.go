package hook

import (
	"fmt"
	"slices"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func (c *Context) flushSecrets(s Scene) error {
	for _, p := range c.pendingSecrets {
		if p.secret != nil {
			s.Model.Secrets[p.id] = p.secret
			continue
		}
		secret := s.Model.Secrets[p.id]
		if secret == nil {
			return fmt.Errorf("cannot commit changes: secret %q not found", p.id)
		}
		c.flushSecret(s.Model, secret, p)
	}
	for id, revision := range c.tracked {
		if secret := s.Model.Secrets[id]; secret != nil {
			c.track(secret, revision)
		}
	}
	return nil
}

// track moves the unit to the newest revision that its run saw: one that the run
// itself has written included.
func (c *Context) track(secret *state.Secret, revision int) {
	consumer := secret.Consumers[c.UnitName]
	if consumer == nil {
		return
	}
	if c.pendingContent(secret.ID) != nil {
		revision = secret.Latest().Number
	}
	consumer.Revision = max(consumer.Revision, revision)
	consumer.Notified = max(consumer.Notified, consumer.Revision)
}

func (c *Context) flushSecret(m *state.Model, secret *state.Secret, p *secretChange) {
	switch {
	case p.remove && p.revision == 0:
		delete(m.Secrets, secret.ID)
	case p.remove:
		secret.Revisions = slices.DeleteFunc(secret.Revisions, func(r *state.Revision) bool { return r.Number == p.revision })
		if len(secret.Revisions) == 0 {
			delete(m.Secrets, secret.ID)
		}
	case p.grant != nil:
		if !slices.Contains(secret.Grants, *p.grant) {
			secret.Grants = append(secret.Grants, *p.grant)
		}
	case p.revoke != nil:
		secret.Grants = slices.DeleteFunc(secret.Grants, func(g state.Grant) bool { return g == *p.revoke })
	default:
		c.apply(secret, p.update)
		if consumer := secret.Consumers[c.UnitName]; consumer != nil {
			consumer.Notified = secret.Latest().Number // who wrote it needs no telling
		}
	}
}

// SecretIDs are the secrets that the unit may change.
func (c *Context) SecretIDs() (ids []string, err error) {
	err = c.read(func(s Scene) error {
		for id, secret := range s.Model.Secrets {
			if secret.CanManage(s.App, s.Unit.Name) && !c.removed(id) {
				ids = append(ids, id)
			}
		}
		for _, p := range c.pendingSecrets {
			if p.secret != nil {
				ids = append(ids, p.id)
			}
		}
		slices.Sort(ids)
		return nil
	})
	return ids, err
}

func (c *Context) removed(id string) bool {
	return slices.ContainsFunc(c.pendingSecrets, func(p *secretChange) bool {
		return p.id == id && p.remove && p.revision == 0
	})
}

// SecretInfo shows an owned secret, without content.
func (c *Context) SecretInfo(uri, label string) (secret state.Secret, err error) {
	err = c.read(func(s Scene) error {
		found, err := c.find(s, uri, label)
		if err != nil {
			return err
		}
		if !found.CanManage(s.App, s.Unit.Name) {
			return fmt.Errorf("secret %q not found", found.ID)
		}
		secret = *found
		return nil
	})
	return secret, err
}
