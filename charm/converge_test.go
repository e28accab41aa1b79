package charm

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
)

type convergeSuite struct{}

var _ = Suite(convergeSuite{})

func (convergeSuite) TestDeploy(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	c.Check(u.engine.acts(), DeepEquals, []string{"create a1 of sha256:1", "start a1", "start gateway"})
	sets := u.engine.gateway.sets
	written, err := u.run(juju.Event{Hook: "update-status"})
	c.Assert(err, IsNil)
	c.Check(written, HasLen, 0) // a hook with nothing to do
	c.Check(u.engine.acts(), HasLen, 0)
	c.Check(u.engine.gateway.sets, Equals, sets)
}

func (convergeSuite) TestSwitch(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.world.settle("jupyter-image", "team/nb:2")
	written, err := u.run(juju.Event{Hook: "config-changed"})
	c.Assert(err, IsNil)
	c.Check(written[0], Matches, "status-set maintenance pulling .*team/nb:2")
	c.Check(shown(written, "status-set"), Equals, "active http://10.0.0.1:8888/ team/nb:2")
	c.Check(shown(written, "application-version-set"), Equals, "Jupyter 2.21.1")
	c.Check(u.engine.acts(), DeepEquals, []string{"pull team/nb:2", "create b2 of sha256:2", "start b2", "stop a1", "remove a1"})
	c.Check(u.engine.gateway.names(), Equals, "b2")
}

// upkeepTests are what is wrong with the wish beside a notebook that somebody
// stopped: it is started all the same, and the operator reads what to mend.
var upkeepTests = []struct {
	summary string
	adjust  func(*unit)
	status  string
	fails   string // the hook, after upkeep
}{
	{"nothing", func(*unit) {}, "", ""},
	{"(7) a bad option", func(u *unit) { u.world.settle("memory-limit", "nonsense") }, "blocked memory-limit must be a size.*still serves", ""},
	{"(7) several", func(u *unit) { u.world.settle("memory-limit", "nonsense", "port", 0) },
		"blocked cannot use options memory-limit, port: see juju debug-log; team/nb:1 still serves", ""},
	{"a level of the log", func(u *unit) { u.world.settle("log-level", "LOUD") }, "blocked log-level must be .*still serves", ""},
	{"(8) an image that cannot be pulled", func(u *unit) {
		u.world.settle("jupyter-image", "team/nb:3")
		u.engine.pullFails = engineError(docker.NotFound, "cannot pull")
	}, "blocked the image does not exist, or its registry wants a login: check jupyter-image; team/nb:1 still serves", ""},
	{"(9) a port that another unit holds", func(u *unit) {
		u.world.settle("port", 9999)
		u.engine.gateway.held, u.engine.others = []string{"127.0.0.1:9999"}, map[string]string{"nb-1-12345678": "nb/1"}
		dir := filepath.Join(u.root, "nb-1-12345678", "gateway")
		u.c.Assert(writeState(dir, gateway.State{Listen: []string{"127.0.0.1:9999"}}), IsNil)
	}, "blocked port 9999 is held by unit nb/1 on this machine: set the option port; team/nb:1 still serves", ""},
	{"a port that somebody holds", func(u *unit) {
		u.world.settle("port", 9999)
		u.engine.gateway.held = []string{"127.0.0.1:9999"}
	}, "blocked cannot listen on 127.0.0.1:9999: address already in use; team/nb:1 still serves", ""},
	{"the token's secret is missing", func(u *unit) {
		u.world.answers["is-leader"], u.world.fails["secret-get"] = "false", refusedBy("secret-get", "ERROR not found")
	}, "waiting waiting for the leader to make the token; team/nb:1 still serves", ""},
	{"an address is missing", func(u *unit) { u.world.answers["network-get"] = `{"ingress-addresses":["10.0.0.1"]}` },
		"waiting waiting for an address of the binding website; team/nb:1 still serves", ""},
	{"(38) the binding's space is not on the machine", func(u *unit) { u.world.fails["network-get"] = noSpace },
		"blocked the space of the binding website has no address on this machine: juju bind it to one that has; team/nb:1 still serves", ""},
	{"(38) that of spark", func(u *unit) {
		u.world.settle("spark-master", "spark://m:7077")
		u.world.fails["network-get --format=json spark"] = noSpace
	}, "blocked the space of the binding spark has no address on this machine: juju bind it to one that has; team/nb:1 still serves", ""},
	{"executors cannot be told where the driver is", func(u *unit) {
		u.world.settle("spark-master", "spark://m:7077")
		u.world.answers["network-get --format=json spark"] = `{}`
	}, "waiting waiting for an address of the binding spark, or set driver-host; team/nb:1 still serves", ""},
	{"(39) a secret that was not granted", func(u *unit) {
		u.world.settle("hadoop-conf", "secret:x", "spark-master", "yarn")
		u.world.fails["secret-get --format=json secret:x"] = refusedBy("secret-get", "ERROR permission denied")
	}, "blocked hadoop-conf may not be read: juju grant-secret it to nb; tried again at update-status .*still serves", ""},
	{"Hadoop's files do not say where the cluster is", func(u *unit) {
		u.world.settle("hadoop-conf", "secret:x", "spark-master", "yarn")
		u.world.answers["secret-get --format=json secret:x"] = `{"core-site":"<configuration/>"}`
	}, "blocked hadoop-conf .*still serves", ""},
	{"more CPUs than there are", func(u *unit) { u.world.settle("cpu-limit", "64") },
		"blocked cpu-limit is more than the machine's 4; team/nb:1 still serves", ""},
	{"(22) an engine that maps users, beside a change", func(u *unit) {
		u.world.settle("shm-size", "1g")
		u.engine.info.UserNS = true
	}, "blocked the docker engine uses userns-remap, which is not supported: .*still serves", ""},
	{"(20) the gateway's disk is full", func(u *unit) {
		u.world.settle("port", 9999)
		u.engine.gateway.full = true
	}, "blocked no space is left in /var/lib/jupyter-docker: make room; what runs goes on; team/nb:1 still serves", ""},
	{"a hook tool that fails", func(u *unit) { u.world.fails["config-get"] = errBroken }, "", "cannot run it: broken"},
	{"and one that writes", func(u *unit) {
		u.world.settle("port", 9999)
		u.world.fails["open-port"] = errBroken
	}, "", "cannot run it: broken"},
}

