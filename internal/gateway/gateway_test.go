package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"time"

	"gopkg.in/check.v1"
)

// gatewaySuite talks to a gateway in this process, between two upstreams.
type gatewaySuite struct {
	dir     string
	address string
	a, b    *httptest.Server
	client  *Client
	stop    func()
}

var _ = check.Suite(&gatewaySuite{})

func (s *gatewaySuite) SetUpTest(c *check.C) {
	s.dir = c.MkDir()
	s.address = freeAddress(c)
	s.a, s.b = upstream("a"), upstream("b")
	s.client, s.stop = startHere(c, s.dir, "p")
	s.point(c, host(s.a))
}

func (s *gatewaySuite) TearDownTest(*check.C) {
	s.a.CloseClientConnections()
	s.b.CloseClientConnections()
	s.stop()
	s.a.Close()
	s.b.Close()
}

func (s *gatewaySuite) state(upstream string) State {
	return State{Listen: []string{s.address}, Upstream: upstream}
}

func (s *gatewaySuite) point(c *check.C, upstream string) Status {
	return set(c, s.client, s.state(upstream))
}

// raw sends what it is given and returns the answer.
func (s *gatewaySuite) raw(c *check.C, request string) (*http.Response, string) {
	conn, err := net.Dial("tcp", s.address)
	c.Assert(err, check.IsNil)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, _ = io.WriteString(conn, request) // a refusing gateway may close before all is sent
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	c.Assert(err, check.IsNil)
	body, _ := io.ReadAll(answer.Body)
	return answer, string(body)
}

func (s *gatewaySuite) TestForwardsAsItCame(c *check.C) {
	for _, method := range []string{"GET", "POST"} { // which go different ways
		const target = " /a%2Fb//c?x=1;y=%zz&token=t "
		answer, body := s.raw(c, method+target+"HTTP/1.1\r\nHost: lab.example:8888\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		c.Check(answer.StatusCode, check.Equals, 200)
		c.Check(body, check.Equals, "a")
		c.Check(answer.Header.Get("X-Seen"), check.Equals, method+target+"lab.example:8888")
	}
}

func (s *gatewaySuite) TestForwardsNowhereElse(c *check.C) {
	_, body := s.raw(c, "GET http://user:pw@"+host(s.b)+"/headers HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Not(check.Matches), "(?s).*Authorization.*")
	answer, body := s.raw(c, "GET http://"+host(s.b)+"/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(answer.StatusCode, check.Equals, 200)
	c.Check(body, check.Equals, "a")
	answer, _ = s.raw(c, "CONNECT "+host(s.b)+" HTTP/1.1\r\nHost: x\r\n\r\n")
	c.Check(answer.StatusCode, check.Equals, 405)
}

func (s *gatewaySuite) TestBasePath(c *check.C) {
	state := s.state(host(s.a))
	state.BasePath = "/team/"
	set(c, s.client, state)
	answer, _ := s.raw(c, "GET /?token=t HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(answer.StatusCode, check.Equals, 307)
	c.Check(answer.Header.Get("Location"), check.Equals, "/team/?token=t")
	_, body := s.raw(c, "GET /team/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Equals, "a")
}

func (s *gatewaySuite) TestPageWhileNothingServes(c *check.C) {
	for _, upstream := range []string{"", freeAddress(c)} {
		s.point(c, upstream)
		answer, body := s.raw(c, "GET /lab HTTP/1.1\r\nHost: x\r\nAccept: text/html,application/json\r\nConnection: close\r\n\r\n")
		c.Check(answer.StatusCode, check.Equals, 503)
		c.Check(answer.Header.Get("Retry-After"), check.Equals, "3")
		c.Check(answer.Header.Get("Cache-Control"), check.Equals, "no-store")
		c.Check(body, check.Matches, `(?s).*http-equiv="refresh".*`)
		answer, body = s.raw(c, "GET /api HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\n\r\n")
		c.Check(answer.StatusCode, check.Equals, 503)
		c.Check(answer.Header.Get("Content-Type"), check.Equals, "application/json")
		c.Check(body, check.Matches, `\{"message": "The notebook is not running.*", "reason": null\}\n`)
	}
}

func (s *gatewaySuite) TestHeaderLimits(c *check.C) {
	request := "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: %s\r\n\r\n"
	answer, _ := s.raw(c, fmt.Sprintf(request, strings.Repeat("c", 60<<10)))
	c.Check(answer.StatusCode, check.Equals, 200)
	answer, _ = s.raw(c, fmt.Sprintf(request, strings.Repeat("c", 80<<10)))
	c.Check(answer.StatusCode, check.Equals, 431)
}

func (s *gatewaySuite) TestSlowHeaderIsCut(c *check.C) {
	conn, err := net.Dial("tcp", s.address)
	c.Assert(err, check.IsNil)
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /x HTTP/1.1\r\nHost:")
	began := time.Now()
	_ = conn.SetDeadline(began.Add(5 * time.Second))
	_, err = io.ReadAll(conn)
	c.Check(err, check.IsNil)
	c.Check(time.Since(began) < 3*time.Second, check.Equals, true)
}

func (s *gatewaySuite) TestConnectionsAreBounded(c *check.C) {
	conns := make([]net.Conn, 0, testLimits().connections+1)
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	for range cap(conns) {
		conn, err := net.Dial("tcp", s.address)
		c.Assert(err, check.IsNil)
		conns = append(conns, conn)
	}
	time.Sleep(100 * time.Millisecond)
	status, err := s.client.Status(context.Background())
	c.Assert(err, check.IsNil)
	c.Check(status.Connections <= testLimits().connections, check.Equals, true)
	answer, _ := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(answer.StatusCode, check.Equals, 200, check.Commentf("silent connections are cut and make room"))
}

func (s *gatewaySuite) TestStreamIsNotHeldBack(c *check.C) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+s.address+"/stream", nil)
	c.Assert(err, check.IsNil)
	answer, err := http.DefaultClient.Do(r)
	c.Assert(err, check.IsNil)
	defer answer.Body.Close()
	line, err := bufio.NewReader(answer.Body).ReadString('\n')
	c.Check(err, check.IsNil)
	c.Check(line, check.Equals, "line\n")
}

func (s *gatewaySuite) TestLargeBodies(c *check.C) {
	sent := make([]byte, 64<<20)
	_, _ = rand.Read(sent)
	answer, err := http.Post("http://"+s.address+"/echo", "application/octet-stream", bytes.NewReader(sent))
	c.Assert(err, check.IsNil)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	c.Assert(err, check.IsNil)
	c.Check(bytes.Equal(got, sent), check.Equals, true)
}

func (s *gatewaySuite) TestWebSocketOutlivesFlip(c *check.C) {
	socket := openSocket(c, s.address)
	defer socket.Close()
	socket.says(c, "before")
	status := s.point(c, host(s.b))
	c.Check(status.Loads, check.DeepEquals, map[string]Load{host(s.a): {WebSockets: 1}})
	time.Sleep(2 * testLimits().header) // no limit on a header may cut it
	socket.says(c, "after")
	_, body := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Equals, "b")
	socket.Close()
	s.drain(c, host(s.a), func(l Load) int { return l.WebSockets })
}

// drain waits until nothing of a kind is in flight to an upstream.
func (s *gatewaySuite) drain(c *check.C, upstream string, count func(Load) int) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		status, err := s.client.Status(context.Background())
		c.Assert(err, check.IsNil)
		if count(status.Loads[upstream]) == 0 {
			return
		}
	}
	c.Fatal("it does not drain")
}

