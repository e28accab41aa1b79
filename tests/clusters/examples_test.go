// Package clusters_test runs what needs a real cluster of Spark or Hadoop. With
// the tag clusters: as root, on the clusters that cluster.sh makes and leaves.
package clusters_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

const share = "../../images/jupyterlab-spark-hadoop/files/usr/local/share/jupyter-docker"

// notebookFile is of nbformat 4 what must hold for a notebook of ours.
type notebookFile struct {
	Format int `json:"nbformat"`
	Cells  []struct {
		ID      string            `json:"id"`
		Type    string            `json:"cell_type"`
		Count   *int              `json:"execution_count"`
		Outputs []json.RawMessage `json:"outputs"`
	} `json:"cells"`
}

func TestNotebooksAreAsIfNeverRun(t *testing.T) {
	paths, _ := filepath.Glob(share + "/examples/*.ipynb")
	if len(paths) != 4 {
		t.Errorf("got the examples %q, want four", paths)
	}
	for _, path := range append(paths, share+"/first-steps.ipynb") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var n notebookFile
		if err := json.Unmarshal(text, &n); err != nil || n.Format != 4 || len(n.Cells) == 0 {
			t.Errorf("%s: cannot be read as nbformat 4: %v", path, err)
		}
		seen := map[string]bool{}
		for _, c := range n.Cells {
			if c.ID == "" || seen[c.ID] || len(c.Outputs) > 0 || c.Count != nil {
				t.Errorf("%s: cell %q has outputs, a count, or no id of its own", path, c.ID)
			}
			seen[c.ID] = true
		}
	}
}
