package tools

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// secretURI is what names a secret: its ID, with or without the scheme and model.
var secretURI = regexp.MustCompile(`^(secret:)?(//?([0-9a-f-]{36}/)?)?[0-9a-v]{20}$`)

// parseURI parses the flags and makes sure that the first argument names a secret.
func (c *Call) parseURI(most int) error {
	if err := c.Parse(1, most, "missing secret URI"); err != nil {
		return err
	}
	if !secretURI.MatchString(c.Args[0]) {
		return cmdline.Usage("secret URI %q not valid", c.Args[0])
	}
	return nil
}

func secretGet(c *Call) error {
	c.Formats("yaml", "json")
	var label string
	c.Flags.StringVar(&label, "label", "", "a label used to identify the secret in hooks")
	peek := c.Flags.Bool("peek", false, "get the latest revision just this time")
	refresh := c.Flags.Bool("refresh", false, "get the latest revision and also get this same revision for subsequent calls")
	if err := c.Parse(0, 2, ""); err != nil {
		return err
	}
	switch {
	case c.Arg(0) == "" && label == "":
		return cmdline.Usage("require either a secret URI or label")
	case c.Arg(0) != "" && !secretURI.MatchString(c.Args[0]):
		return cmdline.Usage("secret URI %q not valid", c.Args[0])
	case *peek && *refresh:
		return cmdline.Usage("specify one of --peek or --refresh but not both")
	}
	content, err := c.Hook.GetSecret(c.Arg(0), label, *peek, *refresh)
	if err != nil {
		return err
	}
	if c.Arg(1) == "" {
		return c.Print(content)
	}
	return c.printKey(content, c.Args[1])
}

// printKey prints one value of a secret as it is.
func (c *Call) printKey(content map[string]string, key string) error {
	key, encoded := strings.CutSuffix(key, "#base64")
	value, ok := content[key]
	if !ok {
		return fmt.Errorf("secret key value %q not found", key)
	}
	if encoded {
		value = base64.StdEncoding.EncodeToString([]byte(value))
	}
	if c.Format() == "json" {
		return c.Print(value)
	}
	_, err := fmt.Fprintln(c.Stdout, value)
	return err
}

func secretIDs(c *Call) error {
	c.Formats("smart", "json", "yaml")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	ids, err := c.Hook.SecretIDs()
	if err != nil {
		return err
	}
	return c.Print(ids)
}

func secretInfoGet(c *Call) error {
	c.Formats("yaml", "json")
	var label string
	c.Flags.StringVar(&label, "label", "", "a label used to identify the secret in hooks")
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	if (c.Arg(0) == "") == (label == "") {
		return cmdline.Usage("require either a secret URI or label")
	}
	secret, err := c.Hook.SecretInfo(c.Arg(0), label)
	if err != nil {
		return err
	}
	return c.Print(map[string]any{secret.ID: secretInfo(secret)})
}

func secretInfo(s state.Secret) map[string]any {
	info := map[string]any{"revision": s.Latest().Number, "label": s.Label, "owner": s.OwnerKind, "rotation": "never"}
	if s.Rotate != "" {
		info["rotation"] = s.Rotate
	}
	if s.Description != "" {
		info["description"] = s.Description
	}
	if !s.RotateAt.IsZero() {
		info["rotates"] = s.RotateAt.UTC().Format(time.RFC3339)
	}
	if e := s.Latest().Expire; !e.IsZero() {
		info["expiry"] = e.UTC().Format(time.RFC3339)
	}
	var access []map[string]any
	for _, g := range s.Grants {
		access = append(access, map[string]any{"target": g.Target, "scope": fmt.Sprintf("relation-%d", g.Relation), "role": "view"})
	}
	if access != nil {
		info["access"] = access
	}
	return info
}

func secretRemove(c *Call) error {
	revision := c.Flags.Int("revision", 0, "remove the specified revision")
	if err := c.parseURI(1); err != nil {
		return err
	}
	return c.Hook.RemoveSecret(c.Args[0], *revision)
}

func secretGrant(c *Call) error {
	var unit string
	c.Flags.StringVar(&unit, "unit", "", "the unit to grant access")
	r := c.relationFlag()
	if err := c.parseURI(1); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	return c.Hook.GrantSecret(c.Args[0], r.id, unit)
}

func secretRevoke(c *Call) error {
	var unit string
	c.Flags.StringVar(&unit, "unit", "", "the unit to revoke access")
	r := c.relationFlag()
	if err := c.parseURI(1); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	return c.Hook.RevokeSecret(c.Args[0], r.id, unit)
}
