//go:build bench

// Package bench measures what a hook, a switch, a deploy and a driver cost, beside other
// ways to the same end, and prints it.
package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const app, unit = "jupyter-docker", "jupyter-docker/0"

// notebookPort is not the option's default, where a notebook of the host's owner
// may be.
const notebookPort = "port=8897"

// model is a Juju model made for one benchmark.
type model struct {
	t    *testing.T
	name string
}

// setting reads what make hands to the benchmarks.
func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run make bench", name)
	}
	return value
}

// image names one of the stories' images in the registry.
func image(t *testing.T, name string) string {
	t.Helper()
	return setting(t, "REGISTRY") + "/test/" + name + ":1"
}

func newModel(t *testing.T) *model {
	t.Helper()
	m := &model{t, fmt.Sprintf("bench-%d-%d", os.Getpid(), time.Now().UnixMilli()%1000)}
	m.plain("add-model", m.name)
	t.Cleanup(func() {
		m.plain("destroy-model", "--no-prompt", "--destroy-storage", "--force", m.name)
	})
	return m
}

// plain runs a juju command that takes no --model.
func (m *model) plain(args ...string) string {
	m.t.Helper()
	command := exec.Command(setting(m.t, "JUJU"), args...)
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		m.t.Fatalf("cannot run juju %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return string(output)
}

// juju runs a command in the model.
func (m *model) juju(verb string, args ...string) string {
	m.t.Helper()
	return m.plain(append([]string{verb, "--model", m.name}, args...)...)
}

// deploy deploys the charm with options KEY=VALUE, and waits until it serves.
func (m *model) deploy(options ...string) {
	m.t.Helper()
	m.start(options...)
	m.await("active", "", 5*time.Minute)
}

// start deploys the charm and does not wait.
func (m *model) start(options ...string) {
	m.t.Helper()
	args := []string{setting(m.t, "CHARM"), app, "--config", notebookPort}
	for _, option := range options {
		args = append(args, "--config", option)
	}
	m.juju("deploy", args...)
}

// remove removes the application, and waits until it is gone.
func (m *model) remove() {
	m.t.Helper()
	m.juju("remove-application", "--no-prompt", app)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if _, exists := m.status(); !exists {
			return
		}
	}
	m.t.Fatalf("%s is not gone after a minute", app)
}

// url asks the unit where its notebook is; it ends with a slash.
func (m *model) url() string {
	m.t.Helper()
	var tasks map[string]struct {
		Results struct{ URL string }
	}
	m.decode(m.juju("run", "--format", "json", unit, "get-url"), &tasks)
	for _, task := range tasks {
		return strings.TrimSuffix(task.Results.URL, "/") + "/"
	}
	m.t.Fatal("the action get-url gave nothing")
	return ""
}

// unitStatus is what `juju status` says of a unit.
type unitStatus struct {
	Workload struct{ Current, Message string } `json:"workload-status"`
	Agent    struct{ Current string }          `json:"juju-status"`
}

// await waits for a workload status of the unit whose message has a text, with
// its agent idle, and gives up on a unit that is blocked.
func (m *model) await(want, text string, limit time.Duration) {
	m.t.Helper()
	var last unitStatus
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		last, _ = m.status()
		if last.Agent.Current == "idle" && last.Workload.Current == want && strings.Contains(last.Workload.Message, text) {
			return
		}
		if last.Workload.Current == "blocked" {
			break
		}
	}
	m.t.Fatalf("%s is %+v after %v, not %s with %q", unit, last, limit, want, text)
}

// status reads the status of the application's only unit. Its name is not asked
// for: Juju gives no number twice, so that it changes when the application comes anew.
func (m *model) status() (status unitStatus, exists bool) {
	m.t.Helper()
	var all struct {
		Applications map[string]struct{ Units map[string]unitStatus }
	}
	m.decode(m.juju("status", "--format", "json"), &all)
	application, exists := all.Applications[app]
	for _, status = range application.Units {
		return status, true
	}
	return unitStatus{}, exists
}

// decode reads what juju prints as JSON.
func (m *model) decode(text string, out any) {
	m.t.Helper()
	if err := json.Unmarshal([]byte(text), out); err != nil {
		m.t.Fatalf("cannot read what juju said: %v: %s", err, text)
	}
}

// run runs a program that the benchmark needs, and stops the test if it fails.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if output, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("cannot run %s %s: %v: %s", filepath.Base(name), strings.Join(args, " "), err, output)
	}
}
