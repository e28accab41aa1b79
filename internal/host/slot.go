package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Secrets are the texts of a slot's token and cookie secret, as far as they can
// be read: what is logged must not hold them.
func (u Unit) Secrets(slot string) (out []string) {
	for _, name := range []string{"token", "cookie_secret"} {
		if b, err := os.ReadFile(filepath.Join(u.secret(slot), name)); err == nil && len(bytes.TrimSpace(b)) > 0 {
			out = append(out, string(bytes.TrimSpace(b)))
		}
	}
	return out
}

// RemoveSlot removes the directory of a slot that no container uses any more; none
// is fine.
func (u Unit) RemoveSlot(slot string) error {
	if err := os.RemoveAll(u.Slot(slot)); err != nil {
		return fmt.Errorf("cannot remove %s: %v", u.Slot(slot), err)
	}
	return nil
}

// InProcess is a path as a process sees it, which may have a root of its own.
func InProcess(pid int, path string) string { return fmt.Sprintf("/proc/%d/root%s", pid, path) }
