package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type execSuite struct{}

var _ = Suite(&execSuite{})

// executing is an engine behind a socket, whose programs do what run does.
func executing(c *C, exit int, run func(in io.Reader, out, errs io.Writer)) (e *Engine, asked func() map[string]any, end func()) {
	path := filepath.Join(c.MkDir(), "engine.sock")
	l, err := net.Listen("unix", path)
	c.Assert(err, IsNil)
	body := map[string]any{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1.41/containers/id/exec", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&body)
		w.WriteHeader(201)
		fmt.Fprint(w, `{"Id":"e1"}`)
	})
	mux.HandleFunc("POST /v1.41/containers/gone/exec", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(404)
		fmt.Fprint(w, `{"message":"no such container"}`)
	})
	mux.HandleFunc("POST /v1.41/exec/e1/start", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		run(buffered, stdcopy.NewStdWriter(conn, stdcopy.Stdout), stdcopy.NewStdWriter(conn, stdcopy.Stderr))
	})
	mux.HandleFunc("GET /v1.41/exec/e1/json", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"ID":"e1","ExitCode":%d}`, exit) })
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }() // until it is closed
	e, err = over(notebook.Unit{Name: "nb/1", ModelUUID: model}, "v1", client.WithHost("unix://"+path), client.WithVersion("1.41"))
	c.Assert(err, IsNil)
	return e, func() map[string]any { return body }, func() { _ = server.Close() }
}

// upper answers all of its input at its end.
func upper(in io.Reader, out, errs io.Writer) {
	b, _ := io.ReadAll(in)
	fmt.Fprint(out, strings.ToUpper(string(b)))
	fmt.Fprint(errs, "a complaint\n")
}

func (execSuite) TestExec(c *C) {
	e, asked, end := executing(c, 0, upper)
	defer end()
	var out bytes.Buffer
	c.Assert(e.Exec(context.Background(), "id", "7:8", []string{"run", "x"}, strings.NewReader("said"), &out), IsNil)
	c.Check(out.String(), Equals, "SAID") // it saw the end of its input
	c.Check([]any{asked()["User"], asked()["Cmd"], asked()["Privileged"]}, DeepEquals, []any{"7:8", []any{"run", "x"}, false})
	err := e.Exec(context.Background(), "gone", "", nil, strings.NewReader(""), &out)
	c.Check(err, ErrorMatches, "cannot run a program in the notebook: .*no such container")
}

func (execSuite) TestExecThatFails(c *C) {
	e, _, end := executing(c, 126, upper)
	defer end()
	err := e.Exec(context.Background(), "id", "", nil, strings.NewReader(""), io.Discard)
	c.Check(err, ErrorMatches, "cannot run a program in the notebook: exit status 126: a complaint")
	e, _, silent := executing(c, 137, func(io.Reader, io.Writer, io.Writer) {})
	defer silent()
	err = e.Exec(context.Background(), "id", "", nil, strings.NewReader(""), io.Discard)
	c.Check(err, ErrorMatches, "cannot run a program in the notebook: exit status 137, without a word")
}

// TestExecIsLeft: the program goes on when nobody listens any more.
func (execSuite) TestExecIsLeft(c *C) {
	ended := make(chan struct{})
	e, _, end := executing(c, 0, func(in io.Reader, out, _ io.Writer) {
		fmt.Fprint(out, "begun")
		_, _ = io.ReadAll(in)
		close(ended)
	})
	defer end()
	ctx, cancel := context.WithCancel(context.Background())
	held, release := io.Pipe()
	defer release.Close()
	said, out := io.Pipe()
	left := make(chan error, 1)
	go func() { left <- e.Exec(ctx, "id", "", nil, held, out) }()
	_, err := io.ReadFull(said, make([]byte, len("begun")))
	c.Assert(err, IsNil)
	cancel()
	c.Check(<-left, NotNil)
	select {
	case <-ended: // its input ended with the connection
	case <-time.After(10 * time.Second):
		c.Error(errors.New("the program's input did not end"))
	}
}

// TestHead keeps the beginning, however much comes.
func (execSuite) TestHead(c *C) {
	var h head
	for range 3 {
		n, err := h.Write(bytes.Repeat([]byte("x"), mostHead-1))
		c.Check([]any{n, err}, DeepEquals, []any{mostHead - 1, nil})
	}
	c.Check(h.Len(), Equals, mostHead)
}
