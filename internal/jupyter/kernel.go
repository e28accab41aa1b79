package jupyter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Kernel is a kernel that was started for one purpose, with its WebSocket. It
// runs one piece of code after the other.
type Kernel struct {
	server  *Server
	kernel  string // ids in REST
	session string
	id      string // of our side in messages
	conn    *websocket.Conn
	in      chan message // closed when the connection ends
	busy    bool
	died    bool
}

// ours begins the paths of the sessions that are made here: a session of a
// notebook's own path would be its user's kernel.
const ours = "jupyter-docker-action-"

// startLimit bounds the wait for a new kernel to answer.
const startLimit = time.Minute

// interruptLimit is how long code that was interrupted may take to end.
const interruptLimit = 10 * time.Second

// StartKernel starts the kernel of a kernelspec and waits until it answers; label is
// shown among the running kernels. Kernels that a killed action left are ended first.
func (s *Server) StartKernel(ctx context.Context, spec, label string) (*Kernel, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	s.Sweep(ctx)
	asked := map[string]any{"path": ours + newID(), "name": label, "type": "console", "kernel": map[string]any{"name": spec}}
	var made session
	if err := s.call(ctx, http.MethodPost, "api/sessions", asked, &made, http.StatusCreated); err != nil {
		return nil, fmt.Errorf("cannot start a kernel: %w", err)
	}
	k := &Kernel{server: s, kernel: made.Kernel.ID, session: made.ID, id: newID()}
	if err := k.open(ctx); err != nil {
		k.Close(ctx)
		return nil, err
	}
	return k, nil
}

// session is a session of the server: a kernel with a path.
type session struct {
	ID     string `json:"id"`
	Path   string `json:"path"`
	Kernel struct {
		ID string `json:"id"`
	} `json:"kernel"`
}

// Sweep ends kernels that an action of ours left when it was killed. Juju runs
// one action or hook of a unit at a time.
func (s *Server) Sweep(ctx context.Context) {
	var sessions []session
	if code, err := s.get(ctx, "api/sessions", true, &sessions); err != nil || code != http.StatusOK {
		return
	}
	for _, left := range sessions {
		if strings.HasPrefix(left.Path[strings.LastIndex(left.Path, "/")+1:], ours) {
			_ = s.call(ctx, http.MethodDelete, "api/sessions/"+left.ID, nil, nil) // the action goes on without
		}
	}
}

// open connects, and waits until the kernel both answers and is heard: what it
// says before its listener is there is lost.
func (k *Kernel) open(ctx context.Context) error {
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return k.server.dial(ctx) }}
	address := "ws" + strings.TrimPrefix(k.server.base, "http") + "api/kernels/" + k.kernel + "/channels?session_id=" + url.QueryEscape(k.id)
	conn, resp, err := dialer.DialContext(ctx, address, http.Header{"Authorization": {"token " + k.server.Token}})
	if err != nil {
		if resp != nil {
			return fmt.Errorf("cannot connect to the kernel: Jupyter answers %d", resp.StatusCode)
		}
		return fmt.Errorf("cannot connect to the kernel: %v", err)
	}
	k.conn, k.in = conn, make(chan message, 256)
	go k.read()
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := k.ask(try, newMessage(k.id, "kernel_info_request", map[string]any{}), nil)
		cancel()
		if err == nil || ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if ctx.Err() != nil {
			return errors.New("the kernel does not answer")
		}
	}
}

// read passes on what the kernel says until the connection ends.
func (k *Kernel) read() {
	defer close(k.in)
	for {
		kind, frame, err := k.conn.ReadMessage()
		if err != nil {
			return
		}
		if m, err := decode(kind, frame); err == nil { // what cannot be read is not for us
			k.in <- m
		}
	}
}

var (
	// ErrDied says that a kernel ended while it ran code.
	ErrDied = errors.New("the kernel died")
	// errCut says that the notebook's server ended, or was replaced.
	errCut = errors.New("the connection to the kernel ended: the notebook was stopped")
)

