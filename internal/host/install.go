package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Proxy is the proxy setting for what is installed and started.
type Proxy struct {
	HTTP, HTTPS, No string
}

func (p Proxy) environ() []string {
	env := []string{"DEBIAN_FRONTEND=noninteractive", "HOME=/root"}
	for _, pair := range [][2]string{{"http_proxy", p.HTTP}, {"https_proxy", p.HTTPS}, {"no_proxy", p.No}} {
		if pair[1] != "" {
			env = append(env, pair[0]+"="+pair[1], strings.ToUpper(pair[0])+"="+pair[1])
		}
	}
	return append(os.Environ(), env...)
}

// Machine is where commands of the system are looked up; tests give another.
type Machine struct {
	Systemd string // directory that exists while systemd runs
	DropIn  string // directory for settings of the engine's service
	Log     string // of an engine that the charm starts
}

// ThisMachine is the machine that the charm runs on.
func ThisMachine() Machine {
	return Machine{Systemd: "/run/systemd/system", DropIn: "/etc/systemd/system/docker.service.d", Log: "/var/log/jupyter-docker-engine.log"}
}

// ErrEngine says that an engine is there and cannot be started.
var ErrEngine = errors.New("cannot start the docker engine")

// HasEngine tells whether an engine is installed, running or not.
func (m Machine) HasEngine() bool {
	_, err := exec.LookPath("dockerd")
	return !errors.Is(err, exec.ErrNotFound)
}

// EnsureEngine installs the Docker engine where there is none, and starts it
// where it does not answer. ping tells whether it answers. told is called with
// what takes time.
func (m Machine) EnsureEngine(ctx context.Context, p Proxy, ping func(context.Context) error, told func(string)) error {
	if ping(ctx) == nil {
		return nil
	}
	if !m.HasEngine() {
		told("installing the docker engine")
		if err := m.proxyDropIn(p); err != nil {
			return err
		}
		if err := install(ctx, p); err != nil {
			return err
		}
	}
	told("starting the docker engine")
	if err := m.start(ctx, p); err != nil {
		return err
	}
	deadline := time.Now().Add(time.Minute)
	for {
		err := ping(ctx)
		if err == nil || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// install puts the distribution's engine in, in one transaction of apt. It
// waits for another apt rather than failing, and ends what a hook that was killed
// left half configured.
func install(ctx context.Context, p Proxy) error {
	if err := aptGet(ctx, p, "update", "-q"); err != nil {
		return err
	}
	args := []string{"install", "-q", "-y", "--no-install-recommends", "docker.io", "iptables"}
	err := aptGet(ctx, p, args...)
	if err == nil {
		return nil
	}
	if out, mend := run(ctx, p, "dpkg", "--configure", "-a"); mend != nil {
		return fmt.Errorf("%v; dpkg --configure -a: %v: %s", err, mend, lastLines(out, 1))
	}
	return aptGet(ctx, p, args...)
}

func aptGet(ctx context.Context, p Proxy, args ...string) error {
	out, err := run(ctx, p, "apt-get", append([]string{"-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3"}, args...)...)
	if err != nil {
		return fmt.Errorf("cannot install docker.io: apt-get %s: %v: %s", args[0], err, lastLines(out, 3))
	}
	return nil
}

func run(ctx context.Context, p Proxy, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = p.environ()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}

// proxyDropIn gives the engine's service the model's proxy, before it starts for
// the first time: the engine itself pulls.
func (m Machine) proxyDropIn(p Proxy) error {
	if p.HTTP == "" && p.HTTPS == "" || !m.hasSystemd() {
		return nil
	}
	text := "[Service]\n"
	for _, pair := range [][2]string{{"HTTP_PROXY", p.HTTP}, {"HTTPS_PROXY", p.HTTPS}, {"NO_PROXY", p.No}} {
		text += fmt.Sprintf("Environment=%q\n", pair[0]+"="+strings.ReplaceAll(pair[1], "%", "%%"))
	}
	if err := os.MkdirAll(m.DropIn, 0o755); err != nil {
		return fmt.Errorf("cannot give the engine its proxy: %v", err)
	}
	if err := os.WriteFile(m.DropIn+"/jupyter-docker-proxy.conf", []byte(text), 0o600); err != nil {
		return fmt.Errorf("cannot give the engine its proxy: %v", err)
	}
	return nil
}

func (m Machine) hasSystemd() bool {
	_, err := os.Stat(m.Systemd)
	return !errors.Is(err, fs.ErrNotExist)
}

// start starts the engine through the service manager, or by itself where there
// is none.
func (m Machine) start(ctx context.Context, p Proxy) error {
	if m.hasSystemd() {
		out, err := exec.CommandContext(ctx, "systemctl", "enable", "--now", "docker.service").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %v: %s", ErrEngine, err, lastLines(string(out), 2))
		}
		return nil
	}
	log, err := os.OpenFile(m.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrEngine, err)
	}
	defer log.Close()
	cmd := exec.Command("dockerd") // outlives the hook
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environ(), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: %v", ErrEngine, err)
	}
	return cmd.Process.Release()
}
