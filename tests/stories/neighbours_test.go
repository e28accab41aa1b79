//go:build integration

package stories

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// beside does something while a client polls the notebook, which may not notice.
func (n *notebook) beside(what string, do func()) {
	n.t.Helper()
	stop := make(chan struct{})
	out := n.poll("api/contents", 20*time.Millisecond, stop)
	do()
	close(stop)
	if p := <-out; len(p.failures) > 0 {
		n.t.Errorf("%s: of %d requests %d failed: %v", what, p.requests, len(p.failures), p.failures)
	}
}

// gone waits until Juju has forgotten the unit.
func (m *model) gone(unit string) {
	m.t.Helper()
	app, _, _ := strings.Cut(unit, "/")
	eventually(m.t, unit+" is gone", patience, func() bool {
		_, there := m.app(app).Units[unit]
		return !there
	})
}

// Two applications on one engine, whose names contain each other, and one of the
// same name in another model: what is done to one, the others do not notice.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	m, other := newModel(t), newModel(t)
	m.deploy("nb")
	other.deploy("nb")
	m.waitActive("nb/0")
	m.deployBeside("nb/0", "my-nb")
	m.waitActive("my-nb/0")
	other.waitActive("nb/0")
	mine, beside, elsewhere := m.open("nb/0"), m.open("my-nb/0"), other.open("nb/0")
	if mine.token == beside.token || mine.token == elsewhere.token {
		t.Error("two applications have one token")
	}
	mine.write("whose.txt", "mine")
	k := mine.startKernel()
	k.run("held = 41")
	before := m.containers("nb/0")
	mine.beside("neighbours are switched and removed", func() {
		elsewhere.beside("the neighbour in the other model is switched", func() {
			m.config("my-nb", "jupyter-image="+image("plain2"))
			m.waitActive("my-nb/0", "test/plain2:1")
		})
		other.config("nb", "jupyter-image="+image("plain2"))
		other.waitActive("nb/0", "test/plain2:1")
		m.juju("remove-application", "--no-prompt", "my-nb")
		other.juju("remove-application", "--no-prompt", "nb")
		m.gone("my-nb/0")
		other.gone("nb/0")
	})
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("the kernel printed %q", got)
	}
	if now := m.containers("nb/0"); now != before {
		t.Errorf("the neighbours left %q, were %q", now, before)
	}
	if got := mine.read("whose.txt"); got != "mine" {
		t.Errorf("the file holds %q", got)
	}
}

// A second application at the same port on the same machine is told who has it;
// another port mends it. The first one cannot take its port either, and stays
// where it is.
func TestSamePort(t *testing.T) {
	t.Parallel()
	m, first, second := newModel(t), strconv.Itoa(port()), strconv.Itoa(port())
	m.deploy("nb", "port="+first)
	m.waitActive("nb/0")
	m.deployBeside("nb/0", "late", "port="+first)
	m.waitStatus("late/0", "blocked", "port "+first+" is held by unit nb/0", "set the option port")
	if left := m.containers("late/0"); left != "" {
		t.Errorf("what nobody can reach is there: %s", left)
	}
	m.config("late", "port="+second)
	m.waitActive("late/0", ":"+second+"/")
	mine, late := m.open("nb/0"), m.open("late/0")
	late.serves()
	mine.beside("its new port is taken", func() {
		m.config("nb", "port="+second)
		m.waitStatus("nb/0", "blocked", "port "+second+" is held by unit late/0", "still serves")
	})
	m.config("nb", "port="+first)
	m.waitActive("nb/0", ":"+first+"/")
	mine.serves()
	late.serves()
}

// Two units of one application on one machine want one port: the first has it
// until it is removed. Their numbers, 1 and 10, contain each other.
func TestUnitsOfOneMachine(t *testing.T) {
	t.Parallel()
	m, at := newModel(t), strconv.Itoa(port())
	m.deploy("nb", "port=70000") // nobody starts before all are there
	m.waitStatus("nb/0", "blocked", "port")
	machine := m.unit("nb/0").Machine
	m.juju("add-unit", "nb", "-n", "10", "--to", machine+strings.Repeat(","+machine, 9))
	var spare []string
	for i := range 11 {
		unit := fmt.Sprintf("nb/%d", i)
		m.waitStatus(unit, "blocked", "port")
		if i != 1 && i != 10 {
			spare = append(spare, unit)
		}
	}
	m.juju("remove-unit", append([]string{"--no-prompt"}, spare...)...)
	for _, unit := range spare {
		m.gone(unit)
	}
	m.config("nb", "port="+at)
	has, wants := "nb/1", "nb/10"
	m.waitUnit(has, "active or blocked", patience, func(s unitStatus) bool {
		return s.Workload.Current == "active" || strings.Contains(s.Workload.Message, "held by")
	})
	if m.unit(has).Workload.Current != "active" {
		has, wants = wants, has
	}
	m.waitActive(has, ":"+at+"/")
	m.waitStatus(wants, "blocked", "port "+at+" is held by unit "+has)
	n := m.open(has)
	n.beside("another unit looks again", func() { m.updateStatus(wants) })
	m.juju("remove-unit", "--no-prompt", has)
	m.gone(has)
	m.updateStatus(wants)
	m.waitActive(wants, ":"+at+"/")
	successor := m.open(wants)
	successor.serves()
	if successor.token != n.token {
		t.Error("two units of an application have two tokens")
	}
}
