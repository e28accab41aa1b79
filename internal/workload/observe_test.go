package workload_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

type observeSuite struct{}

var _ = Suite(&observeSuite{})

// TestTheGateway: what it says, or what it has stored. That none is there is not
// inferred from what cannot be read.
func (observeSuite) TestTheGateway(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	state := filepath.Join(w.work.Files.GatewayDir(), "state.json")
	g := w.observe().Gateway
	c.Check(g.Answers, Equals, true)
	c.Check(g.Lost, Equals, false)
	c.Check(g.Variant, Equals, build)
	c.Check(g.Listen, DeepEquals, w.spec.Gateway.Listen)
	c.Check(g.Upstream, Equals, was.Upstream())
	c.Check(g.Container, Equals, was.ID)

	w.daemon.Vanish(w.gateway().ID)
	g = w.observe().Gateway
	c.Check(g.Answers, Equals, false)
	c.Check(g.Lost, Equals, true)
	c.Check(g.Listen, DeepEquals, w.spec.Gateway.Listen) // as stored
	c.Check(g.Container, Equals, was.ID)

	c.Assert(os.WriteFile(state, []byte("no JSON"), 0o660), IsNil)
	o := w.observe()
	c.Check(o.Gateway.Container, Equals, "")
	c.Check(w.serving(o).ID, Equals, was.ID) // it was verified last

	c.Assert(os.RemoveAll(w.work.Files.GatewayDir()), IsNil)
	c.Check(w.observe().Gateway.Lost, Equals, true) // as before the first
}

// stubborn is a gateway that answers as it is told.
type stubborn struct {
	workload.Gateway
	status   gateway.Status
	replaced []gateway.Status
	silent   error // of its own status
	err      error // of the others'
}

func (s stubborn) Status(context.Context) (gateway.Status, error) { return s.status, s.silent }

func (s stubborn) Replaced(context.Context) ([]gateway.Status, error) { return s.replaced, s.err }

// TestReplacedGateways: one may drain that could not be asked.
func (observeSuite) TestReplacedGateways(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	load := map[string]gateway.Load{was.Upstream(): {Requests: 1, WebSockets: 2}}
	w.work.Gateway = stubborn{status: gateway.Status{Instance: "g1@new", Loads: load},
		replaced: []gateway.Status{{Instance: "g0@old", Connections: 3, Loads: load}}}
	o := w.observe()
	c.Check(o.Gateway.ID, Equals, "new")
	c.Check(o.Gateway.Draining, DeepEquals, map[string]int{"old": 3})
	c.Check(o.Notebooks[0].Transfers, Equals, 2) // without WebSockets, which end with a switch
	w.work.Gateway = stubborn{silent: gateway.ErrNotRunning, err: errors.New("oops")}
	g := w.observe().Gateway
	c.Check(g.Lost, Equals, false)
	c.Check(g.Draining, IsNil)
	w.work.Gateway = stubborn{silent: errors.New("it takes too long")}
	g = w.observe().Gateway
	c.Check(g.Answers, Equals, false)
	c.Check(g.Lost, Equals, false)
	c.Check(g.Container, Equals, was.ID) // as stored
}