func (convergeSuite) TestUpkeepComesBeforeTheWish(c *C) {
	for _, test := range upkeepTests {
		u := newUnit(c)
		u.deploy()
		u.engine.quit("a1")
		test.adjust(u)
		written, err := u.run(juju.Event{Hook: "config-changed"})
		if test.fails != "" {
			c.Check(err, ErrorMatches, test.fails, Commentf(test.summary))
		} else {
			c.Check(err, IsNil, Commentf(test.summary))
		}
		status := shown(written, "status-set")
		c.Check(status, Matches, test.status, Commentf(test.summary))
		checkShort(c, test.summary, status)
		c.Check(u.serving().ID, Equals, "a1", Commentf(test.summary))
		c.Check(u.serving().Running, Equals, true, Commentf(test.summary))
		c.Check(strings.Join(u.engine.acts(), ", "), Matches, "start a1(, pull .*)?", Commentf(test.summary))
		u.close()
	}
}

// TestWhatIsGoneIsMadeAnew, beside a bad option and from the record alone.
func (convergeSuite) TestWhatIsGoneIsMadeAnew(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.engine.quit("a1")
	u.engine.containers = nil
	u.world.settle("jupyter-image", "team/UPPER")
	c.Check(u.hook("update-status"), Matches, "blocked jupyter-image is not an image reference.*; team/nb:1 still serves")
	c.Check(u.engine.acts(), DeepEquals, []string{"create a2 of sha256:1", "start a2"})
	c.Check(u.engine.gateway.names(), Equals, "a2")
}

// TestWhatDoesNotComeUp: upkeep's problem is said before the wish's.
func (convergeSuite) TestWhatDoesNotComeUp(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.engine.quit("a1")
	u.engine.startFails["sha256:1"] = engineError(docker.Invalid, "no such program")
	u.world.settle("port", 0)
	c.Check(u.hook("update-status"), Equals, "blocked the notebook does not come up again: the engine cannot start it: see juju debug-log; "+
		"port must be a whole number from 1 to 65535")
}

