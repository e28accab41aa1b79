//go:build integration

package stories

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// faultsPage is what TestFaults makes; UPDATE=yes writes it anew.
const faultsPage = "../../docs/reference/faults.md"

const faultsHead = `# Faults

What becomes of a unit that serves, with a person's kernel, when something breaks. The story ` + "`TestFaults`" + ` makes
each fault on a real engine, and this table: ` + "`UPDATE=yes make integration RUN=TestFaults`" + `. After each fault, and at most two hooks:

- exactly one notebook serves, with the token and not without it, and nothing unfinished is left;
- a file that was saved before is there;
- the action ` + "`plan`" + ` says "nothing to do", and the hook after that leaves every container as it is, by its id and start time.

*Hooks* are those that it took after the one in which the fault was met: 0 where that one, or the engine by itself,
mended it. *Outage* is how long the notebook did not answer, asked every 50 ms by a client that knows the token; an
answer that took over a second counts as none. It holds the time in which the story let the fault last, and what it takes
until somebody gives the unit a hook (at once in the story, else update-status), and is that of one run on two CPUs.
*Kernel* is whether a kernel that ran before still has its variable: a switch that the operator asked for, with
` + "`switch-when=now`" + `, ends it. A dash: nothing to measure there, or a row that was left out of the run.

The engine's own full disk is not among them, since it is the whole machine's: a full disk below the unit's folder is, and
an engine that fails the n-th call shows the rest.

| fault | hooks | outage | kernel |
|---|---|---|---|
`

// What becomes of a kernel.
const (
	kept  = "kept"
	lost  = "lost"
	ended = "ended by the switch"
	none  = "-" // there was none
)

// fault is a row: something breaks on the unit nb/0 while it serves.
type fault struct {
	name   string
	kernel string
	still  bool // no request may fail
	make   func(*attempt)
}

// attempt is a fault that is being tried.
type attempt struct {
	*model
	n    *notebook
	unit string
	at   *place
	base int // hooks that had ended when the fault was met
}

// place is the unit on which the rows are tried.
type place struct {
	dir       string // its folder, a small file system of its own
	now, next string // names of images that are this story's alone
}

// result is what was found after a fault.
type result struct {
	hooks  int
	outage time.Duration
	kernel string
}

func (r result) line(name string) string {
	outage := "none"
	if r.outage > 0 {
		outage = fmt.Sprintf("%.1f s", r.outage.Seconds())
	}
	if r.kernel == none {
		outage = none
	}
	return fmt.Sprintf("| %s | %d | %s | %s |\n", name, r.hooks, outage, r.kernel)
}

// alone are the rows that leave other stories without an engine.
var alone = []string{"engine restarted", "engine stopped"}

// The fault matrix: whatever breaks, one notebook serves afterwards, behind its
// token, nothing is lost, and the next hook has nothing to do.
func TestFaults(t *testing.T) {
	m := newModel(t)
	m.juju("model-config", "update-status-hook-interval=1h")
	m.juju("deploy", packed(t, "bystander"), "bystander")
	m.waitActive("bystander/0")
	at, lines := m.faultPlace(), map[string]string{}
	m.tryFaults(t, at, lines, func(f fault) bool { return slices.Contains(alone, f.name) })
	t.Parallel() // only now
	m.tryFaults(t, at, lines, func(f fault) bool { return !slices.Contains(alone, f.name) })
	var page strings.Builder
	for _, f := range faults() {
		page.WriteString(lines[f.name])
	}
	if t.Failed() || len(lines) < len(faults()) {
		t.Logf("the table so far:\n%s", page.String())
		return // some were left out by -run
	}
	faultsFit(t, faultsHead+page.String())
}

// tryFaults makes the chosen rows, one after the other, and keeps their lines by name.
func (m *model) tryFaults(t *testing.T, at *place, lines map[string]string, chosen func(fault) bool) {
	for _, f := range faults() {
		if !chosen(f) {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			r := &attempt{model: &model{t: t, name: m.name}, unit: "nb/0", at: at}
			var got result
			if f.kernel == none {
				got = r.tryFirst(f)
			} else {
				got = r.try(f)
			}
			lines[f.name] = got.line(f.name)
			t.Logf("%s", lines[f.name])
		})
	}
}

// faultsFit holds the rows against those of the page; figures are the machine's.
func faultsFit(t *testing.T, got string) {
	t.Helper()
	if os.Getenv("UPDATE") == "yes" {
		if err := os.WriteFile(faultsPage, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(faultsPage)
	if err != nil {
		t.Fatal(err)
	}
	if names(got) != names(string(want)) {
		t.Errorf("the rows are\n%s\nbut %s has\n%s", names(got), faultsPage, names(string(want)))
	}
	t.Logf("the table is\n%s", strings.TrimPrefix(got, faultsHead))
}

// names are a page's rows without the figures of one run.
func names(page string) string {
	var out strings.Builder
	for line := range strings.Lines(page) {
		if cells := strings.Split(line, " | "); len(cells) == 4 {
			fmt.Fprintf(&out, "%s | %s", cells[0], cells[3])
		}
	}
	return out.String()
}

// faultPlace deploys the unit that the rows are tried on: its folder is a file
// system of its own, its notebooks are on storage, its images are its alone.
func (m *model) faultPlace() *place {
	m.t.Helper()
	at := &place{dir: "/var/lib/jupyter-docker/" + m.key("nb/0"), now: "faults-" + m.name, next: "faults2-" + m.name}
	m.onMachine("bystander/0", "mkdir -p -m 700 /var/lib/jupyter-docker; mkdir "+at.dir+" && mount -t tmpfs -o size=32m,nr_inodes=600,mode=711 story "+at.dir)
	m.t.Cleanup(func() {
		m.tryOnMachine("bystander/0", "umount -l "+at.dir+"; docker rmi "+image(at.now)+" "+image(at.next))
	})
	m.ownImage("plain", at.now)
	m.ownImage("plain2", at.next)
	m.deployWith("nb", []string{"--to", m.unit("bystander/0").Machine, "--storage", "notebooks=100M"}, "jupyter-image="+image(at.now))
	m.waitActive("nb/0", at.now)
	return at
}

// ownImage pushes an image that differs from the given one in a label alone: what
// is done to it is done to no other story.
func (m *model) ownImage(from, to string) {
	m.t.Helper()
	m.onMachine("bystander/0", "docker pull -q "+image(from)+" && c=$(docker create "+image(from)+") && docker commit -c 'LABEL story="+to+"' $c "+
		image(to)+" && docker rm $c && docker push -q "+image(to)+" && docker rmi "+image(to))
}
