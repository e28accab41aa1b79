package juju_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"net"
	"net/rpc"
	"path/filepath"
	"slices"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/juju"
)

type agentSuite struct{}

var _ = Suite(agentSuite{})

// Request36 is Juju 3.6's request, Request40 the same without a token.
type Request36 struct {
	ContextId, Dir, CommandName string
	Args                        []string
	StdinSet                    bool
	Stdin                       []byte
	Token                       string
}

type Request40 struct {
	ContextId, Dir, CommandName string
	Args                        []string
	StdinSet                    bool
	Stdin                       []byte
}

type ExecResponse struct {
	Code           int
	Stdout, Stderr []byte
}

// jujuc36 answers by the name of the tool, and keeps what it was asked.
type jujuc36 struct{ asked *[]Request36 }

func (j jujuc36) Main(r Request36, out *ExecResponse) error {
	*j.asked = append(*j.asked, r)
	switch r.CommandName {
	case "refuses":
		*out = ExecResponse{Code: 1, Stdout: []byte("no"), Stderr: []byte("ERROR not running an action\n")}
	case "unknown":
		return errors.New("bad request: unknown command: unknown")
	case "hangs":
		time.Sleep(time.Minute)
	}
	out.Stdout = []byte("printed")
	return nil
}

type jujuc40 struct{ asked *[]Request40 }

func (j jujuc40) Main(r Request40, out *ExecResponse) error {
	*j.asked = append(*j.asked, r)
	return nil
}

// serve answers at a unix socket under the name that Juju gives its service.
func serve(c *C, service any) Agent {
	server := rpc.NewServer()
	c.Assert(server.RegisterName("Jujuc", service), IsNil)
	l, err := net.Listen("unix", filepath.Join(c.MkDir(), "s"))
	c.Assert(err, IsNil)
	go server.Accept(l)
	env := map[string]string{"JUJU_AGENT_SOCKET_NETWORK": "unix", "JUJU_AGENT_SOCKET_ADDRESS": l.Addr().String(),
		"JUJU_CONTEXT_ID": "nb/0-get-token-1", "JUJU_CHARM_DIR": "/charm", "JUJU_AGENT_TOKEN": "t"}
	return ParseAgent(func(name string) string { return env[name] })
}

func (agentSuite) TestAsksAsTheToolsDo(c *C) {
	var asked []Request36
	agent := serve(c, jujuc36{&asked})
	out, err := agent.Run(context.Background(), "action-set", "token=secret")
	c.Assert(err, IsNil)
	c.Check(string(out), Equals, "printed")
	want := Request36{ContextId: "nb/0-get-token-1", Dir: "/charm", CommandName: "action-set", Args: []string{"token=secret"}, Token: "t"}
	c.Check(asked, DeepEquals, []Request36{want})

	var asked40 []Request40
	_, err = serve(c, jujuc40{&asked40}).Run(context.Background(), "action-set", "token=secret")
	c.Assert(err, IsNil)
	c.Check(asked40, DeepEquals, []Request40{{ContextId: want.ContextId, Dir: want.Dir, CommandName: want.CommandName, Args: want.Args}})
}

// TestRefused: what is refused is told in words, and no words hold the secret.
func (agentSuite) TestRefused(c *C) {
	var asked []Request36
	agent := serve(c, jujuc36{&asked})
	gone := agent
	gone.Address += "-gone"
	kubernetes := agent
	kubernetes.Network = "tcp"
	hung, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	for _, test := range []struct {
		summary string
		agent   Agent
		ctx     context.Context
		tool    string
		err     string
	}{
		{"the tool fails", agent, context.Background(), "refuses", "cannot run refuses: exit status 1: not running an action"},
		{"the agent does not know the tool", agent, context.Background(), "unknown", "cannot run unknown inside Juju's agent: bad request: unknown command: unknown"},
		{"nobody listens", gone, context.Background(), "action-set", "cannot run action-set inside Juju's agent: dial unix .*: no such file or directory"},
		{"not a machine", kubernetes, context.Background(), "action-set", `cannot run action-set inside Juju's agent: it listens by "tcp", not at a unix socket`},
		{"outside a hook", Agent{}, context.Background(), "action-set", `cannot run action-set inside Juju's agent: it listens by "", not at a unix socket`},
		{"the agent hangs", agent, hung, "hangs", "cannot run hangs inside Juju's agent: context deadline exceeded"},
		{"another service", serve(c, new(other)), context.Background(), "action-set", "cannot run action-set inside Juju's agent: rpc: can't find method Jujuc.Main"},
	} {
		_, err := test.agent.Run(test.ctx, test.tool, "token=secret")
		c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
	}
}

type other struct{}

func (*other) Other(int, *int) error { return nil }

// TestHidden: what is hidden goes to the agent, by whichever runner.
func (agentSuite) TestHidden(c *C) {
	var asked []Request36
	tools := NewTools(context.Background(), Exec{Agent: serve(c, jujuc36{&asked})})
	c.Assert(tools.SetSecretResults(map[string]string{"token": "secret"}), IsNil)
	c.Assert(asked, HasLen, 1)
	c.Check(slices.Concat([]string{asked[0].CommandName}, asked[0].Args), DeepEquals, []string{"action-set", "token=secret"})
}

// TestWire holds the bytes on the wire against the names that Juju's types have.
func (agentSuite) TestWire(c *C) {
	l, err := net.Listen("unix", filepath.Join(c.MkDir(), "s"))
	c.Assert(err, IsNil)
	got := make(chan map[string]bool, 1)
	go func() {
		conn, err := l.Accept()
		c.Check(err, IsNil)
		defer conn.Close()
		var sent bytes.Buffer
		decoder := gob.NewDecoder(readBoth{conn, &sent})
		var header rpc.Request
		var body Request36
		c.Check(decoder.Decode(&header), IsNil)
		c.Check(header.ServiceMethod, Equals, "Jujuc.Main")
		c.Check(decoder.Decode(&body), IsNil)
		names := map[string]bool{}
		for _, name := range []string{"ContextId", "Dir", "CommandName", "Args", "StdinSet", "Stdin", "Token"} {
			names[name] = bytes.Contains(sent.Bytes(), []byte(name))
		}
		got <- names
	}()
	agent := Agent{Network: "unix", Address: l.Addr().String(), Dir: "/charm"}
	_, err = agent.Run(context.Background(), "action-set", "token=secret")
	c.Check(err, ErrorMatches, "cannot run action-set inside Juju's agent: .*") // it hung up
	for name, sent := range <-got {
		c.Check(sent, Equals, true, Commentf(name))
	}
}

// readBoth keeps what is read.
type readBoth struct {
	net.Conn
	sent *bytes.Buffer
}

func (r readBoth) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.sent.Write(b[:n])
	return n, err
}
