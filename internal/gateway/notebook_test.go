package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gopkg.in/check.v1"
)

// notebookAt is a server of sorts at the socket of a notebook's folder.
func notebookAt(c *check.C, dir, name string, handler http.Handler) *httptest.Server {
	path := filepath.Join(dir, runName, name)
	c.Assert(os.MkdirAll(path, 0o750), check.IsNil)
	l, err := (&directory{path: path, file: opened(c, path)}).listen(socketName)
	c.Assert(err, check.IsNil)
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = l
	server.Start()
	return server
}

func opened(c *check.C, path string) *os.File {
	file, err := os.Open(path)
	c.Assert(err, check.IsNil)
	return file
}

// named answers with a name, and refuses strangers.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/api/contents") && r.Header.Get("Authorization") == "":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/ws":
			echoSocket(w, r)
		default:
			fmt.Fprint(w, name)
		}
	})
}

// What stands in a notebook's folder is its user's: it may lead anywhere.
func (*stateSuite) TestDialNotebookFollowsNoLink(c *check.C) {
	dir := filepath.Join(c.MkDir(), strings.Repeat("long", 30)) // past the 108 bytes of a socket's path
	server := notebookAt(c, dir, "good", named("good"))
	defer server.Close()
	run := filepath.Join(dir, runName)
	for _, name := range []string{"file", "link", "empty"} {
		c.Assert(os.Mkdir(filepath.Join(run, name), 0o750), check.IsNil)
	}
	c.Assert(os.WriteFile(filepath.Join(run, "file", socketName), nil, 0o600), check.IsNil)
	c.Assert(os.Symlink("../good/"+socketName, filepath.Join(run, "link", socketName)), check.IsNil)
	c.Assert(os.Symlink("good", filepath.Join(run, "folder")), check.IsNil)
	other := c.MkDir()
	c.Assert(os.Symlink(run, filepath.Join(other, runName)), check.IsNil)
	for _, test := range []struct{ summary, dir, name, err string }{
		{"a socket", dir, "good", ""},
		{"nothing there", dir, "empty", "cannot reach the notebook: .*no such file or directory"},
		{"no folder", dir, "none", "cannot reach the notebook: .*no such file or directory"},
		{"a file", dir, "file", "cannot reach the notebook: .*it is no socket"},
		{"a link to a socket", dir, "link", "cannot reach the notebook: .*it is no socket"},
		{"a link to a folder", dir, "folder", "cannot reach the notebook: .*not a directory"},
		{"a link to all folders", other, "good", "cannot reach the notebook: .*not a directory"},
		{"a path", dir, "good/../good", "cannot reach the notebook: .*not the name of a notebook's folder"},
		{"its parent", dir, "..", "cannot reach the notebook: .*not the name of a notebook's folder"},
	} {
		conn, err := DialNotebook(context.Background(), test.dir, test.name)
		if test.err != "" {
			c.Check(err, check.ErrorMatches, test.err, check.Commentf(test.summary))
			continue
		}
		c.Assert(err, check.IsNil, check.Commentf(test.summary))
		conn.Close()
	}
	_, err := DialNotebook(context.Background(), dir, "empty")
	c.Check(errors.Is(err, os.ErrNotExist), check.Equals, true)
}

func (*stateSuite) TestCheckNotebooksName(c *check.C) {
	for _, test := range []struct{ summary, name, err string }{
		{"a folder", "a-0123456789ab", ""},
		{"elsewhere", "../a", `cannot forward to "unix:../a": "../a" is not the name of a notebook's folder`},
		{"further down", "a/b", `cannot forward to .*`},
		{"the folder of all", ".", `cannot forward to .*`},
		{"none", "", `cannot forward to .*`},
		{"cut short", "a\x00b", `cannot forward to .*`},
	} {
		got, err := State{Upstream: unixPrefix + test.name, Container: "c"}.check()
		if test.err != "" {
			c.Check(err, check.ErrorMatches, test.err, check.Commentf(test.summary))
			continue
		}
		c.Check(err, check.IsNil, check.Commentf(test.summary))
		c.Check(got.Upstream, check.Equals, unixPrefix+test.name)
	}
}

// A server whose queue is full is waited for: the kernel says EAGAIN at once.
func (*stateSuite) TestDialNotebookWaitsForTheQueue(c *check.C) {
	dir := c.MkDir()
	path := filepath.Join(dir, runName, "n")
	c.Assert(os.MkdirAll(path, 0o750), check.IsNil)
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	c.Assert(err, check.IsNil)
	defer syscall.Close(fd)
	c.Assert(syscall.Bind(fd, &syscall.SockaddrUnix{Name: filepath.Join(path, socketName)}), check.IsNil)
	c.Assert(syscall.Listen(fd, 0), check.IsNil)
	first, err := DialNotebook(context.Background(), dir, "n")
	c.Assert(err, check.IsNil)
	defer first.Close()
	go func() {
		time.Sleep(100 * time.Millisecond)
		if taken, _, err := syscall.Accept(fd); err == nil {
			defer syscall.Close(taken)
			time.Sleep(time.Second)
		}
	}()
	second, err := DialNotebook(context.Background(), dir, "n")
	c.Assert(err, check.IsNil)
	second.Close()
}

// The way to a notebook is its own folder's: whoever took its former port is not
// sent a token, and another container's socket is not its.
func (s *gatewaySuite) TestForwardsToASocket(c *check.C) {
	one, two := notebookAt(c, s.dir, "a-1", named("one")), notebookAt(c, s.dir, "b-2", named("two"))
	defer one.Close()
	defer two.Close()
	state := s.state("unix:a-1")
	state.Container = "first"
	c.Check(set(c, s.client, state).State, check.DeepEquals, State{
		Listen: state.Listen, Upstream: "unix:a-1", Container: "first", Trusted: nil})
	_, body := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Equals, "one")
	socket := openSocket(c, s.address)
	defer socket.Close()
	state.Upstream, state.Container = "unix:b-2", "second"
	c.Check(set(c, s.client, state).Loads, check.DeepEquals, map[string]Load{"unix:a-1": {WebSockets: 1}})
	socket.says(c, "still here")
	_, body = s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Equals, "two")
	two.Close()
	answer, _ := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(answer.StatusCode, check.Equals, 503)
	stored, err := ReadState(s.dir)
	c.Assert(err, check.IsNil)
	c.Check(stored.Container, check.Equals, "second")
}

// A gateway of before knows no containers: what one leaves is read, and what it
// is left without one, it can read.
func (*stateSuite) TestRecordOfBefore(c *check.C) {
	const before = `{"listen":["127.0.0.1:80"],"upstream":"127.0.0.1:19000","trusted":null,"basePath":"/","owner":"old"}`
	dir := c.MkDir()
	c.Assert(os.WriteFile(filepath.Join(dir, stateName), []byte(before), 0o600), check.IsNil)
	state, err := ReadState(dir)
	c.Assert(err, check.IsNil)
	c.Check(state, check.DeepEquals, State{Listen: []string{"127.0.0.1:80"}, Upstream: "127.0.0.1:19000", BasePath: "/"})
	_, err = state.check()
	c.Check(err, check.IsNil)
	written, err := json.Marshal(record{State: state, Owner: "old"})
	c.Assert(err, check.IsNil)
	c.Check(string(written), check.Equals, before)
	var passed offer
	c.Assert(json.Unmarshal([]byte(strings.TrimSuffix(before, "}")+`,"sockets":["127.0.0.1:80"]}`), &passed), check.IsNil)
	c.Check(passed.State, check.DeepEquals, state)
	c.Check(passed.refusal(), check.IsNil)
}
