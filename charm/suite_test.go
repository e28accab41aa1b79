package charm

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

func TestPackage(t *testing.T) { TestingT(t) }

// hush is a value that nobody may read in a log or a status.
const hush = "top-secret"

// world stands in for Juju's hook tools: it prints answers and keeps what is
// written. Of several answers the one for the longest beginning of a call counts;
// tools are asked side by side.
type world struct {
	answers map[string]string
	fails   map[string]error

	mu      sync.Mutex
	calls   []string
	written []string
	hidden  []string
	logged  []string
}

// writers are the tools that write.
var writers = []string{"status-set", "application-version-set", "open-port", "close-port", "relation-set", "secret-add", "secret-set",
	"action-set", "action-fail", "action-log"}

func (w *world) Run(_ context.Context, tool string, args ...string) ([]byte, error) {
	call := tool + " " + strings.Join(args, " ")
	w.mu.Lock()
	defer w.mu.Unlock()
	if tool == "juju-log" {
		w.logged = append(w.logged, call)
		return nil, nil
	}
	w.calls = append(w.calls, call)
	if err, ok := longest(w.fails, call); ok {
		return nil, err
	}
	if slices.Contains(writers, tool) {
		if at := strings.Index(call, " --file "); at >= 0 { // named at random
			call = call[:at]
		}
		w.written = append(w.written, call)
		w.remember(tool, args)
	}
	text, _ := longest(w.answers, call)
	return []byte(text), nil
}

// RunHidden keeps the call apart as well: no process list may show it.
func (w *world) RunHidden(ctx context.Context, tool string, args ...string) ([]byte, error) {
	w.hidden = append(w.hidden, tool+" "+strings.Join(args, " "))
	return w.Run(ctx, tool, args...)
}

// remember lets the next hook read what was written.
func (w *world) remember(tool string, args []string) {
	var ports []string
	_ = json.Unmarshal([]byte(w.answers["opened-ports"]), &ports) // of the test's own
	switch tool {
	case "status-set":
		w.answers["status-get"] = encode(juju.Status{Status: args[0], Message: args[1]})
	case "open-port":
		w.answers["opened-ports"] = encode(append(ports, args[0]))
	case "close-port":
		w.answers["opened-ports"] = encode(slices.DeleteFunc(ports, func(p string) bool { return p == args[0] }))
	case "relation-set":
		bag, call := map[string]string{}, "relation-get --format=json -r "+args[1]+" - nb/0"
		_ = json.Unmarshal([]byte(w.answers[call]), &bag) // of the test's own
		for _, pair := range args[2:] {
			key, value, _ := strings.Cut(pair, "=")
			if bag[key] = value; value == "" {
				delete(bag, key)
			}
		}
		w.answers[call] = encode(bag)
	}
}

func encode(v any) string {
	text, _ := json.Marshal(v) // plain values
	return string(text)
}

// wrote returns what was written since it was asked last.
func (w *world) wrote() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.written
	w.written = nil
	return out
}

// called reports whether a tool was called.
func (w *world) called(tool string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.calls, func(call string) bool { return strings.HasPrefix(call, tool+" ") })
}

func longest[T any](of map[string]T, call string) (found T, ok bool) {
	keys := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return len(b) - len(a) })
	for _, prefix := range keys {
		if strings.HasPrefix(call, prefix) {
			return of[prefix], true
		}
	}
	return found, false
}

// refusedBy is what a hook tool says that does not do as it is told.
func refusedBy(tool, stderr string) error {
	return &juju.ToolError{Tool: tool, Code: 1, Stderr: stderr}
}

// proxied is a setting of the model that nobody asked the unit for.
var proxied = notebook.Proxy{HTTP: "http://proxy:3128"}

var errBroken = errors.New("cannot run it: broken")

// options are the options as config.yaml has them.
func options() map[string]any {
	return map[string]any{
		"jupyter-image": "team/nb:1", "port": 8888, "base-url": "/", "command": "", "environment": "", "memory-limit": "", "cpu-limit": "",
		"shm-size": "", "network-mode": "bridge", "switch-when": "now", "executor-python": "python3", "driver-ports": 28000,
		"version-check": "enforce", "idle-minutes": 60, "pids-limit": 16384, "allow-sudo": false, "start-timeout": 300, "pull-timeout": 3600,
		"idle-cull-minutes": 0, "log-level": "INFO",
	}
}

// settle sets options over the usual ones.
func (w *world) settle(pairs ...any) {
	all := options()
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i].(string)] = pairs[i+1]
	}
	w.answers["config-get"] = encode(all)
}

// usual is what Juju says of a leader in order: two proxies, no cluster.
func usual() *world {
	w := &world{answers: map[string]string{
		"is-leader": "true", "storage-list": "[]", "opened-ports": "null", "status-get": `{"status":"active","message":"m"}`,
		"network-get":                                         network("eth0 127.0.0.1", "10.0.0.1"),
		"relation-ids --format=json webs":                     `["website:1","website:2"]`,
		"relation-ids --format=json peer":                     `["peers:0"]`,
		"relation-list --format=json -r ":                     `["haproxy/0"]`,
		"relation-get --format=json -r website:1 - haproxy/0": `{"private-address":"10.0.0.9"}`,
		"relation-get --format=json -r website:2 - haproxy/0": `{"private-address":"10.0.0.8"}`,
		"relation-get --format=json -r website:1 - nb/0":      `{"private-address":"10.0.0.1"}`,
		"secret-get": `{"token":"` + hush + `","cookie-secret":"k","revision":"3"}`,
		"secret-ids": `["secret:1"]`, "secret-info-get": `{"1":{"label":"notebook-token"}}`,
	}, fails: map[string]error{}}
	w.settle()
	return w
}

// network is what network-get prints: addresses are "interface address", separated
// by commas, as ingress addresses are.
func network(addresses, ingress string) string {
	var bind []object
	for _, pair := range strings.Split(addresses, ",") {
		name, address, _ := strings.Cut(strings.TrimSpace(pair), " ")
		bind = append(bind, object{"interface-name": name, "addresses": []object{{"value": address}}})
	}
	return encode(object{"bind-addresses": bind, "ingress-addresses": strings.Split(ingress, ",")})
}

// noSpace is what network-get says of a binding whose space the machine has not.
var noSpace = refusedBy("network-get", `ERROR no network config found for binding "website"`)

// shown is what a tool wrote last, "" for nothing.
func shown(written []string, tool string) (last string) {
	for _, call := range written {
		if rest, ok := strings.CutPrefix(call, tool+" "); ok {
			last = rest
		}
	}
	return last
}

// checkShort reports messages that do not fit a status.
func checkShort(c *C, summary, message string) {
	c.Check(len([]rune(message)) <= 250, Equals, true, Commentf("%s: %d characters: %s", summary, len([]rune(message)), message))
}