// ask sends a request and hands on what comes of it, until the kernel has
// replied and rests.
func (k *Kernel) ask(ctx context.Context, request message, heard func(message)) (message, error) {
	if err := k.conn.WriteJSON(request); err != nil {
		return message{}, errCut
	}
	return k.await(ctx, request, heard)
}

func (k *Kernel) await(ctx context.Context, request message, heard func(message)) (reply message, err error) {
	replied, idle := false, false
	for !replied || !idle {
		select {
		case <-ctx.Done():
			return reply, ctx.Err()
		case m, open := <-k.in:
			switch state := m.text("execution_state"); {
			case !open:
				return reply, errCut
			case m.Header.Type == "status" && (state == "dead" || state == "restarting"):
				return reply, ErrDied
			case !m.answers(request):
			case m.Channel == "shell" || strings.HasSuffix(m.Header.Type, "_reply"):
				reply, replied = m, true
			case m.Header.Type == "status":
				idle = idle || state == "idle"
			case heard != nil:
				heard(m)
			}
		}
	}
	return reply, nil
}

// Run runs code and hands on what it prints. raised is the exception that code raised,
// nil when it went well. When the context ends the code is interrupted, and what it
// says to that is handed on too.
func (k *Kernel) Run(ctx context.Context, code string, printed func(Output)) (raised *CodeError, err error) {
	request := newMessage(k.id, "execute_request", map[string]any{
		"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{},
		"allow_stdin": false, "stop_on_error": true,
	})
	heard := func(m message) {
		if o, ok := output(m); ok {
			printed(o)
		}
	}
	k.busy = true
	reply, err := k.ask(ctx, request, heard)
	if err != nil && ctx.Err() != nil {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), interruptLimit)
		defer cancel()
		if k.interrupt(after) == nil {
			if last, stopped := k.await(after, request, heard); stopped == nil {
				k.busy, reply = false, last
			}
		}
		return raisedIn(reply), ctx.Err()
	}
	k.busy, k.died = err != nil, errors.Is(err, ErrDied)
	return raisedIn(reply), err
}

// interrupt asks the kernel to stop what it runs.
func (k *Kernel) interrupt(ctx context.Context) error {
	err := k.server.call(ctx, http.MethodPost, "api/kernels/"+k.kernel+"/interrupt", nil, nil, http.StatusNoContent)
	if err != nil {
		return fmt.Errorf("cannot interrupt the kernel: %w", err)
	}
	return nil
}

// restartLimit is how long Jupyter may take to start again a kernel that died.
const restartLimit = 5 * time.Second

// endRestarted ends a kernel that died and that Jupyter starts again, be it while
// its session is being ended: then no session leads to it any more.
func (k *Kernel) endRestarted(ctx context.Context) {
	for until := time.Now().Add(restartLimit); time.Now().Before(until) && ctx.Err() == nil; time.Sleep(250 * time.Millisecond) {
		code, err := k.server.get(ctx, "api/kernels/"+k.kernel, true, nil)
		if err == nil && code == http.StatusOK {
			_ = k.server.call(ctx, http.MethodDelete, "api/kernels/"+k.kernel, nil, nil) // asked for again until it is gone
		}
	}
}

// closeLimit bounds the end of a kernel: Jupyter first asks it, then kills it.
const closeLimit = 30 * time.Second

// Close interrupts what the kernel runs and ends it, also when ctx has ended.
func (k *Kernel) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if k.busy {
		_ = k.interrupt(ctx) // it is ended below
	}
	_ = k.server.call(ctx, http.MethodDelete, "api/sessions/"+k.session, nil, nil) // the next action sweeps
	if k.died {
		k.endRestarted(ctx)
	}
	if k.conn == nil {
		return
	}
	_ = k.conn.Close()
	for range k.in { // lets read end
	}
}
