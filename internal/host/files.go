package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Root is where units keep what outlives their containers.
const Root = "/var/lib/jupyter-docker"

// Unit is a unit's directory on the host.
type Unit struct {
	Dir   string
	Group int
}

// Slot is the directory of a slot, with its settings and its secret.
func (u Unit) Slot(slot string) string { return filepath.Join(u.Dir, "slot-"+slot) }

// GatewayDir is the directory through which the gateway is told.
func (u Unit) GatewayDir() string { return filepath.Join(u.Dir, "gateway") }

// makeDir makes a directory with that owner and mode, whatever the umask.
func makeDir(path string, gid int, mode fs.FileMode) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("cannot make %s: %v", path, err)
	}
	if err := errors.Join(os.Chown(path, 0, gid), os.Chmod(path, mode)); err != nil {
		return fmt.Errorf("cannot set up %s: %v", path, err)
	}
	return nil
}

// MakeGatewayDir makes the directory of the gateway, which its group may write.
func (u Unit) MakeGatewayDir(gid int) error {
	if err := makeDir(u.Dir, 0, 0o711); err != nil {
		return err
	}
	return makeDir(u.GatewayDir(), gid, fs.ModeSetgid|0o770)
}

// Secret is what a slot's server reads at its start, and what its Spark does:
// files by their path below the slot's secret directory.
type Secret struct {
	Token, CookieSecret string
	Spark               map[string]string
}

func (s Secret) files() map[string]string {
	out := map[string]string{"token": s.Token + "\n", "cookie_secret": s.CookieSecret + "\n"}
	maps.Copy(out, s.Spark)
	return out
}

// WriteSlot writes a slot's settings, readable by all, and its secret, readable
// by root and the unit's group alone.
func (u Unit) WriteSlot(slot string, settings map[string]string, s Secret) error {
	dir := u.Slot(slot)
	config, secret := filepath.Join(dir, "config"), filepath.Join(dir, "secret")
	users := u.SecretUsers(slot)
	err := errors.Join(makeDir(u.Dir, 0, 0o711), makeDir(dir, 0, 0o711), makeDir(config, 0, 0o755), makeDir(secret, u.Group, 0o750))
	if err != nil {
		return err
	}
	for name, text := range settings {
		if err := writeFile(filepath.Join(config, name), []byte(text), 0, 0o644); err != nil {
			return err
		}
	}
	if err := u.writeSecret(secret, s.files()); err != nil {
		return err
	}
	if len(users) > 0 {
		return u.AdmitToSecret(slot, users)
	}
	return nil
}

// writeSecret leaves these files in a slot's secret directory, and no others.
func (u Unit) writeSecret(dir string, files map[string]string) error {
	keep := map[string]bool{".": true}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if below := filepath.Dir(name); !keep[below] {
			if err := makeDir(filepath.Dir(path), u.Group, 0o750); err != nil {
				return err
			}
			keep[below] = true
		}
		if err := writeFile(path, []byte(text), u.Group, 0o440); err != nil {
			return err
		}
		keep[name] = true
	}
	return eachBelow(dir, func(name string) error {
		if keep[name] {
			return nil
		}
		return os.RemoveAll(filepath.Join(dir, name))
	})
}

// eachBelow calls f with the path of all that is below a directory, from there.
func eachBelow(dir string, f func(name string) error) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) { // f removed it
				return nil
			}
			return fmt.Errorf("cannot read %s: %v", dir, err)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return fmt.Errorf("cannot read %s: %v", dir, err)
		}
		return f(name)
	})
}

// same tells whether a file of root has that content, group and mode already.
func same(path string, content []byte, gid int, mode fs.FileMode) bool {
	var s syscall.Stat_t
	if err := syscall.Lstat(path, &s); err != nil || s.Mode != syscall.S_IFREG|uint32(mode) || s.Uid != 0 || int(s.Gid) != gid {
		return false
	}
	have, err := os.ReadFile(path)
	return err == nil && bytes.Equal(have, content)
}

