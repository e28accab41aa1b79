package state

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
)

// Secret is a secret of an application, a unit, or (user secrets) the model.
type Secret struct {
	ID          string
	OwnerKind   string // application, unit or model
	Owner       string
	Label       string
	Name        string // of a user secret
	Description string
	Rotate      string
	RotateAt    time.Time
	Created     time.Time
	Updated     time.Time
	AutoPrune   bool
	Revisions   []*Revision
	Consumers   map[string]*Consumer // by unit
	Grants      []Grant
}

// Revision is one content of a secret.
type Revision struct {
	Number  int
	Content map[string]string
	Created time.Time
	Expire  time.Time
	// Told says that the owner has been told that nobody reads it any more.
	Told bool
	// Expired says that the owner has been told that its time is over.
	Expired bool
}

// Consumer is a unit that has read a secret.
type Consumer struct {
	Revision int // the one it tracks
	Notified int // the latest that it has been told of
	Label    string
}

// Grant lets an application or a unit read a secret.
type Grant struct {
	Target   string // application or unit name
	Relation int    // -1 for a user secret
}

// NewSecretID makes up an ID of 20 characters, in the alphabet of Juju's.
func NewSecretID() string {
	b := make([]byte, 13)
	rand.Read(b)
	return strings.ToLower(base32.HexEncoding.EncodeToString(b))[:20]
}

// URI is the form in which charms and commands name the secret.
func (s *Secret) URI() string { return "secret:" + s.ID }

// Latest is the newest revision.
func (s *Secret) Latest() *Revision { return s.Revisions[len(s.Revisions)-1] }

// Revision finds a revision by number; nil if it is not there.
func (s *Secret) Revision(n int) *Revision {
	for _, r := range s.Revisions {
		if r.Number == n {
			return r
		}
	}
	return nil
}

// CanManage tells whether the unit may change the secret.
func (s *Secret) CanManage(app *Application, unit string) bool {
	switch s.OwnerKind {
	case "application":
		return s.Owner == app.Name && app.Leader == unit
	case "unit":
		return s.Owner == unit
	}
	return false
}

// CanRead tells whether the unit may read the content.
func (s *Secret) CanRead(m *Model, app, unit string) bool {
	if (s.OwnerKind == "application" && s.Owner == app) || (s.OwnerKind == "unit" && s.Owner == unit) {
		return true
	}
	for _, g := range s.Grants {
		if (g.Target == app || g.Target == unit) && (g.Relation < 0 || m.Relations[g.Relation] != nil) {
			return true
		}
	}
	return false
}

// AddRevision gives the secret a new content.
func (s *Secret) AddRevision(content map[string]string, expire, now time.Time) {
	n := 1
	if len(s.Revisions) > 0 {
		n = s.Latest().Number + 1
	}
	s.Revisions = append(s.Revisions, &Revision{Number: n, Content: content, Created: now, Expire: expire})
	s.Updated = now
}

// Tracked tells whether some unit still reads the revision.
func (s *Secret) Tracked(n int) bool {
	for _, c := range s.Consumers {
		if c.Revision == n {
			return true
		}
	}
	return false
}

// RotatePeriods are the rotation policies of secret-add.
var RotatePeriods = map[string]time.Duration{
	"hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour,
	"monthly": 30 * 24 * time.Hour, "quarterly": 91 * 24 * time.Hour, "yearly": 365 * 24 * time.Hour,
}

// CheckSecretKeys refuses keys that Juju refuses.
func CheckSecretKeys(content map[string]string) error {
	for key := range content {
		if !secretKey.MatchString(key) {
			return fmt.Errorf("key %q not valid", key)
		}
	}
	return nil
}

// FindSecret finds a secret by secret:ID or ID; nil if it is not there.
func (m *Model) FindSecret(uri string) *Secret {
	id := strings.TrimPrefix(uri, "secret:")
	if i := strings.LastIndex(id, "/"); i >= 0 {
		id = id[i+1:]
	}
	return m.Secrets[id]
}
