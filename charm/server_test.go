package charm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/jupyter/jupytertest"
)

// object is a JSON object.
type object = map[string]any

// server is a Jupyter server as far as the charm asks: it wants its token, and its
// kernels print what the test gives. What real servers do is seen in tests/.
type server struct {
	token string

	mu      sync.Mutex
	open    bool     // it wants no token
	kernels []object // as /api/kernels lists them
	prints  string   // what a kernel prints
	raises  string   // and the error with which it ends, "" for none
	seen    []string // what was asked for, with the token

	http *http.Server
}

// newServer returns a server that listens at the socket in a directory.
func newServer(dir, token string) (*server, error) {
	at := filepath.Join(dir, "jupyter.sock")
	_ = os.Remove(at) // of the start before
	l, err := net.Listen("unix", at)
	if err != nil {
		return nil, err
	}
	s := &server{token: token, kernels: []object{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, object{"version": "2.21.1"}) })
	mux.HandleFunc("GET /api/contents", s.with(func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, object{}) }))
	mux.HandleFunc("GET /api/kernels", s.with(func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, s.kernels) }))
	mux.HandleFunc("GET /api/terminals", s.with(func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, []object{}) }))
	mux.HandleFunc("GET /api/kernelspecs", s.with(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, object{"default": "python3", "kernelspecs": object{"python3": object{"name": "python3", "spec": object{"language": "python"}}}})
	}))
	mux.HandleFunc("GET /api/sessions", s.with(func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, []object{}) }))
	mux.HandleFunc("POST /api/sessions", s.with(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 201, object{"id": "ours", "kernel": object{"id": "k"}})
	}))
	mux.HandleFunc("DELETE /api/sessions/{id}", s.with(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	mux.HandleFunc("GET /api/kernels/k/channels", jupytertest.Channels(s.execute))
	s.http = &http.Server{Handler: mux}
	go func() { _ = s.http.Serve(l) }() // until it is closed
	return s, nil
}

func (s *server) close() { _ = s.http.Close() }

// with asks for the token.
func (s *server) with(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.open && r.Header.Get("Authorization") != "token "+s.token {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		s.seen = append(s.seen, r.Method+" "+r.URL.Path)
		serve(w, r)
	}
}

// asked is how often something was asked for.
func (s *server) asked(what string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seen := range s.seen {
		if seen == what {
			n++
		}
	}
	return n
}

func answer(w http.ResponseWriter, code int, body any) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // whoever asked is gone
}

// execute runs any code alike.
func (s *server) execute(e *jupytertest.Execution) {
	e.Say("iopub", "stream", object{"name": "stderr", "text": "WARN Utils: hello\n"})
	e.Say("iopub", "stream", object{"name": "stdout", "text": s.prints})
	if s.raises != "" {
		e.Say("iopub", "error", object{"ename": "ValueError", "evalue": s.raises, "traceback": []string{}})
		e.Say("shell", "execute_reply", object{"status": "error", "execution_count": 1, "ename": "ValueError", "evalue": s.raises})
	} else {
		e.Say("shell", "execute_reply", object{"status": "ok", "execution_count": 1})
	}
	e.Say("iopub", "status", object{"execution_state": "idle"})
}

// turnstile stands in for the gateway in charge.
type turnstile struct {
	dir     string
	variant string // "" while none runs
	state   gateway.State
	open    bool
	held    []string // addresses that somebody else has
	full    bool     // the disk is
	sets    int
}

func (t *turnstile) Status(context.Context) (gateway.Status, error) {
	if t.variant == "" {
		return gateway.Status{}, gateway.ErrNotRunning
	}
	return gateway.Status{State: t.state, Program: t.variant, Instance: t.variant + "@" + gatewayID, Open: t.open}, nil
}

func (t *turnstile) Set(ctx context.Context, s gateway.State) (gateway.Status, error) {
	if t.variant == "" {
		return gateway.Status{}, gateway.ErrNotRunning
	}
	if t.full {
		return gateway.Status{}, fmt.Errorf("cannot set the gateway: %w", gateway.ErrNoSpace)
	}
	for _, address := range s.Listen {
		if slices.Contains(t.held, address) {
			return gateway.Status{}, fmt.Errorf("cannot set the gateway: %w", &gateway.BindError{Address: address, Reason: "address already in use"})
		}
	}
	t.state, t.open = s, false
	t.sets++
	if err := writeState(t.dir, s); err != nil {
		return gateway.Status{}, err
	}
	return t.Status(ctx)
}

// writeState keeps a gateway's state as gateways do.
func writeState(dir string, s gateway.State) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "state.json"), text, 0o600))
}

func (t *turnstile) Replaced(context.Context) ([]gateway.Status, error) { return nil, nil }

// names reports the container that the gateway forwards to, "" for none.
func (t *turnstile) names() string {
	if !strings.HasPrefix(t.state.Upstream, "unix:") {
		return ""
	}
	return t.state.Container
}

// stopwatch is a clock on which time passes while somebody waits.
type stopwatch struct {
	mu  sync.Mutex
	now time.Time
}

func (s *stopwatch) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stopwatch) Sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	time.Sleep(time.Millisecond) // what the test's servers need
	return ctx.Err()
}
