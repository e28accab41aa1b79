package agent

import (
	"context"
	"sync"

	"github.com/jupyter-docker/jupyter-docker/localjuju/resolver"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// machineLocks are the locks under which a machine's units run their hooks and
// actions one at a time. An execution group has one of its own beside them.
type machineLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// acquire waits for the lock of that name; ok is false where ctx ended first.
func (l *machineLocks) acquire(ctx context.Context, name string) (release func(), ok bool) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	turn := l.held[name]
	if turn == nil {
		turn = make(chan struct{}, 1)
		l.held[name] = turn
	}
	l.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, true
	case <-ctx.Done():
		return nil, false
	}
}

// locked runs f under the lock of the unit's machine.
func (w *worker) locked(ctx context.Context, group string, f func()) {
	name := ""
	w.agent.Store.Read(func(world *state.World) {
		if s, ok := w.scene(world); ok {
			name = s.Model.UUID + " " + s.Unit.Machine + " " + group
		}
	})
	release, ok := w.agent.locks.acquire(ctx, name)
	if !ok {
		return
	}
	defer release()
	f()
}

// lockedTask runs a task, under the lock unless it may run beside other units.
func (w *worker) lockedTask(ctx context.Context, t *state.Task) {
	if t.Parallel && t.Group == "" {
		w.runTask(t)
		return
	}
	w.locked(ctx, t.Group, func() { w.runTask(t) })
}

// do does what was chosen, and tells whether there was anything.
func (w *worker) do(ctx context.Context, op resolver.Op) bool {
	switch {
	case op.Unpack:
		w.unpack()
	case op.Skip:
		w.change(func(s resolver.Scene) { s.Commit(op.Hook) })
	case op.Hook != nil:
		w.locked(ctx, "", func() { w.runHook(op.Hook) })
	case op.Task != nil:
		w.lockedTask(ctx, op.Task)
	case op.Bury:
		w.bury()
	default:
		return false
	}
	return true
}
