package agent

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/jupyter-docker/jupyter-docker/localjuju/hook"
	"github.com/jupyter-docker/jupyter-docker/localjuju/resolver"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// runTask runs an action or an exec and stores its outcome. One that was cancelled
// while it waited for the machine's lock is not run.
func (w *worker) runTask(t *state.Task) {
	waits := false
	err := w.change(func(s resolver.Scene) {
		running := s.Model.Tasks[t.ID]
		if waits = running.Status == "pending"; waits {
			running.Status, running.Started = "running", s.Now
			s.Unit.Agent = state.Status{Current: "executing", Message: "running action " + t.Action, Since: s.Now}
		}
	})
	if err != nil || !waits {
		return
	}
	c := w.open(t.Action, nil, t.ID)
	p := w.process(c, t.Action, t)
	p.keep = true
	over := make(chan struct{})
	p.started = func(pid int) {
		c.setPID(pid)
		go w.abort(t.ID, pid, over)
	}
	var code int
	if t.Command != "" {
		p.path, p.args, p.stdin = "/bin/bash", []string{"-s"}, strings.NewReader(t.Command)
	} else {
		p.path, err = findProgram(p.dir, "actions/"+t.Action)
	}
	if err == nil {
		code, err = p.run()
	}
	close(over)
	w.close(c)
	w.store(c, t, p, code, err)
}

func (w *worker) store(c *liveContext, t *state.Task, p *process, code int, err error) {
	results, failed, message := c.Outcome()
	if err == nil {
		err = w.flush(c)
	}
	switch {
	case errors.Is(err, errMissing):
		failed, message = true, fmt.Sprintf("action not implemented on unit %q", w.unit)
	case err != nil:
		failed, message = true, err.Error()
		fallthrough
	default:
		results["return-code"] = code
		addOutput(results, "stdout", p.out.String())
		addOutput(results, "stderr", p.err.String())
	}
	w.change(func(s resolver.Scene) {
		done := s.Model.Tasks[t.ID]
		aborting := done.Status == "aborting"
		done.Status, done.Message, done.Results, done.ReturnCode, done.Completed = "completed", "", results, code, s.Now
		if failed {
			done.Status, done.Message = "failed", message
		}
		if failed && aborting {
			done.Status = "aborted"
		}
	})
}

// abort kills the process of a task that is cancelled: it alone, as Juju does.
func (w *worker) abort(id string, pid int, over <-chan struct{}) {
	for {
		changed, aborting := w.agent.Store.Changed(), false
		w.agent.Store.Read(func(world *state.World) {
			s, ok := w.scene(world)
			aborting = ok && s.Model.Tasks[id].Status == "aborting"
		})
		if aborting {
			syscall.Kill(pid, syscall.SIGKILL)
			return
		}
		select {
		case <-changed:
		case <-over:
			return
		}
	}
}

func addOutput(results map[string]any, key, text string) {
	if text != "" {
		results[key] = text
	}
}

// flush makes what a run without a hook kept back.
func (w *worker) flush(c *liveContext) error {
	return w.agent.Store.Change(func(world *state.World) error {
		s, ok := w.scene(world)
		if !ok {
			return fmt.Errorf("unit %s is gone", w.unit)
		}
		return c.Flush(hook.Scene{World: world, Model: s.Model, App: s.App, Unit: s.Unit})
	})
}

// execRequest is a juju-exec that waits for its turn.
type execRequest struct {
	commands string
	done     chan struct{}
	out, err string
	code     int
}

// serveExec runs the commands of a juju-exec in a context of their own.
func (w *worker) serveExec(e *execRequest) {
	c := w.open("juju-exec", nil, "")
	p := w.process(c, "juju-exec", nil)
	p.keep = true
	p.path, p.args, p.stdin = "/bin/bash", []string{"-s"}, strings.NewReader(e.commands)
	code, err := p.run()
	w.close(c)
	if err == nil {
		err = w.flush(c)
	}
	if err != nil && code == 0 {
		code = 1
		p.err.WriteString("ERROR " + err.Error() + "\n")
	}
	e.out, e.err, e.code = p.out.String(), p.err.String(), code
	close(e.done)
}
