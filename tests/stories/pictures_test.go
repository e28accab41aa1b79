//go:build integration

package stories

import (
	"encoding/base64"
	"html"
	"os"
	"strings"
	"testing"
	"time"
)

// A switch that is refused is told to its operator, and whoever has the notebook
// open goes on computing in it. The pictures of the README are taken here: make
// pictures.
func TestBrowserComputesThroughARefusal(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("jupyter-docker", "jupyter-image="+image("notebook"), "spark-conf=spark.ui.showConsoleProgress=false\nspark.log.level=ERROR")
	m.waitActive("jupyter-docker/0")
	n := m.open("jupyter-docker/0")
	n.writeEstimate("pi.ipynb")
	b := openChromium(t)
	b.visit(n.url + "lab/tree/pi.ipynb")
	b.shows("#password_input", time.Minute)
	b.logIn(n.token)
	b.shows(".jp-Notebook .jp-Cell", patience)
	b.runsUntil("o.innerText.includes('Pi is roughly 3.14')")
	b.runsUntil("o.querySelector('img')")
	b.screenshot("notebook")

	m.config("jupyter-docker", "jupyter-image="+image("exits"))
	m.waitStatus("jupyter-docker/0", "blocked", "no licence", "test/notebook:1 still serves")
	b.evaluate(`document.querySelector(".jp-Notebook .jp-Cell:last-of-type .cm-content").focus()`)
	b.do("Input.insertText", map[string]string{"text": `print("Still here:", points.count())`}, nil)
	b.runsUntil("o.innerText.includes('Still here: 4000000')")
	picture := b.picture()
	operator := openChromium(t)
	operator.shell([]string{"juju config jupyter-docker jupyter-image=" + image("exits"), "juju status"}, m.juju("status"), picture)
	operator.screenshot("refused")
}

// writeEstimate saves a notebook that computes pi by Spark and draws it.
func (n *notebook) writeEstimate(path string) {
	n.t.Helper()
	about := map[string]any{"cell_type": "markdown", "metadata": map[string]any{},
		"source": "# Pi, by Spark\nFour million points, on the CPUs or on the cluster that the charm's configuration names."}
	python := map[string]any{"kernelspec": map[string]string{"name": "python3", "display_name": "Python 3", "language": "python"}}
	n.writeNotebookFor(python, path, about, cell(`from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
points = spark.range(4_000_000).select(F.rand(1).alias("x"), F.rand(2).alias("y"))
inside = points.where("x * x + y * y < 1").count()
print("Pi is roughly", 4 * inside / 4_000_000)`), cell(`import matplotlib.pyplot as plt
some = points.limit(1000).toPandas()
figure = plt.figure(figsize=(3, 2))
plt.scatter(some.x, some.y, s=3, c=some.x ** 2 + some.y ** 2 < 1, cmap="winter");`))
}

// runsUntil runs one cell after the other, as a person does who waits for each, until
// an output o is as wanted. JupyterLab asks for the kernel where a cell is run before
// the page has one.
func (b *chromium) runsUntil(wanted string) {
	b.t.Helper()
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(2 * time.Second) {
		state := b.evaluate(`(() => {
			const answer = document.querySelector(".jp-Dialog .jp-mod-accept");
			if (answer) { answer.click(); return "asked"; }
			if (document.querySelector(".jp-Notebook-ExecutionIndicator")?.dataset.status != "idle") return "busy";
			if ([...document.querySelectorAll(".jp-OutputArea-output")].some(o => ` + wanted + `)) return "done";
			document.querySelector("[data-command='notebook:run-cell-and-select-next']")
				.dispatchEvent(new MouseEvent("mousedown", {bubbles: true, button: 0}));
			return "run";
		})()`)
		if state == "done" {
			return
		}
	}
	b.t.Fatalf("no output has %s; screenshot: %s", wanted, b.screenshot("missing"))
}

// picture is what the page looks like, as PNG.
func (b *chromium) picture() []byte {
	b.t.Helper()
	var shot struct {
		Data string `json:"data"`
	}
	b.do("Page.captureScreenshot", nil, &shot)
	picture, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatalf("cannot take a picture: %v", err)
	}
	return picture
}

// shell shows commands and what the last one printed as a terminal does, above what
// somebody else's page looks like meanwhile.
func (b *chromium) shell(commands []string, printed string, below []byte) {
	b.t.Helper()
	page, err := os.CreateTemp("", "story-*.html")
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { os.Remove(page.Name()) })
	_, err = page.WriteString(`<meta charset="utf-8"><style>body { margin: 0; font: 14px monospace; background: #1e1e2e; color: #e0e0e8; overflow: hidden }
		pre { margin: 12px; white-space: pre-wrap } img { display: block; width: 100% }</style><pre>$ ` +
		html.EscapeString(strings.Join(commands, "\n$ ")+"\n"+printed) + `</pre><img src="data:image/png;base64,` +
		base64.StdEncoding.EncodeToString(below) + `">`)
	if err == nil {
		err = page.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.visit("file://" + page.Name())
	b.shows("pre", time.Minute)
}
