package charm

import (
	"os/exec"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/run"
)

type runSuite struct{}

var _ = Suite(runSuite{})

// atWork is a unit whose notebook has a process, and whose next runs say those states.
func atWork(c *C, parameters string, states ...run.State) (u *unit, end func()) {
	u = newUnit(c)
	u.deploy()
	u.world.answers["action-get"] = parameters
	u.engine.states = states
	jupyter := &exec.Cmd{Path: "/bin/sleep", Args: []string{"jupyter-lab", "1000"}, Env: []string{"A=1"}}
	c.Assert(jupyter.Start(), IsNil)
	u.serving().PID = jupyter.Process.Pid
	return u, func() {
		_ = jupyter.Process.Kill()
		_ = jupyter.Wait()
		u.close()
	}
}

var (
	began    = run.State{Phase: run.Running, Copy: "a.executed-1.ipynb", Cells: 2, Began: time.Unix(1990, 0)}
	saying   = run.State{Phase: run.Running, Copy: "a.executed-1.ipynb", Cells: 2, Say: "cell 1 of 2: x = 1", Began: time.Unix(1990, 0)}
	finished = run.State{Phase: run.Completed, Copy: "a.executed-1.ipynb", Cells: 2, Done: 2, Began: time.Unix(1990, 0), Ended: time.Unix(1992, 5e8)}
	failing  = run.State{Phase: run.Failed, Copy: "a.executed-1.ipynb", Message: "cell 2 of 2: E: x", Cells: 2, Done: 1, Began: time.Unix(1990, 0), Ended: time.Unix(1991, 0)}
	refusing = run.State{Phase: run.Failed, Message: "there is no such notebook", Ended: time.Unix(1991, 0)}
	forged   = run.State{ID: "../../x", Path: "x", Phase: "weird", Copy: "c", Began: time.Unix(1990, 0)}
	raising  = run.State{ID: "other", Phase: run.Failed, Copy: "a.executed-1.ipynb", Message: "E: a\x00b", Began: time.Unix(1990, 0), Ended: time.Unix(1991, 0)}
	another  = run.State{Phase: run.Other, Message: "the group 7, which the server has"}
)

var runTests = []struct {
	summary    string
	parameters string
	states     []run.State
	results    string
	failed     string
	as         []string // users whom the engine was told
}{{
	summary: "to its end", parameters: `{"path":"a.ipynb","timeout":60}`, states: []run.State{began, saying, finished},
	results: `cells=2 cells-done=2 id=r[0-9a-f]{8} output=a\.executed-1\.ipynb path=a\.ipynb seconds=2\.5 state=completed`, as: []string{"run as "},
}, {
	summary: "a cell that fails", parameters: `{"path":"a.ipynb","timeout":60}`, states: []run.State{began, failing},
	results: `cells=2 cells-done=1 .* message=cell 2 of 2: E: x .* state=failed`,
	failed:  `cannot run a\.ipynb to its end: cell 2 of 2: E: x; see a\.executed-1\.ipynb`, as: []string{"run as "},
}, {
	summary: "the notebook's user speaks for the run", parameters: `{"path":"a.ipynb","timeout":60}`, states: []run.State{forged, raising},
	results: `cells=0 cells-done=0 id=r[0-9a-f]{8} message=E: ab .* path=a\.ipynb seconds=1\.0 state=failed`,
	failed:  `cannot run a\.ipynb to its end: E: ab; see .*`, as: []string{"run as "},
}, {
	summary: "no such notebook", parameters: `{"path":"a.ipynb","timeout":60}`, states: []run.State{refusing},
	failed: "cannot run a.ipynb: there is no such notebook", as: []string{"run as "},
}, {
	summary: "the notebook stops meanwhile", parameters: `{"path":"a.ipynb","timeout":60}`, states: []run.State{began},
	results: `.* seconds=10\.0 state=failed`, failed: `cannot run a\.ipynb to its end: the run was ended from outside: .*; see a\.executed-1\.ipynb`, as: []string{"run as "},
}, {
	summary: "detached, it is not waited for", parameters: `{"path":"a.ipynb","timeout":60,"wait":false}`, states: []run.State{began, finished},
	results: `.* seconds=10\.0 state=running`, as: []string{"run as "},
}, {
	summary: "nobody whom the engine knows is the server", parameters: `{"path":"a.ipynb","timeout":60}`, states: []run.State{another},
	failed: "cannot run a.ipynb: the engine does not give a program in the notebook the group 7, which the server has",
	as:     []string{"run as ", "run as 0", "run as 0:0"},
}, {
	summary: "a path that leads out", parameters: `{"path":"../etc.ipynb","timeout":60}`,
	failed: `cannot run "../etc.ipynb": it must not lead out of .*`,
}, {
	summary: "neither a path nor an id", parameters: `{"timeout":60}`, failed: "cannot run a notebook: give its path, or .*",
}, {
	summary: "both", parameters: `{"path":"a.ipynb","id":"x"}`, failed: "cannot run a notebook: give its path or the id of a run, not both",
}, {
	summary: "stop what", parameters: `{"path":"a.ipynb","stop":true}`, failed: "cannot stop a run: give its id, .*",
}, {
	summary: "an id that is not known", parameters: `{"id":"x"}`, failed: `cannot find the run "x": see the action list-runs`,
}}

