//go:build integration || clusters

// Package stories tells what an operator and a notebook's user live through, on
// a real engine, a real registry and a real Jupyter. A story speaks to Juju only
// through the command that JUJU names, reaches the unit's machine only through
// `juju exec --machine`, and the notebook only at the address that the unit
// reports: so it runs on a real controller too.
package stories

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a story waits for a state, unless it says otherwise.
const patience = 4 * time.Minute

var (
	jujuCommand = os.Getenv("JUJU")
	charmFile   = os.Getenv("CHARM")
	registry    = os.Getenv("REGISTRY")
)

func TestMain(m *testing.M) {
	for name, value := range map[string]string{"JUJU": jujuCommand, "CHARM": charmFile, "REGISTRY": registry} {
		if value == "" {
			fmt.Fprintf(os.Stderr, "cannot run the stories: %s is not set; use make integration\n", name)
			os.Exit(2)
		}
	}
	os.Exit(m.Run())
}

// image is a reference of a test image in the registry.
func image(name string) string { return registry + "/test/" + name + ":1" }

// port hands out notebook ports, apart from those of other runs: on localjuju
// all units share one host. They lie between those of slots and of drivers.
func port() int { return firstPort + int(ports.Add(1)) }

var (
	ports     atomic.Int64
	firstPort = 20000 + 100*rand.IntN(79)
)

// model is a Juju model of one story, destroyed at its end.
type model struct {
	t    *testing.T
	name string
}

func newModel(t *testing.T) *model {
	t.Helper()
	m := &model{t: t, name: fmt.Sprintf("story-%06x", rand.IntN(1<<24))}
	m.global("add-model", m.name)
	if filepath.Base(jujuCommand) == "localjuju" { // as a real one does on many machines
		m.try("model-config", "localjuju-network=bridges")
	}
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := m.try("debug-log", "--replay", "--no-tail", "--limit", "80")
			status, _ := m.try("status")
			t.Logf("status:\n%s\nlog:\n%s", status, log)
		}
		m.global("destroy-model", "--no-prompt", "--force", "--no-wait", "--destroy-storage", m.name)
	})
	return m
}

// global runs a juju command that takes no model.
func (m *model) global(args ...string) string {
	m.t.Helper()
	out, err := command(args...)
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	return out
}

// try runs a juju command in the model, where the verb comes first.
func (m *model) try(verb string, args ...string) (string, error) {
	return command(append([]string{verb, "--model", m.name}, args...)...)
}

// juju runs a juju command that must succeed.
func (m *model) juju(verb string, args ...string) string {
	m.t.Helper()
	out, err := m.try(verb, args...)
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	return out
}

func command(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, jujuCommand, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("juju %s: %v: %s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// deploy deploys the charm under a name, with options as k=v; jupyter-image and
// port have test values unless given.
func (m *model) deploy(app string, options ...string) {
	m.t.Helper()
	m.deployWith(app, nil, options...)
}

// deployWith is deploy with more of its flags.
func (m *model) deployWith(app string, flags []string, options ...string) {
	m.t.Helper()
	m.deployFile(charmFile, app, flags, options...)
}

// deployFile deploys another packed charm, likewise.
func (m *model) deployFile(file, app string, flags []string, options ...string) {
	m.t.Helper()
	args := append([]string{file, app}, flags...)
	given := strings.Join(options, "\n")
	if !strings.Contains(given, "jupyter-image=") {
		options = append(options, "jupyter-image="+image("plain"))
	}
	if !strings.Contains("\n"+given, "\nport=") {
		options = append(options, "port="+strconv.Itoa(port()))
	}
	for _, o := range options {
		args = append(args, "--config", o)
	}
	m.juju("deploy", args...)
}

// deployBeside deploys the charm on the machine of another unit.
func (m *model) deployBeside(unit, app string, options ...string) {
	m.t.Helper()
	m.deployWith(app, []string{"--to", m.unit(unit).Machine}, options...)
}

// unitStatus is what `juju status` says of a unit.
type unitStatus struct {
	Workload struct {
		Current string `json:"current"`
		Message string `json:"message"`
	} `json:"workload-status"`
	Agent struct {
		Current string `json:"current"`
		Message string `json:"message"`
	} `json:"juju-status"`
	Machine string   `json:"machine"`
	Leader  bool     `json:"leader"`
	Ports   []string `json:"open-ports"`
	Address string   `json:"public-address"`
}

func (s unitStatus) String() string {
	return fmt.Sprintf("%s (%s): %s", s.Workload.Current, s.Agent.Current, s.Workload.Message)
}

type appStatus struct {
	Version string                `json:"version"`
	Units   map[string]unitStatus `json:"units"`
}

// app reads the status of an application, empty when there is none.
func (m *model) app(name string) appStatus {
	m.t.Helper()
	var all struct {
		Applications map[string]appStatus `json:"applications"`
	}
	decode(m.t, m.juju("status", "--format", "json"), &all)
	return all.Applications[name]
}

func (m *model) unit(name string) unitStatus {
	m.t.Helper()
	app, _, _ := strings.Cut(name, "/")
	return m.app(app).Units[name]
}

func decode(t *testing.T, text string, out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), out); err != nil {
		t.Fatalf("cannot read %q: %v", text, err)
	}
}

