package charm

import (
	"context"
	"os/exec"
	"path/filepath"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type engineSuite struct{}

var _ = Suite(engineSuite{})

// systemd makes the unit's machine one with systemd, whose units of an engine are
// in that state. ran is what was asked of it but for that.
func (u *unit) systemd(state string) (ran *[]string) {
	dir := u.c.MkDir()
	ran = &[]string{}
	u.machine.Systemd, u.machine.DropIn = dir, filepath.Join(dir, "docker.service.d")
	u.machine.Find = func(string) (string, error) { return "", exec.ErrNotFound }
	u.machine.Run = func(_ context.Context, _ []string, name string, args ...string) (string, error) {
		if name == "systemctl" && args[0] == "is-enabled" {
			return state + "\n", nil
		}
		if name != "dpkg-query" { // which asks alone
			*ran = append(*ran, name+" "+args[0])
		}
		if name == "systemctl" && args[0] == "start" {
			u.engine.down = nil
		}
		return "", nil
	}
	return ran
}

var engineTests = []struct {
	summary, state, hook string
	status               string
	ran                  []string
}{
	{"an enabled one is started", "enabled", "update-status", "active " + at, []string{"systemctl start"}},
	{"(23) a disabled one stays so", "disabled", "update-status",
		"blocked the docker engine is disabled: docker.service is disabled: enable and start it, or remove the unit", nil},
	{"(23) a masked one, in the hook install too", "masked", "install",
		"blocked the docker engine is disabled: docker.service is masked: enable and start it, or remove the unit", nil},
	{"(23) none is installed later on", "not-found", "update-status", "blocked there is no docker engine on this machine: install one", nil},
}

func (engineSuite) TestEngines(c *C) {
	for _, test := range engineTests {
		u := newUnit(c)
		u.engine.down = engineError(docker.Unreachable, "dial")
		ran := u.systemd(test.state)
		c.Check(u.hook(test.hook), Equals, test.status, Commentf(test.summary))
		c.Check(*ran, DeepEquals, append([]string{}, test.ran...), Commentf(test.summary))
		u.close()
	}
}

// TestOneThatDoesNotAnswer leaves what Juju was told of the notebook.
func (engineSuite) TestOneThatDoesNotAnswer(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.engine.down = engineError(docker.Unreachable, "dial")
	written, err := u.run(juju.Event{Hook: "update-status"})
	c.Assert(err, IsNil)
	c.Check(written, DeepEquals, []string{"status-set maintenance starting the docker engine", "status-set blocked the docker engine cannot be started: see journalctl -u docker"})
}

// seen is an engine that answers, and cannot be read.
type seen struct {
	*engine
	err error
}

func (s seen) Machine(context.Context) (docker.Machine, error) { return docker.Machine{}, s.err }

// TestWhatTheEngineDoesNotSay of its machine is no reason to make it.
func (engineSuite) TestWhatTheEngineDoesNotSay(c *C) {
	u := newUnit(c)
	charm := u.charm(juju.Event{Hook: "start"})
	charm.Engine = seen{u.engine, engineError(docker.Unreachable, "dial")}
	logged(c, func() { c.Assert(charm.Run(context.Background()), IsNil) })
	c.Check(shown(u.world.wrote(), "status-set"), Equals, "blocked the docker engine does not answer: see journalctl -u docker")
	c.Check(u.engine.containers, HasLen, 0)
}

func (engineSuite) TestUnitOf(c *C) {
	got := UnitOf(juju.Event{Unit: "nb/0", UUID: uuid, Model: "m"})
	c.Check(got, Equals, notebook.Unit{Name: "nb/0", ModelUUID: uuid, ModelName: "m"})
	c.Check(got.Key(), Equals, "nb-0-12345678")
}
