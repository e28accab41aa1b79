package host

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
)

// OOMKills counts the processes of a process's control group that the kernel ended
// for memory, since the group is there; 0 where that is not told. It may be asked on
// the machine and inside a container. Source: the kernel's cgroup-v2.rst
// (memory.events) and cgroup-v1/memory.rst (memory.oom_control).
func OOMKills(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return 0
	}
	for _, file := range oomFiles(string(b)) {
		if text, err := os.ReadFile(file); err == nil {
			return oomKills(string(text))
		}
	}
	return 0
}

// oomFiles are where the count may be, by /proc/PID/cgroup: a container may see its
// group as the root of all, whatever the name.
func oomFiles(cgroup string) (out []string) {
	for line := range strings.Lines(cgroup) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(f) < 3:
		case f[1] == "memory":
			out = append(out, path.Join("/sys/fs/cgroup/memory", f[2], "memory.oom_control"), "/sys/fs/cgroup/memory/memory.oom_control")
		case f[0] == "0":
			out = append(out, path.Join("/sys/fs/cgroup", f[2], "memory.events"), path.Join("/sys/fs/cgroup/unified", f[2], "memory.events"),
				"/sys/fs/cgroup/memory.events")
		}
	}
	return out
}

func oomKills(text string) int {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "oom_kill" {
			n, _ := strconv.Atoi(f[1])
			return n
		}
	}
	return 0
}
