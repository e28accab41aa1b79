package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// agent lets the server's settings keep the gateway's questions out of its log.
	agent = "jupyter-docker-gateway"
	// guardEvery is how often what serves is asked whether it lets a stranger in.
	guardEvery = 5 * time.Second
	// askLimit is long, as a server that computes answers late, and then would
	// answer the request no sooner.
	askLimit = time.Minute
	// portTrust is how long a question at an address vouches for the next
	// connection, which may meet another server there. A socket's file tells.
	portTrust = time.Second
)

// errOpen is why nothing is forwarded to a server that lets strangers in.
var errOpen = errors.New("what serves answers without the token")

// guard knows what a backend's server answered when it was asked as a stranger.
type guard struct {
	life    context.Context // ends when the server is found open, for good
	end     context.CancelFunc
	refused atomic.Pointer[refusedAt]
	asking  chan struct{} // holds one while the server is being asked
}

// refusedAt is the server that refused a stranger last, and when.
type refusedAt struct {
	id identity
	at time.Time
}

func (g *guard) isOpen() bool { return g.life.Err() != nil }

// vouched reports whether who listens at id has been asked and refused.
func (g *guard) vouched(id identity) bool {
	last := g.refused.Load()
	return last != nil && last.id == id && (id != identity{} || time.Since(last.at) < portTrust)
}

// dial makes a connection for requests. The server is asked first unless it is
// the one that was: after a restart it may be open, and gets nobody's token.
func (b *backend) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, id, err := b.connect(ctx)
	if err != nil {
		b.refused.Store(nil)
		return nil, err
	}
	if err := b.admit(ctx, id); err != nil {
		conn.Close()
		return nil, &net.OpError{Op: "dial", Net: "notebook", Err: fmt.Errorf("it does not answer yet: %w", err)}
	}
	return conn, nil
}

func (b *backend) admit(ctx context.Context, id identity) error {
	if b.vouched(id) {
		return nil
	}
	select {
	case b.asking <- struct{}{}:
		defer func() { <-b.asking }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if b.vouched(id) { // another connection's question was answered
		return nil
	}
	return b.ask(ctx, askLimit)
}

// guard asks what serves again and again, so that a server that opens while no
// hook runs is found.
func (u *upstreams) guard(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if b := u.current.Load(); b != nil {
				b.look(ctx, every)
			}
		}
	}
}

func (b *backend) look(ctx context.Context, limit time.Duration) {
	select {
	case b.asking <- struct{}{}:
		defer func() { <-b.asking }()
		_ = b.ask(ctx, limit) // what cannot be asked is not open
	default: // it is being asked
	}
}

// ask asks the server for its files as a stranger. It returns errOpen if they
// are given, and another error if there is no answer.
func (b *backend) ask(ctx context.Context, limit time.Duration) error {
	if b.isOpen() {
		return errOpen
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	code, id, err := b.question(ctx)
	switch {
	case err != nil:
		if !errors.Is(err, context.DeadlineExceeded) { // else it may be busy, and is who it was
			b.refused.Store(nil)
		}
		return err
	case code/100 == 2:
		b.opened()
		return errOpen
	case code < 500: // what fails has not refused, and may let in the next one
		b.refused.Store(&refusedAt{id: id, at: time.Now()})
	}
	return nil
}

// question has a connection of its own, whose identity is that of who answers.
func (b *backend) question(ctx context.Context) (int, identity, error) {
	var id identity
	dial := func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
		conn, id, err = b.connect(ctx)
		return conn, err
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: dial}
	r := (&http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Scheme: "http", Host: "localhost", Opaque: b.api() + "contents", RawQuery: "content=0"},
		Header: http.Header{"User-Agent": {agent}, "Accept": {"application/json"}},
	}).WithContext(ctx)
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return 0, identity{}, err
	}
	answer.Body.Close()
	return answer.StatusCode, id, nil
}

// opened ends all that goes to the server, which let a stranger in.
func (b *backend) opened() {
	if !b.isOpen() {
		b.log.Printf("%s (container %.12q) answers without the token: nothing is forwarded to it", b.upstream, b.container)
	}
	b.end()
	b.transport.CloseIdleConnections()
}

// stranger reports whether a request to the server's files shows no token, so
// that an answer to it means that the server is open. One with a body may show
// its token there, and an OPTIONS needs none.
func (b *backend) stranger(r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, b.api()+"contents") || r.Method != http.MethodGet || r.Body != nil && r.Body != http.NoBody {
		return false
	}
	query, err := url.QueryUnescape(r.URL.RawQuery)
	return err == nil && !strings.Contains(query, "token") && r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") == ""
}

// api is where Jupyter's API is.
func (b *backend) api() string { return strings.TrimSuffix(b.base, "/") + "/api/" }
