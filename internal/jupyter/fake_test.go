package jupyter_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	. "github.com/jupyter-docker/jupyter-docker/internal/jupyter"
	"github.com/jupyter-docker/jupyter-docker/internal/jupyter/jupytertest"
)

// object is a JSON object.
type object = map[string]any

// fake is a Jupyter server whose kernel does what a piece of code is scripted to
// do. What real servers do is seen in tests/.
type fake struct {
	mu       sync.Mutex
	sessions map[string]string // id -> path
	specs    object            // of kernels
	script   map[string]func(*talk)
	stop     chan struct{} // an interrupt
}

// talk is one execution.
type talk struct {
	*jupytertest.Execution
	f *fake
}

func (t *talk) print(text string) { t.Say("iopub", "stream", object{"name": "stdout", "text": text}) }

func (t *talk) end(count int) {
	t.Say("iopub", "status", object{"execution_state": "idle"})
	t.Say("shell", "execute_reply", object{"status": "ok", "execution_count": count})
}

func (t *talk) fail(name, value string) {
	t.Say("iopub", "error", object{"ename": name, "evalue": value, "traceback": []string{name}, "extra": 1})
	t.Say("shell", "execute_reply", object{"status": "error", "execution_count": 7, "ename": name, "evalue": value})
	t.Say("iopub", "status", object{"execution_state": "idle"})
}

func newFake() *fake {
	return &fake{sessions: map[string]string{}, script: map[string]func(*talk){}, stop: make(chan struct{}, 1)}
}

func (f *fake) start() (*httptest.Server, *Server) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/kernelspecs", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, f.specs)
	})
	mux.HandleFunc("GET /api/sessions", f.list)
	mux.HandleFunc("POST /api/sessions", f.begin)
	mux.HandleFunc("DELETE /api/sessions/{id}", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.sessions, r.PathValue("id"))
		w.WriteHeader(204)
	})
	mux.HandleFunc("POST /api/kernels/k/interrupt", func(w http.ResponseWriter, _ *http.Request) {
		f.stop <- struct{}{}
		w.WriteHeader(204)
	})
	mux.HandleFunc("GET /api/kernels/k/channels", jupytertest.Channels(f.execute))
	h := httptest.NewServer(mux)
	return h, New(dialTo(h.Listener.Addr()), "/", "t")
}

func answer(w http.ResponseWriter, code int, body any) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func (f *fake) list(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []object{}
	for id, path := range f.sessions {
		all = append(all, object{"id": id, "path": path, "kernel": object{"id": "k"}})
	}
	answer(w, 200, all)
}

func (f *fake) begin(w http.ResponseWriter, r *http.Request) {
	var want struct {
		Path string `json:"path"`
	}
	_ = json.NewDecoder(r.Body).Decode(&want)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions["ours"] = want.Path
	answer(w, 201, object{"id": "ours", "path": want.Path, "kernel": object{"id": "k"}})
}

// execute does what is scripted.
func (f *fake) execute(e *jupytertest.Execution) {
	e.Say("iopub", "status", object{"execution_state": "busy"})
	f.script[e.Code](&talk{e, f})
}

// dialTo connects to an address.
func dialTo(a net.Addr) Dialer {
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, a.Network(), a.String())
	}
}
