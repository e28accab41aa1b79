package gateway

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// errNoUpstream is why a request fails while no notebook serves.
var errNoUpstream = errors.New("no notebook serves")

// flushEvery bounds how long a piece of an answer whose length is known waits for
// the next one; other answers are passed on at once. To flush each of these too
// costs a small one a fifth more.
const flushEvery = 10 * time.Millisecond

// proxy forwards requests to the serving upstream and to nothing else.
type proxy struct {
	upstreams
	state   atomic.Pointer[checked] // in force
	forward *httputil.ReverseProxy
	calm    *log.Logger
}

// newProxy logs to log, but to calm what any request can bring about.
func newProxy(dir string, log, calm *log.Logger) *proxy {
	p := &proxy{upstreams: upstreams{dir: dir, log: log, known: map[target]*backend{}}, calm: calm}
	p.state.Store(&checked{})
	p.forward = &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      p,
		FlushInterval:  flushEvery,
		BufferPool:     &buffers{},
		ModifyResponse: p.answered,
		ErrorHandler:   p.failed,
		ErrorLog:       calm,
	}
	return p
}

// set puts a State in force for the requests to come.
func (p *proxy) set(s checked) {
	p.state.Store(&s)
	p.point(target{upstream: s.Upstream, container: s.Container, base: s.BasePath})
}

// isOpen reports whether what serves lets strangers in.
func (p *proxy) isOpen() bool {
	b := p.current.Load()
	return b != nil && b.isOpen()
}

// flight is one request on its way.
type flight struct {
	backend *backend // where it is counted
	socket  bool
	last    func() bool // whether the client's connection is given up after the answer
	cut     func()      // ends it
	keep    func() bool // takes back that the backend's end cuts it
}

type flightKey struct{}

func flightOf(ctx context.Context) *flight { return ctx.Value(flightKey{}).(*flight) }

// serve answers one request. The request counts towards its upstream until the
// whole answer has been written, a WebSocket until it ends.
func (p *proxy) serve(w http.ResponseWriter, r *http.Request, last func() bool) {
	if r.Method == http.MethodConnect {
		http.Error(w, "this is not a proxy to elsewhere", http.StatusMethodNotAllowed)
		return
	}
	f := &flight{last: last}
	if p.home(w, r, f) {
		return
	}
	ctx, cut := context.WithCancel(context.WithValue(r.Context(), flightKey{}, f))
	defer cut()
	f.cut = cut
	defer p.land(f)
	p.forward.ServeHTTP(w, r.WithContext(ctx))
}

// home sends a browser that asks for / to where the notebook lives.
func (p *proxy) home(w http.ResponseWriter, r *http.Request, f *flight) bool {
	base := p.state.Load().BasePath
	if r.URL.Path != "/" || base == "" || base == "/" || !safe(r.Method) {
		return false
	}
	if f.last() {
		w.Header().Set("Connection", "close")
	}
	if r.URL.RawQuery != "" {
		base += "?" + r.URL.RawQuery
	}
	http.Redirect(w, r, base, http.StatusTemporaryRedirect)
	return true
}

// board counts a request towards a backend, which cuts it if it is found open.
func (f *flight) board(b *backend) {
	f.backend, f.keep = b, context.AfterFunc(b.life, f.cut)
}

func (p *proxy) land(f *flight) {
	if f.backend != nil {
		f.keep()
		p.leave(f.backend, f.socket)
		f.backend = nil
	}
}

func (p *proxy) rewrite(r *httputil.ProxyRequest) {
	// Where it goes is up to the backend's dial. Whatever a client put before
	// the path (GET http://elsewhere/) is dropped.
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.URL.Opaque, r.Out.URL.User = "http", "upstream", "", nil
	r.Out.URL.RawQuery = r.In.URL.RawQuery // as it came, also where Go cannot parse it
	r.Out.Host = r.In.Host                 // Jupyter compares Origin with it and names its cookie after it
	setForwarded(r.Out.Header, r.In, p.state.Load().trusted)
	if strings.Contains(strings.Join(r.Out.Header["User-Agent"], ","), agent) {
		r.Out.Header.Del("User-Agent") // it would keep the request out of the server's log
	}
}

