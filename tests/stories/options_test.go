//go:build integration

package stories

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// badOptions are values that cannot be used, with what is wrong.
var badOptions = []struct{ option, value, says string }{
	{"jupyter-image", "No/Such Reference!", "is not an image reference"},
	{"port", "70000", "1 to 65535"},
	{"base-url", "a b/../c", "must be a path"},
	{"command", `jupyter "lab`, "cannot be split"},
	{"environment", "A=1\nhush-hush", "line 2 is not KEY=VALUE"},
	{"environment", "JUPYTER_TOKEN=hush-hush", "get-token"},
	{"memory-limit", "plenty", "must be a size"},
	{"cpu-limit", "4000", "is more than the machine's"},
	{"cpu-limit", "-1", "must be a number of CPUs"},
	{"shm-size", "12x", "must be a size"},
	{"network-mode", "none", "must be bridge, host"},
	{"switch-when", "never", "must be now, idle, manual"},
	{"start-timeout", "1", "from 10 to 3600"},
	{"pull-timeout", "0", "from 60 to 86400"},
	{"idle-cull-minutes", "-5", "from 0 to 525600"},
	{"log-level", "LOUD", "must be TRACE"},
	{"spark-master", "mesos://m:5050", "must be local"},
	{"spark-remote", "spark://m:7077/;token=hush-hush", "must be sc://"},
	{"spark-conf", "spark.a=hush-hush\nnonsense", "line 2 is not key=value"},
	{"emr-release", "emr-99.0.0", "is unknown here"},
	{"cluster-versions", "ruby=3", "must be words such as"},
	{"executor-python", "python3 -c x", "must be the name or path"},
	{"driver-ports", "80", "from 1024 to"},
	{"driver-host", "tcp://x", "must be an address or a host name"},
	{"version-check", "maybe", "must be enforce, warn, off"},
}

// A value that cannot be used is named, and the notebook stays as it is.
func TestBadOptions(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	n, before := m.open("nb/0"), m.containers("nb/0")
	good := m.options("nb")
	for _, bad := range badOptions {
		m.config("nb", bad.option+"="+bad.value)
		m.waitStatus("nb/0", "blocked", bad.option, bad.says)
		m.config("nb", bad.option+"="+good[bad.option])
	}
	var all, names []string
	for _, bad := range badOptions {
		if bad.value == "4000" || slices.Contains(names, bad.option) {
			continue // it is measured against the machine, once all can be read
		}
		all, names = append(all, bad.option+"="+bad.value), append(names, bad.option)
	}
	m.config("nb", all...)
	m.waitStatus("nb/0", "blocked", names...)
	n.serves()
	if now := m.containers("nb/0"); now != before {
		t.Errorf("bad options left %q, were %q", now, before)
	}
	m.logsValues()
	for i, name := range names {
		all[i] = name + "=" + good[name]
	}
	m.config("nb", all...)
	m.waitActive("nb/0")
	n.serves()
	if now := m.containers("nb/0"); now != before {
		t.Errorf("good options again left %q, were %q", now, before)
	}
}

// logsValues checks that the log has the bad values, but none that could be a
// secret.
func (m *model) logsValues() {
	m.t.Helper()
	log := m.juju("debug-log", "--replay", "--no-tail")
	for _, bad := range badOptions {
		switch value := strconv.Quote(bad.value); bad.option {
		case "environment", "command", "spark-conf", "spark-remote":
			if strings.Contains(log, "hush-hush") || strings.Contains(log, value) {
				m.t.Errorf("the log holds a value of %s", bad.option)
			}
		default:
			if !strings.Contains(log, value) {
				m.t.Errorf("the log does not say which %s was wrong: %s", bad.option, value)
			}
		}
	}
}

// options are the application's options as texts.
func (m *model) options(app string) map[string]string {
	m.t.Helper()
	var config struct {
		Settings map[string]struct {
			Value any `json:"value"`
		} `json:"settings"`
	}
	decode(m.t, m.juju("config", app, "--format", "json"), &config)
	out := map[string]string{}
	for name, s := range config.Settings {
		if out[name] = fmt.Sprint(s.Value); s.Value == nil {
			out[name] = ""
		}
	}
	return out
}

// limits prints the limits that the kernel's cgroup has, of either version.
const limits = `import os
def read(*names):
    for name in names:
        if os.path.exists("/sys/fs/cgroup/" + name): return open("/sys/fs/cgroup/" + name).read().split()[0].replace("max", "-1")
print(read("memory.max", "memory/memory.limit_in_bytes"), read("cpu.max", "cpu/cpu.cfs_quota_us"))`