func (observeSuite) TestTheEngineCannotBeRead(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	w.daemon.Fail("GET /containers/json", 0, Refuses(500, "oops"))
	_, err := w.work.Observe(ctx)
	c.Check(err, ErrorMatches, "cannot list containers: .*oops")
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var kernels = []struct {
	state          string
	busy, starting bool
}{
	{"idle", false, false},
	{"busy", true, false},
	{"starting", false, true},
	{"restarting", false, true},
	{"dead", false, false},
}

func (observeSuite) TestKernels(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	for _, test := range kernels {
		w.server(was.ID).works(kernel(test.state, now), nil)
		work := w.serving(w.observe()).Work
		c.Check(work, DeepEquals, plan.Work{Known: true, Items: []plan.Item{
			{Kind: plan.Kernel, Name: "python3/01234567", Busy: test.busy, Starting: test.starting, Last: now}}}, Commentf(test.state))
	}
	w.server(was.ID).works(nil, []Object{{"name": "1"}}) // and no process to look at
	c.Check(w.serving(w.observe()).Work.Known, Equals, false)
}

// TestTerminals: one is busy while its shell has a child. When it was used last is
// not known to older servers: then it is when a hook first saw it.
func (observeSuite) TestTerminals(c *C) {
	w := newWorld(c)
	defer w.close()
	w.pid = func(*Container) int { return os.Getpid() }
	was := w.up()
	w.terminal("echo ready; read x")
	w.terminal("sleep 1000 & echo ready; wait")
	w.server(was.ID).works(nil, []Object{{"name": "2"}, {"name": "1", "last_activity": now}})
	first := w.clock.Now()
	items := w.serving(w.observe()).Work.Items
	c.Assert(items, HasLen, 2)
	c.Check(items[0], Equals, plan.Item{Kind: plan.Terminal, Name: "1", Last: now})
	c.Check(items[1].Busy, Equals, true)
	c.Check(items[1].Unknown, Equals, true)
	c.Check(items[1].Last.Before(first), Equals, false)
	w.clock.pass(time.Hour)
	c.Check(w.serving(w.observe()).Work.Items[1].Last.Equal(items[1].Last), Equals, true)
	// shells that do not match the terminals: any busy one makes all busy
	w.server(was.ID).works(nil, []Object{{"name": "1", "last_activity": now}})
	c.Check(w.serving(w.observe()).Work.Items[0].Busy, Equals, true)
}

// TestARunningOneMayBeSlow: one that was verified is asked again for a while; a
// candidate is not.
func (observeSuite) TestOneThatDoesNotAnswer(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	for _, test := range []struct {
		how    behaviour
		reason string
		open   bool
	}{
		{failing, "/api answers 500", false},
		{stranger, "what answers is not Jupyter", false},
		{deaf, "/api/contents with the token answers 403", false},
		{open, "it serves without the token", true},
	} {
		w.server(was.ID).becomes(test.how)
		before := w.clock.Now()
		now := w.serving(w.observe())
		c.Check(now.Healthy, Equals, false)
		c.Check(now.Open, Equals, test.open)
		c.Check(now.Reason, Equals, test.reason)
		c.Check(now.Work, DeepEquals, plan.Work{})
		c.Check(w.clock.Now().Sub(before) >= 10*time.Second, Equals, !test.open)
	}
	w.server(was.ID).becomes(failing)
	w.daemon.Find(was.ID).Host.RestartPolicy.Name = "no"
	before := w.clock.Now()
	w.observe()
	c.Check(w.clock.Now(), Equals, before)
	w.daemon.Find(was.ID).Host.RestartPolicy.Name = "unless-stopped"
	w.daemon.Fail("GET /containers/{id}/json", 2, Refuses(500, "oops")) // asked whether it still runs
	w.observe()
	c.Check(w.clock.Now(), Equals, before)
}

func (observeSuite) TestATokenThatCannotBeRead(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	token := filepath.Join(w.work.Files.Slot(string(was.Slot)), "secret", "token")
	c.Assert(os.Remove(token), IsNil)
	c.Assert(os.Mkdir(token, 0o700), IsNil)
	o := w.observe()
	c.Check(w.serving(o).Reason, Matches, "cannot read the token of slot a: .*")
	for _, kind := range []plan.Kind{plan.Await, plan.Recount} {
		r := w.apply(plan.Part{{Kind: kind, ID: was.ID}})
		c.Check(errors.Join(r.Errs...), ErrorMatches, "cannot read the token of slot a: .*")
	}
}

// TestData: the container sees the folder that is there, another one, or its storage
// is not there.
func (observeSuite) TestData(c *C) {
	w := newWorld(c)
	defer w.close()
	data, root := c.MkDir(), c.MkDir()
	w.spec.Serve.Data, w.spec.Storage = data, true
	c.Assert(os.MkdirAll(filepath.Join(root, filepath.Dir(notebook.DataDir)), 0o755), IsNil)
	seen := filepath.Join(root, notebook.DataDir)
	c.Assert(os.Symlink(data, seen), IsNil)
	w.pid = func(*Container) int { return w.process([]string{configured, processRoot + "=" + root}) }
	was := w.up()
	flags := func() [2]bool {
		now := w.observe().Find(was.ID)
		return [2]bool{now.DataGone, now.DataOther}
	}
	c.Check(flags(), Equals, [2]bool{false, false})
	c.Assert(os.Remove(seen), IsNil)
	c.Assert(os.Mkdir(seen, 0o755), IsNil)
	c.Check(flags(), Equals, [2]bool{false, true})
	c.Assert(w.work.Files.UnlinkStorage(), IsNil) // as a reboot does
	c.Check(flags(), Equals, [2]bool{false, true})
	to, err := os.Readlink(w.work.Files.StorageLink())
	c.Assert(err, IsNil)
	c.Check(to, Equals, data)
	c.Assert(os.RemoveAll(data), IsNil)
	c.Check(flags(), Equals, [2]bool{true, false})
	w.daemon.Vanish(was.ID)
	o := w.observe()
	c.Check(o.Records[was.Slot].DataGone, Equals, true)
}

// TestNotes: they are written where they differ, and not in each hook.
func (observeSuite) TestNotes(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	file := filepath.Join(w.work.Files.Dir, "notes.json")
	w.observe()
	before, err := os.Stat(file)
	c.Assert(err, IsNil)
	w.observe()
	after, err := os.Stat(file)
	c.Assert(err, IsNil)
	c.Check(os.SameFile(before, after), Equals, true)

	w.daemon.Find(was.ID).State.Paused = true
	c.Check(w.observe().Notes.Paused, HasLen, 0) // as the hook before saw it
	c.Check(w.observe().Notes.Paused, DeepEquals, []string{was.ID})
	w.daemon.Find(was.ID).State.Paused = false
	w.observe()
	o := w.observe()
	c.Check(o.Notes.Paused, HasLen, 0)
	c.Check(o.Notes.Answered[was.ID].Equal(w.serving(o).Started), Equals, true)

	w.daemon.Vanish(was.ID)
	w.observe()
	c.Check(w.observe().Notes.Answered, HasLen, 0)
}

// TestFilesThatCannotBeRead are as if they were not there.
func (observeSuite) TestFilesThatCannotBeRead(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	for _, name := range []string{"notes.json", "record-a.json"} {
		c.Assert(os.WriteFile(filepath.Join(w.work.Files.Dir, name), []byte("no JSON"), 0o600), IsNil)
	}
	o := w.observe()
	c.Check(o.Records, HasLen, 0)
	c.Check(w.serving(o).ID, Equals, was.ID)
	c.Check(w.work.Detached("/s"), IsNil) // Observe wrote new ones
}

func (observeSuite) TestDetached(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	c.Assert(w.work.Detached("/s"), IsNil)
	c.Check(w.observe().Notes.Detached, Equals, "/s")
	c.Assert(w.work.Detached("/s"), IsNil)
	c.Check(w.observe().Notes.Detached, Equals, "/s")
	c.Assert(w.work.Detached(""), IsNil)
	c.Check(w.observe().Notes.Detached, Equals, "")
	c.Assert(os.WriteFile(filepath.Join(w.work.Files.Dir, "notes.json"), []byte("no JSON"), 0o600), IsNil)
	c.Check(w.work.Detached("/s"), ErrorMatches, "cannot read .*notes.json: .*")
}

// TestOneOfACharmOfBefore listens at a port of loopback.
func (observeSuite) TestOneOfACharmOfBefore(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	l, err := serveAt(freeAddress(c), w.server(was.ID))
	c.Assert(err, IsNil)
	defer l.Close()
	old := w.daemon.Find(was.ID)
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	delete(old.Config.Labels, "io.jupyter-docker.run")
	old.Config.Labels["io.jupyter-docker.port"] = port
	now := w.observe().Find(was.ID)
	number, _ := strconv.Atoi(port)
	c.Check(now.Port, Equals, number)
	c.Check(now.Healthy, Equals, true)
}
