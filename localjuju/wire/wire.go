// Package wire carries commands over the agent's unix socket: the arguments one way,
// output and exit code the other. Hook tools have a socket of their own (jujuc).
package wire

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
)

// Kinds of requests.
const (
	Command = "command" // a command of the command line
	Exec    = "exec"    // juju-exec
	Hello   = "hello"   // which program is the agent?
	Stop    = "stop"    // end the agent, unless a hook runs
)

// Request is one call.
type Request struct {
	Kind string
	Name string
	Args []string
	Cwd  string
	Env  map[string]string
}

// frame is what goes over the socket after the request.
type frame struct {
	Out, Err  []byte `json:",omitempty"`
	In        []byte `json:",omitempty"`
	InError   string `json:",omitempty"`
	WantStdin bool   `json:",omitempty"`
	Done      bool   `json:",omitempty"`
	Code      int    `json:",omitempty"`
}

// Call makes a request of the agent at the socket, and gives the exit code.
func Call(socket string, r Request, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return 1, err
	}
	defer conn.Close()
	enc, dec := json.NewEncoder(conn), json.NewDecoder(bufio.NewReader(conn))
	if err := enc.Encode(r); err != nil {
		return 1, fmt.Errorf("cannot reach the agent: %v", err)
	}
	for {
		var f frame
		if err := dec.Decode(&f); err != nil {
			return 1, fmt.Errorf("the agent hung up: %v", err)
		}
		stdout.Write(f.Out)
		stderr.Write(f.Err)
		if f.WantStdin {
			if err := enc.Encode(readAll(stdin)); err != nil {
				return 1, fmt.Errorf("cannot reach the agent: %v", err)
			}
		}
		if f.Done {
			return f.Code, nil
		}
	}
}

func readAll(r io.Reader) frame {
	data, err := io.ReadAll(r)
	if err != nil {
		return frame{InError: err.Error()}
	}
	return frame{In: data}
}

// Session is a request as its handler sees it. Its context ends when the caller
// goes away.
type Session struct {
	context.Context
	Request
	mu    sync.Mutex
	enc   *json.Encoder
	stdin chan frame
}

// Stdout and Stderr write to the caller.
func (s *Session) Stdout() io.Writer { return stream{s, func(f *frame, b []byte) { f.Out = b }} }

// Stderr writes to the caller's standard error.
func (s *Session) Stderr() io.Writer { return stream{s, func(f *frame, b []byte) { f.Err = b }} }

type stream struct {
	s   *Session
	put func(*frame, []byte)
}

// Write sends one piece of output.
func (w stream) Write(b []byte) (int, error) {
	var f frame
	w.put(&f, b)
	return len(b), w.s.send(f)
}

func (s *Session) send(f frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.enc.Encode(f)
}

// Stdin asks the caller for all of its standard input.
func (s *Session) Stdin() ([]byte, error) {
	if err := s.send(frame{WantStdin: true}); err != nil {
		return nil, err
	}
	select {
	case f := <-s.stdin:
		if f.InError != "" {
			return nil, fmt.Errorf("cannot read standard input: %s", f.InError)
		}
		return f.In, nil
	case <-s.Done():
		return nil, s.Err()
	}
}

// Serve handles requests until the listener is closed.
func Serve(ctx context.Context, l net.Listener, handle func(*Session) int) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go serve(ctx, conn, handle)
	}
}

func serve(ctx context.Context, conn net.Conn, handle func(*Session) int) {
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &Session{Context: ctx, enc: json.NewEncoder(conn), stdin: make(chan frame, 1)}
	dec := json.NewDecoder(bufio.NewReader(conn))
	if err := dec.Decode(&s.Request); err != nil {
		return
	}
	go func() {
		defer cancel()
		for {
			var f frame
			if err := dec.Decode(&f); err != nil {
				return
			}
			s.stdin <- f
		}
	}()
	s.send(frame{Done: true, Code: s.guard(handle)})
}

// guard keeps one bad call from ending the agent.
func (s *Session) guard(handle func(*Session) int) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(s.Stderr(), "ERROR localjuju: %v\n", r)
			code = 1
		}
	}()
	return handle(s)
}
