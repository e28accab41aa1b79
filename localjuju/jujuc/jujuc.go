// Package jujuc is how a hook tool, or a charm itself, calls the agent: by net/rpc
// over a unix socket, to the letter of Juju 4.0's own (3.6 has one more field, which
// is empty on a machine).
package jujuc

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
)

// Request is one call of a hook tool.
type Request struct {
	ContextId   string // of the hook or action that runs
	Dir         string // the caller's, absolute
	CommandName string
	Args        []string
	// StdinSet tells that Stdin is the caller's, though it may be empty.
	StdinSet bool
	Stdin    []byte
}

// Response is what came of it.
type Response struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// ErrNoStdin is the answer to a call that turns out to need standard input: the
// caller reads its own and calls again.
var ErrNoStdin = errors.New("hook tool requires stdin, none supplied")

// service is what net/rpc makes callable, as Jujuc.Main.
type service struct {
	handle func(Request) (Response, error)
}

// Main answers one call. One that goes wrong does not end the agent.
func (s *service) Main(r Request, out *Response) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("localjuju: %v", p)
		}
	}()
	switch {
	case r.CommandName == "":
		return errors.New("bad request: command not specified")
	case !filepath.IsAbs(r.Dir):
		return errors.New("bad request: Dir is not absolute")
	}
	*out, err = s.handle(r)
	return err
}

// Serve answers calls until the listener is closed.
func Serve(l net.Listener, handle func(Request) (Response, error)) error {
	server := rpc.NewServer()
	if err := server.RegisterName("Jujuc", &service{handle}); err != nil {
		return fmt.Errorf("cannot serve hook tools: %v", err)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return nil
		}
		go server.ServeConn(conn)
	}
}

// Run is a hook tool: it calls the agent that its environment names, and gives the
// exit code.
func Run(name string, args []string, getenv func(string) string) (int, error) {
	for _, needed := range []string{"JUJU_CONTEXT_ID", "JUJU_AGENT_SOCKET_ADDRESS", "JUJU_AGENT_SOCKET_NETWORK"} {
		if getenv(needed) == "" {
			return 1, fmt.Errorf("%s not set", needed)
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		return 1, err
	}
	client, err := rpc.Dial(getenv("JUJU_AGENT_SOCKET_NETWORK"), getenv("JUJU_AGENT_SOCKET_ADDRESS"))
	if err != nil {
		return 1, err
	}
	defer client.Close()
	r := Request{ContextId: getenv("JUJU_CONTEXT_ID"), Dir: dir, CommandName: name, Args: args}
	var out Response
	err = client.Call("Jujuc.Main", r, &out)
	if err != nil && err.Error() == ErrNoStdin.Error() {
		if r.Stdin, err = io.ReadAll(os.Stdin); err != nil {
			return 1, fmt.Errorf("cannot read stdin: %v", err)
		}
		r.StdinSet = true
		err = client.Call("Jujuc.Main", r, &out)
	}
	if err != nil {
		return 1, err
	}
	os.Stdout.Write(out.Stdout)
	os.Stderr.Write(out.Stderr)
	return out.Code, nil
}
