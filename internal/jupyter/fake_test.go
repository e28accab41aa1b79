package jupyter_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/gorilla/websocket"

	. "github.com/jupyter-docker/jupyter-docker/internal/jupyter"
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
	f      *fake
	conn   *websocket.Conn
	parent any
}

func (t *talk) say(channel, kind string, content object) {
	_ = t.conn.WriteJSON(object{"channel": channel, "header": object{"msg_type": kind}, "parent_header": t.parent, "content": content})
}

func (t *talk) print(text string) { t.say("iopub", "stream", object{"name": "stdout", "text": text}) }

func (t *talk) end(count int) {
	t.say("iopub", "status", object{"execution_state": "idle"})
	t.say("shell", "execute_reply", object{"status": "ok", "execution_count": count})
}

func (t *talk) fail(name, value string) {
	t.say("iopub", "error", object{"ename": name, "evalue": value, "traceback": []string{name}, "extra": 1})
	t.say("shell", "execute_reply", object{"status": "error", "execution_count": 7, "ename": name, "evalue": value})
	t.say("iopub", "status", object{"execution_state": "idle"})
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
	mux.HandleFunc("GET /api/kernels/k/channels", f.channels)
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

// channels answers kernel_info_request, and execute_request as it is scripted.
func (f *fake) channels(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		var m struct {
			Header struct {
				ID   string `json:"msg_id"`
				Type string `json:"msg_type"`
			} `json:"header"`
			Content struct {
				Code string `json:"code"`
			} `json:"content"`
		}
		if conn.ReadJSON(&m) != nil {
			return
		}
		t := &talk{f: f, conn: conn, parent: object{"msg_id": m.Header.ID}}
		if m.Header.Type == "kernel_info_request" {
			t.say("shell", "kernel_info_reply", object{"status": "ok"})
			t.say("iopub", "status", object{"execution_state": "idle"})
			continue
		}
		t.say("iopub", "status", object{"execution_state": "busy"})
		f.script[m.Content.Code](t)
	}
}

// dialTo connects to an address.
func dialTo(a net.Addr) Dialer {
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, a.Network(), a.String())
	}
}
