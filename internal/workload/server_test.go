package workload_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// behaviour is how the Jupyter of a container goes wrong.
type behaviour string

const (
	well     behaviour = ""
	silent   behaviour = "nothing listens"
	open     behaviour = "it serves without the token"
	deaf     behaviour = "it refuses the token"
	stranger behaviour = "it is not Jupyter"
	failing  behaviour = "it answers 500"
	ends     behaviour = "its program ends"
	killed   behaviour = "it runs out of memory"
	vanishes behaviour = "somebody removes its container"
)

// server is a Jupyter server in a container's run directory.
type server struct {
	*Container
	http *http.Server

	mu        sync.Mutex
	how       behaviour
	token     string
	base      string
	kernels   []Object
	terminals []Object
	asked     func() // called at each question for kernels
}

// serve starts what listens in a container.
func serve(c *Container, how behaviour) (*server, error) {
	var asked notebook.Serve
	_ = json.Unmarshal([]byte(c.Config.Labels["io.jupyter-docker.serve"]), &asked)
	token, err := os.ReadFile(filepath.Join(source(c, notebook.SecretDir), "token"))
	if err != nil {
		return nil, err
	}
	s := &server{Container: c, how: how, token: strings.TrimSpace(string(token)), base: asked.BaseURL}
	s.http = &http.Server{Handler: s}
	switch how {
	case silent, ends, killed, vanishes:
		return s, nil
	}
	path := filepath.Join(source(c, notebook.RunDir), notebook.SocketName)
	_ = os.Remove(path) // of the start before
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

// after does what happens to the container a little later.
func (s *server) after(d *Daemon) {
	later := func(f func()) { time.AfterFunc(2*time.Millisecond, f) }
	switch s.how {
	case ends:
		s.Log = "starting\nthe-token is bad\nno module named jupyter\n"
		later(func() { d.End(s.ID, 1, false) })
	case killed:
		later(func() { d.End(s.ID, 137, true) })
	case vanishes:
		later(func() { d.Vanish(s.ID) })
	}
}

func (s *server) end() { _ = s.http.Close() }

// becomes changes how the server goes wrong.
func (s *server) becomes(how behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.how = how
}

// works begins work in it.
func (s *server) works(kernels, terminals []Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kernels, s.terminals = kernels, terminals
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := r.Header.Get("Authorization") == "token "+s.token && s.how != deaf
	switch path := strings.TrimPrefix(r.URL.Path, s.base); {
	case s.how == failing:
		w.WriteHeader(http.StatusInternalServerError)
	case s.how == stranger:
		_, _ = w.Write([]byte("hello"))
	case path == "api":
		reply(w, Object{"version": "2.14"})
	case !known && s.how != open:
		w.WriteHeader(http.StatusForbidden)
	case path == "api/kernels":
		if s.asked != nil {
			s.asked()
		}
		reply(w, append([]Object{}, s.kernels...))
	case path == "api/terminals":
		reply(w, append([]Object{}, s.terminals...))
	default:
		reply(w, Object{})
	}
}

func reply(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

// kernel is a kernel as Jupyter tells of it.
func kernel(state string, last time.Time) []Object {
	return []Object{{"id": "0123456789ab", "name": "python3", "execution_state": state, "last_activity": last.UTC().Format(time.RFC3339Nano)}}
}

// serveAt lets a server listen at an address too.
func serveAt(address string, s *server) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		go func() { _ = s.http.Serve(l) }()
	}
	return l, err
}
