package workload_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/juju/loggo"
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

type applySuite struct{}

var _ = Suite(&applySuite{})

func (applySuite) TestAFirstDeploy(c *C) {
	w := newWorld(c)
	defer w.close()
	now := w.up()
	c.Check(now.Healthy, Equals, true)
	o := w.observe()
	c.Check(w.left(o), Equals, "a healthy kept running; record a verified; gateway to a")
	p := plan.Upkeep(o, build)
	c.Check(p.String(), Equals, "nothing to do")
	again, r := w.hook(plan.Ask{})
	c.Check(again.String(), Equals, "nothing to do")
	w.checkTrue(r, Commentf("at rest"))
}

// candidates are those that do not come up, in a switch and where one is made anew.
var candidates = []struct {
	summary string
	how     behaviour
	says    string
}{
	{"nothing listens", silent, `not healthy within 3s: nothing answers at its socket`},
	{"it serves without the token", open, `it serves without the token`},
	{"it refuses the token", deaf, `not healthy within 3s: /api/contents with the token answers 403`},
	{"it is not Jupyter", stranger, `not healthy within 3s: what answers is not Jupyter`},
	{"it answers 500", failing, `not healthy within 3s: /api answers 500`},
	{"its program ends", ends, `it ended with exit status 1 (no module named jupyter)`},
	{"it runs out of memory", killed, `it ran out of memory`},
	{"somebody removes it", vanishes, `cannot inspect the notebook: no such container`},
}

// TestACandidateThatDoesNotComeUp: nobody is sent to it, nothing of it is left, what
// served goes on, and it is not tried again at once.
func (applySuite) TestACandidateThatDoesNotComeUp(c *C) {
	for _, test := range candidates {
		w, comment := newWorld(c), Commentf(test.summary)
		was := w.up()
		w.asks()
		w.next = test.how
		_, r := w.hook(plan.Ask{})
		says := w.texts(r.Errs)
		c.Check(strings.HasSuffix(says, test.says), Equals, true, Commentf("%s: %s", test.summary, says))
		c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a", comment)
		c.Check(w.serving(r.Observed).ID, Equals, was.ID, comment)
		w.checkTrue(r, comment)
		var refused *workload.CandidateError
		if errors.As(errors.Join(r.Errs...), &refused) {
			c.Check(refused.Verified, Equals, false, comment)
			again, r := w.hook(plan.Ask{})
			c.Check(again.String(), Equals, "nothing to do", comment)
			c.Check(r.Observed.Notes.Refused[0].Times, Equals, 1, comment)
		}
		w.heals(comment)
		c.Check(w.observe().Notes.Refused, HasLen, 0, comment)
		w.close()
	}
}

// TestLogOfAFailedSwitch: the log names no candidate that was never made.
func (applySuite) TestLogOfAFailedSwitch(c *C) {
	for summary, made := range map[string]bool{"first deploy, to pull": false, "switch that fails": true} {
		w := newWorld(c)
		var log loggo.TestWriter
		c.Assert(loggo.RegisterWriter("candidates", &log), IsNil)
		loggo.GetLogger("").SetLogLevel(loggo.INFO)
		if made {
			w.up()
			w.asks()
			w.next = ends
		} else {
			w.daemon.RemoveImages()
			w.daemon.Fail("POST /images/create", 2, Refuses(404, "no such image")) // the gateway's is imported first
		}
		_, r := w.hook(plan.Ask{})
		c.Check(r.Errs, Not(HasLen), 0, Commentf(summary))
		said := false
		for _, entry := range log.Log() {
			said = said || strings.HasPrefix(entry.Message, string(plan.Abandon))
		}
		c.Check(said, Equals, made, Commentf(summary))
		_, err := loggo.RemoveWriter("candidates")
		c.Check(err, IsNil)
		w.close()
	}
}

// TestWhatIsMadeAnewDoesNotComeUp: its record and its secret stay, for the next hook.
func (applySuite) TestWhatIsMadeAnewDoesNotComeUp(c *C) {
	for _, test := range candidates {
		w, comment := newWorld(c), Commentf(test.summary)
		w.daemon.Vanish(w.up().ID)
		w.next = test.how
		o := w.observe()
		r := w.work.Apply(ctx, plan.Upkeep(o, build), o, w.job)
		says := w.texts(r.Errs)
		c.Check(strings.HasSuffix(says, test.says), Equals, true, Commentf("%s: %s", test.summary, says))
		c.Check(w.left(r.Observed), Equals, "record a verified; gateway to what is gone", comment)
		w.checkTrue(r, comment)
		w.next = well
		w.clock.pass(time.Hour)
		w.spec.Limits.Memory = 1 // the wish has no part in it
		o = w.observe()
		r = w.work.Apply(ctx, plan.Upkeep(o, build), o, workload.Job{Progress: w.job.Progress})
		c.Check(w.texts(r.Errs), Equals, "", comment)
		c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a", comment)
		w.checkTrue(r, comment)
		w.close()
	}
}

