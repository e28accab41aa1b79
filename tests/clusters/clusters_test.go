//go:build clusters

package clusters_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// command runs a program and returns what it printed on standard output.
func command(name string, args ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("cannot run %s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out)), err
}

// must is command in a test that ends when it fails.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := command(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// up makes sure that the services serve, and returns what cluster.sh says of them.
func up(t *testing.T, services ...string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, line := range strings.Split(must(t, "./cluster.sh", append([]string{"up"}, services...)...), "\n") {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return env
}

// ours builds a notebook image; JUPYTER_IMAGE names another to try instead.
func ours(t *testing.T, variables ...string) string {
	t.Helper()
	if image := os.Getenv("JUPYTER_IMAGE"); image != "" {
		return image
	}
	return must(t, "env", append(variables, "../../images/build.sh")...)
}

// driverPorts are those of the tests, a range for each of Spark's two services.
const driverPorts = `
spark.driver.bindAddress 0.0.0.0
spark.driver.port 35100
spark.driver.blockManager.port 35108
spark.port.maxRetries 7
spark.executor.memory 512m
spark.cores.max 4
`

// start runs the image as the charm does, with the lines as Spark's defaults, and
// waits until its server answers.
func start(t *testing.T, image string, env map[string]string, lines string, args ...string) (container string) {
	t.Helper()
	defaults := filepath.Join(t.TempDir(), "spark-defaults.conf")
	lines = "spark.driver.host " + env["HOST_ADDRESS"] + driverPorts + lines
	if err := os.WriteFile(defaults, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	const ports = ":35100-35115:35100-35115"
	container = must(t, "docker", append(append([]string{"run", "-d", "-e", "JUPYTER_TOKEN=of-the-test",
		"-p", env["HOST_ADDRESS"] + ports, "-v", defaults + ":/etc/spark/spark-defaults.conf:ro"}, args...), image)...)
	t.Cleanup(func() { must(t, "docker", "rm", "-f", "-v", container) })
	for until := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		if _, err := command("docker", "exec", container, "notebook-health"); err == nil {
			return container
		}
		if time.Now().After(until) {
			t.Fatalf("no server answers:\n%s", must(t, "docker", "logs", container))
		}
	}
}

// reaches says whether the cluster can fetch a page of this host or a container.
func reaches(address string) bool {
	_, err := command("./cluster.sh", "inside", "curl", "-sS", "--noproxy", "*", "-o", "/dev/null", "--max-time", "5", "http://"+address)
	return err == nil
}

func TestClusterIsAnotherMachine(t *testing.T) {
	env := up(t, "s3")
	server := start(t, ours(t), env, "")
	must(t, "docker", "exec", "-d", server, "python", "-m", "http.server", "35100")
	published := env["HOST_ADDRESS"] + ":35100"
	for until := time.Now().Add(time.Minute); !reaches(published); time.Sleep(time.Second) {
		if time.Now().After(until) {
			t.Fatalf("the cluster does not reach %s", published)
		}
	}
	own := must(t, "docker", "inspect", "-f", "{{.NetworkSettings.IPAddress}}", server)
	must(t, "curl", "-sS", "--noproxy", "*", "-o", os.DevNull, "--max-time", "5", "http://"+own+":35100")
	if reaches(own + ":35100") {
		t.Error("the cluster reaches a container's own address, which no other machine does")
	}
	must(t, "./cluster.sh", "block", "35100:35107")
	t.Cleanup(func() { must(t, "./cluster.sh", "unblock") })
	if reaches(published) {
		t.Error("a blocked port is reached")
	}
	must(t, "./cluster.sh", "unblock")
	if !reaches(published) {
		t.Error("a port is blocked that was unblocked")
	}
}
