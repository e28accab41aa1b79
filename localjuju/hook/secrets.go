package hook

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// SecretUpdate is what secret-add and secret-set ask for; nil leaves as it is.
type SecretUpdate struct {
	Label, Description, Rotate *string
	Expire                     *time.Time
	Content                    map[string]string
}

type secretChange struct {
	secret *state.Secret // of an added one
	id     string
	update SecretUpdate
	remove bool
	// revision is the one to remove; 0 removes all.
	revision int
	grant    *state.Grant
	revoke   *state.Grant
}

// AddSecret makes a secret of the unit or its application, kept for the end of
// the run; the run itself can read it.
func (c *Context) AddSecret(ownerKind string, up SecretUpdate) (id string, err error) {
	err = c.read(func(s Scene) error {
		secret := &state.Secret{ID: state.NewSecretID(), OwnerKind: ownerKind, Owner: s.Unit.Name,
			Created: c.Now(), Consumers: map[string]*state.Consumer{}}
		if ownerKind == "application" {
			if err := mustLead(s); err != nil {
				return err
			}
			secret.Owner = s.App.Name
		}
		if up.Label != nil && *up.Label != "" && c.findOwned(s, *up.Label) != nil {
			return fmt.Errorf("secret with label %q already exists", *up.Label)
		}
		id = secret.ID
		c.apply(secret, up)
		c.pendingSecrets = append(c.pendingSecrets, &secretChange{secret: secret, id: id})
		return nil
	})
	return id, err
}

// apply writes an update into a secret. The same content again is no new revision.
func (c *Context) apply(secret *state.Secret, up SecretUpdate) {
	if up.Label != nil {
		secret.Label = *up.Label
	}
	if up.Description != nil {
		secret.Description = *up.Description
	}
	if up.Rotate != nil {
		secret.Rotate, secret.RotateAt = *up.Rotate, time.Time{}
		if period := state.RotatePeriods[*up.Rotate]; period > 0 {
			secret.RotateAt = c.Now().Add(period)
		}
	}
	if up.Content != nil && (len(secret.Revisions) == 0 || !maps.Equal(secret.Latest().Content, up.Content)) {
		secret.AddRevision(up.Content, time.Time{}, c.Now())
	}
	if up.Expire != nil {
		secret.Latest().Expire = *up.Expire
	}
}

// findOwned finds a secret of the unit or its application by label, also one
// that this run has added.
func (c *Context) findOwned(s Scene, label string) *state.Secret {
	for _, p := range c.pendingSecrets {
		if p.secret != nil && p.secret.Label == label {
			return p.secret
		}
	}
	for _, secret := range s.Model.Secrets {
		mine := (secret.OwnerKind == "application" && secret.Owner == s.App.Name) ||
			(secret.OwnerKind == "unit" && secret.Owner == s.Unit.Name)
		if mine && secret.Label == label {
			return secret
		}
	}
	return nil
}

// find finds a secret by URI, else by label: the unit's own word for it, or the owner's.
func (c *Context) find(s Scene, uri, label string) (*state.Secret, error) {
	if uri != "" {
		if p := c.added(uri); p != nil {
			return p, nil
		}
		if secret := s.Model.FindSecret(uri); secret != nil {
			return secret, nil
		}
		return nil, fmt.Errorf("secret %q not found", uri)
	}
	if secret := c.findOwned(s, label); secret != nil {
		return secret, nil
	}
	for _, secret := range s.Model.Secrets {
		if consumer := secret.Consumers[s.Unit.Name]; consumer != nil && consumer.Label == label {
			return secret, nil
		}
	}
	return nil, fmt.Errorf("secret %q not found", label)
}

func (c *Context) added(uri string) *state.Secret {
	for _, p := range c.pendingSecrets {
		if p.secret != nil && (p.id == uri || "secret:"+p.id == uri) {
			return p.secret
		}
	}
	return nil
}

