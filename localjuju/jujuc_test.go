package main

import (
	"net/rpc"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jupyter-docker/jupyter-docker/localjuju/jujuc"
)

// TestAgentSocket calls the agent as Juju's hook tools do, from a program that is
// none: by the address in a hook's environment.
func TestAgentSocket(t *testing.T) {
	j := start(t)
	j.run("model-config", "logging-config=<root>=DEBUG")
	log := filepath.Join(j.dir, "seen")
	j.run("deploy", j.pack("probe", nil), "--config",
		"do=echo $JUJU_CONTEXT_ID $JUJU_AGENT_SOCKET_NETWORK $JUJU_AGENT_SOCKET_ADDRESS >"+log+".new; mv "+log+".new "+log+"; sleep 3")
	words := strings.Fields(j.file(log))
	if len(words) != 3 {
		t.Fatalf("a hook saw %q", words)
	}
	client, err := rpc.Dial(words[1], words[2])
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	good := jujuc.Request{ContextId: words[0], Dir: "/", CommandName: "juju-log", Args: []string{"only", "words"}}
	for _, test := range []struct {
		summary          string
		change           func(*jujuc.Request)
		err, out, stderr string
		code             int
	}{
		{"a tool that writes", func(*jujuc.Request) {}, "", "", "", 0},
		{"a tool that reads", func(r *jujuc.Request) { r.CommandName, r.Args = "is-leader", []string{"--format=json"} }, "", "true\n", "", 0},
		{"bad usage", func(r *jujuc.Request) { r.CommandName = "is-leader" }, "", "", "ERROR unrecognized args: [\"only\" \"words\"]\n", 2},
		{"standard input is asked for", func(r *jujuc.Request) { r.CommandName, r.Args = "state-set", []string{"--file", "-"} }, "hook tool requires stdin, none supplied", "", "", 0},
		{"and given", func(r *jujuc.Request) {
			r.CommandName, r.Args, r.StdinSet, r.Stdin = "state-set", []string{"--file", "-"}, true, []byte("a: b\n")
		}, "", "", "", 0},
		{"which was heeded", func(r *jujuc.Request) { r.CommandName, r.Args = "state-get", []string{"a"} }, "", "b", "", 0},
		{"no folder", func(r *jujuc.Request) { r.Dir = "" }, "bad request: Dir is not absolute", "", "", 0},
		{"no tool", func(r *jujuc.Request) { r.CommandName = "" }, "bad request: command not specified", "", "", 0},
		{"another context", func(r *jujuc.Request) { r.ContextId = "x" }, `bad request: bad context: expected a running hook, got "x"`, "", "", 0},
	} {
		request := good
		test.change(&request)
		var got jujuc.Response
		err := client.Call("Jujuc.Main", request, &got)
		if said := text(err); said != test.err || got.Code != test.code || strings.TrimSpace(string(got.Stdout)) != strings.TrimSpace(test.out) ||
			string(got.Stderr) != test.stderr {
			t.Errorf("%s: %q, %d, %q, %q", test.summary, said, got.Code, got.Stdout, got.Stderr)
		}
	}
	j.wait("probe/0", "active", "ready")
	said := j.run("debug-log", "--replay", "--no-tail")
	if !strings.Contains(said, `running hook tool "juju-log" for `+words[0]) || !strings.Contains(said, "only words") {
		t.Errorf("the log says nothing of the tools: %s", said)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
