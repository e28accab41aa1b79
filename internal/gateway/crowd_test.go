package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"gopkg.in/check.v1"
)

// raced is what a gateway takes at rest at least if the race detector is in it,
// which multiplies all that it takes; in MiB.
const raced = 20

// peak is the most memory that a process has had so far, in MiB.
func (p *process) peak(c *check.C) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	c.Assert(err, check.IsNil)
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	c.Assert(found, check.NotNil)
	kib, err := strconv.Atoi(string(found[1]))
	c.Assert(err, check.IsNil)
	return kib >> 10
}

// dialFrom connects as one of the many clients that loopback can be.
func dialFrom(from, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	return d.Dial("tcp", address)
}

// attack lets many clients send something at once, over connections that stay
// open until the returned function is called; codes are the answers' by count.
func attack(address string, clients int, request []byte) (codes map[int]int, end func()) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	var open []net.Conn
	codes = map[int]int{}
	for range clients {
		wait.Add(1)
		go func() {
			defer wait.Done()
			conn, err := dialFrom("127.0.0.2", address)
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = conn.Write(request) // a refusing gateway may close before all is sent
			code := 0
			if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
				code = answer.StatusCode
			}
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
			open = append(open, conn)
		}()
	}
	wait.Wait()
	return codes, func() {
		for _, conn := range open {
			conn.Close()
		}
	}
}

func manyLines(path string, lines, width int) []byte {
	var request bytes.Buffer
	fmt.Fprintf(&request, "GET %s HTTP/1.1\r\nHost: x\r\n", path)
	for i := range lines {
		name := strconv.FormatInt(int64(i)+36*36*36, 36)
		fmt.Fprintf(&request, "%s:%s\r\n", name, strings.Repeat("v", max(0, width-len(name)-3)))
	}
	request.WriteString("\r\n")
	return request.Bytes()
}

// Strangers' headers must not fill the gateway's 256 MiB, in which everybody's
// WebSockets live.
func (s *processSuite) TestHeadersAreBounded(c *check.C) {
	p := s.start(c, "p")
	await(c, s.dir, "p")
	set(c, Dial(s.dir), s.state)
	socket := openSocket(c, s.address)
	defer socket.Close()
	rest := p.peak(c)
	for _, test := range []struct {
		summary        string
		clients        int
		request        []byte
		refused        int
		reached, limit int
	}{
		{"many short lines", 150, manyLines("/slow", 8000, 0), 431, 0, 60},
		{"as many as may be", 2000, manyLines("/slow", 250, 7), 503, 100, 180},
		{"long ones", 2000, manyLines("/slow", 200, 300), 503, 100, 180},
	} {
		codes, end := attack(s.address, test.clients, test.request)
		end()
		c.Logf("%s: %d MiB at rest, %d at most; answers %v", test.summary, rest, p.peak(c), codes)
		c.Check(codes[200] >= test.reached, check.Equals, true, check.Commentf(test.summary))
		c.Check(codes[test.refused] > 0, check.Equals, true, check.Commentf(test.summary))
		if rest < raced {
			c.Check(p.peak(c) < test.limit, check.Equals, true, check.Commentf("%s: %d MiB", test.summary, p.peak(c)))
		}
		socket.says(c, "still here")
	}
	body, err := s.ask()
	c.Check(err, check.IsNil)
	c.Check(body, check.Equals, "a")
}

// One client's idle connections must lock nobody out, whether each has brought
// a request, none, or the half of one; others' uploads go on, and WebSockets are never closed for others.
func (s *processSuite) TestIdleConnectionsMakeRoom(c *check.C) {
	p := s.start(c, "p")
	await(c, s.dir, "p")
	set(c, Dial(s.dir), s.state)
	socket := openSocket(c, s.address)
	defer socket.Close()
	other, err := dialFrom("127.0.0.3", s.address)
	c.Assert(err, check.IsNil)
	defer other.Close()
	in := bufio.NewReader(other)
	_, _, err = get(other, in, "/x")
	c.Assert(err, check.IsNil)
	upload, err := dialFrom("127.0.0.4", s.address)
	c.Assert(err, check.IsNil)
	defer upload.Close()
	_, err = io.WriteString(upload, halfBody)
	c.Assert(err, check.IsNil)
	for _, request := range []string{"", "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /x HTTP/1.1\r\nHost: x\r\nX-Half: ", halfBody} {
		end := s.crowd(c, "127.0.0.2", 2200, request)
		body, err := s.ask() // within its 5 seconds
		c.Check(err, check.IsNil)
		c.Check(body, check.Equals, "a")
		_, _, err = get(other, in, "/x")
		c.Check(err, check.IsNil, check.Commentf("whoever has one connection keeps it"))
		socket.says(c, "still here")
		status := await(c, s.dir, "p")
		c.Check(status.Connections <= standardLimits().connections, check.Equals, true)
		c.Logf("%d connections, %d MiB at most", status.Connections, p.peak(c))
		end()
	}
	_, err = io.WriteString(upload, "-whole")
	c.Assert(err, check.IsNil)
	answer, err := http.ReadResponse(bufio.NewReader(upload), nil)
	c.Assert(err, check.IsNil)
	c.Check(answer.StatusCode, check.Equals, 200)
}