// TestWhatServesDoesNotComeUpAgain: it is not removed, and nobody is sent elsewhere.
func (applySuite) TestWhatServesDoesNotComeUpAgain(c *C) {
	for _, test := range candidates[:5] {
		w, comment := newWorld(c), Commentf(test.summary)
		was := w.up()
		w.server(was.ID).becomes(test.how)
		w.daemon.End(was.ID, 0, false)
		o := w.observe()
		r := w.work.Apply(ctx, plan.Upkeep(o, build), o, w.job)
		c.Check(strings.Contains(w.texts(r.Errs), "the notebook does not come up again: "), Equals, true, comment)
		c.Check(r.Observed.Find(was.ID), NotNil, comment)
		c.Check(w.daemon.Find(was.ID).State.Running, Equals, test.how != open, comment)
		c.Check(r.Observed.Notes.Refused, HasLen, 0, comment)
		w.checkTrue(r, comment)
		w.close()
	}
}

// TestWhatServedOutlivesABadWish: its container is gone and it cannot be made anew at
// once; the record and the secret of it were overwritten by the wish's.
func (applySuite) TestWhatServedOutlivesABadWish(c *C) {
	w := newWorld(c)
	defer w.close()
	w.daemon.Vanish(w.up().ID)
	was := w.spec.Serve.Hash()
	w.asks()
	w.job.Credential = &notebook.Credential{Token: "another", CookieSecret: "cookie"}
	w.next = ends // both of them
	_, r := w.hook(plan.Ask{})
	c.Check(r.Errs, Not(HasLen), 0)
	w.next = well
	w.clock.pass(time.Hour)
	o := w.observe()
	r = w.work.Apply(ctx, plan.Upkeep(o, build), o, workload.Job{Progress: w.job.Progress})
	c.Check(w.texts(r.Errs), Equals, "")
	c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a")
	c.Check(w.serving(r.Observed).Hash, Equals, was)
}

// TestAHookIsEndedWhileItSetsAside: the engine has stopped the container, and no note
// says why.
func (applySuite) TestAHookIsEndedWhileItSetsAside(c *C) {
	for _, test := range []struct {
		summary string
		undo    func(w *world, id string)
	}{
		{"after the gateway was turned away", func(w *world, id string) {}},
		{"after the stop", func(w *world, id string) {
			c.Assert(w.work.Engine.SetAside(ctx, id), IsNil)
		}},
	} {
		w := newWorld(c)
		was := w.up()
		w.server(was.ID).becomes(open)
		r := w.apply(plan.Part{{Kind: plan.TurnAway, ID: was.ID, Gateway: w.spec.Gateway}})
		c.Assert(r.Errs, HasLen, 0)
		test.undo(w, was.ID)
		o := w.observe()
		for range 3 {
			w.work.Apply(ctx, plan.Upkeep(o, build), o, workload.Job{Progress: w.job.Progress})
			w.clock.pass(time.Hour)
			o = w.observe()
		}
		s := plan.FindServing(o)
		c.Check(s.There() && s.Up(o.Gateway), Equals, true, Commentf("%s: %s", test.summary, w.left(o)))
		w.close()
	}
}

// gateways are how orders to the gateway fail.
var gateways = []struct {
	summary string
	fault   func(c *C, w *world)
	says    string
}{
	{"it does not run", func(c *C, w *world) { w.daemon.Vanish(w.gateway().ID) }, "cannot (set|ask) the gateway: no gateway is running in .*"},
	{"its folder is gone", func(c *C, w *world) {
		w.daemon.Vanish(w.gateway().ID)
		c.Assert(os.RemoveAll(w.work.Files.GatewayDir()), IsNil)
	}, "cannot (set|ask) the gateway: no gateway is running in .*"},
}

