package charm

import (
	"os"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
)

type keepSuite struct{}

var _ = Suite(keepSuite{})

// TestTheFirstHooks: the leader makes the token in install, and the next hook
// brings the notebook up.
func (keepSuite) TestTheFirstHooks(c *C) {
	u := newUnit(c)
	defer u.close()
	secret := u.world.answers["secret-get"]
	u.world.fails["secret-get"], u.world.answers["secret-ids"] = refusedBy("secret-get", "ERROR not found"), "[]"
	written, err := u.run(juju.Event{Hook: "install"})
	c.Assert(err, IsNil)
	c.Check(written, DeepEquals, []string{"secret-add --label notebook-token --owner application"})
	c.Check(u.engine.containers, HasLen, 0)
	delete(u.world.fails, "secret-get")
	u.world.answers["secret-get"] = secret
	u.deploy()
}

// TestAnOpenServer is cut off and made anew, whatever is wrong with the wish (10);
// what was set aside goes with apply (11).
func (keepSuite) TestAnOpenServer(c *C) {
	for _, found := range []func(*unit){
		func(u *unit) { u.server().open = true },
		func(u *unit) { u.engine.gateway.open = true }, // between the hooks
	} {
		u := newUnit(c)
		u.deploy()
		found(u)
		u.world.settle("port", 0)
		c.Check(u.hook("update-status"), Equals, "blocked port must be a whole number from 1 to 65535"+still+
			"; nb-0-a-aside-a1 was set aside because it serves without the token: the action apply removes it")
		c.Check(u.engine.acts(), DeepEquals, []string{"set aside a1", "create a2 of sha256:1", "start a2"})
		c.Check(u.engine.gateway.names(), Equals, "a2")
		u.world.settle()
		c.Check(u.hook("update-status"), Equals, "active "+at+"; nb-0-a-aside-a1 was set aside because it serves without the token: the action apply removes it")
		_, failed := u.action("apply")
		c.Check(failed, Equals, "")
		c.Check(u.engine.acts(), DeepEquals, []string{"remove a1"})
		c.Check(u.hook("update-status"), Equals, "")
		c.Check(u.world.answers["status-get"], Equals, encode(juju.Status{Status: "active", Message: at}))
		c.Check(u.secrets(), HasLen, 1) // they are a2's
		u.close()
	}
}

// TestOneThatEndsByItself again and again is made anew from its image (11).
func (keepSuite) TestOneThatEndsByItself(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.engine.quit("a1")
	u.serving().Restarts, u.serving().Started = 3, time.Unix(1500, 0) // it has not answered since
	c.Check(u.hook("update-status"), Equals, "active "+at+"; nb-0-a-aside-a1 was set aside because it ended by itself again and again: the action apply removes it")
	c.Check(u.engine.acts(), DeepEquals, []string{"set aside a1", "create a2 of sha256:1", "start a2"})
}

// TestOneWhoseLayerBroke is found out and made anew in one hook (11).
func (keepSuite) TestOneWhoseLayerBroke(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.hook("update-status")
	u.engine.quit("a1")
	u.engine.ends["a1"] = true
	c.Check(u.hook("update-status"), Equals, "active "+at+"; nb-0-a-aside-a1 was set aside because it ended by itself again and again: the action apply removes it")
	c.Check(u.engine.acts(), DeepEquals, []string{"start a1", "set aside a1", "create a2 of sha256:1", "start a2"})
}

// TestOnePaused is resumed by the second hook that finds it so (35).
func (keepSuite) TestOnePaused(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.serving().Paused = true
	c.Check(u.hook("update-status"), Equals, "waiting the notebook is paused: docker unpause nb-0-a; the next hook that finds it so resumes it")
	c.Check(u.engine.acts(), HasLen, 0)
	c.Check(u.hook("update-status"), Equals, "active "+at)
	c.Check(u.engine.acts(), DeepEquals, []string{"resume a1"})
}

// TestTheGatewayIsGone: it is brought up again, and turned to what serves.
func (keepSuite) TestTheGatewayIsGone(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.engine.gateway.variant = ""
	u.world.settle("port", 0)
	c.Check(u.hook("update-status"), Equals, "blocked port must be a whole number from 1 to 65535"+still)
	c.Check(u.engine.acts(), DeepEquals, []string{"start gateway"})
	c.Check(u.engine.gateway.names(), Equals, "a1")
}

// TestStorageThatIsMountedLate, as after a reboot (15).
func (keepSuite) TestStorageThatIsMountedLate(c *C) {
	u := newUnit(c)
	defer u.close()
	storage := c.MkDir()
	u.world.answers["storage-list"], u.world.answers["storage-get"] = `["notebooks/0"]`, `"`+storage+`"`
	u.deploy()
	c.Assert(os.Rename(storage, storage+".away"), IsNil)
	u.engine.quit("a1")
	c.Check(u.hook("start"), Equals, "blocked the notebooks' storage "+storage+" is not mounted: mount it")
	c.Check(u.engine.acts(), HasLen, 0)
	c.Assert(os.Rename(storage+".away", storage), IsNil)
	c.Check(u.hook("update-status"), Equals, "active "+at)
	c.Check(u.engine.acts(), DeepEquals, []string{"start a1"})
}

// TestOneThatDoesNotAnswer for a while is not taken down, nor its gateway.
func (keepSuite) TestOneThatDoesNotAnswer(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.hook("update-status")
	u.server().close()
	c.Check(u.hook("update-status"), Equals, "waiting the notebook does not answer: nothing answers at its socket")
	c.Check(u.engine.acts(), HasLen, 0)
	c.Check(u.engine.gateway.names(), Equals, "a1")
	c.Check(u.world.answers["relation-get --format=json -r website:1 - nb/0"], Equals, `{"private-address":"10.0.0.1"}`)
}

// TestAHookThatWasEnded left a candidate: the next one goes on with it.
func (keepSuite) TestAHookThatWasEnded(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.world.settle("jupyter-image", "team/nb:2")
	u.engine.gateway.full = true // the flip fails, as a hook that is killed before it
	c.Check(u.hook("config-changed"), Equals, "blocked no space is left in /var/lib/jupyter-docker: make room; what runs goes on"+still)
	c.Check(u.engine.gateway.names(), Equals, "a1")
	u.engine.gateway.full = false
	u.clock.now = u.clock.now.Add(time.Hour)
	c.Check(u.hook("update-status"), Equals, "active http://10.0.0.1:8888/ team/nb:2")
	c.Check(u.engine.containers, HasLen, 1)
}
