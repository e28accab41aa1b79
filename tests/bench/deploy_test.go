//go:build bench

package bench

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const deploys = 3

// TestDeploy measures from `juju deploy` until the notebook answers, with the
// image on the host and the engine running, beside `docker run`.
func TestDeploy(t *testing.T) {
	name := image(t, "plain")
	run(t, "docker", "pull", "--quiet", name)
	m := newModel(t)
	m.deploy("jupyter-image=" + name)
	url := m.url()
	var ours, theirs []time.Duration
	for range deploys {
		m.remove()
		begin := time.Now()
		m.start("jupyter-image=" + name)
		awaitServing(t, url, 2*time.Minute)
		ours = append(ours, time.Since(begin))
		m.await("active", "", 2*time.Minute)
		theirs = append(theirs, dockerRun(t, name))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	us, them := ours[deploys/2].Seconds(), theirs[deploys/2].Seconds()
	fmt.Printf("\nfrom nothing to a served notebook, image local, median of %d\n", deploys)
	fmt.Printf("%-18s %7.2f s\n%-18s %7.2f s\n", "jupyter-docker", us, "docker run", them)
	fmt.Printf("%.2f of the time; wanted: at most 1.30\n", us/them)
}

// dockerRun starts the image by hand, and returns how long it took to answer.
func dockerRun(t *testing.T, name string) time.Duration {
	t.Helper()
	begin := time.Now()
	output, err := exec.Command("docker", "run", "--detach", "--publish", "127.0.0.1:8898:8888", name,
		"jupyter", "lab", "--no-browser", "--ip=0.0.0.0").Output()
	if err != nil {
		t.Fatalf("cannot run %s: %v", name, err)
	}
	defer run(t, "docker", "rm", "--force", strings.TrimSpace(string(output)))
	awaitServing(t, "http://127.0.0.1:8898/", time.Minute)
	return time.Since(begin)
}