// TestARefusedCandidateIsNotTriedAgain until something changes or time has grown (26).
func (convergeSuite) TestARefusedCandidateIsNotTriedAgain(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.engine.ends["sha256:2"] = true
	u.world.settle("jupyter-image", "team/nb:2")
	const want = "blocked the new notebook was refused: it ended with exit status 1 (no licence); team/nb:1 still serves"
	c.Check(u.hook("config-changed"), Equals, want)
	c.Check(u.engine.acts(), DeepEquals, []string{"pull team/nb:2", "create b2 of sha256:2", "start b2", "remove b2"})
	c.Check(u.hook("update-status"), Equals, "") // it stays as it is
	c.Check(u.world.answers["status-get"], Matches, ".*it ended with exit status 1.*")
	c.Check(u.engine.acts(), HasLen, 0)
	_, failed := u.action("apply")
	c.Check("blocked "+failed+still, Equals, want)
	c.Check(u.engine.acts(), DeepEquals, []string{"create b3 of sha256:2", "start b3", "remove b3"})
	u.clock.now = u.clock.now.Add(24 * time.Hour)
	delete(u.engine.ends, "sha256:2")
	c.Check(u.hook("update-status"), Equals, "active http://10.0.0.1:8888/ team/nb:2")
}

func (convergeSuite) TestLimitsChangeInPlace(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.world.settle("memory-limit", "2g", "pids-limit", 0)
	c.Check(u.hook("config-changed"), Equals, "")
	c.Check(u.engine.acts(), DeepEquals, []string{"limit a1"})
	c.Check(u.serving().Limits.Memory, Equals, int64(2<<30))
	c.Check(u.serving().Limits.Pids, Equals, int64(0))
}

// TestWork: an idle kernel holds hours of somebody's memory (12).
func (convergeSuite) TestWork(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.server().kernels = []object{{"id": "0123456789", "name": "python3", "execution_state": "idle", "last_activity": u.clock.now.Add(-time.Minute)}}
	written, err := u.run(juju.Event{Hook: "update-status", Proxy: proxied})
	c.Assert(err, IsNil)
	c.Check(shown(written, "status-set"), Matches, "active "+at+"; waits: .*proxy.* \\(for idle kernel python3/01234567, until none was used for 60 minutes, or the action apply\\)")
	c.Check(u.engine.acts(), HasLen, 0)
	u.clock.now = u.clock.now.Add(time.Hour)
	_, err = u.run(juju.Event{Hook: "update-status", Proxy: proxied})
	c.Assert(err, IsNil)
	c.Check(u.serving().ID, Equals, "b2")
}

func (convergeSuite) TestStorageThatMoved(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	storage := c.MkDir()
	u.world.answers["storage-list"], u.world.answers["storage-get"] = `["notebooks/0"]`, `"`+storage+`"`
	was := filepath.Join(u.engine.files.Dir, "notebooks")
	// (14) both paths are named, and nothing moves
	c.Check(u.hook("notebooks-storage-attached"), Equals, "blocked Juju now gives "+storage+" for the notebooks, people see "+was+": the action apply serves the new one, nothing is copied"+still)
	c.Check(u.engine.acts(), HasLen, 0)
	c.Check(u.serving().Serve.Data, Equals, was)
	// nor does another change bring it about
	u.world.settle("shm-size", "1g")
	c.Check(u.hook("config-changed"), Matches, "blocked Juju now gives .*")
	c.Check(u.serving().ID, Equals, "b2")
	c.Check(u.serving().Serve.Data, Equals, was)
	_, err := os.Readlink(u.engine.files.StorageLink())
	c.Check(os.IsNotExist(err), Equals, true) // that is no storage
	results, failed := u.action("apply")
	c.Check([]string{results, failed}, DeepEquals, []string{"image=docker.io/team/nb:1 waits=nothing", ""})
	c.Check(u.serving().Serve.Data, Equals, storage)
	to, err := os.Readlink(u.engine.files.StorageLink())
	c.Check(err, IsNil) // (15) a container mounts it by this, and cannot start without
	c.Check(to, Equals, storage)
	c.Check(u.hook("update-status"), Equals, "")
}
