package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// placeEvery is how often a connection that found none looks for a place again.
const placeEvery = 10 * time.Millisecond

// connections knows the open client connections and bounds them, and what their
// headers take. When they are full the longest idle connection of whoever has
// most gives way to the next one.
type connections struct {
	trusted atomic.Pointer[[]netip.Prefix]
	headers budget
	lines   int
	max     int

	mu   sync.Mutex
	open map[*connection]struct{}
}

// connection is a client's; it knows the listener that it came from.
type connection struct {
	*net.TCPConn
	from   *listener
	client netip.AddrPort
	header meter
	idle   time.Time // since when it waits for its client, zero while it has a request; the connections' lock guards it
}

func newConnections(l limits) *connections {
	cs := &connections{max: l.connections, lines: l.headerLines, open: map[*connection]struct{}{}}
	cs.headers.left.Store(l.headers)
	return cs
}

// admit gives a connection a place, and closes another one for it. Where none can
// be closed it waits, but not once the listener has been given up: who connected
// to that has been accepted and can go nowhere else.
func (cs *connections) admit(c *connection, over <-chan struct{}) {
	c.client = cs.keyOf(c.RemoteAddr())
	for waiting := true; !cs.enter(c, waiting); {
		if least := cs.leastMissed(); least != nil {
			least.Close()
			continue
		}
		select {
		case <-over:
			waiting = false
		case <-time.After(placeEvery):
		}
	}
}

// keyOf is the address that a client's connections have in common: of IPv6
// the first half, as a client has all of the other one. A connection of a trusted
// proxy stands for some client that is not known before its next request.
func (cs *connections) keyOf(remote net.Addr) netip.AddrPort {
	from := remote.(*net.TCPAddr).AddrPort()
	ip := from.Addr().Unmap().WithZone("")
	if trusted := cs.trusted.Load(); trusted != nil && trusts(*trusted, ip) {
		return netip.AddrPortFrom(ip, from.Port())
	}
	if ip.Is6() {
		ip = netip.PrefixFrom(ip, 64).Masked().Addr()
	}
	return netip.AddrPortFrom(ip, 0)
}

func (cs *connections) enter(c *connection, bounded bool) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if bounded && len(cs.open) >= cs.max {
		return false
	}
	cs.open[c], c.idle = struct{}{}, time.Now()
	return true
}

// leastMissed takes out the connection to be closed for the next one, nil if all
// have requests.
func (cs *connections) leastMissed() *connection {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	has := map[netip.AddrPort]int{}
	for c := range cs.open {
		has[c.client]++
	}
	var least *connection
	for c := range cs.open {
		if c.idle.IsZero() {
			continue
		}
		if least == nil || has[c.client] > has[least.client] || has[c.client] == has[least.client] && c.idle.Before(least.idle) {
			least = c
		}
	}
	delete(cs.open, least)
	return least
}

// waits marks whether a connection waits for its client or has a whole request;
// it reports whether it is still there.
func (cs *connections) waits(c *connection, forClient bool) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c.idle = time.Time{}
	if forClient {
		c.idle = time.Now()
	}
	_, open := cs.open[c]
	return open
}

// changed is http.Server's ConnState. A connection is active once a header has
// been read, and idle once it has been answered.
func (cs *connections) changed(conn net.Conn, state http.ConnState) {
	c := conn.(*connection)
	switch state {
	case http.StateActive:
		c.header.stop()
	case http.StateIdle:
		c.header.start()
		cs.waits(c, true)
	}
}

func (cs *connections) count() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.open)
}

// Read is io.Reader's. It looks at a header before anybody takes it apart.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if n > 0 && !c.header.done {
		if code := c.header.count(p[:n], c.from.limit.lines); code != 0 {
			return 0, c.refuse(code)
		}
	}
	return n, err
}

// Close gives the connection's place to another one.
func (c *connection) Close() error {
	cs := c.from.limit
	cs.mu.Lock()
	delete(cs.open, c)
	cs.mu.Unlock()
	c.header.free()
	return c.TCPConn.Close()
}

// body is a request's. Until it has come whole, its connection waits for the client.
type body struct {
	io.ReadCloser
	from *connection
}

// Read is io.Reader's.
func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if whole := errors.Is(err, io.EOF); whole || err == nil {
		b.from.from.limit.waits(b.from, !whole)
	}
	return n, err
}

type connectionKey struct{}

// withConnection lets a handler know by which connection its request came.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}
