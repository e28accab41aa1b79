package workload_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/run"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

type runsSuite struct{}

var _ = Suite(runsSuite{})

// runs is a run's own end of the directory in the container that serves.
func (w *world) runs(id, path string) *host.Runs {
	runs, err := host.RunsAt(w.work.Files.RunDir(w.serving(w.observe()).Run))
	w.c.Assert(err, IsNil)
	w.c.Assert(runs.Hold(id), IsNil)
	w.c.Assert(runs.Write(id, run.State{ID: id, Path: path, Phase: run.Running}), IsNil)
	return runs
}

// TestARunIsABusyKernel by its path, for as long as it lives.
func (runsSuite) TestARunIsABusyKernel(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	runs := w.runs("1", "reports/monthly.ipynb")
	now := w.serving(w.observe())
	c.Check(now.Work.Kernels(), Equals, 1)
	c.Check(now.Hindrance(plan.Rule{Asked: true}, w.clock.Now()), Equals, "busy kernel reports/monthly.ipynb")
	w.asks()
	change, r := w.hook(plan.Ask{})
	c.Check(r.Errs, HasLen, 0)
	c.Check(change.Waits, Matches, ".*for busy kernel reports/monthly.ipynb.*")
	runs.Close()
	now = w.serving(w.observe())
	c.Check(now.Hindrance(plan.Rule{Asked: true}, w.clock.Now()), Equals, "")
}

// TestRunsOutliveTheirContainer in the unit's folder.
func (runsSuite) TestRunsOutliveTheirContainer(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	served := w.serving(w.observe())
	kept := []workload.KeptRun{
		{State: run.State{ID: "1", Path: "a.ipynb", Phase: run.Running}, Dir: served.Run},
		{State: run.State{ID: "2", Path: "b.ipynb", Phase: run.Running}, Dir: served.Run},
	}
	c.Assert(w.work.Files.WriteRecord("runs", kept), IsNil)
	first, second := w.runs("1", "a.ipynb"), w.runs("2", "b.ipynb")
	now, err := w.work.Runs()
	c.Assert(err, IsNil)
	c.Check([]run.Phase{now[0].Phase, now[1].Phase}, DeepEquals, []run.Phase{run.Running, run.Running})
	c.Assert(first.Write("1", run.State{ID: "forged", Path: "forged", Phase: run.Completed, Done: 3, Ended: time.Unix(9, 0)}), IsNil)
	first.Close()
	second.Close() // without a word
	w.asks()
	_, r := w.hook(plan.Ask{})
	c.Assert(r.Errs, HasLen, 0)
	c.Assert(w.serving(w.observe()).ID, Not(Equals), served.ID)
	_, err = w.work.Files.Runs(served.Run)
	c.Check(err, NotNil) // its directory went with it
	now, err = w.work.Runs()
	c.Assert(err, IsNil)
	c.Check([]any{now[0].ID, now[0].Path, now[0].Phase, now[0].Done}, DeepEquals, []any{"1", "a.ipynb", run.Completed, 3})
	c.Check(now[1].Phase, Equals, run.Failed)
	c.Check(now[1].Message, Matches, "the run was ended from outside: .*")
}

// TestALiveRunWithoutAState runs all the same: a full disk took none, or its user
// took it away.
func (runsSuite) TestALiveRunWithoutAState(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	served := w.serving(w.observe())
	kept := []workload.KeptRun{{State: run.State{ID: "1", Path: "a.ipynb", Phase: run.Running}, Dir: served.Run}}
	c.Assert(w.work.Files.WriteRecord("runs", kept), IsNil)
	runs := w.runs("1", "a.ipynb")
	defer runs.Close()
	c.Assert(os.Remove(filepath.Join(w.work.Files.RunDir(served.Run), "runs", "1.json")), IsNil)
	now, err := w.work.Runs()
	c.Assert(err, IsNil)
	c.Check(now[0].Phase, Equals, run.Running)
}

