package agent

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/hook"
	"github.com/jupyter-docker/jupyter-docker/localjuju/resolver"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// liveContext is a run that hook tools can speak to.
type liveContext struct {
	*hook.Context
	calls sync.Mutex // one hook tool at a time
	over  bool
	mu    sync.Mutex
	pid   int
}

func (c *liveContext) setPID(pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pid = pid
}

// kill ends the run's processes; those that left its group stay.
func (c *liveContext) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pid > 0 {
		syscall.Kill(-c.pid, syscall.SIGTERM)
	}
}

// open makes the context of a run and lets hook tools find it.
func (w *worker) open(what string, h *state.Hook, task string) *liveContext {
	id := fmt.Sprintf("%s-%s-%s", w.unit, what, rand.Text()[:16])
	c := &liveContext{Context: &hook.Context{ID: id, Store: w.agent.Store, ModelName: w.model, UnitName: w.unit,
		Hook: h, TaskID: task, Now: time.Now,
		Log: func(module, level, message string) { w.log(module, level, "%s", message) }}}
	w.agent.mu.Lock()
	defer w.agent.mu.Unlock()
	w.agent.contexts[id] = c
	return c
}

func (w *worker) close(c *liveContext) {
	w.agent.mu.Lock()
	delete(w.agent.contexts, c.ID)
	w.agent.mu.Unlock()
	c.calls.Lock() // a tool that is still at work ends first
	defer c.calls.Unlock()
	c.over = true
}

// process is the program of a run, with the environment that Juju gives it.
func (w *worker) process(c *liveContext, what string, t *state.Task) *process {
	p := &process{}
	w.agent.Store.Read(func(world *state.World) {
		s, ok := w.scene(world)
		if !ok {
			return
		}
		place := w.agent.host.Place
		p.dir = filepath.Join(place("agents"), s.Unit.Dir, "charm")
		r := run{Model: s.Model, Unit: s.Unit, Hook: c.Hook, Task: t, ContextID: c.ID, CharmDir: p.dir,
			ToolsDir: filepath.Join(place("tools"), s.Unit.Dir), Socket: w.agent.socket, Path: w.agent.path}
		if c.Hook != nil && c.Hook.StorageID != "" {
			r.StorageDir = place(s.Model.Storage[c.Hook.StorageID].Location)
		}
		p.env = r.environ()
	})
	module := "unit." + w.unit + "." + what
	p.stdout = func(line string) { w.log(module, "DEBUG", "%s", line) }
	p.stderr = func(line string) { w.log(module, "WARNING", "%s", line) }
	p.started = c.setPID
	return p
}

// runHook runs one hook and records what came of it.
func (w *worker) runHook(h *state.Hook) {
	c := w.open(h.Name, h, "")
	err := w.begin(c, h)
	var program string
	if err == nil {
		p := w.process(c, h.Name, nil)
		program, err = findProgram(p.dir, "hooks/"+h.Name)
		if err == nil {
			p.path, p.started = program, w.recordPID(c)
			done := w.watchCutOff(c)
			_, err = p.run()
			done()
		}
	}
	w.close(c)
	w.finish(c, h, program, err)
}

// recordPID notes the process, for an agent that comes after a killed one.
func (w *worker) recordPID(c *liveContext) func(int) {
	return func(pid int) {
		c.setPID(pid)
		w.change(func(s resolver.Scene) {
			if s.Unit.Hook != nil {
				s.Unit.Hook.PID, s.Unit.Hook.ContextID = pid, c.ID
			}
		})
	}
}

// begin shows that the hook runs, and gets ready what it needs.
func (w *worker) begin(c *liveContext, h *state.Hook) error {
	h.Step = state.Running
	var folder string
	err := w.change(func(s resolver.Scene) {
		copied := *h
		s.Unit.Hook = &copied
		s.Begin(h)
		if h.Kind != "update-status" {
			s.Unit.Agent = state.Status{Current: "executing", Message: "running " + h.Name + " hook", Since: s.Now}
		}
		announce := map[string]string{"install": "installing charm software", "stop": "stopping charm software",
			"remove": "cleaning up prior to charm deletion"}
		if message := announce[h.Kind]; message != "" {
			s.Unit.Workload = state.Status{Current: "maintenance", Message: message, Since: s.Now}
		}
		if h.Kind == "storage-attached" {
			folder = s.Model.Storage[h.StorageID].Location
		}
	})
	if err == nil && folder != "" {
		err = os.MkdirAll(w.agent.host.Place(folder), 0o755)
	}
	return err
}

func (w *worker) finish(c *liveContext, h *state.Hook, program string, err error) {
	via := "hooks/" + h.Name
	if filepath.Base(program) == "dispatch" {
		via = "dispatch"
	}
	if err == nil || errors.Is(err, errMissing) {
		ran := err == nil
		if err = w.commit(c, h); err == nil {
			if ran {
				w.log("juju.worker.uniter.operation", "INFO", "ran %q hook (via %s)", h.Name, via)
			} else {
				w.log("juju.worker.uniter.operation", "INFO", "skipped %q hook (missing)", h.Name)
			}
			return
		}
	}
	if errors.Is(err, errKilled) {
		w.log("juju.worker.uniter.operation", "WARNING", "hook %q was terminated, it is queued again", h.Name)
		w.change(func(s resolver.Scene) { s.Unit.Hook.Step, s.Unit.Hook.PID = state.Queued, 0 })
		return
	}
	w.log("juju.worker.uniter.operation", "ERROR", "hook %q (via %s) failed: %v", h.Name, via, err)
	w.change(func(s resolver.Scene) { s.Fail(h) })
}

// commit makes what the hook kept back, and records that it is over, in one step.
func (w *worker) commit(c *liveContext, h *state.Hook) error {
	return w.agent.Store.Change(func(world *state.World) error {
		s, ok := w.scene(world)
		if !ok {
			return fmt.Errorf("unit %s is gone", w.unit)
		}
		if err := c.Flush(hook.Scene{World: world, Model: s.Model, App: s.App, Unit: s.Unit}); err != nil {
			return err
		}
		s.Commit(h)
		return nil
	})
}
