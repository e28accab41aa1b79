package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
	"github.com/jupyter-docker/jupyter-docker/localjuju/resolver"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// worker runs one unit.
type worker struct {
	agent *Agent
	model string
	unit  string
	execs chan *execRequest
	gone  chan struct{}
}

// run does one thing after the other until the unit is gone or the agent ends.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		changed := w.agent.Store.Changed()
		select {
		case e := <-w.execs:
			w.locked(ctx, "", func() { w.serveExec(e) })
			continue
		default:
		}
		op, ok := w.next()
		if !ok {
			return
		}
		if w.do(ctx, op) {
			continue
		}
		w.idle()
		w.wait(ctx, changed, op.Wake)
	}
}

func (w *worker) wait(ctx context.Context, changed <-chan struct{}, until time.Time) {
	var alarm <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(max(time.Until(until), 0))
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-alarm:
	case e := <-w.execs:
		w.locked(ctx, "", func() { w.serveExec(e) })
	}
}

// scene finds the unit.
func (w *worker) scene(world *state.World) (resolver.Scene, bool) {
	m := world.Models[w.model]
	if m == nil {
		return resolver.Scene{}, false
	}
	a, u, err := m.Unit(w.unit)
	return resolver.Scene{Model: m, App: a, Unit: u, Now: time.Now(), BootID: w.agent.boot, Address: w.agent.address}, err == nil
}

// next chooses; its answer is copied, as others may change the state.
func (w *worker) next() (op resolver.Op, ok bool) {
	w.agent.Store.Read(func(world *state.World) {
		s, found := w.scene(world)
		if ok = found; !ok {
			return
		}
		op = s.Next()
		if op.Hook != nil {
			h := *op.Hook
			op.Hook = &h
		}
		if op.Task != nil {
			t := *op.Task
			op.Task = &t
		}
	})
	return op, ok
}

// change lets f change what is known of the unit. Where that cannot be saved, as on
// a full disk, it takes a second: the worker would try again at once, for ever.
func (w *worker) change(f func(s resolver.Scene)) error {
	found := false
	err := w.agent.Store.Change(func(world *state.World) error {
		var s resolver.Scene
		if s, found = w.scene(world); !found {
			return fmt.Errorf("unit %s is gone", w.unit)
		}
		f(s)
		return nil
	})
	if err != nil && found {
		fmt.Fprintf(os.Stderr, "unit %s: %v\n", w.unit, err)
		time.Sleep(time.Second)
	}
	return err
}

// idle says that the agent has nothing to do.
func (w *worker) idle() {
	busy := false
	w.agent.Store.Read(func(world *state.World) {
		s, ok := w.scene(world)
		busy = ok && s.Unit.Agent.Current != "idle"
	})
	if busy {
		w.change(func(s resolver.Scene) { s.Unit.Agent = state.Status{Current: "idle", Since: s.Now} })
	}
}

func (w *worker) log(module, level, format string, args ...any) {
	w.agent.logs.write(w.model, w.unit, module, level, fmt.Sprintf(format, args...))
}

// unpack puts the application's charm into the unit's directory: a first one, or
// a newer one, whose upgrade-charm hook is then due.
func (w *worker) unpack() {
	var file, dir string
	var epoch int
	w.change(func(s resolver.Scene) {
		file, dir, epoch = s.App.CharmFile, s.Unit.Dir, s.App.CharmEpoch
		if s.Unit.CharmEpoch == 0 {
			s.Unit.Workload = state.Status{Current: "waiting", Message: "installing agent", Since: s.Now}
		}
	})
	base := filepath.Join(w.agent.host.Place("agents"), dir)
	err := charmfile.Unpack(w.agent.host.Place(file), filepath.Join(base, "charm"), base+".files")
	if err == nil {
		err = linkTools(w.agent.Store.Dir, dir)
	}
	if err != nil {
		w.log("juju.worker.uniter", "ERROR", "%v", err)
		time.Sleep(5 * time.Second)
		return
	}
	w.change(func(s resolver.Scene) {
		if s.Unit.CharmEpoch > 0 {
			s.Unit.Hook = &state.Hook{Name: "upgrade-charm", Kind: "upgrade-charm", Step: state.Queued}
			s.Unit.ConfigEpoch = min(s.Unit.ConfigEpoch, s.App.ConfigEpoch-1)
		}
		s.Unit.CharmEpoch = epoch
	})
}

// bury takes the unit away, with its directories.
func (w *worker) bury() {
	folders, err := w.forget()
	if err == nil {
		w.removeFolders(folders)
	}
}

// forget takes the unit out of what is known, and returns the folders that are left.
func (w *worker) forget() (folders []string, err error) {
	err = w.change(func(s resolver.Scene) {
		dir := s.Unit.Dir
		s.Model.Bury(s.App, s.Unit)
		folders, s.Model.Gone = s.Model.Gone, nil
		folders = append(folders, filepath.Join("agents", dir), filepath.Join("agents", dir+".files"), filepath.Join("tools", dir))
	})
	return folders, err
}

func (w *worker) removeFolders(names []string) {
	for _, name := range names {
		if err := os.RemoveAll(w.agent.host.Place(name)); err != nil {
			w.log("juju.worker.uniter", "ERROR", "cannot remove %s: %v", name, err)
		}
	}
	w.collectCharms()
}

// collectCharms removes packed charms that no application runs any more. A young
// one may be on its way to its application.
func (w *worker) collectCharms() {
	used := map[string]bool{}
	w.agent.Store.Read(func(world *state.World) {
		for _, m := range world.Models {
			for _, a := range m.Apps {
				used[filepath.Base(a.CharmFile)] = true
			}
		}
	})
	files, _ := filepath.Glob(filepath.Join(w.agent.host.Place("charms"), "*.charm"))
	for _, file := range files {
		info, err := os.Stat(file)
		if err == nil && !used[filepath.Base(file)] && time.Since(info.ModTime()) > time.Minute {
			os.Remove(file)
		}
	}
}
