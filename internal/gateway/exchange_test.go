package gateway

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"gopkg.in/check.v1"
)

// scripted answers each request with the same bytes, and closes the connection
// after so many; connections counts them.
type scripted struct {
	net.Listener
	answer      string
	requests    int
	connections atomic.Int64
	seen        chan *http.Request
}

func newScripted(c *check.C, answer string, requests int) *scripted {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	c.Assert(err, check.IsNil)
	s := &scripted{Listener: l, answer: answer, requests: requests, seen: make(chan *http.Request, 100)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *scripted) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for n := 0; n < s.requests; {
		r, err := http.ReadRequest(in)
		switch {
		case err != nil:
			return
		case r.Header.Get("User-Agent") == agent:
			fmt.Fprint(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
			return
		case n == 0:
			s.connections.Add(1)
		}
		s.seen <- r
		fmt.Fprint(conn, s.answer)
		n++
	}
}

// What a plain request is answered is passed on as it came, in whatever form.
func (s *gatewaySuite) TestAnswersOfAllForms(c *check.C) {
	for _, test := range []struct {
		summary, answer string
		code            int
		body            string
		whole           bool
	}{
		{"a length", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", 200, "body", true},
		{"in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", 200, "body", true},
		{"in chunks, with a trailer", "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-T: t\r\n\r\n", 200, "body", true},
		{"until the end", "HTTP/1.0 200 OK\r\n\r\nbody", 200, "body", true},
		{"nothing", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
		{"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\nEtag: x\r\n\r\n", 304, "", true},
		{"after a hint", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", 200, "body", true},
		{"broken off", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nbody", 200, "body", false},
		{"broken off in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", 200, "body", false},
		{"no HTTP", "SSH-2.0-OpenSSH_9.6\r\n", 502, "", true},
		{"switched unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", 502, "", true},
		{"too long a header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", 502, "", true},
	} {
		server := newScripted(c, test.answer, 1)
		s.point(c, server.Addr().String())
		answer, err := http.Get("http://" + s.address + "/x")
		if !test.whole && errors.Is(err, io.EOF) {
			continue // nothing of it had been passed on yet
		}
		c.Assert(err, check.IsNil, check.Commentf(test.summary))
		body, err := io.ReadAll(answer.Body)
		c.Check(err == nil, check.Equals, test.whole, check.Commentf("%s: %v", test.summary, err))
		c.Check(answer.StatusCode, check.Equals, test.code, check.Commentf(test.summary))
		if test.code != 502 {
			c.Check(string(body), check.Equals, test.body, check.Commentf(test.summary))
		}
		if strings.Contains(test.answer, "X-T") {
			c.Check(answer.Trailer.Get("X-T"), check.Equals, "t")
		}
		server.Close()
	}
}

// What is said to the next hop alone ends at the gateway, both ways.
func (s *gatewaySuite) TestHopsHeaders(c *check.C) {
	server := newScripted(c, "HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: m\r\nKeep-Alive: 5\r\nX-Theirs: t\r\nContent-Length: 0\r\n\r\n", 9)
	defer server.Close()
	s.point(c, server.Addr().String())
	answer, _ := s.raw(c, "GET /a%2Fb?x=%zz HTTP/1.1\r\nHost: lab:80\r\nConnection: close, x-secret\r\nX-Secret: s\r\nX-Two: 1\r\nX-Two: 2\r\n"+
		"Proxy-Authorization: p\r\nKeep-Alive: 5\r\nContent-Length: 0\r\nAuthorization: token t\r\n\r\n")
	c.Check(answer.Header["X-Mine"], check.IsNil)
	c.Check(answer.Header["Keep-Alive"], check.IsNil)
	c.Check(answer.Header.Get("X-Theirs"), check.Equals, "t")
	seen := <-server.seen
	c.Check(seen.RequestURI, check.Equals, "/a%2Fb?x=%zz")
	c.Check(seen.Host, check.Equals, "lab:80")
	c.Check(seen.Header, check.DeepEquals, http.Header{
		"X-Two": {"1", "2"}, "Authorization": {"token t"}, "X-Forwarded-For": {"127.0.0.1"}, "X-Real-Ip": {"127.0.0.1"},
		"X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"lab:80"},
	})
}

// The gateway's own questions are kept out of the server's log by their name, which
// nobody else may bear.
func (s *gatewaySuite) TestNobodyBearsTheGatewaysName(c *check.C) {
	for _, test := range []struct {
		summary, header string
		seen            bool
	}{
		{"a browser", "User-Agent: Mozilla/5.0\r\n", true},
		{"none", "", false},
		{"the gateway's", "User-Agent: " + agent + "\r\n", false},
		{"with a space that some strip", "user-agent: \xa0" + agent + "\r\n", false},
		{"in the second line", "User-Agent: x\r\nUser-Agent: " + agent + "\r\n", false},
	} {
		for _, more := range []string{"GET /headers HTTP/1.1\r\n", "POST /headers HTTP/1.1\r\nContent-Length: 1\r\n"} {
			_, body := s.raw(c, more+"Host: x\r\nConnection: close\r\n"+test.header+"\r\nx")
			c.Check(strings.Contains(body, "User-Agent"), check.Equals, test.seen, check.Commentf("%s: %s", test.summary, body))
		}
	}
}

// Connections to the upstream are kept, and one that it closed meanwhile loses
// no request.
func (s *gatewaySuite) TestKeptConnections(c *check.C) {
	for _, test := range []struct {
		summary     string
		requests    int // that the upstream answers on a connection
		connections int64
	}{
		{"kept", 100, 1},
		{"closed after two", 2, 10},
		{"closed after each", 1, 20},
	} {
		server := newScripted(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", test.requests)
		s.point(c, server.Addr().String())
		conn, err := net.Dial("tcp", s.address)
		c.Assert(err, check.IsNil)
		in := bufio.NewReader(conn)
		for range 20 {
			body, _, err := get(conn, in, "/x")
			c.Assert(err, check.IsNil, check.Commentf(test.summary))
			c.Check(body, check.Equals, "a")
		}
		c.Check(server.connections.Load(), check.Equals, test.connections, check.Commentf(test.summary))
		conn.Close()
		server.Close()
	}
}

// Idle connections to the upstream are closed after a while, and at once when
// the gateway turns to another one.
func (s *gatewaySuite) TestIdleConnectionsEnd(c *check.C) {
	var open atomic.Int64
	server := httptest.NewUnstartedServer(named("n"))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	p := newProxy("", newLogger(io.Discard), nil)
	for _, turn := range []bool{true, false} {
		p.point(target{upstream: host(server)})
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/x", http.NoBody)
		p.serve(w, r, func() bool { return false })
		c.Assert(w.Body.String(), check.Equals, "n")
		began := time.Now()
		if turn {
			p.point(target{})
		}
		for open.Load() > 0 && time.Since(began) < 2*idleLimit {
			time.Sleep(5 * time.Millisecond)
		}
		c.Check(open.Load(), check.Equals, int64(0))
		c.Check(time.Since(began) < time.Second, check.Equals, turn)
	}
}

// A client that goes away ends its request at the upstream too.
func (s *gatewaySuite) TestClientGoesAway(c *check.C) {
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/contents" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		<-r.Context().Done()
		close(gone)
	}))
	defer server.Close()
	s.point(c, host(server))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.address+"/wait", nil)
	c.Assert(err, check.IsNil)
	_, err = http.DefaultClient.Do(r)
	c.Check(err, check.NotNil)
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		c.Fatal("the upstream is kept waiting")
	}
}