func (runSuite) TestRunNotebook(c *C) {
	for _, test := range runTests {
		u, end := atWork(c, test.parameters, test.states...)
		u.engine.acts()
		results, failed := u.action("run-notebook")
		comment := Commentf("%s: %s %s", test.summary, results, failed)
		c.Check(results, Matches, "(?s)"+test.results, comment)
		c.Check(failed, Matches, test.failed, comment)
		c.Check(u.engine.acts(), DeepEquals, test.as, comment)
		end()
	}
}

// TestOrder is what the program in the container is told.
func (runSuite) TestOrder(c *C) {
	u, end := atWork(c, `{"path":"./dir//a.ipynb","timeout":60,"wait":false}`, began)
	defer end()
	u.action("run-notebook")
	o := u.engine.ordered
	c.Check([]any{o.Path, o.Seconds, o.Detached, o.AnyGroups}, DeepEquals, []any{"dir/a.ipynb", 60, true, false})
	c.Check([]any{o.Server.Args, o.Server.Env, o.Server.UID, o.Server.PID > 0}, DeepEquals, []any{[]string{"jupyter-lab", "1000"}, []string{"A=1"}, 0, true})
	c.Check(o.Server.Exe, Matches, ".*/sleep")
}

// TestProgressIsShown of a run, and no more of a program that cannot be run.
func (runSuite) TestProgressIsShown(c *C) {
	u, end := atWork(c, `{"path":"a.ipynb","timeout":60}`, began, saying, finished)
	defer end()
	written, err := u.run(juju.Event{Action: "run-notebook"})
	c.Assert(err, IsNil)
	c.Check(shown(written, "action-log"), Equals, "cell 1 of 2: x = 1")
	u.engine.execFails = engineError(docker.Unknown, "no such container")
	_, failed := u.action("run-notebook")
	c.Check(failed, Matches, "cannot run a.ipynb: .*no such container")
}

// TestRunsAreKept beyond their containers.
func (runSuite) TestRunsAreKept(c *C) {
	u, end := atWork(c, `{"path":"a.ipynb","timeout":60}`, began, finished)
	defer end()
	u.action("run-notebook")
	id := u.engine.ordered.ID
	results, _ := u.action("list-runs")
	c.Check(results, Matches, "running=0 .*runs."+id+".cells-done=2 .*runs."+id+".state=completed")
	u.world.answers["action-get"] = `{"path":"b.ipynb","timeout":60,"wait":false}`
	u.engine.states = []run.State{began}
	u.action("run-notebook")
	lost := u.engine.ordered.ID
	u.world.answers["action-get"] = `{"id":"` + lost + `"}`
	results, failed := u.action("run-notebook") // no process holds it
	c.Check(results, Matches, ".*id="+lost+" message=the run was ended from outside.* path=b.ipynb .*state=failed")
	c.Check(failed, Equals, "")
	results, _ = u.action("list-runs")
	c.Check(results, Matches, "(?s).*runs."+id+".path=a.ipynb.*")
	c.Check(results, Matches, "(?s).*runs."+lost+".path=b.ipynb.*")
}

var pathTests = []struct{ path, want, err string }{
	{"n.ipynb", "n.ipynb", ""},
	{"./a//b c/ü.ipynb", "a/b c/ü.ipynb", ""},
	{"a..b.ipynb", "a..b.ipynb", ""},
	{"../n.ipynb", "", "it must not lead out of .*"},
	{"a/../../n.ipynb", "", "it must not lead out of .*"},
	{"/etc/n.ipynb", "", "it must be relative to .*"},
	{`a\..\n.ipynb`, "", "it must have no backslash: .*"},
	{"a\x00.ipynb", "", "it must have no null character"},
	{"n.py", "", "it must end in .ipynb"},
	{"n.ipynb/", "", "it must end in .ipynb"},
	{"dir/.ipynb", "", "it must end in .ipynb"},
}

func (runSuite) TestNotebookPath(c *C) {
	for _, test := range pathTests {
		got, err := notebookPath(test.path)
		c.Check(got, Equals, test.want, Commentf(test.path))
		if test.err == "" {
			c.Check(err, IsNil, Commentf(test.path))
		} else {
			c.Check(err, ErrorMatches, test.err, Commentf(test.path))
		}
	}
}
