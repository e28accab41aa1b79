package workload

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/run"
)

// KeptRun is a run of a notebook as the unit's folder keeps it.
type KeptRun struct {
	run.State
	Dir string `json:"dir"` // name of its container's run directory
}

// runsName is the file of the runs in the unit's folder, of which it keeps the last.
const (
	runsName = "runs"
	mostRuns = 50
)

// startLimit bounds the wait until the cells of a detached run run.
const startLimit = 2 * time.Minute

// runEnd bounds what a run does once it was asked to end.
const runEnd = time.Minute

// Run runs a notebook in a container, and hands on how it goes. It returns at the
// run's end or, where that is detached, once its cells run. When ctx ends, the run
// does; its last state is returned all the same.
func (w *Workload) Run(ctx context.Context, c *plan.Container, o run.Order, heard func(run.State)) (run.State, error) {
	command, err := w.prepareRun(c, &o)
	if err != nil {
		return run.State{}, err
	}
	limit := time.Duration(o.Seconds)*time.Second + runEnd
	if o.Detached {
		limit = min(limit, startLimit)
	}
	ctx, done := context.WithTimeoutCause(ctx, limit, errLate(o, limit)) // a user may stop what keeps the run's time
	defer done()
	last, err := w.runAsServer(ctx, c, command, o, heard)
	if o.Detached && err != nil {
		w.disown(c, o.ID)
	}
	return last, err
}

// disown has a run end that nobody knows of: it did not begin in time.
func (w *Workload) disown(c *plan.Container, id string) {
	runs, err := w.Files.Runs(c.Run)
	if errors.Is(err, fs.ErrNotExist) {
		return // it had not come so far
	}
	if err == nil {
		defer runs.Close()
		err = runs.Ask(id)
	}
	warn(err)
}

// runAsServer is Run as the user, or the users, whom the server is. The engine sets
// the groups by what it is told of a user: for most servers as it did at their start,
// else as a program does that steps down.
func (w *Workload) runAsServer(ctx context.Context, c *plan.Container, command []string, o run.Order, heard func(run.State)) (run.State, error) {
	user := strconv.Itoa(o.Server.UID)
	for _, as := range []string{"", user} {
		if last, err := w.runAs(ctx, c, as, command, o, heard); last.Phase != run.Other {
			return last, err
		}
	}
	o.AnyGroups = true
	last, err := w.runAs(ctx, c, user+":"+strconv.Itoa(o.Server.GID), command, o, heard)
	if last.Phase == run.Other {
		err = fmt.Errorf("the engine does not give a program in the notebook %s", last.Message)
	}
	return last, err
}

// runAs is Run as a user whom the engine knows by that word.
func (w *Workload) runAs(ctx context.Context, c *plan.Container, user string, command []string, o run.Order, heard func(run.State)) (run.State, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return run.State{}, fmt.Errorf("cannot order a run: %v", err)
	}
	in, orders := io.Pipe()
	defer orders.Close()
	go func() { _, _ = orders.Write(append(order, '\n')) }() // whoever does not read it says why
	defer context.AfterFunc(ctx, func() { _ = orders.Close() })()
	hearing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(runEnd, stop) })()
	said, out := io.Pipe()
	defer said.Close()
	ended := make(chan error, 1)
	go func() {
		ended <- w.Engine.Exec(hearing, c.ID, user, command, in, out)
		_ = out.Close()
	}()
	last, err := w.followRun(said, c, o, heard)
	switch {
	case last.Over(), last.Phase == run.Other, o.Detached && last.Phase == run.Running:
		return last, nil
	case err == nil && last.Phase == "":
		err = <-ended
	}
	return last, whyCut(ctx, err)
}

