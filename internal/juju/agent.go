package juju

import (
	"context"
	"fmt"
	"net"
	"net/rpc"
	"strings"
)

// Agent is the unit's agent, asked as the hook tools ask it: by net/rpc, at the
// socket that it names in a hook's environment. The types are those of Juju 3.6 and
// 4.0 (worker/uniter/runner/jujuc in its source); gob leaves out what one lacks.
type Agent struct {
	Network, Address string // of the socket
	Context          string // the running hook or action
	Dir              string // absolute
	Token            string // 3.6 alone has one, and "" on a machine
}

// ParseAgent reads what the agent says of itself in a hook's environment.
func ParseAgent(getenv func(string) string) Agent {
	return Agent{
		Network: getenv("JUJU_AGENT_SOCKET_NETWORK"), Address: getenv("JUJU_AGENT_SOCKET_ADDRESS"),
		Context: getenv("JUJU_CONTEXT_ID"), Dir: getenv("JUJU_CHARM_DIR"), Token: getenv("JUJU_AGENT_TOKEN"),
	}
}

// request and response are what goes over the socket, by the names that gob knows
// their fields by.
type request struct {
	ContextId   string
	Dir         string
	CommandName string
	Args        []string
	StdinSet    bool
	Stdin       []byte
	Token       string
}

type response struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// Run runs a hook tool inside the agent, so that no process has its arguments.
func (a Agent) Run(ctx context.Context, tool string, args ...string) ([]byte, error) {
	out, err := a.call(ctx, request{ContextId: a.Context, Dir: a.Dir, CommandName: tool, Args: args, Token: a.Token})
	if err != nil {
		return nil, fmt.Errorf("cannot run %s inside Juju's agent: %v", tool, err)
	}
	if out.Code != 0 {
		return nil, &ToolError{Tool: tool, Code: out.Code, Stderr: strings.TrimSpace(string(out.Stderr))}
	}
	return out.Stdout, nil
}

func (a Agent) call(ctx context.Context, r request) (out response, err error) {
	if a.Network != "unix" {
		return out, fmt.Errorf("it listens by %q, not at a unix socket", a.Network)
	}
	conn, err := new(net.Dialer).DialContext(ctx, a.Network, a.Address)
	if err != nil {
		return out, err
	}
	client := rpc.NewClient(conn)
	defer client.Close()
	call := client.Go("Jujuc.Main", r, &out, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return out, call.Error
	case <-ctx.Done():
		return response{}, ctx.Err()
	}
}
