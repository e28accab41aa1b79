//go:build integration

package stories

import (
	"net/http"
	"strings"
	"testing"
)

// Our own image, as a newcomer meets it: the first notebook lies there and runs,
// Spark computes, its pages are behind the token, and another user goes on.
func TestSparkInOurImage(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"), "base-url=/team/", "memory-limit=4g")
	m.waitActive("nb/0", "test/notebook:1")
	n := m.open("nb/0")
	n.serves()
	k := n.startKernel()
	cells := n.cells("first-steps.ipynb")
	last := len(cells) - 1
	if last < 3 || !strings.Contains(cells[last], "spark.stop()") {
		t.Fatalf("the first notebook has cells %q, want one that stops Spark at the end", cells)
	}
	var printed strings.Builder
	for _, cell := range cells[:last] {
		printed.WriteString(k.run(cell))
	}
	if got := printed.String(); strings.Count(got, "pi is roughly 3.1") != 2 || !strings.Contains(got, "3.5.6") {
		t.Errorf("the first notebook printed %q", got)
	}
	n.showsSpark("proxy/4040/jobs/")
	n.showsSpark("spark-ui/jobs/")
	k.run(cells[last])
	k.run("spark = SparkSession.builder.getOrCreate(); spark.range(1000).write.parquet('numbers')")
	k.run("spark.stop()")

	m.config("nb", "jupyter-image="+image("notebook2"))
	m.waitActive("nb/0", "test/notebook2:1")
	n.serves()
	n.goesOnAsAnother()
}

// goesOnAsAnother checks that Spark computes and files are shared where the uid
// is not the one before, and has no name.
func (n *notebook) goesOnAsAnother() {
	n.t.Helper()
	k := n.startKernel()
	if got := k.run("import os; print(os.getuid())"); got != "4321\n" {
		n.t.Fatalf("the kernel runs as uid %s, want 4321", got)
	}
	k.run("from pyspark.sql import SparkSession; spark = SparkSession.builder.getOrCreate()")
	if got := k.run("print(spark.read.parquet('numbers').count())"); !strings.Contains(got, "1000\n") {
		n.t.Errorf("of 1000 numbers that the former user wrote %q are read", got)
	}
	if got := k.run(pi); !strings.Contains(got, "3.14") {
		n.t.Errorf("Spark computes pi as %q", got)
	}
	k.run("spark.range(10).write.parquet('mine'); open('first-steps.ipynb', 'a').close(); spark.stop()")
}

// pi is computed by Spark's workers, in Python and in Java.
const pi = `
inside = spark.sparkContext.parallelize(range(2), 2).map(
    lambda part: sum((x / 500 - 1) ** 2 + (y / 500 - 1) ** 2 < 1 for x in range(part * 500, part * 500 + 500) for y in range(1000))).sum()
print(4 * inside / 1e6)
`

// cells is the code of a notebook's cells.
func (n *notebook) cells(path string) (code []string) {
	n.t.Helper()
	var file struct {
		Content struct {
			Cells []struct {
				Type   string `json:"cell_type"`
				Source string `json:"source"`
			} `json:"cells"`
		} `json:"content"`
	}
	n.call("GET", "api/contents/"+path, nil, &file, http.StatusOK)
	for _, cell := range file.Content.Cells {
		if cell.Type == "code" {
			code = append(code, cell.Source)
		}
	}
	return code
}
