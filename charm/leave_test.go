package charm

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
)

type leaveSuite struct{}

var _ = Suite(leaveSuite{})

// TestStop: Juju may end the unit a dozen seconds later, before remove (37).
func (leaveSuite) TestStop(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	c.Assert(u.secrets(), HasLen, 1)
	written, err := u.run(juju.Event{Hook: "stop"})
	c.Assert(err, IsNil)
	c.Check(written, HasLen, 0)
	c.Check(u.secrets(), HasLen, 0)
	c.Check(u.engine.acts(), DeepEquals, []string{"remove notebooks", "remove all"})
	c.Check(u.engine.graces[0] > 0 && u.engine.graces[0] < 5*time.Second, Equals, true)
	_, err = os.Stat(filepath.Join(u.engine.files.Dir, "notebooks"))
	c.Check(err, IsNil) // people's work stays
}

// TestStopWithoutAnEngine: what its operator stopped for good keeps nobody, and what
// does not start is tried again. The secrets are gone first.
func (leaveSuite) TestStopWithoutAnEngine(c *C) {
	for state, want := range map[string]string{"disabled": "", "not-found": "", "enabled": "cannot start the docker engine: .*"} {
		u := newUnit(c)
		u.deploy()
		u.engine.down = engineError(docker.Unreachable, "dial")
		u.systemd(state)
		if state == "enabled" {
			u.machine.Run = func(context.Context, []string, string, ...string) (string, error) { return "enabled\n", errBroken }
		}
		_, err := u.run(juju.Event{Hook: "stop"})
		if want == "" {
			c.Check(err, IsNil, Commentf(state))
		} else {
			c.Check(err, ErrorMatches, want, Commentf(state))
		}
		c.Check(u.secrets(), HasLen, 0, Commentf(state))
		c.Check(u.engine.acts(), HasLen, 0, Commentf(state))
		u.close()
	}
}

// ends is an engine that fails the end of what a unit has.
type ends struct {
	*engine
	notebooks, all error
}

func (e ends) RemoveNotebooks(context.Context, time.Duration) error { return e.notebooks }

func (e ends) RemoveAll(context.Context) error { return e.all }

// TestAnEndThatFails is tried again by Juju.
func (leaveSuite) TestAnEndThatFails(c *C) {
	for _, engine := range []ends{{notebooks: errBroken}, {all: errBroken}} {
		for _, hook := range []string{"stop", "remove"} {
			u := newUnit(c)
			engine.engine = u.engine
			charm := u.charm(juju.Event{Hook: hook})
			charm.Engine = engine
			c.Check(charm.Run(context.Background()), Equals, errBroken)
		}
	}
}

func (leaveSuite) TestRemove(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	data := filepath.Join(u.engine.files.Dir, "notebooks")
	c.Assert(os.WriteFile(filepath.Join(data, "a.ipynb"), nil, 0o600), IsNil)
	c.Check(u.hook("remove"), Equals, "maintenance the notebooks are left in "+data)
	left, err := os.ReadDir(u.engine.files.Dir)
	c.Assert(err, IsNil)
	c.Check(left, HasLen, 1)
	c.Assert(os.Remove(filepath.Join(data, "a.ipynb")), IsNil)
	c.Check(u.hook("remove"), Equals, "") // nothing is left, and nothing said
	_, err = os.Stat(u.engine.files.Dir)
	c.Check(os.IsNotExist(err), Equals, true)
}

// TestAUnitThatGoes does not bring up again what a hook before took down.
func (leaveSuite) TestAUnitThatGoes(c *C) {
	for _, test := range []struct {
		hook, life string
		fails      error
		up         bool
	}{
		{"website-relation-departed", "dying", nil, false},
		{"website-relation-broken", "dying", nil, false},
		{"website-relation-broken", "active", nil, true},
		{"website-relation-broken", "", refusedBy("goal-state", "ERROR unknown"), true},
		{"config-changed", "dying", nil, true},
	} {
		u := newUnit(c)
		u.world.answers["goal-state"] = `{"units":{"nb/0":{"status":"` + test.life + `"}}}`
		if test.fails != nil {
			u.world.fails["goal-state"] = test.fails
		}
		_, err := u.run(juju.Event{Hook: test.hook})
		c.Assert(err, IsNil)
		c.Check(u.engine.gateway.names() != "", Equals, test.up, Commentf("%s %s", test.hook, test.life))
		u.close()
	}
}

