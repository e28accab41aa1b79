package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// keyPattern is a unit's key: its name, and the first digits of its model's UUID.
var keyPattern = regexp.MustCompile(`^(.+-\d+)-([0-9a-f]{8})$`)

// RemoveSecrets removes the secret files of all slots.
func (u Unit) RemoveSecrets() error {
	entries, err := os.ReadDir(u.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot remove the secret files: %v", err)
	}
	var errs []error
	for _, e := range entries {
		if slot, ok := strings.CutPrefix(e.Name(), "slot-"); ok && e.IsDir() {
			errs = append(errs, os.RemoveAll(u.secret(slot)))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cannot remove the secret files: %v", err)
	}
	return nil
}

// RemoveSecretsOfGone removes the secret files, and nothing else, of other units
// of the same model whose removal Juju cut off: their agents' folders are gone
// from agents, which is Juju's. It returns the keys of those that had any. Where
// agents does not hold this unit's own folder, it is not known who is gone, and
// nothing is removed.
func (u Unit) RemoveSecretsOfGone(agents string) (cleared []string, err error) {
	root, own := filepath.Split(u.Dir)
	self := keyPattern.FindStringSubmatch(own)
	if self == nil {
		return nil, nil
	}
	folders, err := os.ReadDir(agents)
	if err != nil {
		return nil, fmt.Errorf("cannot find units that are gone: %v", err)
	}
	if !hasAgent(folders, self[1]) {
		return nil, fmt.Errorf("cannot find units that are gone: %s does not have unit-%s", agents, self[1])
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("cannot find units that are gone: %v", err)
	}
	var errs []error
	for _, e := range entries {
		other := keyPattern.FindStringSubmatch(e.Name())
		if !e.IsDir() || other == nil || other[2] != self[2] || e.Name() == own {
			continue
		}
		unit := Unit{Dir: filepath.Join(root, e.Name())}
		if hasAgent(folders, other[1]) || !unit.hasSecrets() {
			continue
		}
		cleared = append(cleared, e.Name())
		errs = append(errs, unit.RemoveSecrets())
	}
	return cleared, errors.Join(errs...)
}

// hasAgent reports whether a folder may be that of a unit's agent. A name may have
// more behind it, where one machine has units of several models.
func hasAgent(folders []fs.DirEntry, unit string) bool {
	return slices.ContainsFunc(folders, func(e fs.DirEntry) bool {
		return e.Name() == "unit-"+unit || strings.HasPrefix(e.Name(), "unit-"+unit+"-")
	})
}

func (u Unit) hasSecrets() bool {
	found, _ := filepath.Glob(u.secret("*")) // its pattern is valid
	return len(found) > 0
}
