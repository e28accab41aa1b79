//go:build integration

package stories

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// guarded is a notebook with somebody's WebSocket, while strangers do harm.
type guarded struct {
	m      *model
	n      *notebook
	k      *kernel
	at     string
	before string
}

func (m *model) guarded() guarded {
	m.t.Helper()
	m.deploy("nb")
	m.waitActive("nb/0")
	n := m.open("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	return guarded{m, n, k, strings.Split(n.url, "/")[2], m.gateways()}
}

// gateways are the unit's gateways: which, since when, how often started, and
// whether for lack of memory.
func (m *model) gateways() string {
	m.t.Helper()
	return m.onMachine("nb/0", "docker ps -aq --no-trunc --filter label=io.jupyter-docker.role=gateway --filter label=io.jupyter-docker.key="+
		m.key("nb/0")+" | xargs -r docker inspect -f '{{.Id}} {{.State.StartedAt}} {{.RestartCount}} {{.State.OOMKilled}}'")
}

// unharmed checks that others are answered, over what they had and anew.
func (g guarded) unharmed(what string) {
	g.n.t.Helper()
	if got := g.k.run("print(held + 1)"); got != "42\n" {
		g.n.t.Errorf("%s: over the WebSocket the kernel printed %q", what, got)
	}
	fresh := &notebook{t: g.n.t, url: g.n.url, token: g.n.token}
	conn, err := net.DialTimeout("tcp", g.at, 5*time.Second)
	if err != nil {
		g.n.t.Errorf("%s: %v", what, err)
		return
	}
	defer conn.Close()
	fresh.serves()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "GET /api HTTP/1.0\r\nHost: %s\r\n\r\n", g.at)
	answer := make([]byte, 64)
	if read, _ := conn.Read(answer); !strings.Contains(string(answer[:read]), " 200 ") {
		g.n.t.Errorf("%s: a new connection is answered %q", what, answer[:read])
	}
	if now := g.m.gateways(); now != g.before {
		g.n.t.Errorf("%s: the gateways are %q, were %q", what, now, g.before)
	}
}

// 150 clients without a token send 8,000 header lines of five bytes each, again
// and again for ten seconds: the gateway was killed for memory, and with it
// everybody's WebSockets (21).
func TestHeadersOfStrangers(t *testing.T) {
	t.Parallel()
	g := newModel(t).guarded()
	var header strings.Builder
	header.WriteString("GET /lab HTTP/1.1\r\nHost: x\r\n")
	for i := range 8000 {
		fmt.Fprintf(&header, "%c%c:\r\n", 'a'+i%26, 'a'+i/26%26)
	}
	over := time.Now().Add(10 * time.Second)
	var clients sync.WaitGroup
	for range 150 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for time.Now().Before(over) {
				conn, err := net.DialTimeout("tcp", g.at, 5*time.Second)
				if err != nil {
					return
				}
				_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
				_, _ = conn.Write([]byte(header.String()))
				time.Sleep(time.Second) // it stays unfinished, as long as it may
				_, _ = conn.Write([]byte("\r\n"))
				_, _ = conn.Read(make([]byte, 512))
				conn.Close()
			}
		}()
	}
	time.Sleep(3 * time.Second)
	g.unharmed("while strangers send headers")
	clients.Wait()
	g.unharmed("after it")
}

// One client holds 2,200 connections over which it asks once and then for nothing: it locked
// everybody out (21).
func TestIdleConnectionsOfAStranger(t *testing.T) {
	t.Parallel()
	g := newModel(t).guarded()
	var held []net.Conn
	defer func() {
		for _, conn := range held {
			conn.Close()
		}
	}()
	for until := time.Now().Add(20 * time.Second); len(held) < 2200 && time.Now().Before(until); {
		conn, err := net.DialTimeout("tcp", g.at, time.Second)
		if err != nil {
			continue
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		fmt.Fprintf(conn, "GET /api HTTP/1.1\r\nHost: %s\r\n\r\n", g.at) // it may stay longer for it
		held = append(held, conn)
	}
	if len(held) < 1500 {
		t.Fatalf("only %d connections could be made", len(held))
	}
	t.Logf("%d idle connections", len(held))
	g.unharmed("while one client holds its connections")
}
