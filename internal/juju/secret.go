package juju

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Secret reads the newest content of a secret that the application owns, by its
// label. found is false only when Juju says that there is none; any other
// failure is an error.
func (t *Tools) Secret(label string, leader bool) (content map[string]string, found bool, err error) {
	err = t.read(&content, "secret-get", "--label", label, "--refresh")
	if err == nil {
		return content, true, nil
	}
	var refused *ToolError
	if !errors.As(err, &refused) || refused.Code != 1 {
		return nil, false, err
	}
	if !leader {
		return nil, false, nil // only owners can list; the leader will make it
	}
	id, lookup := t.secretID(label)
	if lookup != nil {
		return nil, false, lookup
	}
	if id != "" {
		return nil, false, err // it exists, and could not be read
	}
	return nil, false, nil
}

// secretID finds the id of the application's secret with the label, "" when
// there is none.
func (t *Tools) secretID(label string) (string, error) {
	var ids []string
	if err := t.read(&ids, "secret-ids"); err != nil {
		return "", err
	}
	for _, id := range ids {
		var info map[string]struct {
			Label string `json:"label"`
		}
		if err := t.read(&info, "secret-info-get", id); err != nil {
			return "", err
		}
		for _, s := range info {
			if s.Label == label {
				return id, nil
			}
		}
	}
	return "", nil
}

// AddSecret makes a secret that the application owns. Juju keeps it only when
// the hook succeeds. The content goes through a file, so that no process list
// shows it; dir is a directory that only root reads.
func (t *Tools) AddSecret(label, dir string, content map[string]string) error {
	return withFile(dir, content, func(file string) error {
		return t.call("secret-add", "--label", label, "--owner", "application", "--file", file)
	})
}

// SetSecret gives the secret with the label a new revision, likewise.
func (t *Tools) SetSecret(label, dir string, content map[string]string) error {
	id, err := t.secretID(label)
	if err != nil {
		return err
	}
	if id == "" {
		return fmt.Errorf("cannot find the application's secret %q", label)
	}
	return withFile(dir, content, func(file string) error {
		return t.call("secret-set", id, "--file", file)
	})
}

// withFile hands the content over in a file of mode 0600, in JSON, which is
// YAML too.
func withFile(dir string, content map[string]string, use func(string) error) error {
	f, err := os.CreateTemp(dir, "secret-*")
	if err != nil {
		return fmt.Errorf("cannot hand over a secret: %v", err)
	}
	defer os.Remove(f.Name())
	if err := errors.Join(json.NewEncoder(f).Encode(content), f.Close()); err != nil {
		return fmt.Errorf("cannot hand over a secret: %v", err)
	}
	return use(f.Name())
}

// UserSecret reads the newest content of a secret that a person made, by its URI.
// found is false when Juju does not let the unit read it: of a grant no hook
// tells, so the caller asks again in a later one.
func (t *Tools) UserSecret(uri string) (content map[string]string, found bool, err error) {
	err = t.read(&content, "secret-get", uri, "--refresh")
	var refused *ToolError
	if errors.As(err, &refused) && refused.Code == 1 {
		return nil, false, nil
	}
	return content, err == nil, err
}

// Resource returns the path of a resource's file, "" when none is attached. before
// tells that one was: it cannot be taken away again, so that it could then only not
// be read.
func (t *Tools) Resource(name string, before bool) (string, error) {
	path, err := t.run.Run(t.ctx, "resource-get", name)
	var refused *ToolError
	if errors.As(err, &refused) && refused.Code == 1 && !before {
		return "", nil
	}
	return strings.TrimSpace(string(path)), err
}
