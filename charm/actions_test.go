package charm

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
)

type actionsSuite struct{}

var _ = Suite(actionsSuite{})

// readers are actions that only read, with what they answer of a unit in order.
var readers = []struct{ action, results, failed string }{
	{"get-url", "url=http://10.0.0.1:8888/", ""},
	{"get-token", "token=" + hush, ""},
	{"plan", "kernels-ended=0 plan=nothing to do", ""},
	{"list-runs", "running=0", ""},
	{"unheard-of", "", `cannot run action "unheard-of": it is not known`},
}

// files are the contents of a folder, by name.
func files(c *C, dir string) map[string]string {
	out := map[string]string{}
	c.Assert(filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		out[path] = string(text)
		return err
	}), IsNil)
	return out
}

func (actionsSuite) TestReadersChangeNothing(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	for _, upset := range []func(){func() {}, func() { u.engine.quit("a1") }} {
		upset()
		before, sets := files(c, u.root), u.engine.gateway.sets
		for _, test := range readers {
			written, err := u.run(juju.Event{Action: test.action})
			if test.results == "" {
				c.Check(err, ErrorMatches, test.failed)
				continue
			}
			c.Assert(err, IsNil)
			for _, call := range written {
				c.Check(call, Matches, "(?s)action-(set|fail) .*", Commentf(test.action))
			}
			c.Check(u.engine.acts(), HasLen, 0, Commentf(test.action))
			c.Check(u.engine.gateway.sets, Equals, sets, Commentf(test.action))
			if u.server() != nil {
				c.Check(shown(written, "action-set"), Equals, test.results)
			}
		}
		after := files(c, u.root)
		for path := range after {
			if strings.HasSuffix(path, "notes.json") { // what only repeated looks can find out
				delete(after, path)
				delete(before, path)
			}
		}
		c.Check(after, DeepEquals, before)
	}
}

// TestTokenIsHidden: the token is in no process list, and where that is refused the
// action says so and holds it not.
func (actionsSuite) TestTokenIsHidden(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	results, failed := u.action("get-token")
	c.Check([]string{results, failed}, DeepEquals, []string{"token=" + hush, ""})
	c.Check(u.world.hidden, DeepEquals, []string{"action-set token=" + hush})
	u.world.fails["action-set"] = errors.New("cannot run action-set inside Juju's agent: bad request: no")
	results, failed = u.action("get-token")
	c.Check([]string{results, failed}, DeepEquals, []string{"", "cannot run action-set inside Juju's agent: bad request: no"})
}

// TestNothingServes: who asks is told where to look.
func (actionsSuite) TestNothingServes(c *C) {
	u := newUnit(c)
	u.world.answers["action-get"] = `{"path":"a.ipynb","timeout":60,"slices":2,"master":""}`
	for _, action := range []string{"get-url", "get-token", "check-driver", "spark-pi", "run-notebook"} {
		_, failed := u.action(action)
		c.Check(failed, Equals, "no notebook serves: see the unit's status", Commentf(action))
	}
	u.engine.down = engineError(docker.Unreachable, "dial")
	for _, action := range []string{"get-url", "get-token", "plan", "check-spark", "check-driver"} {
		_, failed := u.action(action)
		c.Check(failed, Equals, "the docker engine does not answer: see journalctl -u docker", Commentf(action))
	}
}

func (actionsSuite) TestPlan(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.server().kernels = []object{{"id": "0123456789", "name": "python3", "execution_state": "busy", "last_activity": u.clock.now}}
	u.world.settle("shm-size", "1g")
	results, _ := u.action("plan")
	c.Check(results, Matches, "(?s)kernels-ended=1 plan=create notebook b: shm-size .*")
	u.world.settle("shm-size", "1g", "switch-when", "idle")
	results, _ = u.action("plan")
	c.Check(results, Matches, "(?s)apply-would=create notebook b.* kernels-ended=1 plan=waits: shm-size .* \\(for busy kernel python3/01234567, or the action apply\\)")
	u.engine.quit("a1")
	u.world.settle("port", 0)
	written, err := u.run(juju.Event{Action: "plan"}) // (7) upkeep is there all the same
	c.Assert(err, IsNil)
	c.Check(written, DeepEquals, []string{"action-set plan=start notebook a: it serves and is not running\nwait until healthy a: before anyone is sent there",
		"action-fail port must be a whole number from 1 to 65535"})
	u.world.settle()
	results, _ = u.action("plan")
	c.Check(results, Matches, "(?s)kernels-ended=0 plan=start notebook a: .*")
}

// TestApplyAndPullKeepUp what serves, whatever is wrong with the wish (7).
func (actionsSuite) TestApplyAndPullKeepUp(c *C) {
	for _, action := range []string{"apply", "pull"} {
		u := newUnit(c)
		u.deploy()
		u.engine.quit("a1")
		u.world.settle("memory-limit", "nonsense")
		_, failed := u.action(action)
		c.Check(failed, Matches, "memory-limit must be a size.*", Commentf(action))
		c.Check(u.engine.acts(), DeepEquals, []string{"start a1"}, Commentf(action))
		c.Check(u.serving().Running, Equals, true, Commentf(action))
		u.close()
	}
}

