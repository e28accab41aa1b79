//go:build integration || clusters

package images_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A containers network is one of the engine's own, on which containers know each other by name.
type containers struct {
	t    *testing.T
	name string
}

func network(t *testing.T) containers {
	t.Helper()
	c := containers{t, fmt.Sprintf("images-test-%x", time.Now().UnixNano())}
	docker(t, "network", "create", c.name)
	t.Cleanup(func() { docker(t, "network", "rm", c.name) })
	return c
}

// start runs a container in the background, until the test ends.
func (c containers) start(name string, args ...string) {
	c.t.Helper()
	id := docker(c.t, append([]string{"run", "-d", "--network", c.name, "--network-alias", name, "--hostname", name}, args...)...)
	c.t.Cleanup(func() {
		if c.t.Failed() {
			printed, _ := output("logs", "--tail", "30", id)
			c.t.Logf("%s:\n%s", name, printed)
		}
		docker(c.t, "rm", "-f", id)
	})
}

// python runs a program in an image to its end, at most three minutes, with these
// settings of Spark's; it returns what was printed.
func (c containers) python(image, program string, settings ...string) string {
	c.t.Helper()
	submit := ""
	for _, setting := range settings {
		submit += "--conf " + setting + " "
	}
	printed, err := output("run", "--rm", "--network", c.name, "--network-alias", "driver", "--hostname", "driver",
		"-e", "PYSPARK_SUBMIT_ARGS="+submit+"pyspark-shell", image, "timeout", "180", "python", "-c", program)
	if err != nil {
		c.t.Errorf("the program fails: %v\n%s", err, printed)
	}
	return printed
}

// output runs the client and returns all that was printed.
func output(args ...string) (string, error) {
	out, err := exec.Command("docker", args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
