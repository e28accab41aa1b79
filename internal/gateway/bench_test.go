package gateway

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
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
	logger := log.New(io.Discard, "", 0)
	p := newProxy("", logger, logger)
	p.point(target{upstream: host(server)})
	f := newFront(standardLimits(), logger, func(w http.ResponseWriter, r *http.Request, _ *listener) {
		p.serve(w, r, func() bool { return false })
	})
	l, err := bind(address{ip: netip.MustParseAddr("127.0.0.1"), port: 0}, false, f.limit)
	if err != nil {
		b.Fatal(err)
	}
	f.serve(l)
	defer f.server.Close()
	asks(b, l.Addr().String())
}

func answering() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/contents" {
			w.WriteHeader(http.StatusForbidden)
		}
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
