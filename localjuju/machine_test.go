package main

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// TestExecAsUbuntu: commands on a machine are not root's, and sudo makes them so, in
// whatever shell. A state folder that others may not enter is told.
func TestExecAsUbuntu(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the agent is not root's: it has no other user's rights to give")
	}
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	want := "nobody"
	if _, err := user.Lookup("ubuntu"); err == nil {
		want = "ubuntu"
	}
	secret := filepath.Join(j.dir, "secret")
	if err := os.WriteFile(secret, []byte("root's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for commands, output := range map[string]string{
		"id -un; sudo id -un; sudo -n -- sh -c 'id -ru; echo $HOME $USER $SUDO_USER'": want + "\nroot\n0\n/root root " + want + "\n",
		"cat " + secret + " 2>/dev/null || echo refused; sudo cat " + secret:          "refused\nroot's\n",
		"sh -c 'sudo sh -c \"sudo id -G\"'":                                           "0\n",
		"sudo false || echo $?; sudo -u daemon true 2>&1":                             "1\nERROR localjuju's sudo knows the options -n, -E and -H, not -u\n",
		"sudo no-such-thing 2>/dev/null || echo $?":                                   "1\n",
	} {
		if _, got, said := j.try("exec", "--machine", "0", "--", commands); got != output {
			t.Errorf("%s: %q, want %q: %s", commands, got, output, said)
		}
	}
	if err := os.Chmod(j.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if code, _, said := j.try("exec", "--machine", "0", "--", "true"); code != 1 || !strings.Contains(said, "other users may not enter "+j.dir) {
		t.Errorf("from a folder of root's alone: %d %s", code, said)
	}
}
