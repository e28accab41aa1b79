package gateway

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// BindError is why a State was refused: an address that cannot be had.
type BindError struct {
	Address string // of State.Listen
	Reason  string // the kernel's
}

// Error names the address.
func (e *BindError) Error() string {
	return fmt.Sprintf("cannot listen at %s: %s", e.Address, e.Reason)
}

// listener is one bound address. It accepts no more connections than the
// gateway may have.
type listener struct {
	*net.TCPListener
	address address
	limit   *connections
	once    sync.Once
	done    chan struct{}
	closed  atomic.Bool
}

func newListener(l *net.TCPListener, a address, limit *connections) *listener {
	return &listener{TCPListener: l, address: a, limit: limit, done: make(chan struct{})}
}

// Accept returns the next connection once there is a place for it.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	conn := &connection{TCPConn: c, from: l}
	conn.header.budget = &l.limit.headers
	l.limit.admit(conn, l.done)
	return conn, nil
}

// Close gives up the address. Connections that came from it get the answers
// that they wait for, and are then asked to come anew.
func (l *listener) Close() error {
	err := net.ErrClosed
	l.once.Do(func() {
		l.closed.Store(true)
		close(l.done)
		err = l.TCPListener.Close()
	})
	return err
}

// soReusePort is SO_REUSEPORT, which package syscall lacks; 15 on amd64 and arm64.
const soReusePort = 15

// bind takes an address. With shared it may overlap one of our own that is
// shared too, as when every address makes room for a single one.
func bind(a address, shared bool, limit *connections) (*listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		if !shared {
			return nil
		}
		return setShared(raw, true)
	}}
	l, err := config.Listen(context.Background(), a.network(), a.String())
	if err != nil {
		return nil, err
	}
	return newListener(l.(*net.TCPListener), a, limit), nil
}

// reason is the kernel's word in an error, without Go's repetition of the address.
func reason(err error) string {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok || inner.Unwrap() == nil {
			return err.Error()
		}
		err = inner.Unwrap()
	}
}

// share lets other sockets of this user overlap the listener's address, or ends
// that. It is never left on: another unit's gateway must find the port taken.
func (l *listener) share(on bool) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	return setShared(raw, on)
}

func setShared(raw syscall.RawConn, on bool) error {
	value := 0
	if on {
		value = 1
	}
	var failure error
	if err := raw.Control(func(fd uintptr) {
		failure = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, value)
	}); err != nil {
		return err
	}
	return failure
}
