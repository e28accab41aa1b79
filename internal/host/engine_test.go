package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "gopkg.in/check.v1"
)

type engineSuite struct{}

var _ = Suite(&engineSuite{})

// fakeMachine stands in for systemd, which the machines of these tests do not
// run, and for apt. It records what it is asked, and its engine answers once
// something started it.
type fakeMachine struct {
	units   map[string]string // what is-enabled says
	dpkg    string            // dpkg's status of docker.io
	program bool              // dockerd is on PATH
	running bool
	misses  int // pings that fail though the engine runs
	bus     error
	broken  bool // what is started does not answer
	asked   []string
	pings   int
	slept   time.Duration
}

var errPing = errors.New("no answer")

func (f *fakeMachine) ping(context.Context) error {
	f.pings++
	if f.misses > 0 {
		f.misses--
		return errPing
	}
	if !f.running {
		return errPing
	}
	return nil
}

func (f *fakeMachine) run(_ context.Context, env []string, name string, args ...string) (string, error) {
	line := name + " " + strings.Join(args, " ")
	switch {
	case strings.HasPrefix(line, "systemctl is-enabled "):
		return f.isEnabled(args[1])
	case name == "dpkg-query":
		if f.dpkg == "" {
			return "dpkg-query: no packages found matching docker.io\n", errors.New("exit status 1")
		}
		return f.dpkg, nil
	case name == "apt-get":
		line = "apt-get " + args[4]
		if args[4] == "install" {
			f.dpkg, f.program, f.units = "install ok installed", true, map[string]string{"docker.service": "enabled"}
		}
	case name == "systemctl" && args[0] == "start":
		f.running = !f.broken
	}
	f.asked = append(f.asked, line)
	return "", nil
}

func (f *fakeMachine) isEnabled(unit string) (string, error) {
	state, there := f.units[unit]
	switch {
	case f.bus != nil:
		return "Failed to connect to bus: Connection refused\n", f.bus
	case !there:
		return fmt.Sprintf("Failed to get unit file state for %s: No such file or directory\n", unit), errors.New("exit status 1")
	case state == "disabled" || strings.HasPrefix(state, "masked"):
		return state + "\n", errors.New("exit status 1")
	}
	return state + "\n", nil
}

// machine has systemd unless a file of that name says otherwise.
func (f *fakeMachine) machine(systemd string, sockets ...string) Machine {
	return Machine{
		Systemd: systemd, DropIn: filepath.Join(systemd, "drop-in"), Sockets: sockets, Run: f.run,
		Daemon: func(_ []string, _, name string) error {
			f.asked, f.running = append(f.asked, name), !f.broken
			return nil
		},
		Find: func(name string) (string, error) {
			if f.program {
				return "/usr/bin/" + name, nil
			}
			return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
		},
		Sleep: func(_ context.Context, d time.Duration) { f.slept += d },
	}
}

const (
	aptUpdate, aptInstall = "apt-get update", "apt-get install"
	startDocker           = "systemctl start docker.service"
)

