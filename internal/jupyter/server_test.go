package jupyter_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/jupyter"
)

func TestPackage(t *testing.T) { TestingT(t) }

type serverSuite struct{}

var _ = Suite(&serverSuite{})

// answers are the codes that a server gives to a path, without and with the
// token "t".
type answers struct {
	api           string
	apiCode       int
	without, with int
	kernels       string
	kernelsCode   int
	terminals     string
	terminalsCode int // 0 for a server that has none
	baseURL       string
}

// serve answers like a server whose behaviour the table says; what real ones
// answer is seen in tests/.
func serve(a answers) (*httptest.Server, *Server) {
	if a.baseURL == "" {
		a.baseURL = "/"
	}
	mux := http.NewServeMux()
	mux.HandleFunc(a.baseURL+"api", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(a.apiCode)
		_, _ = w.Write([]byte(a.api))
	})
	mux.HandleFunc(a.baseURL+"api/contents", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "token t" {
			w.WriteHeader(a.with)
			return
		}
		w.Header().Set("Location", a.baseURL+"login")
		w.WriteHeader(a.without)
	})
	mux.HandleFunc(a.baseURL+"login", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc(a.baseURL+"api/kernels", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "token t" {
			a.kernelsCode = http.StatusForbidden
		}
		w.WriteHeader(a.kernelsCode)
		_, _ = w.Write([]byte(a.kernels))
	})
	if a.terminalsCode != 0 {
		mux.HandleFunc(a.baseURL+"api/terminals", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(a.terminalsCode)
			_, _ = w.Write([]byte(a.terminals))
		})
	}
	h := httptest.NewServer(mux)
	return h, New(dialTo(h.Listener.Addr()), a.baseURL, "t")
}

const version = `{"version":"2.21.1"}`

var checkTests = []struct {
	summary string
	server  answers
	want    Health
}{
	{"healthy", answers{api: version, apiCode: 200, without: 403, with: 200}, Health{Healthy: true, Version: "2.21.1"}},
	{"healthy under a base URL", answers{api: version, apiCode: 200, without: 403, with: 200, baseURL: "/team/nb/"},
		Health{Healthy: true, Version: "2.21.1"}},
	{"open to all", answers{api: version, apiCode: 200, without: 200, with: 200}, Health{Open: true, Reason: "it serves without the token"}},
	{"open to all, and does not know ours", answers{api: version, apiCode: 200, without: 200, with: 403},
		Health{Open: true, Reason: "it serves without the token"}},
	{"another token", answers{api: version, apiCode: 200, without: 403, with: 403}, Health{Reason: "/api/contents with the token answers 403"}},
	{"sends to a login page instead of 403", answers{api: version, apiCode: 200, without: 302, with: 200},
		Health{Reason: "/api/contents without the token answers 302"}},
	{"contents broken", answers{api: version, apiCode: 200, without: 500, with: 500}, Health{Reason: "/api/contents with the token answers 500"}},
	{"not there yet", answers{apiCode: 503}, Health{Reason: "/api answers 503"}},
	{"another base URL", answers{apiCode: 404}, Health{Reason: "/api answers 404"}},
	{"another program, in HTML", answers{api: "<html>", apiCode: 200, without: 200, with: 200}, Health{Reason: "what answers is not Jupyter"}},
	{"another program, in JSON", answers{api: `{"ok":true}`, apiCode: 200, without: 200, with: 200}, Health{Reason: "what answers is not Jupyter"}},
	{"another program, in a JSON list", answers{api: `[]`, apiCode: 200, without: 200, with: 200}, Health{Reason: "what answers is not Jupyter"}},
}

func (serverSuite) TestCheck(c *C) {
	for _, test := range checkTests {
		h, s := serve(test.server)
		c.Check(s.Check(context.Background()), Equals, test.want, Commentf(test.summary))
		h.Close()
	}
}

func (serverSuite) TestCheckWhereNothingListens(c *C) {
	h, s := serve(answers{})
	h.Close()
	c.Check(s.Check(context.Background()), Equals, Health{Reason: "nothing answers at its socket"})
}

func (serverSuite) TestCheckOfAServerThatHangs(c *C) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	c.Assert(err, IsNil)
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	got := New(dialTo(l.Addr()), "/", "t").Check(ctx)
	c.Check(got, Equals, Health{Reason: "/api takes too long to answer"})
}
