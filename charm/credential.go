package charm

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// publishSecret makes the application's credential where there is none, or tells
// the peers of the one that there is.
func (c *Charm) publishSecret(out Outputs, in notebook.Inputs) error {
	switch made := in.Credential; {
	case out.MakeSecret:
		return c.makeSecret()
	case made != nil && in.Leader && c.Event.Hook == "peers-relation-created":
		return c.tellPeers(made.Revision)
	}
	return nil
}

// makeSecret makes the application's credential. It is used from the next hook
// on: were this one to fail, Juju would drop it. That hook is asked for, since on
// a unit that was set up before none may come for minutes.
func (c *Charm) makeSecret() error {
	content, err := newCredential(1)
	if err != nil {
		return err
	}
	if err := c.files.Make(); err != nil {
		return err
	}
	if err := c.Tools.AddSecret(secretLabel, c.files.Dir, content); err != nil {
		return err
	}
	if c.Event.Hook == "install" {
		return nil // the next hook uses it and tells the peers, who are not there yet
	}
	if err := c.tellPeers("1"); err != nil {
		return err
	}
	c.wake()
	return nil
}

// newCredential is a token and a cookie secret of 256 random bits each.
func newCredential(revision int) (map[string]string, error) {
	var bits [64]byte
	if _, err := rand.Read(bits[:]); err != nil {
		return nil, fmt.Errorf("cannot make a token: %v", err)
	}
	return map[string]string{
		"token":         hex.EncodeToString(bits[:32]),
		"cookie-secret": base64.StdEncoding.EncodeToString(bits[32:]),
		"revision":      strconv.Itoa(revision),
	}, nil
}

// tellPeers wakes the other units for a new revision of the credential.
func (c *Charm) tellPeers(revision string) error {
	ids, err := c.Tools.Relations("peers")
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := c.Tools.SetAppBag(id, map[string]string{"credential": revision}); err != nil {
			return err
		}
	}
	return nil
}