// What changes in place ends no kernel: limits in both directions, and the port.
func TestChangesInPlace(t *testing.T) {
	t.Parallel()
	m, first := newModel(t), port()
	m.deploy("nb", "port="+strconv.Itoa(first))
	m.waitActive("nb/0")
	n, before := m.open("nb/0"), m.containers("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	for _, c := range []struct{ memory, cpu, want string }{
		{"1g", "1.5", "1073741824 150000"},
		{"512m", "0.5", "536870912 50000"},
		{"700m", "", "734003200 -1"},
	} {
		m.config("nb", "memory-limit="+c.memory, "cpu-limit="+c.cpu)
		eventually(t, "the engine has the limits "+c.want, patience, func() bool {
			return m.inspect("nb/0", "{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}}") == c.want
		})
		if got := strings.TrimSpace(k.run(limits)); got != c.want {
			t.Errorf("memory-limit=%s, cpu-limit=%s: the cgroup has %s, want %s", c.memory, c.cpu, got, c.want)
		}
	}
	k.run("ballast = bytearray(300 << 20)")
	m.config("nb", "memory-limit=256m")
	m.waitStatus("nb/0", "waiting", "memory-limit", "still serves")
	if got := k.run("print(len(ballast) >> 20)"); got != "300\n" {
		t.Errorf("the kernel printed %q", got)
	}
	k.run("del ballast")
	m.updateStatus("nb/0")
	m.waitActive("nb/0")
	m.config("nb", "memory-limit=")
	eventually(t, "the cgroup has no limit", patience, func() bool {
		memory, _, _ := strings.Cut(k.run(limits), " ")
		got, err := strconv.ParseInt(memory, 10, 64)
		return err == nil && (got < 0 || got > 1<<60)
	})

	second := port()
	m.config("nb", "port="+strconv.Itoa(second))
	s := m.waitActive("nb/0", fmt.Sprintf(":%d/", second))
	if want := []string{fmt.Sprintf("%d/tcp", second)}; !slices.Equal(s.Ports, want) {
		t.Errorf("the open ports are %v, want %v", s.Ports, want)
	}
	if conn, err := net.DialTimeout("tcp", strings.Split(n.url, "/")[2], time.Second); err == nil {
		conn.Close()
		t.Errorf("the port %d still answers", first)
	}
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("the kernel printed %q", got)
	}
	m.open("nb/0").serves()
	if now := m.containers("nb/0"); now != before {
		t.Errorf("changes in place left %q, were %q", now, before)
	}
}

// inspect is what the engine says of the notebook that serves.
func (m *model) inspect(unit, format string) string {
	m.t.Helper()
	out, err := m.tryInspect(unit, format)
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	return out
}

// tryInspect is inspect while a switch may remove what was just listed.
func (m *model) tryInspect(unit, format string) (string, error) {
	m.t.Helper()
	out, err := m.tryOnMachine(unit, "docker ps -q --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+
		m.key(unit)+" | xargs docker inspect -f '"+format+"'")
	return strings.TrimSpace(out), err
}

// What a container is created with reaches the notebook by a switch.
func TestChangesBySwitch(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	m.config("nb", "base-url=team/one", "shm-size=96m", "idle-cull-minutes=7",
		"environment=# of ours\nGREETING=hello, world = \"you\"\n\nEMPTY=\nHOME_PAGE=a#b")
	m.waitActive("nb/0", "/team/one/ ")
	n := m.open("nb/0")
	if !strings.HasSuffix(n.url, "/team/one/") {
		t.Errorf("the notebook is at %s", n.url)
	}
	n.serves()
	got := n.startKernel().run(`import json, os, subprocess
print([os.environ[x] for x in ("GREETING", "EMPTY", "HOME_PAGE")], os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize >> 20)
shown = subprocess.run(["jupyter", "server", "--show-config-json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
print(json.loads(shown)["MappingKernelManager"]["cull_idle_timeout"])`)
	if want := "['hello, world = \"you\"', '', 'a#b'] 96\n420\n"; got != want {
		t.Errorf("the kernel printed %q, want %q", got, want)
	}
	m.config("nb", "base-url=/")
	m.waitActive("nb/0", strings.TrimSuffix(n.url, "team/one/")+" ")
	m.open("nb/0").serves()
}

// On the host's network, Jupyter and its kernels listen on loopback only, and
// the gateway is the way in.
func TestHostNetwork(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "network-mode=host")
	m.waitActive("nb/0")
	n := m.open("nb/0")
	n.serves()
	if got := n.startKernel().run("print(6 * 7)"); got != "42\n" {
		t.Fatalf("the kernel printed %q", got)
	}
	id := m.inspect("nb/0", "{{.Id}}")
	var listens int
	for _, line := range strings.Split(m.onMachine("nb/0", `for p in $(docker top `+id+` -eo pid | tail -n +2); do ss -Hltnp | grep "pid=$p,"; done; true`), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		listens++
		if host, _, _ := net.SplitHostPort(fields[3]); !net.ParseIP(host).IsLoopback() {
			t.Errorf("the notebook listens on %s: %s", fields[3], line)
		}
	}
	if listens < 2 {
		t.Errorf("only %d sockets were found", listens)
	}
	m.config("nb", "network-mode=bridge")
	eventually(t, "the notebook is on the unit's network", patience, func() bool {
		mode, err := m.tryInspect("nb/0", "{{.HostConfig.NetworkMode}}")
		return err == nil && mode == m.key("nb/0")
	})
	m.waitActive("nb/0")
	m.open("nb/0").serves()
}
