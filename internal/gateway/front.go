package gateway

import (
	"log"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"
)

// limits are the bounds within which a client must behave.
type limits struct {
	header      time.Duration // for sending a request's header
	idle        time.Duration // of a kept connection between two requests
	headerBytes int           // of a request's header; Jupyter's cookies need a few KiB
	headerLines int           // of a request's header; browsers and proxies send about 30
	headers     int64         // estimated memory, in bytes, for what all headers take beyond headerFree each
	connections int
	guard       time.Duration // between two questions to what serves
}

// standardLimits leave two descriptors a connection, its own and the upstream's.
func standardLimits() limits {
	l := limits{
		header: 10 * time.Second, idle: 2 * time.Minute, headerBytes: 64 << 10, headerLines: 256, headers: 32 << 20,
		connections: 2048, guard: guardEvery,
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil {
		l.connections = max(16, min(l.connections, (int(min(files.Cur, 1<<20))-64)/2))
	}
	return l
}

// front is what clients meet: the listeners and the server behind them. It is
// guarded by the gateway's lock, but for the server.
type front struct {
	server *http.Server
	limit  *connections
	open   map[string]*listener
	late   map[string]error // addresses to be had yet, with why not
}

func newFront(l limits, errors *log.Logger, serve func(http.ResponseWriter, *http.Request, *listener)) *front {
	f := &front{
		limit: newConnections(l),
		open:  map[string]*listener{},
		late:  map[string]error{},
	}
	f.server = &http.Server{
		ReadHeaderTimeout: l.header,
		IdleTimeout:       l.idle,
		MaxHeaderBytes:    l.headerBytes,
		ConnContext:       withConnection,
		ConnState:         f.limit.changed,
		ErrorLog:          errors,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := r.Context().Value(connectionKey{}).(*connection)
			hasBody := r.Body != http.NoBody
			if !f.limit.waits(c, hasBody) {
				panic(http.ErrAbortHandler) // it was closed to make room: nobody gets an answer
			}
			if code := c.header.parsed(r.Header, l.headerLines); code != 0 {
				w.Header().Set("Connection", "close")
				http.Error(w, http.StatusText(code), code)
				return
			}
			if hasBody {
				r = r.WithContext(r.Context()) // the server looks at its own
				r.Body = body{r.Body, c}
			}
			serve(w, r, c.from)
		}),
	}
	return f
}

// serve answers the connections of a listener until that is closed.
func (f *front) serve(l *listener) {
	f.open[l.address.String()] = l
	delete(f.late, l.address.String())
	go func() { _ = f.server.Serve(l) }() // ends when the listener is closed, which is no error
}

// bindAll takes the addresses that can be had and remembers the others.
func (f *front) bindAll(listen []string) {
	for _, name := range listen {
		if f.open[name] == nil {
			f.bindLate(name)
		}
	}
}

func (f *front) bindLate(name string) {
	a, err := parseAddress(name)
	if err == nil {
		var l *listener
		if l, err = bind(a, false, f.limit); err == nil {
			f.serve(l)
			return
		}
	}
	f.late[name] = err
}

// retry tries the addresses that could not be had; it returns those that now are.
func (f *front) retry() []string {
	var had []string
	for name := range f.late {
		if f.bindLate(name); f.open[name] != nil {
			had = append(had, name)
		}
	}
	return had
}

// change is a step from the present listeners to others, in two halves, so
// that nothing has changed if the first one fails.
type change struct {
	front  *front
	listen []string
	added  []*listener
	going  []*listener
	shared bool
}

// prepare binds the addresses that are new; those that are late already may stay so.
func (f *front) prepare(listen []string) (*change, error) {
	c := &change{front: f, listen: listen}
	for name, l := range f.open {
		if !slices.Contains(listen, name) {
			c.going = append(c.going, l)
		}
	}
	for _, name := range listen {
		if _, late := f.late[name]; late || f.open[name] != nil {
			continue
		}
		if err := c.add(name); err != nil {
			c.abort()
			return nil, err
		}
	}
	return c, nil
}

func (c *change) add(name string) error {
	a, err := parseAddress(name)
	if err != nil {
		return err
	}
	l, err := bind(a, c.makeRoom(a), c.front.limit)
	if err != nil {
		return &BindError{Address: name, Reason: reason(err)}
	}
	c.added = append(c.added, l)
	return nil
}

// makeRoom lets a new address overlap one that is about to be given up.
func (c *change) makeRoom(a address) bool {
	room := false
	for _, l := range c.going {
		if l.address.port == a.port && l.share(true) == nil {
			room, c.shared = true, true
		}
	}
	return room
}

func (c *change) abort() {
	for _, l := range c.added {
		l.Close()
	}
	c.unshare(c.going)
}

// commit serves the new addresses, then gives up the old ones.
func (c *change) commit() {
	for _, l := range c.added {
		c.front.serve(l)
	}
	for _, l := range c.going {
		l.Close()
		delete(c.front.open, l.address.String())
	}
	c.unshare(c.added)
	for name := range c.front.late {
		if !slices.Contains(c.listen, name) {
			delete(c.front.late, name)
		}
	}
}

func (c *change) unshare(listeners []*listener) {
	if !c.shared {
		return
	}
	for _, l := range listeners {
		_ = l.share(false) // an open listener can always be told so
	}
}

// adopt serves at sockets that another gateway bound.
func (f *front) adopt(sockets map[string]*net.TCPListener) {
	for name, socket := range sockets {
		if a, err := parseAddress(name); err == nil {
			f.serve(newListener(socket, a, f.limit))
		}
	}
}

// close gives up every address; connections stay.
func (f *front) close() {
	for name, l := range f.open {
		l.Close()
		delete(f.open, name)
	}
	clear(f.late)
}

// unbound is the late addresses with the reason.
func (f *front) unbound() map[string]string {
	reasons := map[string]string{}
	for name, err := range f.late {
		reasons[name] = reason(err)
	}
	return reasons
}