func (actionsSuite) TestPull(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.engine.registry["team/nb:1"] = "sha256:new"
	written, err := u.run(juju.Event{Action: "pull"})
	c.Assert(err, IsNil)
	c.Check(shown(written, "action-log"), Not(Equals), "")
	c.Check(shown(written, "action-set"), Equals, "image=docker.io/team/nb:1 waits=nothing")
	c.Check(u.serving().ImageID, Equals, "sha256:new")
	u.engine.pullFails = engineError(docker.RegistryDown, "EOF")
	_, failed := u.action("pull")
	c.Check(failed, Equals, "the image cannot be pulled: see juju debug-log")
	c.Check(u.serving().ImageID, Equals, "sha256:new")
}

func (actionsSuite) TestApplyMakesWhatWaits(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.world.settle("shm-size", "1g", "switch-when", "manual")
	c.Check(u.hook("config-changed"), Matches, "active "+at+"; waits: shm-size .* \\(for the action apply\\)")
	results, failed := u.action("pull")
	c.Check([]string{results, failed}, DeepEquals, []string{"image=docker.io/team/nb:1 waits=shm-size changed (for the action apply)", ""})
	results, _ = u.action("apply")
	c.Check(results, Equals, "image=docker.io/team/nb:1 waits=nothing")
	c.Check(u.serving().ID, Equals, "b2")
}

func (actionsSuite) TestAnActionWhoseToolFails(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	for _, test := range []struct{ action, tool string }{
		{"apply", "config-get"}, {"get-url", "is-leader"}, {"rotate-token", "status-get"}, {"rotate-token", "secret-set"},
		{"rotate-token", "relation-set"}, {"spark-pi", "action-get"}, {"check-driver", "action-get"}, {"run-notebook", "action-get"},
	} {
		u.world.fails = map[string]error{test.tool: errBroken}
		_, failed := u.action(test.action)
		c.Check(failed, Equals, errBroken.Error(), Commentf("%s %s", test.action, test.tool))
	}
}

var forceTests = []struct {
	summary string
	pairs   []any
	woken   bool
	want    string
}{
	{"at once", nil, true, "within seconds"},
	{"no hook can be asked for", nil, false, "with the next hook, at the latest at update-status"},
	{"manual", []any{"switch-when", "manual"}, true, "with the action apply, since switch-when is manual"},
	{"idle", []any{"switch-when", "idle"}, true, "once no kernel and no terminal is busy, or with the action apply, since switch-when is idle"},
}

func (actionsSuite) TestRotateToken(c *C) {
	path := os.Getenv("PATH")
	defer os.Setenv("PATH", path)
	for _, test := range forceTests {
		u, bin := newUnit(c), c.MkDir()
		if test.woken {
			script := "#!/bin/sh\necho \"$@\" > " + bin + "/new && mv " + bin + "/new " + bin + "/asked\n"
			c.Assert(os.WriteFile(filepath.Join(bin, "juju-exec"), []byte(script), 0o755), IsNil)
		}
		c.Assert(os.Setenv("PATH", bin+":/usr/bin:/bin"), IsNil)
		u.world.settle(test.pairs...)
		c.Assert(u.charm(juju.Event{Hook: "start"}).files.Make(), IsNil)
		written, err := u.run(juju.Event{Action: "rotate-token"})
		c.Assert(err, IsNil)
		c.Check(written, DeepEquals, []string{"secret-set secret:1", "relation-set -r peers:0 --app credential=4",
			"action-set in-force=" + test.want + " revision=4"}, Commentf(test.summary))
		if test.woken {
			c.Check(eventually(filepath.Join(bin, "asked")), Equals, "nb/0 JUJU_DISPATCH_PATH=hooks/update-status "+u.dir+"/dispatch\n")
		}
	}
}

// eventually is the text of a file that another program is about to write.
func eventually(file string) string {
	for range 500 {
		if text, err := os.ReadFile(file); err == nil {
			return string(text)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return ""
}

func (actionsSuite) TestWhoMayNotRotate(c *C) {
	u := newUnit(c)
	u.world.answers["secret-get"] = credentialOf("x")
	_, failed := u.action("rotate-token")
	c.Check(failed, Matches, "cannot read the revision of the token: .*")
	u.world.fails["secret-get"], u.world.answers["secret-ids"] = refusedBy("secret-get", "ERROR not found"), "[]"
	_, failed = u.action("rotate-token")
	c.Check(failed, Equals, "waiting for the leader to make the token")
	u.world.answers["is-leader"] = "false"
	_, failed = u.action("rotate-token")
	c.Check(failed, Equals, "cannot rotate the token here: run the action on the leader")
}

// TestARotatedTokenIsInForce with the switch that the next hook makes.
func (actionsSuite) TestARotatedTokenIsInForce(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	u.world.answers["secret-get"] = `{"token":"next","cookie-secret":"k","revision":"4"}`
	u.hook("update-status")
	results, _ := u.action("get-token")
	c.Check(results, Equals, "token=next")
	c.Check(u.serving().ID, Equals, "b2")
}

func (actionsSuite) TestAnActionThatCannotFail(c *C) {
	u := newUnit(c)
	u.world.fails["action-fail"] = errBroken
	_, err := u.run(juju.Event{Action: "get-url"})
	c.Check(err, Equals, errBroken)
}