var engineTests = []struct {
	summary   string
	machine   fakeMachine
	noSystemd bool
	socket    bool
	remote    string
	install   bool
	asked     []string
	is        error
	err       string
}{
	{summary: "an engine that answers is left alone", machine: fakeMachine{running: true, units: map[string]string{"docker.service": "disabled"}}, install: true},
	{summary: "one failed ping changes nothing", machine: fakeMachine{running: true, misses: 1, units: map[string]string{"docker.service": "enabled"}}},
	{summary: "nor do three", machine: fakeMachine{running: true, misses: 3, units: map[string]string{"docker.service": "disabled"}}},
	{summary: "snap's, which is not on PATH, misses a ping in install", install: true,
		machine: fakeMachine{running: true, misses: 1, units: map[string]string{"snap.docker.dockerd.service": "enabled"}}},
	{summary: "a static build without a unit misses a ping in install", install: true, socket: true, machine: fakeMachine{running: true, misses: 2}},

	{summary: "there is none, in install", install: true, asked: []string{aptUpdate, aptInstall, startDocker}},
	{summary: "there is none, in another hook", is: ErrNoEngine, err: "there is no docker engine"},
	{summary: "a socket alone, in install", install: true, socket: true, is: ErrEngine, err: "cannot start the docker engine: there is .*docker.sock, and neither a unit nor dockerd"},
	{summary: "an engine elsewhere, in install", install: true, remote: "tcp://10.0.0.1:2376", is: ErrEngine, err: ".*the one at tcp://10.0.0.1:2376 is not this machine's to start"},
	{summary: "an installation that broke off", install: true, asked: []string{aptUpdate, aptInstall, startDocker},
		machine: fakeMachine{program: true, dpkg: "install ok half-configured", units: map[string]string{"docker.service": "disabled"}}},

	{summary: "it is stopped", machine: fakeMachine{program: true, units: map[string]string{"docker.service": "enabled", "docker.socket": "enabled"}}, asked: []string{startDocker}},
	{summary: "it is stopped, in install", install: true, machine: fakeMachine{program: true, units: map[string]string{"docker.service": "enabled"}}, asked: []string{startDocker}},
	{summary: "it is enabled until the next boot", machine: fakeMachine{units: map[string]string{"docker.service": "enabled-runtime"}}, asked: []string{startDocker}},
	{summary: "it is static", machine: fakeMachine{units: map[string]string{"docker.service": "static"}}, asked: []string{startDocker}},
	{summary: "it is indirect", machine: fakeMachine{units: map[string]string{"docker.service": "indirect"}}, asked: []string{startDocker}},
	{summary: "it has another name", machine: fakeMachine{units: map[string]string{"docker.service": "alias"}}, asked: []string{startDocker}},
	{summary: "its socket alone is enabled", machine: fakeMachine{units: map[string]string{"docker.service": "disabled", "docker.socket": "enabled"}}, asked: []string{"systemctl start docker.socket"}},
	{summary: "snap's", machine: fakeMachine{units: map[string]string{"snap.docker.dockerd.service": "enabled"}}, asked: []string{"systemctl start snap.docker.dockerd.service"}},
	{summary: "snap's, beside the distribution's that is masked",
		machine: fakeMachine{units: map[string]string{"docker.service": "masked", "docker.socket": "enabled", "snap.docker.dockerd.service": "enabled"}},
		asked:   []string{"systemctl start snap.docker.dockerd.service"}},

	{summary: "somebody disabled it", machine: fakeMachine{program: true, units: map[string]string{"docker.service": "disabled", "docker.socket": "disabled"}},
		is: ErrDisabled, err: "the docker engine is disabled: docker.service is disabled"},
	{summary: "somebody disabled it, in install", install: true, machine: fakeMachine{program: true, dpkg: "install ok installed", units: map[string]string{"docker.service": "disabled"}},
		is: ErrDisabled, err: "the docker engine is disabled: docker.service is disabled"},
	{summary: "somebody masked it, with its socket enabled", machine: fakeMachine{units: map[string]string{"docker.service": "masked", "docker.socket": "enabled"}},
		is: ErrDisabled, err: "the docker engine is disabled: docker.service is masked"},
	{summary: "snap's is disabled, in install", install: true, machine: fakeMachine{units: map[string]string{"snap.docker.dockerd.service": "disabled"}},
		is: ErrDisabled, err: "the docker engine is disabled: snap.docker.dockerd.service is disabled"},

	{summary: "systemd does not say, in install", install: true, machine: fakeMachine{bus: errors.New("exit status 1")},
		is: ErrEngine, err: "cannot start the docker engine: systemctl is-enabled docker.service: exit status 1: Failed to connect to bus: Connection refused"},
	{summary: "dockerd without a unit", install: true, machine: fakeMachine{program: true}, is: ErrEngine, err: ".*dockerd is there, and no unit of systemd starts it"},
	{summary: "it does not come up", machine: fakeMachine{broken: true, units: map[string]string{"docker.service": "enabled"}},
		asked: []string{startDocker}, is: ErrEngine, err: "cannot start the docker engine: it does not answer: no answer"},
	{summary: "no systemd, and dockerd", noSystemd: true, machine: fakeMachine{program: true}, asked: []string{"dockerd"}},
	{summary: "no systemd, and no dockerd", noSystemd: true, is: ErrNoEngine, err: "there is no docker engine"},
}

// TestEnsureEngine: a second engine was installed beside one that missed a ping,
// and one that somebody had disabled was enabled (fault 23).
func (engineSuite) TestEnsureEngine(c *C) {
	for _, test := range engineTests {
		comment := Commentf(test.summary)
		dir := c.MkDir()
		systemd, socket := dir, filepath.Join(dir, "docker.sock")
		if test.noSystemd {
			systemd = filepath.Join(dir, "none")
		}
		if test.socket {
			c.Assert(os.WriteFile(socket, nil, 0o600), IsNil)
		}
		f := test.machine
		m := f.machine(systemd, socket)
		m.Remote = test.remote
		told := 0
		err := m.EnsureEngine(context.Background(), test.install, notebook.Proxy{}, f.ping, func(string) { told++ })
		if test.is == nil {
			c.Check(err, IsNil, comment)
		} else {
			c.Check(errors.Is(err, test.is), Equals, true, comment)
			c.Check(err, ErrorMatches, test.err, comment)
		}
		c.Check(f.asked, DeepEquals, test.asked, comment)
		c.Check(told > 0, Equals, len(test.asked) > 0, comment)
	}
}

// TestAMissingEngineIsNotWaitedFor: a deploy would take seconds longer.
func (engineSuite) TestAMissingEngineIsNotWaitedFor(c *C) {
	f := fakeMachine{}
	m := f.machine(c.MkDir())
	c.Assert(m.EnsureEngine(context.Background(), true, notebook.Proxy{}, f.ping, func(string) {}), IsNil)
	c.Check(f.slept <= engineEach, Equals, true)
	c.Check(f.pings, Equals, 2)
}

func (engineSuite) TestTheHookEnds(c *C) {
	f := fakeMachine{units: map[string]string{"docker.service": "enabled"}, broken: true}
	ctx, cancel := context.WithCancel(context.Background())
	m := f.machine(c.MkDir())
	m.Sleep = func(context.Context, time.Duration) {
		if f.pings == 10 {
			cancel()
		}
	}
	c.Check(m.EnsureEngine(ctx, true, notebook.Proxy{}, f.ping, func(string) {}), NotNil)
	c.Check(f.pings, Equals, 11)
}

// TestThisMachine runs programs as hooks do.
func (engineSuite) TestThisMachine(c *C) {
	m := ThisMachine()
	out, err := m.Run(context.Background(), []string{"A=b"}, "sh", "-c", "echo $A; echo c >&2")
	c.Assert(err, IsNil)
	c.Check(out, Equals, "b\nc\n")
	log := filepath.Join(c.MkDir(), "log")
	c.Assert(m.Daemon(nil, log, "true"), IsNil)
	c.Check(m.Daemon(nil, log, "no-such-program"), NotNil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m.Sleep(ctx, time.Hour)
}