// waitUnit waits until the unit's status is as wanted and its agent is idle.
func (m *model) waitUnit(unit, what string, limit time.Duration, wanted func(unitStatus) bool) unitStatus {
	m.t.Helper()
	var s unitStatus
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if s = m.unit(unit); s.Agent.Current == "idle" && wanted(s) {
			return s
		}
	}
	m.t.Fatalf("%s is not %s within %s: %s", unit, what, limit, s)
	return s
}

// waitActive waits until the unit is active and says all of the texts.
func (m *model) waitActive(unit string, texts ...string) unitStatus {
	m.t.Helper()
	return m.waitStatus(unit, "active", texts...)
}

// waitStatus waits until the unit has the workload status and says all texts.
func (m *model) waitStatus(unit, status string, texts ...string) unitStatus {
	m.t.Helper()
	what := status + " with " + strings.Join(texts, ", ")
	return m.waitUnit(unit, what, patience, func(s unitStatus) bool {
		return s.Workload.Current == status &&
			!slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(s.Workload.Message, text) })
	})
}

// task is what an action came to.
type task struct {
	Status  string            `json:"status"`
	Message string            `json:"message"`
	Results map[string]any    `json:"results"`
	Log     []json.RawMessage `json:"log"`
}

func (t task) result(name string) string {
	s, _ := t.Results[name].(string)
	return s
}

// run runs an action that must complete.
func (m *model) run(unit, action string, params ...string) task {
	m.t.Helper()
	t := m.tryRun(unit, action, params...)
	if t.Status != "completed" {
		m.t.Fatalf("action %s on %s: %+v", action, unit, t)
	}
	return t
}

// tryRun runs an action, whatever comes of it.
func (m *model) tryRun(unit, action string, params ...string) task {
	m.t.Helper()
	out, err := m.try("run", append([]string{"--format", "json", "--wait", "10m", unit, action}, params...)...)
	var all map[string]task
	if json.Unmarshal([]byte(out), &all) != nil || len(all) != 1 {
		m.t.Fatalf("cannot read what the action %s gave: %v: %s", action, err, out)
	}
	for _, t := range all {
		return t
	}
	return task{}
}

// onMachine runs a shell command on the unit's machine as root, beside any hook. Juju
// gives it to the user ubuntu, who may use sudo.
func (m *model) onMachine(unit, script string) string {
	m.t.Helper()
	out, err := m.tryOnMachine(unit, script)
	if err != nil {
		m.t.Fatalf("%v", err)
	}
	return out
}

func (m *model) tryOnMachine(unit, script string) (string, error) {
	m.t.Helper()
	asRoot := "sudo bash -s <<'END OF SCRIPT'\n" + script + "\nEND OF SCRIPT"
	out, err := m.try("exec", "--format", "json", "--machine", m.unit(unit).Machine, "--", asRoot)
	var all map[string]task
	if json.Unmarshal([]byte(out), &all) != nil || len(all) != 1 {
		return "", fmt.Errorf("cannot run %q: %v: %s", script, err, out)
	}
	for _, t := range all {
		if code, _ := t.Results["return-code"].(float64); code != 0 {
			return t.result("stdout"), fmt.Errorf("%q: exit status %v: %s", script, code, t.result("stderr"))
		}
		return t.result("stdout"), nil
	}
	return "", nil
}

// key is how containers of the unit are named on its machine.
func (m *model) key(unit string) string {
	m.t.Helper()
	return strings.ReplaceAll(unit, "/", "-") + "-" + m.uuid()[:8]
}

// uuid is how Juju tells models apart that have one name.
func (m *model) uuid() string {
	m.t.Helper()
	var models map[string]struct {
		UUID string `json:"model-uuid"`
	}
	decode(m.t, m.global("show-model", "--format", "json", m.name), &models)
	for _, found := range models {
		return found.UUID
	}
	m.t.Fatalf("show-model tells nothing of %s", m.name)
	return ""
}
