package agent

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/jujuc"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
	"github.com/jupyter-docker/jupyter-docker/localjuju/tools"
	"github.com/jupyter-docker/jupyter-docker/localjuju/wire"
)

// tool runs a hook tool in the context that it names.
func (a *Agent) tool(r jujuc.Request) (jujuc.Response, error) {
	a.mu.Lock()
	c := a.contexts[r.ContextId]
	a.mu.Unlock()
	if c != nil {
		c.calls.Lock()
		defer c.calls.Unlock()
	}
	if c == nil || c.over {
		return jujuc.Response{}, fmt.Errorf("bad request: bad context: expected a running hook, got %q", r.ContextId)
	}
	c.Log("jujuc", "DEBUG", fmt.Sprintf("running hook tool %q for %s", r.CommandName, r.ContextId)) // never its arguments
	missed := false
	stdin := func() ([]byte, error) {
		if missed = !r.StdinSet; missed {
			return nil, jujuc.ErrNoStdin
		}
		return r.Stdin, nil
	}
	var out, errOut bytes.Buffer
	call := &cmdline.Call{Context: context.Background(), Name: r.CommandName, Args: r.Args, Cwd: r.Dir,
		Stdin: stdin, Stdout: &out, Stderr: &errOut}
	code := (&tools.Call{Call: call, Hook: c.Context, Host: a.host}).Run()
	if missed {
		return jujuc.Response{}, jujuc.ErrNoStdin
	}
	return jujuc.Response{Code: code, Stdout: out.Bytes(), Stderr: errOut.Bytes()}, nil
}

// exec runs a juju-exec: it waits until the unit's running hook is over.
func (a *Agent) exec(s *wire.Session) int {
	call := &cmdline.Call{Context: s, Name: "juju-exec", Args: s.Args, Stdout: s.Stdout(), Stderr: s.Stderr()}
	call.Start()
	call.Flags.Bool("no-context", false, "do not run the command in a unit context")
	call.Flags.Bool("u", false, "")
	if err := call.ParseFirst(2, -1, "missing unit-name and commands"); err != nil {
		return call.End(err)
	}
	w := a.findWorker(call.Args[0], s.Env["LOCALJUJU_UNIT_DIR"])
	if w == nil {
		return call.End(fmt.Errorf("unit %q not found on this machine", call.Args[0]))
	}
	e := &execRequest{commands: cmdline.CommandLine(call.Args[1:]), done: make(chan struct{})}
	select {
	case w.execs <- e:
	case <-w.gone:
		return call.End(fmt.Errorf("unit %q is gone", call.Args[0]))
	}
	select {
	case <-e.done:
	case <-w.gone:
		return call.End(fmt.Errorf("unit %q is gone", call.Args[0]))
	}
	fmt.Fprint(s.Stdout(), e.out)
	fmt.Fprint(s.Stderr(), e.err)
	return e.code
}

// findWorker finds the unit by name, and by its folder where two models have one.
func (a *Agent) findWorker(unit, dir string) *worker {
	unit = unitName(unit)
	var found *worker
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.workers {
		if w.unit != unit {
			continue
		}
		a.Store.Read(func(world *state.World) {
			if s, ok := w.scene(world); ok && (found == nil || s.Unit.Dir == dir) {
				found = w
			}
		})
	}
	return found
}

// unitName takes unit-app-0 for app/0.
func unitName(name string) string {
	if tag, ok := strings.CutPrefix(name, "unit-"); ok && !strings.Contains(tag, "/") {
		if i := strings.LastIndex(tag, "-"); i > 0 {
			return tag[:i] + "/" + tag[i+1:]
		}
	}
	return name
}