// GetSecret reads the content that the unit tracks. peek shows the newest one,
// refresh also tracks it from the end of the run on. A label given with the URI
// becomes the unit's own word for the secret.
func (c *Context) GetSecret(uri, label string, peek, refresh bool) (content map[string]string, err error) {
	err = c.change(func(s Scene) error {
		secret, err := c.find(s, uri, label)
		if err != nil {
			return err
		}
		if c.added(secret.ID) != nil {
			content = secret.Latest().Content
			return nil
		}
		if !secret.CanRead(s.Model, s.App.Name, s.Unit.Name) {
			return fmt.Errorf("%q is not allowed to read this secret", s.Unit.Name)
		}
		content, err = c.readTracked(secret, uri, label, peek, refresh)
		return err
	})
	return content, err
}

func (c *Context) readTracked(secret *state.Secret, uri, label string, peek, refresh bool) (map[string]string, error) {
	consumer := secret.Consumers[c.UnitName]
	latest := secret.Latest()
	if consumer == nil {
		consumer = &state.Consumer{Revision: latest.Number, Notified: latest.Number}
		secret.Consumers[c.UnitName] = consumer
	}
	if uri != "" && label != "" {
		consumer.Label = label
	}
	if refresh {
		if c.tracked == nil {
			c.tracked = map[string]int{}
		}
		c.tracked[secret.ID] = latest.Number
	}
	pending := c.pendingContent(secret.ID)
	newest := peek || refresh || c.tracked[secret.ID] != 0
	switch {
	case newest && pending != nil:
		return pending, nil
	case newest:
		return latest.Content, nil
	}
	r := secret.Revision(consumer.Revision)
	if r == nil {
		return nil, fmt.Errorf("secret revision %q not found", fmt.Sprintf("%s/%d", secret.ID, consumer.Revision))
	}
	return r.Content, nil
}

func (c *Context) pendingContent(id string) map[string]string {
	for _, p := range slices.Backward(c.pendingSecrets) {
		if p.id == id && p.update.Content != nil {
			return p.update.Content
		}
	}
	return nil
}

// UpdateSecret keeps a change of an owned secret for the end of the run.
func (c *Context) UpdateSecret(uri string, up SecretUpdate) error {
	return c.manage(uri, func(secret *state.Secret, added bool) *secretChange {
		if added {
			n := len(secret.Revisions)
			c.apply(secret, up)
			if len(secret.Revisions) > n { // it never was anything else
				secret.Revisions = secret.Revisions[n:]
				secret.Revisions[0].Number = 1
			}
			return nil
		}
		return &secretChange{id: secret.ID, update: up}
	})
}

// RemoveSecret keeps the removal of an owned secret, or of one revision.
func (c *Context) RemoveSecret(uri string, revision int) error {
	return c.manage(uri, func(secret *state.Secret, added bool) *secretChange {
		return &secretChange{id: secret.ID, remove: true, revision: revision}
	})
}

// GrantSecret keeps a grant of an owned secret to the other side of a relation.
func (c *Context) GrantSecret(uri string, relation int, unit string) error {
	return c.grant(uri, relation, unit, func(id string, g *state.Grant) *secretChange {
		return &secretChange{id: id, grant: g}
	})
}

// RevokeSecret keeps the end of such a grant.
func (c *Context) RevokeSecret(uri string, relation int, unit string) error {
	return c.grant(uri, relation, unit, func(id string, g *state.Grant) *secretChange {
		return &secretChange{id: id, revoke: g}
	})
}

func (c *Context) grant(uri string, relation int, unit string, change func(string, *state.Grant) *secretChange) error {
	_, app, err := c.Members(relation)
	if err != nil {
		return err
	}
	g := &state.Grant{Target: app, Relation: relation}
	if unit != "" {
		g.Target = unit
	}
	return c.manage(uri, func(secret *state.Secret, added bool) *secretChange { return change(secret.ID, g) })
}

// manage finds a secret that the unit may change, and keeps the change.
func (c *Context) manage(uri string, change func(*state.Secret, bool) *secretChange) error {
	return c.read(func(s Scene) error {
		secret, err := c.find(s, uri, "")
		if err != nil {
			return err
		}
		if !secret.CanManage(s.App, s.Unit.Name) {
			return fmt.Errorf("secret %q not found", secret.ID)
		}
		if p := change(secret, c.added(secret.ID) != nil); p != nil {
			c.pendingSecrets = append(c.pendingSecrets, p)
		}
		return nil
	})
}
