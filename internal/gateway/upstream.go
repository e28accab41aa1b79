package gateway

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// backend is one upstream with a transport of its own, so that turning away
// from it ends its idle connections and nobody else's.
type backend struct {
	address   string
	transport *http.Transport
	requests  atomic.Int64
	sockets   atomic.Int64
}

func newBackend(address string) *backend {
	return &backend{
		address: address,
		transport: &http.Transport{
			// No Proxy: the environment must not decide where requests go.
			DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
			DisableCompression:  true, // else the transport would unpack what the client asked to be packed
			MaxIdleConnsPerHost: 64,
			// Short, as the upstream is near: a request that cannot be sent
			// again must not meet a connection that the server is closing.
			IdleConnTimeout:        3 * time.Second,
			ExpectContinueTimeout:  time.Second,
			MaxResponseHeaderBytes: 1 << 20,
		},
	}
}

func (b *backend) idle() bool { return b.requests.Load() == 0 && b.sockets.Load() == 0 }

// upstreams knows the serving backend and those that still have something in flight.
type upstreams struct {
	current atomic.Pointer[backend]
	mu      sync.Mutex
	known   map[string]*backend
}

// point turns new requests to another address, or to none if it is "".
// What is in flight stays where it is.
func (u *upstreams) point(address string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var next *backend
	if address != "" {
		if next = u.known[address]; next == nil {
			next = newBackend(address)
			if u.known == nil {
				u.known = map[string]*backend{}
			}
			u.known[address] = next
		}
	}
	if old := u.current.Swap(next); old != nil && old != next {
		old.transport.CloseIdleConnections()
	}
	u.forget()
}

// forget drops the backends that neither serve nor have anything in flight.
func (u *upstreams) forget() {
	for address, b := range u.known {
		if b != u.current.Load() && b.idle() {
			b.transport.CloseIdleConnections()
			delete(u.known, address)
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
	for address, b := range u.known {
		if !b.idle() {
			loads[address] = Load{Requests: int(b.requests.Load()), WebSockets: int(b.sockets.Load())}
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
