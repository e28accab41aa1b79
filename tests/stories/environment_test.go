//go:build integration

package stories

import (
	"strings"
	"testing"
)

// A file of an editor that begins with a byte order mark is an environment as any
// other, a folder for JupyterLab's settings that the operator names is the one that
// is used, and a path that Jupyter's routes cannot have is refused at once (32).
func TestEnvironmentAsItIsWritten(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "environment=\ufeffGREETING=hello\nJUPYTERLAB_SETTINGS_DIR=/home/nb/work/settings\n")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.serves()
	n.call("PUT", "lab/api/settings/@jupyterlab/apputils-extension:themes", map[string]string{"raw": `{"theme": "JupyterLab Dark"}`}, nil, 204)
	got := n.startKernel().run(work + `
print(os.environ["GREETING"], "Dark" in open("settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings").read())`)
	if got != "hello True\n" {
		t.Errorf("a cell prints %q", got)
	}
	before := m.containers("nb/0")
	m.config("nb", "base-url=/c++/")
	m.waitStatus("nb/0", "blocked", "base-url", "must be a path", "still serves")
	if log := m.juju("debug-log", "--replay", "--no-tail"); strings.Count(log, "create notebook") != 1 {
		t.Error("a candidate was made for a path that cannot be served")
	}
	if now := m.containers("nb/0"); now != before {
		t.Errorf("there are %q, were %q", now, before)
	}
	m.config("nb", "base-url=/c-and-more/")
	m.waitActive("nb/0", "/c-and-more/")
	m.open("nb/0").serves()
}