func (applySuite) TestTheGatewayDoesNotTakeOrders(c *C) {
	for _, test := range gateways {
		for _, kind := range []plan.Kind{plan.SetGateway, plan.Flip, plan.TurnAway, plan.Drain} {
			w, comment := newWorld(c), Commentf("%s: %s", kind, test.summary)
			was := w.up()
			stray := w.stray()
			o := w.observe()
			test.fault(c, w)
			r := w.work.Apply(ctx, plan.Plan{Parts: []plan.Part{
				{{Kind: kind, ID: was.ID, Slot: was.Slot, Gateway: notebook.Gateway{Listen: []string{freeAddress(c)}}}, {Kind: plan.Remove, ID: was.ID}},
				{{Kind: plan.RemoveStray, ID: stray.ID}},
			}}, o, w.job)
			c.Assert(r.Errs, HasLen, 1, comment)
			c.Check(r.Errs[0], ErrorMatches, test.says, comment)
			c.Check(r.Observed.Gateway.Listen, DeepEquals, o.Gateway.Listen, comment)
			c.Check(r.Turned, Equals, false, comment)
			c.Check(w.daemon.Find(was.ID), NotNil, comment) // what needs it is left
			c.Check(w.daemon.Find(stray.ID), IsNil, comment)
			w.close()
		}
	}
}

func (applySuite) TestAnAddressThatCannotBeHad(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	l, err := net.Listen("tcp", freeAddress(c))
	c.Assert(err, IsNil)
	defer l.Close()
	taken := l.Addr().String()
	_, number, _ := net.SplitHostPort(taken)
	r := w.apply(plan.Part{{Kind: plan.SetGateway, Gateway: notebook.Gateway{Listen: []string{taken}}}})
	var port *workload.PortError
	c.Assert(errors.As(errors.Join(r.Errs...), &port), Equals, true)
	c.Check(*port, Equals, workload.PortError{Address: taken, Port: number, Reason: "address already in use"})
	c.Check(w.serving(r.Observed).ID, Equals, was.ID)
	w.checkTrue(r, Commentf("taken"))
	// another unit of ours has it
	w.daemon.Add(&Container{Name: "other", State: ContainerState{Running: true}, Config: &ContainerConfig{Labels: map[string]string{
		roleLabel: "gateway", "io.jupyter-docker.key": "other-0-7b29c3f0", "io.jupyter-docker.unit": "other/0", "io.jupyter-docker.model": "m"}}})
	dir := host.Unit{Dir: filepath.Join(filepath.Dir(w.work.Files.Dir), "other-0-7b29c3f0")}
	c.Assert(dir.MakeGatewayDir(docker.GatewayGroup), IsNil)
	state := filepath.Join(dir.GatewayDir(), "state.json")
	w.clock.asleep = func() { // it listens before it has written so
		c.Check(os.WriteFile(state, []byte(`{"listen": ["0.0.0.0:`+number+`"]}`), 0o644), IsNil)
	}
	r = w.apply(plan.Part{{Kind: plan.SetGateway, Gateway: notebook.Gateway{Listen: []string{taken}}}})
	c.Check(errors.Join(r.Errs...), ErrorMatches, "port "+number+" is held by unit other/0 on this machine: set the option port")
}

// TestTheGatewayDoesNotAnswer: its container is removed again.
func (applySuite) TestTheGatewayDoesNotAnswer(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	w.daemon.Vanish(w.gateway().ID)
	w.dead = true
	r := w.apply(plan.Part{{Kind: plan.StartGateway, Variant: build, Gateway: w.spec.Gateway}})
	c.Check(w.texts(r.Errs), Matches, "cannot start the gateway: it does not answer: cannot ask the gateway: no gateway is running in DIR/gateway")
	c.Check(w.daemon.Containers(roleLabel, "gateway"), HasLen, 0)
	c.Check(r.Observed.Gateway.Answers, Equals, false)
	w.dead = false
	w.heals(Commentf("it answers again"))
}

// disk puts the unit's folder on a file system of so few bytes and files, with what
// is in it, and a gateway that runs from there.
func (w *world) disk(options string) {
	c, dir := w.c, w.work.Files.Dir
	w.daemon.Vanish(w.gateway().ID)
	away := dir + ".away"
	c.Assert(os.Rename(dir, away), IsNil)
	c.Assert(os.Mkdir(dir, 0o711), IsNil)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		c.Skip("no file system can be mounted here: " + err.Error())
	}
	w.ends = append(w.ends, func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	c.Assert(os.CopyFS(dir, os.DirFS(away)), IsNil)
	c.Assert(w.work.Files.MakeGatewayDir(docker.GatewayGroup), IsNil)
}

