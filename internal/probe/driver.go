package probe

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

var (
	//go:embed hops.py
	hops string
	//go:embed clues.py
	clues string
	//go:embed driver.py
	driver string
)

// CallbackAsked is what the way back is proved with.
type CallbackAsked struct {
	Seconds int `json:"seconds"`
}

// Code is the program for a kernel.
func (a CallbackAsked) Code() string { return code(a, hops, clues, driver) }

// Step is something that was tried on the cluster.
type Step struct {
	State   string  `json:"state"` // ok, failed, timed out; "" when it was not tried
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error"`
}

// Back is what a task on an executor found.
type Back struct {
	Step
	From   string   `json:"from"`
	Python string   `json:"python"`
	Ports  []string `json:"ports"` // states of the driver's port and the block manager's
}

// Here is how the driver's ports answer the machine of the notebook itself, at
// the address that executors are told.
type Here struct {
	Own       bool           // the address is one of this machine
	Ports     map[int]string // states, as those of a Hop
	Addresses []string       // of this machine
}

// Unpublished tells that a port cannot be reached from anywhere: the machine that
// should publish it refuses it to itself.
func (h Here) Unpublished(port int) bool { return h.Own && h.Ports[port] == "refused" }

// Callback is what was found about the way from executors back to a driver in the notebook.
type Callback struct {
	Way
	Own     string `json:"own"` // name of the container
	Session Step   `json:"session"`

	Host  string `json:"host"` // that executors are told
	RPC   int    `json:"rpc"`  // port of the driver
	Block int    `json:"block"`
	App   string `json:"app"`
	// Unlisted says that a standalone master, by its page, knows no such application.
	Unlisted bool `json:"unlisted"`
	// Loopback says that the host is one at which executors find themselves.
	Loopback bool   `json:"loopback"`
	Python   string `json:"python"` // of the driver, such as "3.11"

	Here Here `json:"-"`

	Executors []string            `json:"executors"` // that registered
	Seen      map[string][]string `json:"seen"`      // port -> addresses that have had a connection to it
	Result    Step                `json:"result"`    // a job in the JVM alone, whose result the driver fetches
	Back      Back                `json:"back"`

	Evidence []string `json:"evidence"` // lines of logs in the cluster
	States   []string `json:"states"`   // what the cluster says of the application
	Notes    []string `json:"notes"`    // what could not be asked
	Done     bool     `json:"done"`
	Log      string   `json:"-"` // what Spark printed in the notebook
}

// Results are the results of the action: a key for each hop, and the verdict.
func (c Callback) Results() map[string]string {
	out := map[string]string{"master": c.Master, "session": c.Session.text()}
	if len(c.Cluster) > 0 {
		var lines []string
		for _, h := range c.Cluster {
			lines = append(lines, h.String())
		}
		out["cluster"] = strings.Join(lines, "\n")
	}
	if c.RPC > 0 {
		out["executor"] = c.executor()
		out["driver-port"] = fmt.Sprintf("%s:%d: %s", c.Host, c.RPC, c.port(0))
	}
	if c.Block > 0 {
		out["block-manager-port"] = fmt.Sprintf("%s:%d: %s", c.Host, c.Block, c.port(1))
		out["result"] = c.Result.text()
		out["python"] = c.pythons()
	}
	for name, lines := range map[string][]string{"evidence": c.Evidence, "cluster-says": c.States, "not-asked": c.Notes} {
		if len(lines) > 0 {
			out[name] = strings.Join(lines[max(0, len(lines)-20):], "\n")
		}
	}
	out["verdict"], _ = c.Verdict()
	return out
}

func (s Step) text() string {
	switch {
	case s.State == "ok":
		return fmt.Sprintf("ok, %.1f s", s.Seconds)
	case s.State == "failed":
		return "failed: " + Telling(s.Error)
	case s.State == "":
		return "not tried"
	}
	return s.State
}

func (c Callback) executor() string {
	switch {
	case c.Back.From != "":
		return fmt.Sprintf("%s, on %s", strings.Join(c.Executors, ", "), c.Back.From)
	case len(c.Executors) > 0:
		return strings.Join(c.Executors, ", ")
	}
	return "none has registered"
}

// port is how one of the driver's ports answers an executor: 0 is the driver's
// own, 1 the block manager's.
func (c Callback) port(n int) string {
	if n < len(c.Back.Ports) {
		return c.Back.Ports[n] + " from " + c.Back.From
	}
	port, proved := c.RPC, len(c.Executors) > 0
	if n == 1 {
		port, proved = c.Block, c.Result.State == "ok"
	}
	seen := c.callers(port)
	switch {
	case proved:
		return "ok, an executor used it"
	case len(seen) > 0:
		return "reached by " + strings.Join(seen, ", ")
	}
	if state := c.dialled(port); state != "" {
		return state
	}
	if c.Here.Ports[port] != "" {
		return "nobody was seen to reach it; from this machine: " + c.Here.Ports[port]
	}
	return "nobody was seen to reach it"
}

// callers are other machines that had a connection to a port.
func (c Callback) callers(port int) (out []string) {
	for _, address := range c.Seen[fmt.Sprint(port)] {
		if !slices.Contains(c.Here.Addresses, address) {
			out = append(out, address)
		}
	}
	return out
}

func (c Callback) pythons() string {
	if c.Back.Python == "" {
		return c.Python + " here; not known of the executors"
	}
	return fmt.Sprintf("%s here, %s on the executor", c.Python, c.Back.Python)
}

// lines are all that was found in logs, the cluster's first.
func (c Callback) lines() []string {
	return slices.Concat(c.Evidence, strings.Split(c.Session.Error, "\n"), strings.Split(c.Result.Error, "\n"),
		strings.Split(c.Back.Error, "\n"), strings.Split(c.Log, "\n"))
}
