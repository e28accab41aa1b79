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
	fmt.Printf("\nfrom nothing to a served notebook, image local, %d times each\n", deploys)
	fmt.Printf("%-18s %9s %9s\n", "", "least", "median")
	leastOurs, us := spread(ours)
	leastTheirs, them := spread(theirs)
	fmt.Printf("%-18s %7.2f s %7.2f s\n%-18s %7.2f s %7.2f s\n", "jupyter-docker", leastOurs, us, "docker run", leastTheirs, them)
	fmt.Printf("%-18s %9.2f %9.2f; wanted: at most 1.30\n", "of the time", leastOurs/leastTheirs, us/them)
}

// spread is the least and the median of some durations, in seconds.
func spread(all []time.Duration) (least, median float64) {
	slices.Sort(all)
	return all[0].Seconds(), all[len(all)/2].Seconds()
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
