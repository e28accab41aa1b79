//go:build integration

package stories

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// sleeps is a cell that does not end by itself in time.
const sleeps = "import time; print('begun', flush=True); time.sleep(600)"

// runState is what list-runs says of a run, by the name of a result.
func (m *model) runState(id, name string) string {
	m.t.Helper()
	runs, _ := m.run("nb/0", "list-runs").Results["runs"].(map[string]any)
	one, _ := runs[id].(map[string]any)
	text, _ := one[name].(string)
	return text
}

// A run with wait=false goes on without its action, so that hooks run meanwhile; it
// is somebody's work as a busy kernel is, by its path, until it is stopped.
func TestRunGoesOnByItself(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "switch-when=idle")
	m.waitActive("nb/0", "test/plain:1")
	n, before := m.open("nb/0"), m.serving("nb/0")
	n.writeNotebook("monthly.ipynb", cell(sleeps))
	n.writeNotebook("short.ipynb", cell("print(1)"))
	began := m.run("nb/0", "run-notebook", "path=monthly.ipynb", "wait=false")
	id := began.result("id")
	if began.result("state") != "running" || !strings.HasPrefix(began.result("output"), "monthly.executed-") || id == "" {
		t.Fatalf("run-notebook wait=false gave %+v", began)
	}
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain:1", "waits: ", "busy kernel monthly.ipynb")
	if got := m.run("nb/0", "plan").result("plan"); !strings.Contains(got, "busy kernel monthly.ipynb") {
		t.Errorf("the action plan says %q", got)
	}
	if got := m.run("nb/0", "run-notebook", "path=short.ipynb"); got.result("state") != "completed" {
		t.Errorf("a run beside another gave %+v", got)
	}
	if got := m.run("nb/0", "run-notebook", "id="+id); got.result("state") != "running" || got.result("path") != "monthly.ipynb" {
		t.Errorf("the run's state is %+v", got)
	}
	got := m.run("nb/0", "run-notebook", "id="+id, "stop=true")
	if got.result("state") != "failed" || !strings.Contains(got.result("message"), "ended by run-notebook") {
		t.Errorf("the run that was stopped gave %+v", got)
	}
	if text, _ := n.outputs(began.result("output")); text != "begun\nKeyboardInterrupt" {
		t.Errorf("its copy shows %q", text)
	}
	m.updateStatus("nb/0")
	m.waitSettled("nb/0", "test/plain2:1")
	if got := m.runState(id, "state"); got != "failed" || m.serving("nb/0") == before {
		t.Errorf("after the switch list-runs says %q", got)
	}
	if got := m.tryRun("nb/0", "run-notebook", "id=none"); got.Status != "failed" || !strings.Contains(got.Message, "see the action list-runs") {
		t.Errorf("an unknown id gave %+v", got)
	}
}

// now ends a run as it ends a busy kernel, and list-runs says so.
func TestRunEndsWithItsNotebook(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	m.open("nb/0").writeNotebook("monthly.ipynb", cell(sleeps))
	id := m.run("nb/0", "run-notebook", "path=monthly.ipynb", "wait=false").result("id")
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitSettled("nb/0", "test/plain2:1")
	if got := m.runState(id, "state") + ": " + m.runState(id, "message"); !strings.HasPrefix(got, "failed: the run was ended from outside") {
		t.Errorf("of a run whose notebook was replaced list-runs says %q", got)
	}
}

// signalled sends a signal to the program of a unit's action.
const signalled = `for p in /proc/[0-9]*; do
	if grep -qsz '^JUJU_ACTION_NAME=run-notebook$' $p/environ && grep -qsz '^JUJU_MODEL_UUID=%s$' $p/environ &&
		[ "$(basename "$(readlink $p/exe)")" = dispatch ]; then kill -%s ${p#/proc/}; echo sent; fi
done`

// A run ends with its action, be that cancelled, for which Juju sends SIGTERM, or
// killed: nothing of it is left in the container.
func TestRunEndsWithItsAction(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	for _, signal := range []string{"TERM", "KILL"} {
		n.writeNotebook("slow.ipynb", cell(sleeps))
		ended := make(chan string, 1)
		go func() {
			ended <- fmt.Sprint(m.try("run", "--format", "json", "--wait", "5m", "nb/0", "run-notebook", "path=slow.ipynb"))
		}()
		processes := func() string {
			return m.onMachine("nb/0", "docker exec "+m.serving("nb/0")+" sh -c 'for p in /proc/[0-9]*/cmdline; do tr \"\\0\" \" \" <$p; echo; done'")
		}
		eventually(t, "a kernel runs", 2*time.Minute, func() bool { return strings.Contains(processes(), "ipykernel_launcher") })
		time.Sleep(2 * time.Second) // the cell begins
		if sent := m.onMachine("nb/0", fmt.Sprintf(signalled, m.uuid(), signal)); strings.TrimSpace(sent) != "sent" {
			t.Fatalf("SIG%s was %q", signal, sent)
		}
		eventually(t, "nothing of the run is left after SIG"+signal, time.Minute, func() bool {
			return !strings.Contains(processes(), "run-notebook") && !strings.Contains(processes(), "ipykernel_launcher")
		})
		if got := <-ended; signal == "TERM" && !strings.Contains(got, "the action was cancelled") {
			t.Errorf("the action that was cancelled gave %s", got)
		}
		n.serves()
	}
}

// An image without nbclient is told so, before anything is written.
func TestRunWithoutNbclient(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	m.open("nb/0").writeNotebook("a.ipynb", cell("1"))
	hide := `docker exec -u 0 ` + m.serving("nb/0") + ` sh -c 'rm -r "$(python3 -c "import nbclient, os; print(os.path.dirname(nbclient.__file__))")"'`
	m.onMachine("nb/0", hide)
	if got := m.tryRun("nb/0", "run-notebook", "path=a.ipynb"); got.Status != "failed" || !strings.Contains(got.Message, "has no nbclient") {
		t.Errorf("without nbclient run-notebook gave %+v", got)
	}
}

// A kernel that is killed for memory is told so, and one that ends itself is not.
func TestRunOutOfMemory(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "memory-limit=700m")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	n.writeNotebook("large.ipynb", cell("held = b'x' * (2 << 30)"))
	got := m.tryRun("nb/0", "run-notebook", "path=large.ipynb")
	if !strings.Contains(got.Message, "DeadKernelError: Kernel died; the notebook's memory was not enough") {
		t.Errorf("a kernel that was killed for memory gave %+v", got)
	}
	n.writeNotebook("dies.ipynb", cell("import os; os.kill(os.getpid(), 9)"))
	if got := m.tryRun("nb/0", "run-notebook", "path=dies.ipynb"); !strings.Contains(got.Message, "Kernel died") || strings.Contains(got.Message, "memory") {
		t.Errorf("a kernel that was killed gave %+v", got)
	}
	n.serves()
}
