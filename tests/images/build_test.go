//go:build integration || clusters

package images_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// build runs images/build.sh with more environment; it returns the notebook
// image's name and all that was printed.
func build(t *testing.T, env ...string) (name, printed string, err error) {
	t.Helper()
	cmd := exec.Command("../../images/build.sh")
	cmd.Env = append(os.Environ(), env...)
	var all strings.Builder
	cmd.Stderr = &all
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), all.String(), err
}

// ours builds the default image, which is in the build cache but for the first time.
func ours(t *testing.T) string {
	t.Helper()
	name, printed, err := build(t)
	if err != nil {
		t.Fatalf("cannot build the image: %v\n%s", err, printed)
	}
	return name
}

// sibling is the name of another image that was built with the notebook's.
func sibling(notebook, name string) string {
	return strings.Replace(notebook, "jupyterlab-spark-hadoop", name, 1)
}

// docker runs the client and returns what it printed.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("cannot run docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// inspected is the part of `docker image inspect` that is looked at.
type inspected struct {
	Config struct {
		User       string
		Env        []string
		Entrypoint []string
		Cmd        []string
		Labels     map[string]string
	}
	RootFS struct{ Layers []string }
}

func inspect(t *testing.T, image string) inspected {
	t.Helper()
	var all []inspected
	if err := json.Unmarshal([]byte(docker(t, "image", "inspect", image)), &all); err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// buildIDs are what labels and files of the notebook and its executor say; one, in one build.
func buildIDs(t *testing.T, notebook string) []string {
	t.Helper()
	var ids []string
	for _, name := range []string{"jupyterlab-spark-hadoop", "spark-executor"} {
		image := sibling(notebook, name)
		ids = append(ids, inspect(t, image).Config.Labels["io.github.jupyter-docker.image.build-id"],
			docker(t, "run", "--rm", "--network", "none", image, "cat", "/opt/build-id"))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
