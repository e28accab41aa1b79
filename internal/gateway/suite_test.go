package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"gopkg.in/check.v1"
)

// helperDir makes this test binary a gateway, so that tests have real processes
// to kill and to hand over between.
const (
	helperDir     = "GATEWAY_TEST_DIR"
	helperProgram = "GATEWAY_TEST_PROGRAM"
)

func TestMain(m *testing.M) {
	dir := os.Getenv(helperDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := Run(ctx, dir, os.Getenv(helperProgram), os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func Test(t *testing.T) { check.TestingT(t) }

// process is a gateway in a process of its own.
type process struct {
	*exec.Cmd
	ended chan error
}

func startProcess(c *check.C, dir, program string) *process {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperDir+"="+dir, helperProgram+"="+program)
	cmd.Stderr = logTo(c, program)
	c.Assert(cmd.Start(), check.IsNil)
	p := &process{Cmd: cmd, ended: make(chan error, 1)}
	go func() { p.ended <- cmd.Wait() }()
	return p
}

// end sends a signal and waits until the process is gone.
func (p *process) end(c *check.C, s os.Signal) {
	_ = p.Process.Signal(s) // it may have ended already
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		c.Fatal("the gateway does not end")
	}
}

// logTo shows a gateway's log with the failing test's own.
func logTo(c *check.C, who string) io.Writer {
	r, w := io.Pipe()
	go func() {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			c.Logf("%s: %s", who, lines.Text())
		}
	}()
	return w
}

// testLimits are short enough for a test to meet them.
func testLimits() limits {
	return limits{
		header: 300 * time.Millisecond, idle: 10 * time.Second, headerBytes: 64 << 10, headerLines: 256, headers: 32 << 20,
		connections: 512, guard: 50 * time.Millisecond,
	}
}

// startHere runs a gateway in this process; call stop to end it.
func startHere(c *check.C, dir, program string) (client *Client, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, dir, program, logTo(c, program), testLimits()) }()
	await(c, dir, program)
	return Dial(dir), func() {
		cancel()
		c.Check(<-ended, check.IsNil)
	}
}

// await waits until program is in charge of dir.
func await(c *check.C, dir, program string) Status {
	var status Status
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if status, err = Dial(dir).Status(context.Background()); err == nil && status.Program == program && !status.Draining {
			return status
		}
	}
	c.Fatalf("%s is not in charge: %v, %v", program, status, err)
	return status
}

func set(c *check.C, client *Client, s State) Status {
	status, err := client.Set(context.Background(), s)
	c.Assert(err, check.IsNil)
	return status
}

// freeAddress is one of loopback that nobody has. It lies below the ports that the
// kernel hands out: one of those was taken by another package's tests before the
// gateway came to it.
func freeAddress(c *check.C) string {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(8000))
		if l, err := net.Listen("tcp", address); err == nil {
			c.Assert(l.Close(), check.IsNil)
			return address
		}
	}
	c.Fatal("no port is free")
	return ""
}

// upstream is a notebook server of sorts: it names itself, echoes bodies and
// what comes over an upgraded connection, and dribbles.
func upstream(name string) *httptest.Server {
	mux := http.NewServeMux()
	for _, base := range []string{"", "/team"} {
		mux.HandleFunc(base+"/api/contents", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	}
	mux.HandleFunc("/headers", func(w http.ResponseWriter, r *http.Request) { _ = r.Header.Write(w) })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(time.Second)
		fmt.Fprint(w, name)
	})
	mux.HandleFunc("/stream", stream)
	mux.HandleFunc("/ws", echoSocket)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, known := mux.Handler(r); known != "" {
			mux.ServeHTTP(w, r)
			return
		}
		w.Header().Set("X-Seen", fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Host))
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, name)
	}))
}

// stream writes a line and then keeps the answer open.
func stream(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "line")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func echoSocket(w http.ResponseWriter, _ *http.Request) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_, _ = io.Copy(conn, buffered)
}

func host(s *httptest.Server) string { return s.Listener.Addr().String() }

// socket is an upgraded connection through the gateway.
type socket struct {
	net.Conn
	in *bufio.Reader
}

func openSocket(c *check.C, address string) *socket {
	conn, err := net.Dial("tcp", address)
	c.Assert(err, check.IsNil)
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: notebook\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	s := &socket{Conn: conn, in: bufio.NewReader(conn)}
	answer, err := http.ReadResponse(s.in, nil)
	c.Assert(err, check.IsNil)
	c.Assert(answer.StatusCode, check.Equals, http.StatusSwitchingProtocols)
	c.Assert(answer.Header.Get("Connection"), check.Equals, "Upgrade")
	return s
}

// says sends a line and wants it back.
func (s *socket) says(c *check.C, line string) {
	_ = s.SetDeadline(time.Now().Add(5 * time.Second))
	_, err := fmt.Fprintln(s, line)
	c.Assert(err, check.IsNil)
	back, err := s.in.ReadString('\n')
	c.Assert(err, check.IsNil)
	c.Assert(strings.TrimSpace(back), check.Equals, line)
}

// get asks over one raw connection, without any retry.
func get(conn net.Conn, in *bufio.Reader, path string) (body string, last bool, err error) {
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: notebook\r\n\r\n", path); err != nil {
		return "", false, err
	}
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return "", false, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %s", answer.Status)
	}
	return string(content), answer.Close, err
}
