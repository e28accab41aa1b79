package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Machine is the machine that an engine runs on. The programs that it runs are
// the caller's, so that tests see what is asked of systemd.
type Machine struct {
	Systemd string   // directory that exists while systemd runs
	DropIn  string   // directory for settings of the engine's service
	Log     string   // of an engine that the charm starts
	Sockets []string // files that an engine listens at
	Remote  string   // where the engine is said to be, "" for on this machine: DOCKER_HOST
	Run     func(ctx context.Context, env []string, name string, args ...string) (output string, err error)
	Daemon  func(env []string, log, name string) error // starts a program that outlives the hook
	Find    func(name string) (path string, err error) // on PATH
	Sleep   func(context.Context, time.Duration)
}

// ThisMachine is the machine that the charm runs on.
func ThisMachine() Machine {
	return Machine{
		Systemd: "/run/systemd/system", DropIn: "/etc/systemd/system/docker.service.d", Log: "/var/log/jupyter-docker-engine.log",
		Sockets: []string{"/run/docker.sock", "/var/run/docker.sock"}, Remote: os.Getenv("DOCKER_HOST"),
		Run: runProgram, Daemon: startDaemon, Find: exec.LookPath, Sleep: sleep,
	}
}

var (
	// ErrEngine says that an engine is there and cannot be started.
	ErrEngine = errors.New("cannot start the docker engine")
	// ErrDisabled says that somebody disabled the engine's unit; the error names it.
	ErrDisabled = errors.New("the docker engine is disabled")
	// ErrNoEngine says that there is no engine.
	ErrNoEngine = errors.New("there is no docker engine")
)

const (
	patience    = 3 // further pings, a second apart, before anything is done
	pingLimit   = 10 * time.Second
	engineStart = time.Minute // for an engine to answer
	engineEach  = 200 * time.Millisecond
)

// engineUnits are systemd's units of an engine: the distributions', and snap's.
var engineUnits = []string{"docker.service", "docker.socket", "snap.docker.dockerd.service"}

// EnsureEngine starts the engine where it does not answer. It installs one only
// where mayInstall, and there is none at all: no socket, no unit, no program. What
// somebody disabled stays so: that is an ErrDisabled. The error is an ErrNoEngine
// when there is none and none may be installed, and an ErrEngine when it does not
// come up. progress is called with what takes time.
func (m Machine) EnsureEngine(ctx context.Context, mayInstall bool, p notebook.Proxy, ping func(context.Context) error, progress func(string)) error {
	if m.answers(ctx, ping, 1, 0) == nil {
		return nil
	}
	unit, err := m.unit(ctx)
	if mayInstall && (errors.Is(err, ErrNoEngine) || err != nil && m.halfInstalled(ctx)) {
		progress("installing the docker engine")
		if err := m.install(ctx, p); err != nil {
			return err
		}
		unit, err = m.unit(ctx)
	} else if !errors.Is(err, ErrNoEngine) && m.answers(ctx, ping, patience, time.Second) == nil {
		return nil
	}
	if err != nil {
		return err
	}
	progress("starting the docker engine")
	if err := m.start(ctx, unit, p); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, engineStart)
	defer cancel()
	if err := m.answers(bounded, ping, int(engineStart/engineEach), engineEach); err != nil {
		return fmt.Errorf("%w: it does not answer: %v", ErrEngine, err)
	}
	return nil
}

// answers pings so many times, with a pause before each.
func (m Machine) answers(ctx context.Context, ping func(context.Context) error, times int, pause time.Duration) (err error) {
	for range times {
		m.Sleep(ctx, pause)
		bounded, cancel := context.WithTimeout(ctx, pingLimit)
		err = ping(bounded)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// unit finds the unit that starts the engine, "" for the program itself. An
// engine that the charm cannot start is an error.
func (m Machine) unit(ctx context.Context) (string, error) {
	if m.Remote != "" && !slices.Contains(m.Sockets, strings.TrimPrefix(m.Remote, "unix://")) {
		return "", fmt.Errorf("%w: the one at %s is not this machine's to start", ErrEngine, m.Remote)
	}
	_, lookup := m.Find("dockerd")
	program := !errors.Is(lookup, exec.ErrNotFound)
	if m.hasSystemd() {
		unit, err := m.systemdUnit(ctx)
		if unit != "" || err != nil {
			return unit, err
		}
		if program {
			return "", fmt.Errorf("%w: dockerd is there, and no unit of systemd starts it", ErrEngine)
		}
	}
	if program {
		return "", nil
	}
	for _, socket := range m.Sockets {
		if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%w: there is %s, and neither a unit nor dockerd", ErrEngine, socket)
		}
	}
	return "", ErrNoEngine
}

// systemdUnit returns the first unit that systemd starts by itself, "" where
// there are none. A socket's service that is masked cannot be started by it.
func (m Machine) systemdUnit(ctx context.Context) (string, error) {
	disabled := ""
	for _, unit := range engineUnits {
		if unit == "docker.socket" && strings.HasPrefix(disabled, "docker.service is masked") {
			continue
		}
		state, err := m.unitState(ctx, unit)
		if err != nil {
			return "", err
		}
		switch state {
		case "":
			continue
		case "enabled", "enabled-runtime", "static", "indirect", "alias", "generated", "transient":
			return unit, nil
		}
		if disabled == "" {
			disabled = unit + " is " + state
		}
	}
	if disabled != "" {
		return "", fmt.Errorf("%w: %s", ErrDisabled, disabled)
	}
	return "", nil
}

// unitState is what systemctl says of a unit, "" for one that is not there.
func (m Machine) unitState(ctx context.Context, unit string) (string, error) {
	out, err := m.Run(ctx, []string{"LC_ALL=C"}, "systemctl", "is-enabled", unit)
	text := lastLines(out, 1)
	switch {
	case text == "not-found" || strings.Contains(text, "No such file or directory") || strings.Contains(text, "does not exist"):
		return "", nil
	case text == "" || strings.Contains(text, " "): // a sentence says that it does not know
		return "", fmt.Errorf("%w: systemctl is-enabled %s: %v: %s", ErrEngine, unit, err, text)
	}
	return text, nil
}

func (m Machine) hasSystemd() bool {
	_, err := os.Stat(m.Systemd)
	return !errors.Is(err, fs.ErrNotExist)
}

// start starts a unit, or the program itself where systemd does not run.
func (m Machine) start(ctx context.Context, unit string, p notebook.Proxy) error {
	if unit == "" {
		if err := m.Daemon(environ(p), m.Log, "dockerd"); err != nil {
			return fmt.Errorf("%w: %v", ErrEngine, err)
		}
		return nil
	}
	if out, err := m.Run(ctx, nil, "systemctl", "start", unit); err != nil {
		return fmt.Errorf("%w: systemctl start %s: %v: %s", ErrEngine, unit, err, lastLines(out, 2))
	}
	return nil
}

func runProgram(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func startDaemon(env []string, log, name string) error {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(name)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
