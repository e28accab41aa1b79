package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// LinkRoot is where links to storage are. A reboot empties /run: until a hook has
// seen the storage mounted again, the engine has nothing to mount and does not start
// the container, which would else see the empty folder below.
const LinkRoot = "/run/jupyter-docker"

// StorageLink is the path by which containers mount the unit's storage. It is in a
// directory of root's: in the storage itself, people could put a link to anywhere in
// the place of whatever is mounted from there.
func (u Unit) StorageLink() string { return filepath.Join(u.Links, "notebooks") }

// LinkStorage makes the link lead to a folder.
func (u Unit) LinkStorage(data string) error {
	link := u.StorageLink()
	if to, err := os.Readlink(link); err == nil && to == data {
		return nil
	}
	if err := errors.Join(makeRoot(filepath.Dir(u.Links)), makeRoot(u.Links)); err != nil {
		return err
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannot("link", link, err)
	}
	if err := os.Symlink(data, link); err != nil {
		return cannot("link", link, err)
	}
	return nil
}

// UnlinkStorage removes the link; none is fine.
func (u Unit) UnlinkStorage() error {
	if err := os.RemoveAll(u.Links); err != nil {
		return cannot("remove", u.Links, err)
	}
	return nil
}

// SameDir reports whether two paths lead to one directory, such as the one that
// a container sees, below /proc/PID/root, and the host's. The error is an
// fs.ErrNotExist when one is not there.
func SameDir(a, b string) (bool, error) {
	first, err := os.Stat(a)
	if err != nil {
		return false, fmt.Errorf("cannot compare directories: %w", err)
	}
	second, err := os.Stat(b)
	if err != nil {
		return false, fmt.Errorf("cannot compare directories: %w", err)
	}
	return os.SameFile(first, second), nil
}

// Mounted reports whether something is mounted at a path, without following links.
// Source: proc_pid_mountinfo(5), whose fifth field has blanks and backslashes in
// octal.
func Mounted(path string) (bool, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, fmt.Errorf("cannot find out what is mounted: %v", err)
	}
	escaped := strings.NewReplacer(`\`, `\134`, " ", `\040`, "\t", `\011`, "\n", `\012`).Replace(filepath.Clean(path))
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == escaped {
			return true, nil
		}
	}
	return false, nil
}
