//go:build integration

package stories

import (
	"strings"
	"testing"
)

// A paused container is named as that by the first hook that finds it, and resumed
// by the second; "does not answer" was all that was said, for ever (35).
func TestPausedContainer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	n, before := m.open("nb/0"), m.containers("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	m.onMachine("nb/0", "docker pause "+m.key("nb/0")+"-a")
	t.Cleanup(func() { m.tryOnMachine("nb/0", "docker unpause "+m.key("nb/0")+"-a") })
	m.updateStatus("nb/0")
	s := m.waitUnit("nb/0", "told to be paused", patience, func(s unitStatus) bool { return strings.Contains(s.Workload.Message, "paused") })
	if s.Workload.Current == "active" {
		t.Errorf("with a paused container the unit is %s", s)
	}
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	n.serves()
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("the kernel printed %q", got)
	}
	if now := m.containers("nb/0"); now != before {
		t.Errorf("there are %q, were %q", now, before)
	}
}

// A kernel that is killed for memory is not the notebook's end, whatever the
// engine marks the container with (35).
func TestKernelOutOfMemory(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "memory-limit=400m")
	m.waitActive("nb/0")
	n, before := m.open("nb/0"), m.containers("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	k.send(`open("/proc/self/oom_score_adj", "w").write("1000")
ballast = []
while True: ballast.append(b"x" * (16 << 20))`)
	eventually(t, "the kernel was killed", patience, func() bool {
		out, err := m.tryOnMachine("nb/0", "docker inspect -f '{{.State.OOMKilled}}' "+m.key("nb/0")+"-a; cat /sys/fs/cgroup/memory/docker/$(docker inspect -f '{{.Id}}' "+
			m.key("nb/0")+"-a)/memory.oom_control /sys/fs/cgroup/docker/$(docker inspect -f '{{.Id}}' "+m.key("nb/0")+"-a)/memory.events 2>/dev/null; true")
		return err == nil && (strings.Contains(out, "true") || strings.Contains(out, "oom_kill 1"))
	})
	m.updateStatus("nb/0")
	s := m.waitActive("nb/0", "test/plain:1")
	if strings.Contains(s.Workload.Message, "ended before") {
		t.Errorf("the status is %s", s)
	}
	n.serves()
	if now := m.containers("nb/0"); now != before {
		t.Errorf("there are %q, were %q", now, before)
	}
}