// TestEndRun asks the run, and waits for it.
func (runsSuite) TestEndRun(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	served := w.serving(w.observe())
	kept := workload.KeptRun{State: run.State{ID: "1", Path: "a.ipynb", Phase: run.Running}, Dir: served.Run}
	runs := w.runs("1", "a.ipynb")
	_, err := w.work.EndRun(ctx, kept)
	c.Check(err, ErrorMatches, "cannot end the run 1: it has not ended within 1m0s, .* list-runs")
	c.Check(runs.Asked("1"), Equals, true)
	w.clock.asleep = func() { runs.Close() }
	got, err := w.work.EndRun(ctx, kept)
	c.Assert(err, IsNil)
	c.Check(got.Phase, Equals, run.Failed)
	w.clock.asleep = nil
	kept.Dir = "none"
	_, err = w.work.EndRun(ctx, kept)
	c.Check(err, ErrorMatches, "cannot open the runs in none: .*")
}

// speaking is an engine whose programs say something, and end with their input or
// when nobody listens.
type speaking struct {
	workload.Engine
	says string
}

func (e speaking) Exec(_ context.Context, _, _ string, _ []string, in io.Reader, out io.Writer) error {
	_, err := io.WriteString(out, e.says)
	_, again := io.Copy(io.Discard, in)
	return errors.Join(errors.New("the stream ended"), err, again)
}

const begun = `{"phase":"running","copy":"b.ipynb"}` + "\n"

var cutTests = []struct {
	summary, says string
	seconds       int // with the minute more that a run has
	detached      bool
	cancelled     bool
	err           string
}{
	{"its word is none", "x\n", 60, false, false, "what the run says of itself cannot be read: .*"},
	{"its time passes, and more", begun, -60, false, false, "nothing was heard of its end within 0s, .*: the action list-runs tells whether it runs still"},
	{"its time passes before a word", "", -60, false, false, "nothing was heard of its end within 0s, .*"},
	{"detached, it does not begin", "", -60, true, false, "its first cell did not run within 0s, and it was told to end: .*"},
	{"cancelled, it does not end", begun, 60, false, true, "the action was cancelled, and nothing was heard of the run's end: see the action list-runs"},
}

// TestCut says why nothing more is heard of a run.
func (runsSuite) TestCut(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	at := w.serving(w.observe())
	jupyter := &exec.Cmd{Path: "/bin/sleep", Args: []string{"jupyter-lab", "1000"}}
	c.Assert(jupyter.Start(), IsNil)
	defer func() { _ = jupyter.Process.Kill(); _ = jupyter.Wait() }()
	at.PID = jupyter.Process.Pid
	engine := w.work.Engine
	for _, test := range cutTests {
		w.work.Engine = speaking{engine, test.says}
		ctx, cancel := context.WithCancel(ctx)
		if test.cancelled {
			cancel()
		}
		_, err := w.work.Run(ctx, at, run.Order{ID: "r1", Path: "a.ipynb", Seconds: test.seconds, Detached: test.detached}, func(run.State) {})
		c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
		cancel()
	}
}

// TestEndRunNames the run that it cannot ask.
func (runsSuite) TestEndRunNames(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	served := w.serving(w.observe())
	w.runs("1", "a.ipynb").Close()
	_, err := w.work.EndRun(ctx, workload.KeptRun{State: run.State{ID: strings.Repeat("r", 300)}, Dir: served.Run})
	c.Check(err, ErrorMatches, "cannot end the run r+: cannot write .*")
}

// TestNoServer says that no process is one, and where to look.
func (runsSuite) TestNoServer(c *C) {
	w := newWorld(c)
	defer w.close()
	w.up()
	at := w.serving(w.observe())
	at.PID = os.Getpid()
	_, err := w.work.Run(ctx, at, run.Order{}, func(run.State) {})
	c.Check(err, ErrorMatches, "cannot find the Jupyter server: no process of its container has Jupyter's command line: see docker top .+")
}
