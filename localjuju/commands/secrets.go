package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// findSecret finds a secret by URI, ID or, of a user secret, its name.
func findSecret(m *state.Model, name string) (*state.Secret, error) {
	if s := m.FindSecret(name); s != nil {
		return s, nil
	}
	for _, s := range m.Secrets {
		if s.OwnerKind == "model" && s.Name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("secret %q not found", name)
}

// userSecret finds a secret that people, not charms, own.
func userSecret(m *state.Model, name string) (*state.Secret, error) {
	s, err := findSecret(m, name)
	if err == nil && s.OwnerKind != "model" {
		err = fmt.Errorf("secret %q is owned by %s %s", name, s.OwnerKind, s.Owner)
	}
	return s, err
}

func (c *call) secretContent(file string, words []string) (map[string]string, error) {
	content, err := cmdline.KeyValues(words)
	if err != nil {
		return nil, err
	}
	if file != "" {
		data, err := c.ReadFile(file)
		if err == nil {
			err = yaml.Unmarshal(data, &content)
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %v", file, err)
		}
	}
	for key, value := range content {
		if name, ok := strings.CutSuffix(key, "#file"); ok {
			data, err := c.ReadFile(value)
			if err != nil {
				return nil, fmt.Errorf("cannot read the value of %q: %v", name, err)
			}
			delete(content, key)
			content[name] = string(data)
		}
	}
	if err := state.CheckSecretKeys(content); err != nil {
		return nil, cmdline.Usage("%v", err)
	}
	return content, nil
}

func addSecret(c *call) error {
	c.modelFlag()
	info := c.Flags.String("info", "", "The secret description")
	file := c.Flags.String("file", "", "A YAML file containing secret key values")
	if err := c.Parse(1, -1, "missing secret name"); err != nil {
		return err
	}
	content, err := c.secretContent(*file, c.Args[1:])
	if err != nil {
		return err
	}
	if len(content) == 0 {
		return cmdline.Usage("missing secret value or filename")
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		if _, err := userSecret(m, c.Args[0]); err == nil {
			return fmt.Errorf("secret with name %q already exists", c.Args[0])
		}
		s := &state.Secret{ID: state.NewSecretID(), OwnerKind: "model", Owner: m.UUID, Name: c.Args[0], Description: *info,
			Created: time.Now(), Consumers: map[string]*state.Consumer{}}
		s.AddRevision(content, time.Time{}, time.Now())
		m.Secrets[s.ID] = s
		_, err := fmt.Fprintln(c.Stdout, s.URI())
		return err
	})
}

func updateSecret(c *call) error {
	c.modelFlag()
	info := c.Flags.String("info", "", "The secret description")
	name := c.Flags.String("name", "", "The new secret name")
	prune := c.Flags.Bool("auto-prune", false, "Used to allow Juju to automatically remove revisions which are no longer being tracked")
	file := c.Flags.String("file", "", "A YAML file containing secret key values")
	if err := c.Parse(1, -1, "missing secret URI"); err != nil {
		return err
	}
	content, err := c.secretContent(*file, c.Args[1:])
	if err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		s, err := userSecret(m, c.Args[0])
		if err != nil {
			return err
		}
		if *info != "" {
			s.Description = *info
		}
		if *name != "" {
			s.Name = *name
		}
		s.AutoPrune = s.AutoPrune || *prune
		if len(content) > 0 {
			s.AddRevision(content, time.Time{}, time.Now())
		}
		return nil
	})
}

func removeSecret(c *call) error {
	c.modelFlag()
	revision := c.Flags.Int("revision", 0, "Remove the specified revision")
	if err := c.Parse(1, 1, "missing secret URI"); err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		s, err := userSecret(m, c.Args[0])
		if err != nil {
			return err
		}
		s.Revisions = slices.DeleteFunc(s.Revisions, func(r *state.Revision) bool { return *revision == 0 || r.Number == *revision })
		if len(s.Revisions) == 0 {
			delete(m.Secrets, s.ID)
		}
		return nil
	})
}

func grantSecret(c *call) error {
	return c.grants(func(s *state.Secret, g state.Grant) {
		if !slices.Contains(s.Grants, g) {
			s.Grants = append(s.Grants, g)
		}
	})
}

func revokeSecret(c *call) error {
	return c.grants(func(s *state.Secret, g state.Grant) {
		s.Grants = slices.DeleteFunc(s.Grants, func(o state.Grant) bool { return o == g })
	})
}

// grants changes who may read a user secret. No hook tells the charm of it.
func (c *call) grants(apply func(*state.Secret, state.Grant)) error {
	c.modelFlag()
	if err := c.Parse(2, 2, "missing secret URI or application name"); err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		s, err := userSecret(m, c.Args[0])
		if err != nil {
			return err
		}
		for _, name := range split(c.Args[1:]) {
			if _, err := m.App(name); err != nil {
				return err
			}
			apply(s, state.Grant{Target: name, Relation: -1})
		}
		return nil
	})
}
