package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// record is the file of a record: a name such as "refused", or "slot-a/made"
// below a directory that is there.
func (u Unit) record(name string) string { return filepath.Join(u.Dir, name+".json") }

// ReadRecord fills out with the record of that name, and reports whether there is
// one. A file that cannot be read, or is none of ours, is an error.
func (u Unit) ReadRecord(name string, out any) (found bool, err error) {
	return readJSON(u.record(name), out)
}

// WriteRecord keeps v under a name, in a file that root alone reads. The file is
// replaced as a whole and outlives a crash of the machine. When it cannot be
// written, the record of before stays; the error is an ErrNoSpace when the disk
// is full.
func (u Unit) WriteRecord(name string, v any) error {
	if err := u.Make(); err != nil {
		return err
	}
	return writeJSON(u.record(name), v)
}

// RemoveRecord removes the record of that name, if there is one.
func (u Unit) RemoveRecord(name string) error {
	if err := os.Remove(u.record(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove %s: %v", u.record(name), err)
	}
	return nil
}

func readJSON(path string, out any) (found bool, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		return false, fmt.Errorf("cannot read %s: %v", path, err)
	}
	return true, nil
}

func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cannot write %s: %v", path, err)
	}
	if b = append(b, '\n'); same(path, b, 0, 0o600) {
		return nil
	}
	if err := writeFile(path, b, 0, 0o600); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