// The upstream is killed once it has drained: what enters while the gateway
// turns must be counted, or it is lost here.
func (s *gatewaySuite) TestFlipUnderLoadLosesNothing(c *check.C) {
	clients := startClients(s.address, 8, 8)
	for range 15 {
		old := upstream("old")
		s.point(c, host(old))
		time.Sleep(30 * time.Millisecond)
		s.point(c, host(s.b))
		s.drain(c, host(old), func(l Load) int { return l.Requests })
		old.CloseClientConnections()
		old.Close()
	}
	clients.end(c)
}

func (s *gatewaySuite) TestSlowRequestIsWaitedFor(c *check.C) {
	done := make(chan string, 1)
	go func() {
		_, body := s.raw(c, "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		done <- body
	}()
	for load := 0; load == 0; time.Sleep(5 * time.Millisecond) {
		status, err := s.client.Status(context.Background())
		c.Assert(err, check.IsNil)
		load = status.Loads[host(s.a)].Requests
	}
	s.point(c, host(s.b))
	s.drain(c, host(s.a), func(l Load) int { return l.Requests })
	c.Check(<-done, check.Equals, "a")
}

// A request that found nobody listening is sent to the upstream that serves by
// then, its body whole.
func (s *gatewaySuite) TestUnansweredRequestGoesToTheNextUpstream(c *check.C) {
	p := newProxy(s.dir, nil, nil)
	p.point(target{upstream: host(s.a)})
	f := &flight{}
	r := httptest.NewRequest("PUT", "http://upstream/echo", strings.NewReader("body"))
	r = r.WithContext(context.WithValue(r.Context(), flightKey{}, f))
	r.RequestURI = ""
	p.current.Load().transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		p.point(target{upstream: host(s.b)})
		return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
	}
	answer, err := p.RoundTrip(r)
	c.Assert(err, check.IsNil)
	body, _ := io.ReadAll(answer.Body)
	c.Check(string(body), check.Equals, "body")
	c.Check(f.backend.upstream, check.Equals, host(s.b))
}

func (s *gatewaySuite) TestLogsNoToken(c *check.C) {
	var log bytes.Buffer
	d, err := openDirectory(c.MkDir())
	c.Assert(err, check.IsNil)
	defer d.file.Close()
	g := newGateway(d, "p", &log, testLimits())
	g.proxy.point(target{upstream: freeAddress(c)})
	r := httptest.NewRequest("GET", "/lab?token=SECRET", nil)
	r.Header.Set("Authorization", "token SECRET")
	w := httptest.NewRecorder()
	g.proxy.serve(w, r, func() bool { return false })
	c.Check(w.Code, check.Equals, 503)
	c.Check(log.String(), check.Matches, `(?s).*cannot forward GET "/lab": dial tcp .*`)
	c.Check(log.String(), check.Not(check.Matches), "(?s).*SECRET.*")
	g.proxy.serve(w, r, func() bool { return false })
	c.Check(strings.Count(log.String(), "\n"), check.Equals, 1, check.Commentf("one line a second"))
}

func (s *gatewaySuite) TestNotRunning(c *check.C) {
	_, err := Dial(c.MkDir()).Status(context.Background())
	c.Check(errors.Is(err, ErrNotRunning), check.Equals, true)
	_, err = Dial(filepath.Join(c.MkDir(), "none")).Set(context.Background(), State{})
	c.Check(errors.Is(err, ErrNotRunning), check.Equals, true)
	_, err = Dial(c.MkDir()).Replaced(context.Background())
	c.Check(err, check.IsNil)
	c.Check(Run(context.Background(), filepath.Join(c.MkDir(), "none"), "p", io.Discard), check.ErrorMatches, "cannot run the gateway in .*")
}