// TestStorageThatIsDetached: the notebook ends before its folder goes, and waits
// for the operator (14).
func (leaveSuite) TestStorageThatIsDetached(c *C) {
	u := newUnit(c)
	defer u.close()
	storage := c.MkDir()
	u.world.answers["storage-list"], u.world.answers["storage-get"] = `["notebooks/0"]`, `"`+storage+`"`
	u.deploy()
	detaching := juju.Event{Hook: "notebooks-storage-detaching", Storage: storage}
	written, err := u.run(detaching)
	c.Assert(err, IsNil)
	c.Check(shown(written, "status-set"), Equals, "blocked the storage "+storage+" is detached and the notebook stopped: attach it again, or the action apply serves "+filepath.Join(u.engine.files.Dir, "notebooks"))
	c.Check(u.engine.acts(), DeepEquals, []string{"stop a1"})
	c.Check(u.engine.gateway.state.Upstream, Equals, "") // it answers 503
	c.Check(u.engine.gateway.state.Container, Equals, "a1")
	u.world.answers["storage-list"] = "[]"
	own := filepath.Join(u.engine.files.Dir, "notebooks")
	c.Check(u.hook("update-status"), Equals, "blocked the notebooks' storage "+storage+" is not there: attach it again, or the action apply serves "+own)
	c.Check(u.engine.acts(), HasLen, 0)
	_, failed := u.action("get-url")
	c.Check(failed, Equals, "no notebook serves: see the unit's status")
	results, failed := u.action("apply")
	c.Check([]string{results, failed}, DeepEquals, []string{"image=docker.io/team/nb:1 waits=nothing", ""})
	c.Check(u.serving().Serve.Data, Equals, own)
}

func (leaveSuite) TestStorageThatIsAttachedAgain(c *C) {
	u := newUnit(c)
	defer u.close()
	storage := c.MkDir()
	u.world.answers["storage-list"], u.world.answers["storage-get"] = `["notebooks/0"]`, `"`+storage+`"`
	u.deploy()
	_, err := u.run(juju.Event{Hook: "notebooks-storage-detaching", Storage: storage})
	c.Assert(err, IsNil)
	u.world.answers["storage-get"] = `"` + c.MkDir() + `"` // another
	_, err = u.run(juju.Event{Hook: "notebooks-storage-attached"})
	c.Assert(err, IsNil)
	c.Check(u.engine.acts(), HasLen, 0)
	u.world.answers["storage-get"] = `"` + storage + `"`
	written, err := u.run(juju.Event{Hook: "update-status"}) // whichever hook sees it first
	c.Assert(err, IsNil)
	c.Check(shown(written, "status-set"), Equals, "active "+at)
	c.Check(u.engine.acts(), DeepEquals, []string{"start a1"})
	c.Check(u.engine.gateway.names(), Equals, "a1")
}

func (leaveSuite) TestStorageThatWasNotSeen(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.hook("update-status")
	_, err := u.run(juju.Event{Hook: "notebooks-storage-detaching", Storage: "/srv/other"})
	c.Assert(err, IsNil)
	c.Check(u.engine.acts(), HasLen, 0) // it is not what people see
	c.Check(u.serving().Running, Equals, true)
}

func (leaveSuite) TestDetachingWithoutAnEngine(c *C) {
	u := newUnit(c)
	u.engine.down = engineError(docker.Unreachable, "dial")
	_, err := u.run(juju.Event{Hook: "notebooks-storage-detaching", Storage: "/srv/other"})
	c.Check(err, IsNil)
}

// TestSecretsOfUnitsThatAreGone: Juju may have ended them before their last hook (37).
func (leaveSuite) TestSecretsOfUnitsThatAreGone(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	for _, key := range []string{"nb-1-12345678", "nb-2-12345678", "nb-3-87654321"} { // nb/2 lives, nb/3 is of another model
		other := host.Unit{Dir: filepath.Join(u.root, key)}
		c.Assert(other.WriteSlot("a", nil, host.Secret{Token: hush}), IsNil)
		c.Assert(os.WriteFile(filepath.Join(other.Dir, "notes"), nil, 0o600), IsNil)
	}
	c.Assert(os.Mkdir(filepath.Join(u.dir, "..", "..", "unit-nb-2"), 0o755), IsNil)
	u.hook("update-status")
	left, err := filepath.Glob(filepath.Join(u.root, "*", "slot-a", "secret", "token"))
	c.Assert(err, IsNil)
	for i := range left {
		left[i] = filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(left[i]))))
	}
	slices.Sort(left)
	c.Check(left, DeepEquals, []string{"nb-0-12345678", "nb-2-12345678", "nb-3-87654321"})
	_, err = os.Stat(filepath.Join(u.root, "nb-1-12345678", "notes"))
	c.Check(err, IsNil)
}
