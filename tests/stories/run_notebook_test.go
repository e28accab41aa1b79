//go:build integration

package stories

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// cell is a cell of code in a notebook of format 4.
func cell(code string, tags ...string) map[string]any {
	return map[string]any{"cell_type": "code", "source": code, "metadata": map[string]any{"tags": append([]string{}, tags...)},
		"outputs": []any{}, "execution_count": nil}
}

// writeNotebook saves a notebook of cells.
func (n *notebook) writeNotebook(path string, cells ...map[string]any) {
	n.t.Helper()
	n.writeNotebookFor(map[string]any{}, path, cells...)
}

// writeNotebookFor is writeNotebook with metadata, such as which kernel it is for.
func (n *notebook) writeNotebookFor(metadata map[string]any, path string, cells ...map[string]any) {
	n.t.Helper()
	body := map[string]any{"type": "notebook", "format": "json", "content": map[string]any{
		"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}}
	n.call("PUT", "api/contents/"+path, body, nil, http.StatusOK, http.StatusCreated)
}

// outputs are the texts of all outputs of a notebook, and whether a page would
// show those that are not plain.
func (n *notebook) outputs(path string) (text string, trusted bool) {
	n.t.Helper()
	var file struct {
		Content struct {
			Cells []struct {
				Metadata struct {
					Trusted bool `json:"trusted"`
				} `json:"metadata"`
				Outputs []struct {
					Text string         `json:"text"`
					Name string         `json:"ename"`
					Data map[string]any `json:"data"`
				} `json:"outputs"`
			} `json:"cells"`
		} `json:"content"`
	}
	n.call("GET", "api/contents/"+path, nil, &file, http.StatusOK)
	trusted = true
	for _, c := range file.Content.Cells {
		for _, o := range c.Outputs {
			html, _ := o.Data["text/html"].(string)
			text += o.Text + o.Name + html
			trusted = trusted && c.Metadata.Trusted
		}
	}
	return text, trusted
}

// kernels counts the kernels that the notebook has.
func (n *notebook) kernels() int {
	n.t.Helper()
	var all []any
	n.call("GET", "api/kernels", nil, &all, http.StatusOK)
	return len(all)
}

// A notebook is run as its user would, beside the user's own kernel; what came of
// it lies beside it, also when a cell fails or the time is over.
func TestRunNotebook(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "base-url=/team/")
	m.waitActive("nb/0")
	n := m.open("nb/0")
	n.startKernel().run("mine = 1")
	n.call("PUT", "api/contents/reports", map[string]string{"type": "directory"}, nil, 201)
	html := "from IPython.display import HTML; import os; display(HTML('<b>' + os.path.basename(os.getcwd()) + '</b>'))"
	n.writeNotebook("reports/a b.ipynb", cell("print(6 * 7)"), cell("1 / 0", "raises-exception"), cell(html))

	got := m.run("nb/0", "run-notebook", "path=reports/a b.ipynb")
	output := got.result("output")
	if got.result("cells-done") != "3" || !strings.HasPrefix(output, "reports/a b.executed-") || len(got.Log) < 3 {
		t.Errorf("run-notebook gave %+v", got)
	}
	if text, trusted := n.outputs(output); text != "42\nZeroDivisionError<b>reports</b>" || !trusted {
		t.Errorf("the copy shows %q, and trusted is %v", text, trusted)
	}
	if text, _ := n.outputs("reports/a b.ipynb"); text != "" {
		t.Errorf("the notebook itself was given %q", text)
	}

	n.writeNotebook("fails.ipynb", cell("print('before')"), cell("mine"), cell("print('behind')"))
	got = m.tryRun("nb/0", "run-notebook", "path=fails.ipynb")
	n.failedAt(got, "cell 2 of 3: NameError: name 'mine' is not defined", "before\nNameError")
	n.writeNotebook("slow.ipynb", cell(sleeps))
	began := time.Now()
	got = m.tryRun("nb/0", "run-notebook", "path=slow.ipynb", "timeout=40")
	n.failedAt(got, "cell 1 of 1: not done within its time", "begun\nKeyboardInterrupt")
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("a timeout of 40 s was heeded after %s", took)
	}
	n.writeNotebook("dies.ipynb", cell("import os, time; print('begun', flush=True); time.sleep(2); os.kill(os.getpid(), 9)"))
	got = m.tryRun("nb/0", "run-notebook", "path=dies.ipynb")
	n.failedAt(got, "cell 1 of 1: DeadKernelError: Kernel died; see", "begun\n")
	if left := n.kernels(); left != 1 {
		t.Errorf("%d kernels are left, want the user's alone", left)
	}
	n.refuses(m)
}

// failedAt checks that the action failed in words, and what is kept of its run.
func (n *notebook) failedAt(got task, message, kept string) {
	n.t.Helper()
	if got.Status != "failed" || !strings.Contains(got.Message, message) || !strings.Contains(got.Message, got.result("output")) {
		n.t.Errorf("run-notebook gave %+v, want a failure that says %q", got, message)
	}
	if text, _ := n.outputs(got.result("output")); text != kept {
		n.t.Errorf("the copy shows %q, want %q", text, kept)
	}
}

// refuses checks what is refused before anything is run.
func (n *notebook) refuses(m *model) {
	n.t.Helper()
	n.write("text.ipynb", "hello")
	for path, message := range map[string]string{
		"../etc.ipynb": "must not lead out", "/etc/passwd": "must be relative", "first.py": "must end in .ipynb",
		"none.ipynb": "there is no such notebook", "text.ipynb": "is not a notebook",
	} {
		if got := m.tryRun("nb/0", "run-notebook", "path="+path); got.Status != "failed" || !strings.Contains(got.Message, message) {
			n.t.Errorf("run-notebook of %s gave %+v, want a failure that says %q", path, got, message)
		}
	}
	if left := n.kernels(); left != 1 {
		n.t.Errorf("%d kernels are left, want the user's alone", left)
	}
}
