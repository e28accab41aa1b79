package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"gopkg.in/check.v1"
)

// patched is a notebook whose token check somebody can take away.
type patched struct {
	open  atomic.Bool
	seen  atomic.Int64 // requests but for the gateway's questions
	asked atomic.Int64
}

func (p *patched) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("User-Agent") == agent {
		p.asked.Add(1)
	} else {
		p.seen.Add(1)
	}
	stranger := r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") == "" && r.URL.Query().Get("token") == ""
	switch {
	case strings.HasPrefix(r.URL.Path, "/team/api/contents") && stranger && r.Method == "GET" && !p.open.Load():
		w.WriteHeader(http.StatusForbidden)
	case r.URL.Path == "/ws":
		echoSocket(w, r)
	case r.URL.Path == "/stream":
		stream(w, r)
	default:
		fmt.Fprint(w, "private")
	}
}

func (s *gatewaySuite) serves(c *check.C, container string) State {
	return State{Listen: []string{s.address}, Upstream: "unix:n", Container: container, BasePath: "/team/"}
}

func (s *gatewaySuite) awaitOpen(c *check.C) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if status, err := s.client.Status(context.Background()); err == nil && status.Open {
			return
		}
	}
	c.Fatal("it is not found open")
}

const lab = "GET /team/lab HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// A server that opens while no hook runs is cut off within a moment.
func (s *gatewaySuite) TestServerThatOpensIsCutOff(c *check.C) {
	notebook := &patched{}
	server := notebookAt(c, s.dir, "n", notebook)
	defer server.Close()
	set(c, s.client, s.serves(c, "one"))
	socket := openSocket(c, s.address)
	defer socket.Close()
	download, err := http.Get("http://" + s.address + "/stream")
	c.Assert(err, check.IsNil)
	defer download.Body.Close()
	answer, _ := s.raw(c, lab)
	c.Check(answer.StatusCode, check.Equals, 200)
	notebook.open.Store(true)
	s.awaitOpen(c)
	_ = socket.SetDeadline(time.Now().Add(5 * time.Second))
	_, err = socket.in.ReadByte()
	c.Check(err, check.Equals, io.EOF, check.Commentf("its WebSockets are cut"))
	_, err = io.ReadAll(download.Body)
	c.Check(err, check.NotNil, check.Commentf("its downloads are cut"))
	before := notebook.seen.Load()
	answer, _ = s.raw(c, lab)
	c.Check(answer.StatusCode, check.Equals, 503)
	notebook.open.Store(false)
	c.Check(set(c, s.client, s.serves(c, "one")).Open, check.Equals, true, check.Commentf("the same container"))
	answer, _ = s.raw(c, lab)
	c.Check(answer.StatusCode, check.Equals, 503)
	c.Check(notebook.seen.Load(), check.Equals, before)
	c.Check(set(c, s.client, s.serves(c, "two")).Open, check.Equals, false, check.Commentf("another one"))
	answer, _ = s.raw(c, lab)
	c.Check(answer.StatusCode, check.Equals, 200)
}

// A container that restarts open is asked before it gets anybody's request.
func (s *gatewaySuite) TestRestartedOpenGetsNoRequest(c *check.C) {
	first := &patched{}
	server := notebookAt(c, s.dir, "n", first)
	set(c, s.client, s.serves(c, "one"))
	answer, _ := s.raw(c, lab)
	c.Check(answer.StatusCode, check.Equals, 200)
	c.Check(first.asked.Load() > 0, check.Equals, true)
	server.CloseClientConnections()
	server.Close()
	second := &patched{}
	second.open.Store(true)
	server = notebookAt(c, s.dir, "n", second)
	defer server.Close()
	answer, _ = s.raw(c, lab)
	c.Check(answer.StatusCode, check.Equals, 503)
	c.Check(second.seen.Load(), check.Equals, int64(0))
	s.awaitOpen(c)
}

// Only what no token came with can show that a server is open.
func (s *gatewaySuite) TestStrangersAnswerIsHeldBack(c *check.C) {
	const end = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	for _, test := range []struct {
		summary, request string
		found            bool
	}{
		{"elsewhere", "GET /team/api" + end + "\r\n", false},
		{"with a header", "GET /team/api/contents" + end + "Authorization: token t\r\n\r\n", false},
		{"with a cookie", "GET /team/api/contents" + end + "Cookie: c=t\r\n\r\n", false},
		{"in the query", "GET /team/api/contents?token=t" + end + "\r\n", false},
		{"in the query, escaped", "GET /team/api/contents?t%6fken=t" + end + "\r\n", false},
		{"in the body", "POST /team/api/contents" + end + "Content-Length: 7\r\n\r\ntoken=t", false},
		{"before a request of another origin", "OPTIONS /team/api/contents" + end + "\r\n", false},
		{"a stranger", "GET /team/api/contents/secret.ipynb?content=1" + end + "\r\n", true},
	} {
		var log bytes.Buffer
		notebook := &patched{}
		server := httptest.NewServer(notebook)
		p := newProxy("", newLogger(&log), nil)
		p.set(checked{State: State{Upstream: host(server), BasePath: "/team/", Container: "0123456789abcdef"}})
		through := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.serve(w, r, func() bool { return false })
		}))
		inside := &gatewaySuite{address: host(through)}
		inside.raw(c, lab) // it has been asked
		notebook.open.Store(true)
		answer, body := inside.raw(c, test.request)
		c.Check(p.isOpen(), check.Equals, test.found, check.Commentf(test.summary))
		c.Check(strings.Contains(body, "private"), check.Equals, !test.found, check.Commentf(test.summary))
		c.Check(answer.StatusCode == 503, check.Equals, test.found, check.Commentf(test.summary))
		c.Check(strings.Contains(log.String(), "answers without the token"), check.Equals, test.found, check.Commentf(test.summary))
		through.Close()
		server.CloseClientConnections()
		server.Close()
	}
}

func newLogger(out io.Writer) *log.Logger { return log.New(out, "", 0) }

// A port that is published before Jupyter listens behind it accepts and hangs up.
func (s *gatewaySuite) TestBootingIsNotThereYet(c *check.C) {
	published, err := net.Listen("tcp", "127.0.0.1:0")
	c.Assert(err, check.IsNil)
	defer published.Close()
	go func() {
		for {
			conn, err := published.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	s.point(c, published.Addr().String())
	for _, method := range []string{"GET", "POST"} {
		for range 20 {
			answer, body := s.raw(c, method+" /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.Assert(answer.StatusCode, check.Equals, 503, check.Commentf(body))
		}
	}
}

// A server that was there and hangs up on a request broke off: what was asked may
// have been done, whether it still answers or not.
func (s *gatewaySuite) TestBreakingOffIsNotBooting(c *check.C) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/contents" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	s.point(c, host(server))
	answer, _ := s.raw(c, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx")
	c.Check(answer.StatusCode, check.Equals, 502)
}