// writeFile replaces a file as a whole, when it differs. The bytes are there only
// once nobody else may read them.
func writeFile(path string, content []byte, gid int, mode fs.FileMode) error {
	if same(path, content, gid, mode) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("cannot write %s: %v", path, err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chown(0, gid), f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("cannot write %s: %v", path, err)
	}
	return nil
}

// Token is the token that the slot's server was given, "" when there is none.
func (u Unit) Token(slot string) (string, error) {
	b, err := os.ReadFile(filepath.Join(u.Slot(slot), "secret", "token"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the token of slot %s: %v", slot, err)
	}
	return string(bytes.TrimSpace(b)), nil
}

// SecretUsers are the users that AdmitToSecret let in.
func (u Unit) SecretUsers(slot string) []int {
	return aclUsers(filepath.Join(u.Slot(slot), "secret"), accessACL)
}

// AdmitToSecret lets users read the slot's secret, for servers that stepped
// down and gave the unit's group away.
func (u Unit) AdmitToSecret(slot string, users []int) error {
	dir := filepath.Join(u.Slot(slot), "secret")
	r := Readers{Group: u.Group, Users: users}
	return eachBelow(dir, func(name string) error {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if err != nil {
			return fmt.Errorf("cannot let users read %s: %v", path, err)
		}
		if info.IsDir() {
			return setACL(path, accessACL, acl(7, 5, 0, r, 5))
		}
		return setACL(path, accessACL, acl(4, 4, 0, r, 4))
	})
}

// Adopt makes a directory of notebooks readable and writable for the unit's
// group and the users, with one pass over what was there before. When the
// directory is adopted already, it does nothing.
func (u Unit) Adopt(data string, users []int) error {
	if err := os.MkdirAll(data, 0o770); err != nil {
		return fmt.Errorf("cannot make the directory of the notebooks: %v", err)
	}
	before := aclUsers(data, defaultACL)
	r := Readers{Group: u.Group, Users: append(slices.Clone(users), before...)}
	want := acl(7, 7, 0, r, 7)
	if hasGroup(data, want) {
		return nil
	}
	if err := grant(data, r, false); err != nil && !errors.Is(err, ErrNoACL) {
		return err
	}
	if err := errors.Join(os.Chown(data, -1, u.Group), os.Chmod(data, fs.ModeSetgid|0o770)); err != nil {
		return fmt.Errorf("cannot set up %s: %v", data, err)
	}
	if err := setACL(data, accessACL, want); err != nil {
		return err
	}
	return setACL(data, defaultACL, want) // last: it marks the pass as done
}

// Reopen gives to the unit's group and the users what programs have closed to
// them since the directory was adopted, as those do that set modes themselves.
// It walks the directory: a switch does, to an image that may have another user.
func (u Unit) Reopen(data string) error {
	r := Readers{Group: u.Group, Users: aclUsers(data, defaultACL)}
	if err := grant(data, r, true); !errors.Is(err, ErrNoACL) {
		return err
	}
	return nil
}

// RemoveAllButData removes the unit's directory except for its notebooks. It
// tells where those are, "" when there are none.
func (u Unit) RemoveAllButData() (string, error) {
	entries, err := os.ReadDir(u.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %v", u.Dir, err)
	}
	data := filepath.Join(u.Dir, "notebooks")
	for _, e := range entries {
		if path := filepath.Join(u.Dir, e.Name()); path != data {
			if err := os.RemoveAll(path); err != nil {
				return "", fmt.Errorf("cannot remove %s: %v", path, err)
			}
		}
	}
	if os.Remove(data) == nil { // only when it is empty
		return "", os.Remove(u.Dir)
	}
	if _, err := os.Stat(data); err == nil {
		return data, nil
	}
	return "", os.Remove(u.Dir)
}
