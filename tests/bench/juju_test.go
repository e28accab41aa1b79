//go:build bench

// Package bench measures what a hook, a switch and a deploy cost, beside other
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
	args := []string{setting(m.t, "CHARM"), app}
	for _, option := range options {
		args = append(args, "--config", option)
	}
	m.juju("deploy", args...)
	m.await("active", 5*time.Minute)
}

// await waits for a workload status of the unit, with its agent idle.
func (m *model) await(want string, limit time.Duration) {
	m.t.Helper()
	var last string
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		workload, agent := m.status()
		if last = workload + " (" + agent + ")"; last == want+" (idle)" {
			return
		}
	}
	m.t.Fatalf("%s is %s after %v, not %s", unit, last, limit, want)
}

func (m *model) status() (workload, agent string) {
	m.t.Helper()
	type status struct{ Current string }
	var all struct {
		Applications map[string]struct {
			Units map[string]struct {
				Workload status `json:"workload-status"`
				Agent    status `json:"juju-status"`
			}
		}
	}
	if err := json.Unmarshal([]byte(m.juju("status", "--format", "json")), &all); err != nil {
		m.t.Fatalf("cannot read the status: %v", err)
	}
	u := all.Applications[app].Units[unit]
	return u.Workload.Current, u.Agent.Current
}

// run runs a program that the benchmark needs, and stops the test if it fails.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if output, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("cannot run %s %s: %v: %s", filepath.Base(name), strings.Join(args, " "), err, output)
	}
}
