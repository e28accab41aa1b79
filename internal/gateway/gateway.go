// Package gateway holds the notebook's port and forwards it to the serving
// container, so that the notebook can be replaced while browsers stay connected.
//
// A gateway shares a directory with the charm: its socket takes orders, its
// state.json survives a reboot, and through it a new gateway is passed the
// listening sockets of the old one without losing a request.
// docs/explanation/gateway.md tells why it is built so.
package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// How long a gateway that is told to end still answers: at least endAsking
// while there are connections, so that clients come anew elsewhere, and at most
// endWaiting for the requests in flight. WebSockets are not waited for.
const (
	endAsking  = 500 * time.Millisecond
	endWaiting = 5 * time.Second
)

// memory is what the collector tries to stay below; the container may use 256
// MiB, and a connection takes about 50 KiB.
const memory = 192 << 20

// gateway is one running gateway.
type gateway struct {
	directory *directory
	program   string
	instance  string
	socket    string // the name of its own control socket
	proxy     *proxy
	front     *front
	orders    *http.Server // at the control socket, nil while that is owed
	log       *log.Logger

	// draining is set for good when another gateway takes charge.
	draining atomic.Bool
	lookout  lookout
	owed     owed
	// mu is held while a State is put in force or passed on, so that both
	// happen whole. It guards the record and front's maps.
	mu     sync.Mutex
	record record
}

// Run is the gateway: it serves until ctx ends, and then a few seconds more for
// the requests in flight. It ends with SIGTERM if the caller's context does.
// program names what runs; it is shown in Status and must be the same each time
// the engine restarts a container. A gateway that has been replaced goes on
// running, idle in the end, until it is told to stop: were it to exit, the
// engine's restart policy would start it again.
func Run(ctx context.Context, dir, program string, log io.Writer) error {
	debug.SetMemoryLimit(memory)
	err := run(ctx, dir, program, log, standardLimits())
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("cannot run the gateway in %s: %v", dir, err)
	}
	return nil
}

func run(ctx context.Context, dir, program string, out io.Writer, l limits) error {
	d, err := openDirectory(dir)
	if err != nil {
		return err
	}
	defer d.file.Close()
	g := newGateway(d, program, out, l)
	if err := g.start(ctx); err != nil {
		return err
	}
	go g.proxy.guard(ctx, l.guard)
	g.watch(ctx)
	g.end()
	return nil
}

func newGateway(d *directory, program string, out io.Writer, l limits) *gateway {
	logger := log.New(out, "", log.LstdFlags|log.LUTC)
	calm := log.New(&calmed{out: logger}, "", 0)
	g := &gateway{directory: d, program: program, instance: program + containerSuffix(), log: logger}
	g.socket = fmt.Sprintf("gateway-%x.sock", sha256.Sum256([]byte(g.instance)))[:20] + ".sock"
	g.proxy = newProxy(d.path, logger, calm)
	g.lookout.directory = d
	g.front = newFront(l, calm, g.serve)
	return g
}

// serve answers one request, which came by l.
func (g *gateway) serve(w http.ResponseWriter, r *http.Request, l *listener) {
	if g.draining.Load() {
		g.follow()
	}
	g.proxy.serve(w, r, l.closed.Load)
}

// start takes charge, or finds that another gateway has it.
func (g *gateway) start(ctx context.Context) error {
	unlock, err := g.directory.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	g.restore()
	err = errReplaced
	if !g.record.retired(g.instance) {
		err = g.takeCharge(ctx)
	}
	if errors.Is(err, errReplaced) {
		g.draining.Store(true)
		g.log.Printf("another gateway has replaced this one: serving nothing")
		return g.reachable()
	}
	if err != nil {
		return err
	}
	g.sweep(ctx) // a full directory has room again for its own
	return g.reachable()
}

// restore reads what was in force. What cannot be read is not served, and the
// charm's next Set replaces it: a gateway that gave up could not be told.
func (g *gateway) restore() {
	r, err := g.directory.load()
	if err == nil {
		_, err = r.State.check()
	}
	if err != nil {
		g.log.Printf("cannot use the stored state: %v", err)
		r.State = State{}
	}
	g.record = r
}

// takeCharge gets the sockets from the gateway in charge, or binds them afresh
// where nobody is or it does not give them. One that is in charge and cannot be
// talked to finds itself replaced in the record, and gives the addresses up.
func (g *gateway) takeCharge(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	passed, err := g.takeOver(ctx)
	if errors.Is(err, errReplaced) || errors.Is(err, errAlready) {
		return err
	}
	if err != nil {
		g.log.Printf("taking over: %v", err)
	}
	if !passed {
		state, err := g.record.State.check()
		if err != nil {
			return err
		}
		g.apply(state)
	}
	g.front.bindAll(g.record.Listen)
	for name, err := range g.front.late {
		g.log.Printf("%v: trying on", &BindError{Address: name, Reason: reason(err)})
	}
	g.record = g.record.ownedBy(g.instance)
	g.store()
	g.log.Printf("%s: serving %v, upstream %q", g.program, g.record.Listen, g.record.Upstream)
	return nil
}

// set puts a State in force, whole or not at all.
func (g *gateway) set(next State) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining.Load() {
		return errDraining
	}
	state, err := next.check()
	if err != nil {
		return err
	}
	step, err := g.front.prepare(state.Listen)
	if err != nil {
		return err
	}
	r := g.record
	r.State = state.State
	if err := g.directory.save(r); err != nil {
		step.abort()
		return fmt.Errorf("cannot store the state: %w", err)
	}
	g.record, g.owed.state = r, false
	g.apply(state)
	step.commit()
	return nil
}

// apply lets requests and connections to come go by a State.
func (g *gateway) apply(state checked) {
	g.front.limit.trusted.Store(&state.trusted)
	g.proxy.set(state)
}

func (g *gateway) status() Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Status{
		State:       g.record.State,
		Program:     g.program,
		Instance:    g.instance,
		Draining:    g.draining.Load(),
		Loads:       g.proxy.loads(),
		Connections: g.front.limit.count(),
		Unbound:     g.front.unbound(),
		Open:        g.proxy.isOpen(),
	}
}

// retire gives up the addresses to a successor and goes on with what is in flight.
func (g *gateway) retire(successor string) {
	g.draining.Store(true)
	g.front.close()
	g.record = g.record.ownedBy(successor)
	g.log.Printf("replaced by %s: draining", successor)
}

// end gives up the addresses, answers what is in flight, and cuts the rest.
func (g *gateway) end() {
	g.mu.Lock()
	g.draining.Store(true)
	g.directory.withdraw(g.socket)
	g.front.close()
	g.mu.Unlock()
	begin := time.Now()
	for g.front.limit.count() > 0 {
		past := time.Since(begin)
		if past >= endWaiting || past >= endAsking && g.proxy.requests() == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = g.front.server.Close() // its listeners are closed already
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.orders != nil {
		g.orders.Close()
	}
	g.log.Printf("ended")
}
