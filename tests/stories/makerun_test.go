//go:build integration

package stories

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// `make run` after a mistake was mended ended on the status of before, with the
// mistake's words: Juju had not begun to make the change (34). It packs the charm,
// so that no other story runs beside this one.
func TestMakeRun(t *testing.T) {
	if filepath.Base(jujuCommand) != "localjuju" {
		t.Skip("make run is for localjuju")
	}
	m := newModel(t)
	number := port()
	run := func(name string) (string, error) {
		cmd := exec.Command("../../dev/run.sh")
		cmd.Env = append(os.Environ(), "MODEL="+m.name, fmt.Sprintf("PORT=%d", number), "JUPYTER_IMAGE="+image(name), "WAIT_SECONDS=120")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, c := range []struct{ image, says string }{
		{"plain", "is served at"}, {"exits", "no licence"}, {"plain2", "is served at"}, {"doesnotexist", "does not exist"}, {"plain2", "is served at"},
	} {
		out, err := run(c.image)
		if mistaken := c.says != "is served at"; mistaken != (err != nil) || !strings.Contains(out, c.says) {
			t.Errorf("make run of %s: %v: %s", c.image, err, out)
		}
	}
	// The mistake is mended elsewhere: nothing of what make run sets has changed.
	if out, err := run("late-" + m.name); err == nil || !strings.Contains(out, "does not exist") {
		t.Errorf("make run of an image that is not there yet: %v: %s", err, out)
	}
	m.push("jupyter-docker/0", image("plain"), image("late-"+m.name))
	if out, err := run("late-" + m.name); err != nil || !strings.Contains(out, "is served at") {
		t.Errorf("make run once it is: %v: %s", err, out)
	}
}