// RoundTrip sends a request to the upstream that serves now. One that found
// nobody listening is sent once more if meanwhile another upstream serves; one
// that may have been read there only if repeating it is harmless.
func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	f := flightOf(r.Context())
	failure := errNoUpstream
	var tried *backend
	for range 3 {
		b := p.enter()
		if b == nil {
			return nil, failure
		}
		f.board(b)
		if b == tried {
			return nil, failure
		}
		answer, err := b.roundTrip(r)
		if err == nil {
			f.switched(answer)
			return answer, nil
		}
		if !repeatable(r, err) {
			return nil, err
		}
		p.land(f)
		failure, tried = err, b
	}
	return nil, failure
}

// roundTrip sends a request, and holds back an answer that shows that the
// server is open.
func (b *backend) roundTrip(r *http.Request) (*http.Response, error) {
	if b.isOpen() {
		return nil, errOpen
	}
	answer, err := b.transport.RoundTrip(withKeptBody(r))
	if err == nil && answer.StatusCode/100 == 2 && b.stranger(r) {
		answer.Body.Close()
		b.opened()
		return nil, errOpen
	}
	if err != nil && b.isOpen() { // it was found open meanwhile
		return nil, errOpen
	}
	return answer, err
}

// switched counts a request that became a WebSocket apart from the others:
// nobody waits for it when a slot is drained.
func (f *flight) switched(answer *http.Response) {
	if answer.StatusCode == http.StatusSwitchingProtocols {
		f.socket = true
		f.backend.sockets.Add(1)
		f.backend.requests.Add(-1)
	}
}

// withKeptBody is a request whose body outlives a failed attempt.
func withKeptBody(r *http.Request) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	out := *r
	out.Body = unclosed{r.Body}
	return &out
}

// unclosed keeps a transport from closing a body that a second attempt needs;
// ReverseProxy closes it in the end.
type unclosed struct{ io.Reader }

func (unclosed) Close() error { return nil }

func repeatable(r *http.Request, err error) bool {
	if r.Context().Err() != nil {
		return false
	}
	return errors.Is(err, errOpen) || unanswered(err) || safe(r.Method) && (r.Body == nil || r.Body == http.NoBody)
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// unanswered reports whether nothing of the request has been sent.
func unanswered(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// answered asks the client for a new connection where this one's listener is
// being given up. A WebSocket's Connection header must stay as it is.
func (p *proxy) answered(answer *http.Response) error {
	if answer.StatusCode != http.StatusSwitchingProtocols && flightOf(answer.Request.Context()).last() {
		answer.Header.Set("Connection", "close")
	}
	return nil
}

// failed answers a request that the upstream did not. Neither the query nor a
// header is logged: there are tokens in them.
func (p *proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	expected := errors.Is(err, errNoUpstream) || errors.Is(err, errOpen)
	if !expected && r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has gone: nobody reads an answer
	}
	if flightOf(r.Context()).last() {
		w.Header().Set("Connection", "close")
	}
	if !expected {
		p.calm.Printf("cannot forward %s %q: %v", r.Method, r.URL.Path, err)
	}
	code := http.StatusBadGateway
	if expected || unanswered(err) {
		code = http.StatusServiceUnavailable
	}
	unavailable(w, r, code)
}

// buffers lends the copying of bodies its 32 KiB buffers.
type buffers struct{ pool sync.Pool }

// Get is httputil.BufferPool's.
func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[32 << 10]byte); ok {
		return buffer[:]
	}
	return make([]byte, 32<<10)
}

// Put is httputil.BufferPool's.
func (b *buffers) Put(buffer []byte) { b.pool.Put((*[32 << 10]byte)(buffer)) }
