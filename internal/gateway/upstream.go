package gateway

import (
	"context"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// idleLimit is short, as the upstream is near: a request that cannot be sent
// again must not meet a connection that the server is closing.
const idleLimit = 3 * time.Second

// target is where requests go: a container, at the place where it listens.
type target struct{ upstream, container, base string }

// backend is one target with a transport of its own, so that turning away from
// it ends its idle connections and nobody else's.
type backend struct {
	target
	dir       string // the gateway's, for sockets
	log       *log.Logger
	transport *http.Transport
	requests  atomic.Int64
	sockets   atomic.Int64
	guard
}

func newBackend(t target, dir string, log *log.Logger) *backend {
	b := &backend{target: t, dir: dir, log: log}
	b.asking = make(chan struct{}, 1)
	b.life, b.end = context.WithCancel(context.Background())
	b.transport = &http.Transport{
		// No Proxy: the environment must not decide where requests go.
		DialContext:            b.dial,
		DisableCompression:     true, // else the transport would unpack what the client asked to be packed
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        idleLimit,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
	return b
}

// connect reaches whoever listens at the upstream now.
func (b *backend) connect(ctx context.Context) (net.Conn, identity, error) {
	if name, is := strings.CutPrefix(b.upstream, unixPrefix); is {
		return dialNotebook(ctx, b.dir, name)
	}
	conn, err := (&net.Dialer{Timeout: connectLimit}).DialContext(ctx, "tcp", b.upstream)
	return conn, identity{}, err
}

func (b *backend) idle() bool { return b.requests.Load() == 0 && b.sockets.Load() == 0 }

// upstreams knows the serving backend and those that still have something in flight.
type upstreams struct {
	dir     string
	log     *log.Logger
	current atomic.Pointer[backend]
	mu      sync.Mutex
	known   map[target]*backend
}

// point turns new requests to another target, or to none if its upstream is "".
// What is in flight stays where it is.
func (u *upstreams) point(t target) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var next *backend
	if t.upstream != "" {
		if next = u.known[t]; next == nil {
			next = newBackend(t, u.dir, u.log)
			u.known[t] = next
		}
	}
	if old := u.current.Swap(next); old != nil && old != next {
		old.transport.CloseIdleConnections()
	}
	u.forget()
}

// forget drops the backends that neither serve nor have anything in flight.
func (u *upstreams) forget() {
	for t, b := range u.known {
		if b != u.current.Load() && b.idle() {
			b.transport.CloseIdleConnections()
			delete(u.known, t)
		}
	}
}

// enter counts a request towards the serving backend; nil if there is none.
// It counts before it looks again, so that whoever turns the upstream and then
// waits for the old one's count to fall cannot miss it.
func (u *upstreams) enter() *backend {
	for {
		b := u.current.Load()
		if b == nil {
			return nil
		}
		b.requests.Add(1)
		if u.current.Load() == b {
			return b
		}
		b.requests.Add(-1)
	}
}

// leave ends what enter began; the last one to leave a backend that no longer
// serves closes the connections that have become idle meanwhile.
func (u *upstreams) leave(b *backend, socket bool) {
	if socket {
		b.sockets.Add(-1)
	} else {
		b.requests.Add(-1)
	}
	if b != u.current.Load() && b.requests.Load() == 0 {
		b.transport.CloseIdleConnections()
	}
}

// loads is what is in flight, by upstream.
func (u *upstreams) loads() map[string]Load {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget()
	loads := map[string]Load{}
	for t, b := range u.known {
		if !b.idle() {
			load := loads[t.upstream]
			load.Requests += int(b.requests.Load())
			load.WebSockets += int(b.sockets.Load())
			loads[t.upstream] = load
		}
	}
	return loads
}

// requests is the number of plain requests in flight.
func (u *upstreams) requests() int {
	n := 0
	for _, load := range u.loads() {
		n += load.Requests
	}
	return n
}
