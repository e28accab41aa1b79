package charm

import (
	"context"
	"os"
	"path/filepath"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// unit is a unit on a machine of stand-ins, with files of its own.
type unit struct {
	c       *C
	root    string
	dir     string // of the charm
	world   *world
	engine  *engine
	machine host.Machine
	clock   *stopwatch
	answer  cluster.Answer // of any cluster
	program string         // file of the charm's
}

const uuid = "12345678-1111-2222-3333-444444444444"

// newUnit returns a unit that was just deployed, on an engine that has team/nb:1.
func newUnit(c *C) *unit {
	root := filepath.Join(c.MkDir(), "units")
	files := host.Unit{Dir: filepath.Join(root, "nb-0-12345678"), Links: filepath.Join(root, "links", "nb-0-12345678")}
	u := &unit{
		c: c, root: root, dir: filepath.Join(c.MkDir(), "agents", "unit-nb-0", "charm"), world: usual(), clock: &stopwatch{now: time.Unix(2000, 0)},
		program: filepath.Join(c.MkDir(), "dispatch"),
		engine: &engine{
			files: files, gateway: &turnstile{dir: files.GatewayDir()}, info: docker.Machine{CPUs: 4}, servers: map[string]*server{},
			local: map[string]string{"team/nb:1": "sha256:1"}, registry: map[string]string{"team/nb:2": "sha256:2"},
			startFails: map[string]error{}, ends: map[string]bool{},
		},
	}
	c.Assert(os.MkdirAll(u.dir, 0o755), IsNil)
	c.Assert(os.WriteFile(u.program, []byte("program"), 0o755), IsNil)
	u.machine = host.Machine{
		Systemd: filepath.Join(root, "none"), Find: func(string) (string, error) { return "/usr/bin/dockerd", nil },
		Daemon: func([]string, string, string) error { return errBroken }, Sleep: func(context.Context, time.Duration) {},
	}
	return u
}

// charm is the charm in one hook or action.
func (u *unit) charm(event juju.Event) *Charm {
	event.Unit, event.UUID, event.Model, event.Dir = "nb/0", uuid, "m", u.dir
	charm := New(Handles{
		Event: event, Tools: juju.NewTools(context.Background(), u.world), Engine: u.engine, Machine: u.machine, Clock: u.clock,
		Ask:  func(context.Context, spark.Target, map[string]string) cluster.Answer { return u.answer },
		Root: u.root, Links: filepath.Join(u.root, "links"), Program: u.program, Build: "build",
	})
	charm.work.Gateway = u.engine.gateway
	return charm
}

// run answers an event, and returns what was written and the error.
func (u *unit) run(event juju.Event) ([]string, error) {
	u.engine.acts()
	u.world.wrote()
	var err error
	logged(u.c, func() { err = u.charm(event).Run(context.Background()) })
	return u.world.wrote(), err
}

// hook runs a hook that should succeed, and returns the status that it sets, "" for
// none.
func (u *unit) hook(name string) string {
	written, err := u.run(juju.Event{Hook: name})
	u.c.Assert(err, IsNil, Commentf(name))
	return shown(written, "status-set")
}

// action runs an action, and returns its results and why it failed.
func (u *unit) action(name string) (results, failed string) {
	written, err := u.run(juju.Event{Action: name})
	u.c.Assert(err, IsNil, Commentf(name))
	return shown(written, "action-set"), shown(written, "action-fail")
}

// deploy brings the notebook up.
func (u *unit) deploy() {
	u.c.Assert(u.hook("start"), Equals, "active "+at)
	u.c.Assert(u.engine.gateway.names(), Equals, u.serving().ID)
	u.c.Assert(u.serving().Running, Equals, true)
}

// serving is the container that the gateway forwards to.
func (u *unit) serving() *plan.Container { return u.engine.find(u.engine.gateway.names()) }

// server is the server in what serves.
func (u *unit) server() *server { return u.engine.servers[u.serving().ID] }

// close ends what the test's servers hold.
func (u *unit) close() {
	for id := range u.engine.servers {
		u.engine.quit(id)
	}
}

// secrets are the secret files that are there.
func (u *unit) secrets() []string {
	found, err := filepath.Glob(filepath.Join(u.engine.files.Dir, "slot-*", "secret", "token"))
	u.c.Assert(err, IsNil)
	return found
}

// credentialOf is what secret-get prints of a revision.
func credentialOf(revision string) string {
	return `{"token":"` + hush + `","cookie-secret":"k","revision":"` + revision + `"}`
}