const halfBody = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"

// crowd opens connections, each with one request that is answered if it is whole.
func (s *processSuite) crowd(c *check.C, from string, n int, request string) (end func()) {
	var open []net.Conn
	for range n {
		conn, err := dialFrom(from, s.address)
		c.Assert(err, check.IsNil)
		open = append(open, conn)
		if request == "" {
			continue
		}
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, err = io.WriteString(conn, request)
		c.Assert(err, check.IsNil)
		if !strings.HasSuffix(request, "\r\n\r\n") { // the half of one
			continue
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		c.Assert(err, check.IsNil)
		answer.Body.Close()
	}
	return func() {
		for _, conn := range open {
			conn.Close()
		}
	}
}

// A proxy's connections are those of many clients: it is not the one with most.
func (s *gatewaySuite) TestTrustedProxyIsNotOnePeer(c *check.C) {
	state := s.state(host(s.a))
	state.Trusted = []string{"127.0.0.9"}
	set(c, s.client, state)
	crowd := &processSuite{address: s.address}
	const request = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
	defer crowd.crowd(c, "127.0.0.9", 400, request)()
	first, err := dialFrom("127.0.0.9", s.address)
	c.Assert(err, check.IsNil)
	defer first.Close()
	_, _, err = get(first, bufio.NewReader(first), "/x")
	c.Assert(err, check.IsNil)
	defer crowd.crowd(c, "127.0.0.2", 200, request)()
	_, _, err = get(first, bufio.NewReader(first), "/x")
	c.Check(err, check.IsNil)
	_, body := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Equals, "a")
}

// Only a header is counted: a body may have as many lines as it likes, also
// where requests follow each other without waiting.
func (s *gatewaySuite) TestBodiesAreNotCounted(c *check.C) {
	lines := strings.Repeat("\r\n\n", 30000)
	one := fmt.Sprintf("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(lines), lines)
	conn, err := net.Dial("tcp", s.address)
	c.Assert(err, check.IsNil)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = io.WriteString(conn, strings.Repeat(one, 5)) }()
	in := bufio.NewReader(conn)
	for range 5 {
		answer, err := http.ReadResponse(in, nil)
		c.Assert(err, check.IsNil)
		body, err := io.ReadAll(answer.Body)
		c.Check(err, check.IsNil)
		c.Check(string(body), check.Equals, "a")
	}
}

// A header counts also where it came with the request before it.
func (s *gatewaySuite) TestLinesOfAHeader(c *check.C) {
	const before = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, test := range []struct {
		summary, before string
		lines           int
		code            int
	}{
		{"as many as may be, and Host", "", 255, 200},
		{"one more", "", 256, 431},
		{"behind another request", before, 255, 200},
		{"too many behind another request", before, 256, 431},
		{"far too many behind another request", before, 8000, 431},
	} {
		conn, err := net.Dial("tcp", s.address)
		c.Assert(err, check.IsNil)
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(conn, test.before+string(manyLines("/x", test.lines, 0)))
		in, code := bufio.NewReader(conn), 0
		for range 1 + strings.Count(test.before, "GET") {
			answer, err := http.ReadResponse(in, nil)
			c.Assert(err, check.IsNil, check.Commentf(test.summary))
			_, _ = io.Copy(io.Discard, answer.Body)
			code = answer.StatusCode
		}
		c.Check(code, check.Equals, test.code, check.Commentf(test.summary))
		conn.Close()
	}
}
