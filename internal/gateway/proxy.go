package gateway

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"sync"
	"sync/atomic"
)

// errNoUpstream is why a request fails while no notebook serves.
var errNoUpstream = errors.New("no notebook serves")

// proxy forwards requests to the serving upstream and to nothing else.
type proxy struct {
	upstreams
	rules   atomic.Pointer[rules]
	forward *httputil.ReverseProxy
	log     *log.Logger
}

// rules are the parts of a State that the forwarding of a request depends on.
type rules struct {
	trusted []netip.Prefix
	base    string
}

func newProxy(errors *log.Logger) *proxy {
	p := &proxy{log: errors}
	p.rules.Store(&rules{})
	p.forward = &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      p,
		FlushInterval:  -1, // pass on each piece as it comes
		BufferPool:     &buffers{},
		ModifyResponse: p.answered,
		ErrorHandler:   p.failed,
		ErrorLog:       errors,
	}
	return p
}

// set puts a State in force for the requests to come.
func (p *proxy) set(s checked) {
	p.rules.Store(&rules{trusted: s.trusted, base: s.BasePath})
	p.point(s.Upstream)
}

// flight is one request on its way: where it is counted, and whether the
// client's connection is to be given up after the answer.
type flight struct {
	backend *backend
	socket  bool
	last    func() bool
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
	defer p.land(f)
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), flightKey{}, f)))
}

// home sends a browser that asks for / to where the notebook lives.
func (p *proxy) home(w http.ResponseWriter, r *http.Request, f *flight) bool {
	base := p.rules.Load().base
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

func (p *proxy) land(f *flight) {
	if f.backend != nil {
		p.leave(f.backend, f.socket)
		f.backend = nil
	}
}

func (p *proxy) rewrite(r *httputil.ProxyRequest) {
	// The address is RoundTrip's to fill in. Whatever a client put before the
	// path (GET http://elsewhere/) is dropped.
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.URL.Opaque, r.Out.URL.User = "http", "upstream", "", nil
	r.Out.URL.RawQuery = r.In.URL.RawQuery // as it came, also where Go cannot parse it
	r.Out.Host = r.In.Host                 // Jupyter compares Origin with it and names its cookie after it
	setForwarded(r.Out.Header, r.In, p.rules.Load().trusted)
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
		f.backend = b
		if b == tried {
			return nil, failure
		}
		answer, err := b.transport.RoundTrip(addressed(r, b.address))
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

// switched counts a request that became a WebSocket apart from the others:
// nobody waits for it when a slot is drained.
func (f *flight) switched(answer *http.Response) {
	if answer.StatusCode == http.StatusSwitchingProtocols {
		f.socket = true
		f.backend.sockets.Add(1)
		f.backend.requests.Add(-1)
	}
}

// addressed is a request to one upstream, whose body outlives a failed attempt.
func addressed(r *http.Request, upstream string) *http.Request {
	out, to := *r, *r.URL
	to.Host = upstream
	out.URL = &to
	if out.Body != nil && out.Body != http.NoBody {
		out.Body = unclosed{out.Body}
	}
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
	return unanswered(err) || safe(r.Method) && (r.Body == nil || r.Body == http.NoBody)
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// unanswered tells whether nothing of the request has been sent.
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
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has gone: nobody reads an answer
	}
	if flightOf(r.Context()).last() {
		w.Header().Set("Connection", "close")
	}
	if errors.Is(err, errNoUpstream) {
		unavailable(w, r, http.StatusServiceUnavailable)
		return
	}
	p.log.Printf("cannot forward %s %q: %v", r.Method, r.URL.Path, err)
	if unanswered(err) {
		unavailable(w, r, http.StatusServiceUnavailable)
		return
	}
	unavailable(w, r, http.StatusBadGateway)
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
