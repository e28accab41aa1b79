//go:build integration

package stories

import (
	"strings"
	"testing"
)

// No user of the machine may come into the folder of all units: whoever can open
// it can hold a lock that hooks wait for (19).
func TestStateFolderIsRoots(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	m.onMachine("nb/0", "chmod 755 /var/lib/jupyter-docker") // as the charm of before, or a person, makes it
	m.updateStatus("nb/0")
	if got := strings.TrimSpace(m.onMachine("nb/0", "stat -c '%a %u' /var/lib/jupyter-docker")); got != "700 0" {
		t.Errorf("the state folder is %s", got)
	}
	for _, does := range []string{"flock -n /var/lib/jupyter-docker true", "ls /var/lib/jupyter-docker", "flock -n /var/lib/jupyter-docker/" + m.key("nb/0") + " true"} {
		if out, err := m.tryOnMachine("nb/0", "setpriv --reuid 65533 --regid 65533 --clear-groups "+does); err == nil {
			t.Errorf("another user does %q: %s", does, out)
		}
	}
}

// caps are the kernel's own words on what a process may do.
const caps = `
words = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(*[words[name].strip() for name in ("CapEff", "CapBnd", "NoNewPrivs")])
print(open("/sys/fs/cgroup/pids.max").read().strip() if __import__("os").path.exists("/sys/fs/cgroup/pids.max") else open("/sys/fs/cgroup/pids/pids.max").read().strip())`

// boundCaps are CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID and
// AUDIT_WRITE, by their numbers in linux/capability.h.
const boundCaps = "00000000200000fb"

// Cells can do little to the machine, and sudo works where the operator allows
// it (22).
func TestPrivilegesAreFew(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("sudoer"))
	m.waitActive("nb/0")
	n, before := m.open("nb/0"), m.containers("nb/0")
	k := n.startKernel()
	if got, want := k.run(caps), "0000000000000000 "+boundCaps+" 1\n16384\n"; got != want {
		t.Errorf("the kernel's process has %q, want %q", got, want)
	}
	const sudo = `import subprocess
print(subprocess.run(["sudo", "-n", "id", "-u"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode())`
	if got := k.run(sudo); strings.TrimSpace(got) == "0" {
		t.Error("sudo makes a cell root")
	}
	for option, want := range map[string]string{"pids-limit=200": "200", "pids-limit=0": "max"} {
		m.config("nb", option)
		eventually(t, option+" is in force", patience, func() bool { return strings.HasSuffix(strings.TrimSpace(k.run(caps)), "\n"+want) })
	}
	m.waitActive("nb/0")
	if now := m.containers("nb/0"); now != before {
		t.Errorf("pids-limit left %q, were %q", now, before)
	}
	m.config("nb", "allow-sudo=true")
	m.replaced("nb/0", before)
	m.waitSettled("nb/0", "test/sudoer:1")
	after := m.open("nb/0").startKernel()
	if got := strings.TrimSpace(after.run(sudo)); got != "0" {
		t.Errorf("with allow-sudo, sudo prints %q", got)
	}
	if got := after.run(caps); !strings.Contains(got, boundCaps+" 0\n") {
		t.Errorf("with allow-sudo the kernel's process has %q", got)
	}
}

// As root, a notebook has those capabilities and no others (22).
func TestRootIsBoundToo(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("root"), "pids-limit=500")
	m.waitActive("nb/0")
	if got, want := m.open("nb/0").startKernel().run(caps), boundCaps+" "+boundCaps+" 1\n500\n"; got != want {
		t.Errorf("root's kernel has %q, want %q", got, want)
	}
	if got := m.tryRun("nb/0", "get-token"); got.Status != "completed" {
		t.Errorf("get-token: %+v", got)
	}
}
