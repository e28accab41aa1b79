//go:build integration

package stories

import (
	"slices"
	"strings"
	"testing"
)

// whoAmI prints what a kernel is, and in its last line its groups.
const whoAmI = `import os, sys
print(os.getuid(), os.getgid(), os.umask(0), sys.executable)
print(sorted(k + "=" + v for k, v in os.environ.items() if not k.startswith(("JPY_", "JUPYTER_SERVER", "MPLBACKEND", "PYDEVD"))))
print(*sorted(set(os.getgroups())))`

// A run is who its server is, whatever user an image has or steps down to: with its
// user, groups, umask, interpreter and environment, as a kernel of a page.
func TestRunIsWhoTheServerIs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"plain2", "root", "stepdown", "stacks", "classic"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.deploy("nb", "jupyter-image="+image(name), "environment=MARK=x y")
			m.waitActive("nb/0", "test/"+name+":1")
			n := m.open("nb/0")
			theirs := n.startKernel().run(whoAmI)
			n.writeNotebook("who.ipynb", cell(whoAmI))
			ours, _ := n.outputs(m.run("nb/0", "run-notebook", "path=who.ipynb").result("output"))
			sameIdentity(t, strings.Split(strings.TrimSpace(ours), "\n"), strings.Split(strings.TrimSpace(theirs), "\n"))
		})
	}
}

// sameIdentity compares what whoAmI printed. One that stepped down gave the unit's
// group away: a run of it has that one more.
func sameIdentity(t *testing.T, ours, theirs []string) {
	t.Helper()
	if len(ours) != 3 || len(theirs) != 3 || !slices.Equal(ours[:2], theirs[:2]) || !strings.Contains(ours[1], "MARK=x y") {
		t.Fatalf("the run is\n%s\nand a kernel of the server\n%s", strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
	}
	more, have := strings.Fields(ours[2]), strings.Fields(theirs[2])
	for _, group := range have {
		if !slices.Contains(more, group) {
			t.Errorf("the run has the groups %v, and lacks %s of the server's %v", more, group, have)
		}
	}
	if len(more) > len(have)+1 {
		t.Errorf("the run has the groups %v, and the server %v", more, have)
	}
}