// fill leaves no byte in a folder.
func fill(c *C, dir string) {
	f, err := os.Create(filepath.Join(dir, "filler"))
	c.Assert(err, IsNil)
	defer f.Close()
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	c.Assert(errors.Is(err, syscall.ENOSPC), Equals, true, Commentf("%v", err))
}

// fillNames leaves no inode in a folder.
func fillNames(c *C, dir string) {
	var err error
	for i := 0; err == nil; i++ {
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("filler-%d", i)), nil, 0o600)
	}
	c.Assert(errors.Is(err, syscall.ENOSPC), Equals, true, Commentf("%v", err))
}

// lock lets nobody write in a folder, as a file system does that failed.
func lock(c *C, dir string) {
	c.Assert(syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""), IsNil)
}

// onDisk are the steps that write to the unit's folder; made are those that are made
// all the same.
var onDisk = []struct {
	kind plan.Kind
	made bool
}{
	{plan.SetGateway, false},
	{plan.TurnAway, false},
	{plan.StartGateway, true},
	{plan.Create, false},
	{plan.Recreate, false},
	{plan.SetAside, false},
	{plan.Start, true},
	{plan.Await, true},
	{plan.Stop, true},
	{plan.Remove, true},
}

// TestTheUnitsFolderCannotBeWritten: what runs stays, the gateway starts and serves
// from what it has, and what cannot be made says so.
func (applySuite) TestTheUnitsFolderCannotBeWritten(c *C) {
	for _, trouble := range []struct {
		summary string
		make    func(*C, string)
		full    bool
	}{{"no space", fill, true}, {"no inodes", fillNames, true}, {"read-only", lock, false}} {
		for _, test := range onDisk {
			if !trouble.full && test.kind == plan.Start {
				continue // nor can the server make its socket
			}
			w, comment := newWorld(c), Commentf("%s: %s", trouble.summary, test.kind)
			step, was := w.written(test.kind, func(dir string) { trouble.make(c, dir) })
			stray := w.stray()
			o := w.wanted()
			r := w.work.Apply(ctx, plan.Plan{Parts: []plan.Part{{step}, {{Kind: plan.RemoveStray, ID: stray.ID}}}}, o, w.job)
			err := errors.Join(r.Errs...)
			if trouble.full {
				none := errors.Is(err, host.ErrNoSpace) || errors.Is(err, gateway.ErrNoSpace)
				c.Check(none, Equals, !test.made, Commentf("%s: %s: %v", trouble.summary, test.kind, err))
			} else if test.kind != plan.StartGateway { // whose folder's mode is set
				c.Check(err == nil, Equals, test.made, Commentf("%s: %s: %v", trouble.summary, test.kind, err))
			}
			c.Check(w.daemon.Find(stray.ID), IsNil, comment)
			c.Check(w.daemon.Find(was.ID) == nil, Equals, test.kind == plan.Remove, comment)
			c.Check(len(w.daemon.Containers(roleLabel, "notebook")) <= 1, Equals, true, comment)
			if test.kind != plan.SetAside && (trouble.full || test.kind != plan.Remove) { // what is written down stays
				w.checkTrue(r, comment)
			}
			w.close()
		}
	}
}

// written is a step on a notebook and a gateway whose unit's folder is in trouble.
func (w *world) written(kind plan.Kind, trouble func(dir string)) (plan.Step, *plan.Container) {
	was := w.up()
	record := w.observe().Records[was.Slot]
	w.daemon.End(was.ID, 0, false)
	w.disk("size=256k,nr_inodes=200")
	r := w.apply(plan.Part{{Kind: plan.StartGateway, Variant: build, Gateway: w.spec.Gateway}})
	w.c.Assert(r.Errs, HasLen, 0)
	if kind == plan.Await {
		w.c.Assert(w.apply(plan.Part{{Kind: plan.Start, ID: was.ID}}).Errs, HasLen, 0)
	}
	trouble(w.work.Files.Dir)
	step := plan.Step{Kind: kind, ID: was.ID, Slot: was.Slot, Variant: build, Gateway: w.spec.Gateway, Limit: time.Second}
	switch kind {
	case plan.Create:
		step.ID, step.Slot, step.Spec = "", was.Slot.Other(), &w.spec
	case plan.Recreate:
		step.ID, step.Record = "", &record
	case plan.TurnAway, plan.SetGateway:
		step.Gateway.Trusted = []string{"10.0.0.1"}
	}
	step.Else = []plan.Step{{Kind: plan.Abandon, Slot: step.Slot}}
	return step, was
}

