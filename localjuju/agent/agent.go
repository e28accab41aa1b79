// Package agent is the process behind localjuju: it runs the units of all models,
// one hook at a time each, and answers commands and hook tools over unix sockets.
package agent

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/commands"
	"github.com/jupyter-docker/jupyter-docker/localjuju/jujuc"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
	"github.com/jupyter-docker/jupyter-docker/localjuju/tools"
	"github.com/jupyter-docker/jupyter-docker/localjuju/wire"
)

// Agent runs units.
type Agent struct {
	Store *state.Store
	// Identity names the build of the program that the agent runs.
	Identity string

	path   string // PATH of the agent
	socket string // for hook tools
	logs   *logs
	host   host
	boot   string
	// address is the host's when the agent began.
	address string
	locks   machineLocks

	mu       sync.Mutex
	workers  map[string]*worker // by model UUID and unit
	contexts map[string]*liveContext
	stopping bool
	calls    atomic.Int32 // being answered
	stop     context.CancelFunc
	done     sync.WaitGroup
}

type host struct{ dir string }

func (h host) Network() tools.Network   { return network() }
func (h host) Bridges() []tools.Network { return bridges() }
func (h host) Place(name string) string { return filepath.Join(h.dir, name) }

// Socket is where the agent of a state folder listens for commands.
func Socket(dir string) string { return filepath.Join(dir, "agent.socket") }

// toolSocket is where it listens for hook tools, and for charms that call it as those do.
func toolSocket(dir string) string { return filepath.Join(dir, "hooks.socket") }

// Run is the agent's life: until SIGTERM, SIGINT or a request to stop. The hook
// tools are made from the program; identity names its build.
func Run(dir, program, identity string) error {
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	store, err := state.Load(dir)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	a := &Agent{Store: store, Identity: identity, path: os.Getenv("PATH"), socket: toolSocket(dir), logs: &logs{store: store},
		host: host{dir}, boot: bootID(), address: network().Address, workers: map[string]*worker{}, contexts: map[string]*liveContext{}, stop: stop}
	if err := installTools(dir, program); err != nil {
		return err
	}
	if err := a.recover(); err != nil {
		return err
	}
	stopServing, err := a.serve(ctx, Socket(dir))
	if err != nil {
		return err
	}
	a.supervise(ctx)
	stopServing()
	a.shutdown()
	return nil
}

// serve answers hook tools, and commands at the socket.
func (a *Agent) serve(ctx context.Context, socket string) (stop func(), err error) {
	forTools, err := listen(a.socket)
	if err != nil {
		return nil, err
	}
	forCommands, err := listen(socket)
	if err != nil {
		forTools.Close()
		return nil, err
	}
	go jujuc.Serve(forTools, a.tool)
	go wire.Serve(context.WithoutCancel(ctx), forCommands, a.handle)
	return func() { forTools.Close(); forCommands.Close() }, nil
}

// lock makes sure that a state folder has one agent; one that is ending is waited for.
// The file says which process it is.
func lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "agent.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the state folder: %v", err)
	}
	for deadline := time.Now().Add(12 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			f.Truncate(0)
			fmt.Fprintln(f, os.Getpid())
			return func() { f.Close() }, nil
		}
		if time.Now().After(deadline) {
			f.Close()
			return nil, fmt.Errorf("cannot lock the state folder: another agent runs")
		}
	}
}

// AwaitEnd waits until the agent of a state folder is no more: it saves what its hooks
// came to after it has stopped to answer.
func AwaitEnd(dir string) error {
	unlock, err := lock(dir)
	if err == nil {
		unlock()
	}
	return err
}

func listen(socket string) (net.Listener, error) {
	if len(socket) > 107 {
		return nil, fmt.Errorf("cannot listen at %s: the name of a socket has at most 107 characters; set LOCALJUJU_DIR to a shorter folder", socket)
	}
	if err := os.RemoveAll(socket); err != nil {
		return nil, fmt.Errorf("cannot listen: %v", err)
	}
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %v", err)
	}
	return l, nil
}

// supervise keeps one worker for each unit, as long as the agent is of use.
func (a *Agent) supervise(ctx context.Context) {
	look := time.NewTicker(time.Second)
	defer look.Stop()
	idleSince := time.Now()
	for {
		changed := a.Store.Changed()
		models := a.startWorkers(ctx)
		select {
		case <-changed:
		case <-look.C:
			if _, err := os.Stat(a.Store.Dir); err != nil {
				return // somebody took the state away
			}
		case <-ctx.Done():
			return
		}
		if models > 0 || a.calls.Load() > 0 {
			idleSince = time.Now()
		} else if time.Since(idleSince) > idleLife {
			return
		}
	}
}

// idleLife is how long an agent without models waits for commands.
const idleLife = time.Minute

func (a *Agent) startWorkers(ctx context.Context) (models int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Store.Read(func(w *state.World) {
		models = len(w.Models)
		for _, m := range w.Models {
			for _, app := range m.Apps {
				for unit := range app.Units {
					a.startWorker(ctx, m, unit)
				}
			}
		}
	})
	return models
}

func (a *Agent) startWorker(ctx context.Context, m *state.Model, unit string) {
	key := m.UUID + " " + unit
	if a.workers[key] != nil || a.stopping {
		return
	}
	w := &worker{agent: a, model: m.Name, unit: unit, execs: make(chan *execRequest), gone: make(chan struct{})}
	a.workers[key] = w
	a.done.Add(1)
	go func() {
		defer a.done.Done()
		w.run(ctx)
		a.mu.Lock()
		delete(a.workers, key)
		a.mu.Unlock()
		close(w.gone)
		a.Store.Change(func(*state.World) error { return nil }) // a unit of that name may have come
	}()
}

// shutdown ends running hooks; they are queued again.
func (a *Agent) shutdown() {
	a.mu.Lock()
	a.stopping = true
	for _, c := range a.contexts {
		c.kill()
	}
	a.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		a.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
	}
}

// handle answers one request.
func (a *Agent) handle(s *wire.Session) int {
	a.calls.Add(1)
	defer a.calls.Add(-1)
	switch s.Kind {
	case wire.Exec:
		return a.exec(s)
	case wire.Hello:
		fmt.Fprintln(s.Stdout(), a.Identity)
		return 0
	case wire.Stop:
		return a.stopIfIdle(s)
	}
	return commands.Run(s, a.Store, a.host)
}

func (a *Agent) stopIfIdle(s *wire.Session) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.contexts) > 0 && len(s.Args) == 0 {
		fmt.Fprintln(s.Stderr(), "a hook is running")
		return 1
	}
	a.stopping = true
	a.stop()
	return 0
}
