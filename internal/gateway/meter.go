package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// What a header costs was measured: each line is kept as a name and a value in
// two maps and written out again, and its bytes are held about twice.
const (
	lineCost   = 256
	byteCost   = 2
	headerFree = 16 << 10 // a browser's costs 8 to 12 KiB
	// refuseLimit is for a refused client to read why.
	refuseLimit = 500 * time.Millisecond
)

var errRefused = errors.New("its header was refused")

// budget is memory, in bytes, that many share.
type budget struct{ left atomic.Int64 }

func (b *budget) take(n int64) bool {
	if b.left.Add(-n) >= 0 {
		return true
	}
	b.left.Add(n)
	return false
}

// meter counts a request's header while it comes, and holds its share of the
// budget until the request has been answered.
type meter struct {
	budget *budget
	done   bool // the header is over, what comes is a body or a WebSocket
	size   int64
	lines  int
	within bool // a line
	held   atomic.Int64
}

// start expects the next request's header.
func (m *meter) start() {
	m.free()
	m.done, m.size, m.lines, m.within = false, 0, 0, false
}

func (m *meter) stop() { m.done = true }

func (m *meter) free() {
	if held := m.held.Swap(0); held > 0 {
		m.budget.left.Add(held)
	}
}

// count adds a piece of a header; it returns the status for one that is too much.
func (m *meter) count(piece []byte, limit int) int {
	m.size += byteCost * int64(len(piece))
	for len(piece) > 0 && !m.done {
		line, rest, whole := bytes.Cut(piece, []byte{'\n'})
		m.within = m.within || len(bytes.TrimSuffix(line, []byte{'\r'})) > 0
		if whole && m.within {
			m.lines, m.size = m.lines+1, m.size+lineCost
		} else if whole && m.lines > 0 {
			m.done = true
		}
		m.within, piece = m.within && !whole, rest
	}
	return m.charge(limit)
}

// parsed counts a header that has been taken apart. A part of it may have come
// uncounted with the request before it, whose end Read does not know.
func (m *meter) parsed(header http.Header, limit int) int {
	lines := 2 // the request's, and Host
	for _, values := range header {
		lines += len(values)
	}
	if lines > m.lines {
		m.size += lineCost * int64(lines-m.lines)
		m.lines = lines
	}
	return m.charge(limit)
}

// charge returns the status for a header that is too much, 0 for another.
func (m *meter) charge(limit int) int {
	if m.lines > limit+1 { // the first line is the request's
		return http.StatusRequestHeaderFieldsTooLarge
	}
	if more := m.size - headerFree - m.held.Load(); more > 0 {
		if !m.budget.take(more) {
			return http.StatusServiceUnavailable
		}
		m.held.Add(more)
	}
	return 0
}

// refuse answers in the server's place, which has not got the header, and
// reads on for a moment, for the answer is lost if the connection ends unread.
// It returns an error that the server takes for one of the network.
func (c *connection) refuse(code int) error {
	_ = c.SetDeadline(time.Now().Add(refuseLimit)) // as on a closed connection, what follows fails too
	text := http.StatusText(code)
	_ = (&http.Response{StatusCode: code, ProtoMajor: 1, ProtoMinor: 1, Close: true,
		ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text))}).Write(c.TCPConn)
	_ = c.CloseWrite()
	_, _ = io.Copy(io.Discard, io.LimitReader(c.TCPConn, 1<<20))
	return &net.OpError{Op: "read", Net: "tcp", Err: errRefused}
}