// TestWhatACandidateIsRefusedFor before it is made: nothing is made then.
func (applySuite) TestWhatACandidateIsRefusedFor(c *C) {
	bad := errors.New("bad")
	for _, test := range []struct {
		summary string
		change  func(w *world)
		says    string
	}{
		{"its inventory", func(w *world) {
			w.job.Inspect = func(context.Context, string, map[string]string) (spark.Installation, error) {
				return spark.Installation{}, bad
			}
		}, "bad"},
		{"the cluster", func(w *world) { w.job.Judge = func(context.Context, spark.Installation) error { return bad } }, "bad"},
		{"a flag of its command line", func(w *world) { w.spec.Serve.Command = []string{"jupyter", "lab", "--ServerApp.token=x", "--port=1"} },
			"the image's command line sets --ServerApp.token, --port, which is the charm's to set: .*"},
		{"the folder of its notebooks", func(w *world) { w.spec.Serve.Data = "/proc/no" }, "cannot make /proc/no: .*"},
		{"its storage", func(w *world) { w.spec.Serve.Data, w.spec.Storage = "/proc/no", true }, "cannot make /proc/no: .*"},
	} {
		w, comment := newWorld(c), Commentf(test.summary)
		w.up()
		w.asks()
		test.change(w)
		r := w.apply(plan.Change(w.spec, w.wanted(), build, plan.Ask{Apply: true}).Parts...)
		c.Check(w.texts(r.Errs), Matches, test.says, comment)
		c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a", comment)
		w.checkTrue(r, comment)
		w.close()
	}
}

// wanted is what is there, with what the wanted reference names.
func (w *world) wanted() plan.Observed {
	o := w.observe()
	o.Wanted = w.reference(o)
	return o
}

// TestWhatTheEngineCannotStart is for the operator to mend.
func (applySuite) TestWhatTheEngineCannotStart(c *C) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	c.Assert(err, IsNil)
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	for _, test := range []struct {
		summary string
		answer  Answer
		drivers int
		says    string
	}{
		{"no such program", Refuses(400, "exec: no such file"), 0, "the new notebook was refused: the engine cannot start it: see juju debug-log"},
		{"a driver's port that another program has", Refuses(500, "port is taken"), taken,
			"cannot listen on 127.0.0.1:[0-9]+: another program has that driver port: set the option driver-ports"},
		{"ports that it cannot publish", Refuses(500, "no"), 1<<16 - 100,
			"cannot listen on 127.0.0.1: the engine cannot publish the driver's ports there: see juju debug-log, or set driver-ports"},
	} {
		w, comment := newWorld(c), Commentf(test.summary)
		w.up()
		w.asks()
		w.spec.Drivers, w.spec.Serve.Spark.Bind = test.drivers, "127.0.0.1"
		if test.drivers != 0 {
			w.spec.Drivers -= spark.BlockLength // slot b has the second block
		}
		w.daemon.Fail("POST /containers/{id}/start", 1, test.answer)
		_, r := w.hook(plan.Ask{})
		c.Check(w.texts(r.Errs), Matches, test.says, comment)
		c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a", comment)
		w.close()
	}
}

// TestMemory: a limit below the present use is refused, and the present one stays.
func (applySuite) TestMemory(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	w.spec.Limits.Memory = 1 << 20
	w.daemon.Fail("GET /containers/{id}/stats", 0, Says(200, Object{"memory_stats": Object{"usage": 2 << 20}}))
	_, r := w.hook(plan.Ask{})
	var failed *docker.Error
	c.Assert(errors.As(errors.Join(r.Errs...), &failed), Equals, true)
	c.Check(failed.Kind, Equals, docker.NotNow)
	c.Check(w.serving(r.Observed).Limits, Equals, notebook.Limits{})
	w.daemon.Mend()
	_, r = w.hook(plan.Ask{})
	c.Check(r.Errs, HasLen, 0)
	c.Check(w.serving(r.Observed).Limits, Equals, w.spec.Limits)
	c.Check(w.serving(w.observe()).Limits, Equals, w.spec.Limits)
}

func (applySuite) TestAStepThatIsNotKnown(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	r := w.apply(plan.Part{{Kind: "dance", ID: was.ID}}, plan.Part{{Kind: plan.Stop, ID: "gone"}})
	c.Check(w.texts(r.Errs), Equals, "cannot do step \"dance\": it is not known\ncannot stop notebook: the container is gone")
}
