//go:build bench

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const (
	switches = 5
	// The newest that Go 1.24 builds.
	compose = "github.com/docker/compose/v5/cmd@v5.0.2"
)

// TestSwitch changes between two local images while a client polls the notebook,
// by the charm and by docker compose.
func TestSwitch(t *testing.T) {
	images := []string{image(t, "plain"), image(t, "plain2")}
	for _, name := range images {
		run(t, "docker", "pull", "--quiet", name)
	}
	ours := switchByCharm(t, images)
	theirs := switchByCompose(t, images)
	fmt.Printf("\na switch between two local images, polled every %v, the worst of %d\n", pollEvery, switches)
	fmt.Printf("%-18s %10s %12s %12s\n", "", "requests", "most failed", "longest gap")
	printPoll("jupyter-docker", ours)
	printPoll("docker compose", theirs)
	fmt.Println("wanted: none failed, a gap under 0.2 s")
}

func printPoll(name string, p poll) {
	fmt.Printf("%-18s %10d %12d %9.0f ms\n", name, p.requests, p.failed, float64(p.gap)/1e6)
}

// worst adds one switch to what was seen so far.
func worst(a, b poll) poll {
	return poll{a.requests + b.requests, max(a.failed, b.failed), max(a.gap, b.gap)}
}

func switchByCharm(t *testing.T, images []string) poll {
	t.Helper()
	m := newModel(t)
	m.deploy("jupyter-image=" + images[0])
	url := m.url()
	var all poll
	for i := range switches {
		next := images[(i+1)%2]
		all = worst(all, pollDuring(url, func() {
			m.juju("config", app, "jupyter-image="+next)
			m.await("active", next, 2*time.Minute)
		}))
	}
	return all
}

const composeFile = `
services:
  notebook:
    image: %s
    command: [jupyter, lab, --no-browser, --ip=0.0.0.0]
    ports: ["127.0.0.1:8899:8888"]
`

func switchByCompose(t *testing.T, images []string) poll {
	t.Helper()
	program := buildCompose(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "compose.yaml")
	up := func(name string) {
		if err := os.WriteFile(file, fmt.Appendf(nil, composeFile, name), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, program, "--project-name", "jupyter-docker-bench", "--file", file, "up", "--detach")
	}
	t.Cleanup(func() {
		run(t, program, "--project-name", "jupyter-docker-bench", "--file", file, "down", "--timeout", "1")
	})
	const url = "http://127.0.0.1:8899/"
	up(images[0])
	awaitServing(t, url, time.Minute)
	var all poll
	for i := range switches {
		all = worst(all, pollDuring(url, func() {
			up(images[(i+1)%2])
			awaitServing(t, url, time.Minute)
		}))
	}
	return all
}

// buildCompose builds compose once; it takes minutes.
func buildCompose(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("../../.cache/bench-compose")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "cmd")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	command := exec.Command("go", "install", compose)
	command.Env = append(os.Environ(), "GOBIN="+folder)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v: %s", compose, err, output)
	}
	return program
}
