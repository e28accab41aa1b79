package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// tokenIn is a token in the address of a Spark Connect server.
var tokenIn = regexp.MustCompile(`;token=([^;\s]+)`)

// leastSecret is below which a text is no secret: it would be found in many words.
const leastSecret = 8

// Secrets are the texts of a slot's token and cookie secret, and of the token of Spark
// Connect, as far as they can be read: what is logged must not hold them.
func (u Unit) Secrets(slot string) (out []string) {
	read := func(name string) string {
		b, _ := os.ReadFile(filepath.Join(u.secret(slot), name)) // many have none
		return string(bytes.TrimSpace(b))
	}
	secrets := []string{read("token"), read("cookie_secret")}
	if found := tokenIn.FindStringSubmatch(read("spark-remote")); found != nil {
		secrets = append(secrets, found[1])
	}
	for _, secret := range secrets {
		if len(secret) >= leastSecret {
			out = append(out, secret)
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
