package gateway

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// The two differ by what the gateway costs a request on a kept connection.
// Client, gateway and upstream share the machine, as on a docker host.

func BenchmarkDirect(b *testing.B) {
	server := answering()
	defer server.Close()
	asks(b, host(server))
}

func BenchmarkThroughGateway(b *testing.B) {
	server := answering()
	defer server.Close()
	f := newFront(standardLimits(), log.New(io.Discard, "", 0), nil)
	p := newProxy(f.server.ErrorLog)
	p.point(host(server))
	f.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.serve(w, r, func() bool { return false })
	})
	f.server.ConnContext = func(ctx context.Context, _ net.Conn) context.Context { return ctx }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = f.server.Serve(l) }()
	defer f.server.Close()
	asks(b, l.Addr().String())
}

func answering() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"version": "2.21.1"}`)
	}))
}

func asks(b *testing.B, address string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := get(conn, in, "/api"); err != nil {
			b.Fatal(err)
		}
	}
}
