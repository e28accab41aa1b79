//go:build integration

package stories

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

//go:embed testdata/odd.py
var oddProgram string

// odd runs odd.py in what serves, as its user.
func (n *notebook) odd(m *model, mode string, names ...string) string {
	n.t.Helper()
	return m.onMachine("nb/0", "docker exec -i "+m.serving("nb/0")+" python3 - "+mode+" /jupyter-docker/work/odd "+strings.Join(names, " ")+
		" 2>&1 <<'END' | tail -n 60\n"+oddProgram+"\nEND")
}

// compared is what odd.py says of a notebook.
type compared struct {
	Name, Said string
	Copies     int
	Equal      bool
	Differs    any
	Size       int
}

// What run-notebook keeps of odd notebooks is what nbclient keeps of them, cell by
// cell: once widgets, 20 MB of text and thousands of flushed lines were lost without
// a word.
func TestRunBesideNbclient(t *testing.T) {
	t.Parallel()
	for name, only := range map[string][]string{
		"plain":   nil, // all
		"classic": {"format3", "noids", "dies", "updatedlater", "flushed5", "raises", "unknown", "html"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.deploy("nb", "jupyter-image="+image(name))
			m.waitActive("nb/0", "test/"+name+":1")
			n := m.open("nb/0")
			all := strings.Fields(n.odd(m, "write", only...))
			if len(all) == 0 {
				t.Fatal("no notebook was written")
			}
			said := map[string]string{}
			for _, name := range all {
				got := m.tryRun("nb/0", "run-notebook", "path=odd/"+name+".ipynb")
				said[name] = got.Message
			}
			n.odd(m, "reference", only...)
			n.sameAsNbclient(said, n.odd(m, "compare", only...))
		})
	}
}

// sameAsNbclient checks what the comparison of all notebooks gave.
func (n *notebook) sameAsNbclient(said map[string]string, results string) {
	n.t.Helper()
	var seen []string
	for line := range strings.Lines(results) {
		var c compared
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			n.t.Fatalf("cannot read what the comparison gave: %v: %s", err, results)
		}
		seen = append(seen, c.Name)
		n.t.Logf("%s: %d bytes, said %.80q", c.Name, c.Size, said[c.Name])
		switch {
		case c.Name == "unknown":
			if c.Copies != 0 || !strings.Contains(said[c.Name], "cobol") || !strings.Contains(c.Said, "NoSuchKernel") {
				n.t.Errorf("an unknown kernel: we said %q and kept %d copies; nbclient said %q", said[c.Name], c.Copies, c.Said)
			}
			continue
		case c.Copies != 1 || !c.Equal:
			n.t.Errorf("%s: %d copies, and the copy differs from nbclient's: %v", c.Name, c.Copies, c.Differs)
		}
		if (c.Said == "") != (said[c.Name] == "") || !strings.Contains(said[c.Name], c.Said) {
			n.t.Errorf("%s: we said %q, and nbclient %q", c.Name, said[c.Name], c.Said)
		}
	}
	for name := range said {
		if !slices.Contains(seen, name) {
			n.t.Errorf("%s was not compared", name)
		}
	}
}
