package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// Root is where units keep what outlives their containers.
const Root = "/var/lib/jupyter-docker"

// Unit is a unit's directory on the host.
type Unit struct {
	Dir   string
	Group int
	Links string // directory of its link to storage, in LinkRoot
}

// Slot is the directory of a slot, with its settings and its secret.
func (u Unit) Slot(slot string) string { return filepath.Join(u.Dir, "slot-"+slot) }

func (u Unit) secret(slot string) string { return filepath.Join(u.Slot(slot), "secret") }

// GatewayDir is the directory through which the gateway is told.
func (u Unit) GatewayDir() string { return filepath.Join(u.Dir, "gateway") }

// makeDir makes a directory with that group and mode, whatever the umask. The
// one above it has to be there.
func makeDir(path string, gid int, mode fs.FileMode) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return cannot("make", path, err)
	}
	if err := errors.Join(os.Chown(path, 0, gid), os.Chmod(path, mode)); err != nil {
		return cannot("set up", path, err)
	}
	return nil
}

// makeRoot makes the directory of all units, through which no local user comes:
// a server that stepped down has an ordinary user's uid, and anyone could hold a
// lock on a directory that he can open.
func makeRoot(root string) error {
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return cannot("make", root, err)
	}
	return makeDir(root, 0, 0o700)
}

// Make makes the unit's directory, and mends the modes of it and of the one
// above it where they differ.
func (u Unit) Make() error {
	if err := makeRoot(filepath.Dir(u.Dir)); err != nil {
		return err
	}
	return makeDir(u.Dir, 0, 0o711)
}

// MakeGatewayDir makes the directory of the gateway, which its group may write.
func (u Unit) MakeGatewayDir(gid int) error {
	if err := u.Make(); err != nil {
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
// by root, the unit's group and whom AdmitToSecret let in. The error is an
// ErrNoSpace when the disk is full.
func (u Unit) WriteSlot(slot string, settings map[string]string, s Secret) error {
	dir := u.Slot(slot)
	config, secret := filepath.Join(dir, "config"), u.secret(slot)
	users := u.SecretUsers(slot)
	if err := u.Make(); err != nil {
		return err
	}
	if err := makeDir(dir, 0, 0o711); err != nil {
		return err // alone: without it the next two have no cause of their own
	}
	if err := errors.Join(makeDir(config, 0, 0o755), makeDir(secret, u.Group, 0o750)); err != nil {
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

// Token is the token that the slot's server was given, "" when there is none.
func (u Unit) Token(slot string) (string, error) {
	b, err := os.ReadFile(filepath.Join(u.secret(slot), "token"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the token of slot %s: %v", slot, err)
	}
	return string(bytes.TrimSpace(b)), nil
}