// prepareRun puts the program in its place, and completes the order.
func (w *Workload) prepareRun(c *plan.Container, o *run.Order) (command []string, err error) {
	if c.Run == "" {
		return nil, errors.New("the notebook that serves was made by an earlier charm: the action apply makes a new one")
	}
	p, err := jupyterProcess(c.PID)
	if err == nil && p == nil {
		err = fmt.Errorf("no process of its container has Jupyter's command line: see docker top %s", c.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot find the Jupyter server: %w", err)
	}
	env, err := p.Environ()
	if err != nil {
		return nil, err
	}
	o.Server = run.Server{PID: p.Inside, Args: p.Args, UID: p.UID, GID: p.Groups[0], Groups: p.Groups[1:], Umask: p.Umask, Env: env}
	o.Server.Exe, o.Server.Dir = p.Where()
	names, err := w.Files.WriteRunner(string(c.Slot), w.Program, run.Script)
	return []string{path.Join(notebook.ConfigDir, names[0]), "run-notebook", path.Join(notebook.ConfigDir, names[1])}, err
}

// followRun hears how a run goes until it is over, or its cells run and it is
// detached, and keeps what is of use later.
func (w *Workload) followRun(said io.Reader, c *plan.Container, o run.Order, heard func(run.State)) (last run.State, err error) {
	for lines := bufio.NewScanner(said); lines.Scan(); { // which bounds a line
		now := run.State{}
		if err := json.Unmarshal(lines.Bytes(), &now); err != nil {
			return last, fmt.Errorf("what the run says of itself cannot be read: %v", err)
		}
		now = now.Of(o.ID, o.Path)
		if now.Copy != "" && (now.Phase != last.Phase || now.Over()) {
			warn(w.keepRun(KeptRun{State: now, Dir: c.Run}))
		}
		last = now
		heard(now)
		if now.Over() || o.Detached && now.Phase == run.Running {
			return last, nil
		}
	}
	return last, nil
}

// keepRun keeps a run in the unit's folder, in place of what that says of it.
func (w *Workload) keepRun(k KeptRun) error {
	all, err := w.Runs()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(other KeptRun) bool { return other.ID == k.ID })
	for excess := len(all) + 1 - mostRuns; excess > 0; excess-- {
		oldest := slices.IndexFunc(all, func(other KeptRun) bool { return other.Over() })
		if oldest < 0 {
			break // all of them run
		}
		all = slices.Delete(all, oldest, oldest+1)
	}
	return w.Files.WriteRecord(runsName, append(all, k))
}

func (w *Workload) keptRuns() (all []KeptRun, err error) {
	_, err = w.Files.ReadRecord(runsName, &all)
	return all, err
}

// Runs are the runs that the unit's folder has, oldest first, as they are now.
func (w *Workload) Runs() ([]KeptRun, error) {
	all, err := w.keptRuns()
	for i, k := range all {
		if !k.Over() {
			all[i].State = w.runNow(k)
		}
	}
	return all, err
}

// runNow is how a run is that was not over when it was looked at last.
func (w *Workload) runNow(k KeptRun) run.State {
	runs, err := w.Files.Runs(k.Dir)
	if err == nil {
		defer runs.Close()
		live := runs.Live(k.ID) // before its last state is written
		now := k.State
		if runs.Read(k.ID, &now) != nil {
			now = k.State // a full disk took no state, or a user took it away: it may live all the same
		}
		if live || now.Over() {
			return now.Of(k.ID, k.Path)
		}
	}
	k.Phase, k.Message, k.Ended = run.Failed, errCut.Error(), w.Clock.Now().UTC()
	return k.State
}

// keepRuns keeps how runs ended whose container goes.
func (w *Workload) keepRuns() {
	before, err := w.keptRuns()
	all, again := w.Runs()
	if warn(errors.Join(err, again)); err != nil || again != nil || slices.Equal(before, all) {
		return
	}
	warn(w.Files.WriteRecord(runsName, all))
}

// EndRun asks a run to end, and waits until it has.
func (w *Workload) EndRun(ctx context.Context, k KeptRun) (run.State, error) {
	runs, err := w.Files.Runs(k.Dir)
	if err != nil {
		return run.State{}, err
	}
	defer runs.Close()
	ok, err := false, runs.Ask(k.ID)
	if err == nil {
		ok, err = w.poll(ctx, 200*time.Millisecond, runEnd, func() (bool, error) { return !runs.Live(k.ID), nil })
	}
	if err == nil && !ok {
		err = fmt.Errorf("it has not ended within %s, and still may: see the action list-runs", runEnd)
	}
	if err != nil {
		return run.State{}, fmt.Errorf("cannot end the run %s: %w", k.ID, err)
	}
	return w.runNow(k), nil
}

// liveRuns are the runs in a container that are not over.
func (w *Workload) liveRuns(c *plan.Container) (out []run.State, err error) {
	if c.Run == "" {
		return nil, nil
	}
	runs, err := w.Files.Runs(c.Run)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer runs.Close()
	ids, err := runs.IDs()
	for _, id := range ids {
		if !runs.Live(id) {
			continue
		}
		s := run.State{ID: id, Path: id}
		if err := runs.Read(id, &s); err != nil {
			logger.Debugf("%v", err) // it lives all the same
		}
		out = append(out, s)
	}
	return out, err
}

// runItems are a container's runs as work in it: each has a kernel that its server
// does not list, and that is busy until the run ends.
func (w *Workload) runItems(c *plan.Container, now time.Time) (out []plan.Item) {
	runs, err := w.liveRuns(c)
	if err != nil {
		logger.Debugf("%v", err) // a user took the directory away, and the run's protection with it
	}
	for _, s := range runs {
		out = append(out, plan.Item{Kind: plan.Kernel, Name: short(s.Path), Busy: true, Last: now})
	}
	return out
}
