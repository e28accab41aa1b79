// Package jupyter speaks to a Jupyter server: how it is, what its users have
// running, and kernels that run code. It uses no proxy of the environment. What it speaks
// is understood by jupyter-server 1 and 2 and by the classic notebook 6.
package jupyter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
)

// Server is a Jupyter server of this host.
type Server struct {
	Token string
	base  string // "http://localhost/base/"; where that is, dial knows
	dial  Dialer
	http  *http.Client
}

// Dialer connects to one server.
type Dialer func(context.Context) (net.Conn, error)

// New returns the server that dial connects to, under a base URL that begins and
// ends with a slash.
func New(dial Dialer, baseURL, token string) *Server {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	return &Server{
		base: "http://localhost" + baseURL, Token: token, dial: dial,
		http: &http.Client{
			Timeout: 5 * time.Second, Transport: transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

var errNotJSON = errors.New("it is not the JSON that Jupyter gives")

// mostAnswer bounds what is read of an answer, in bytes.
const mostAnswer = 8 << 20

// get asks for a path; out takes a JSON answer, and may be nil.
func (s *Server) get(ctx context.Context, path string, token bool, out any) (int, error) {
	return s.send(ctx, s.http, request{method: http.MethodGet, path: path, anonymous: !token, out: out})
}

// request is one call of Jupyter's REST.
type request struct {
	method, path string
	anonymous    bool // without the token
	body         any  // sent as JSON, nil for none
	out          any  // takes the JSON of an answer below 300, nil for nobody
}

func (s *Server) send(ctx context.Context, client *http.Client, r request) (int, error) {
	var payload io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return 0, fmt.Errorf("cannot ask Jupyter: %v", err)
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, s.base+r.path, payload)
	if err != nil {
		return 0, fmt.Errorf("cannot ask Jupyter: %v", err)
	}
	if !r.anonymous {
		req.Header.Set("Authorization", "token "+s.Token)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("cannot ask Jupyter: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return 0, fmt.Errorf("cannot read what Jupyter answered: %w", err)
	}
	if r.out != nil && resp.StatusCode >= 200 && resp.StatusCode < 300 {
		if err := json.Unmarshal(body, r.out); err != nil {
			return 0, fmt.Errorf("cannot read what Jupyter answered to %s: %w", r.path, errNotJSON)
		}
	}
	return resp.StatusCode, nil
}

// patient is for what Jupyter may take its time for, bounded by the context.
func (s *Server) patient() *http.Client {
	client := *s.http
	client.Timeout = 0
	return &client
}

// call sends a request that may take long, and wants one of the codes.
func (s *Server) call(ctx context.Context, method, path string, body, out any, codes ...int) error {
	code, err := s.send(ctx, s.patient(), request{method: method, path: path, body: body, out: out})
	if err != nil {
		return err
	}
	if !slices.Contains(codes, code) {
		return &answerError{path, code}
	}
	return nil
}

// answerError is an answer of Jupyter that was not hoped for.
type answerError struct {
	path string
	code int
}

func (e *answerError) Error() string { return fmt.Sprintf("Jupyter answers %d to %s", e.code, e.path) }

// Health is what a look at a server found.
type Health struct {
	Healthy bool
	Open    bool   // it serves without our token
	Version string // of Jupyter
	Reason  string // why it is not healthy
}

// Check looks at a server: /api answers 200, and the contents 403 without and
// 200 with the token.
func (s *Server) Check(ctx context.Context) Health {
	var api struct {
		Version string `json:"version"`
	}
	if code, err := s.get(ctx, "api", false, &api); err != nil || code != http.StatusOK || api.Version == "" {
		return Health{Reason: describe("/api", code, err, true)}
	}
	var without, with int
	var closed, opened error
	_ = parallel.Run( // what failed is told apart below
		func() error { without, closed = s.get(ctx, "api/contents?content=0", false, nil); return nil },
		func() error { with, opened = s.get(ctx, "api/contents?content=0", true, nil); return nil },
	)
	switch {
	case closed == nil && without >= 200 && without < 300:
		return Health{Open: true, Reason: "it serves without the token"}
	case closed != nil:
		return Health{Reason: describe("/api/contents", without, closed, false)}
	case opened != nil || with != http.StatusOK:
		return Health{Reason: describe("/api/contents with the token", with, opened, false)}
	}
	if without != http.StatusForbidden {
		return Health{Reason: describe("/api/contents without the token", without, nil, false)}
	}
	return Health{Healthy: true, Version: api.Version}
}

func describe(path string, code int, err error, versionless bool) string {
	switch {
	case errors.Is(err, errNotJSON), code == http.StatusOK && versionless:
		return "what answers is not Jupyter"
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return path + " takes too long to answer"
	case err != nil:
		return "nothing answers at its socket"
	default:
		return fmt.Sprintf("%s answers %d", path, code)
	}
}
