//go:build clusters

package stories

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// matrixPage is what TestMatrix fills; UPDATE=yes writes it anew.
const matrixPage = "../../docs/reference/matrix.md"

const matrixHead = `# Images and clusters

What each image of [images/matrix](../../images/matrix) came to on each kind of cluster, by the charm's configuration
alone: the action ` + "`spark-pi`" + ` in its notebook, or the charm's refusal in words. ` + "`make test-clusters`" + ` fills this table,
on real clusters, and fails where it differs.

| image | cluster | came to |
|---|---|---|
`

// backend is a kind of cluster and the options that name it.
type backend struct {
	name    string
	options []string
	marks   string // in the container's label when it is in force
}

// TestMatrix runs pi, or is refused for the right reason, on each image and each
// kind of cluster.
func TestMatrix(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	master, remote := of(t, "SPARK_MASTER"), of(t, "SPARK_REMOTE")
	names := matrixImages(t)
	m.deploy("nb", "jupyter-image="+names[0].image, modest)
	m.waitActive("nb/0")
	uri := m.hadoopSecret("nb", of(t, "HADOOP_CONF"), "core-site", "hdfs-site", "yarn-site")
	backends := []backend{
		{"local", []string{"spark-master=local[*]", "spark-remote="}, `"master":"local[*]"`},
		{"standalone, Spark 3.5.6", []string{"spark-master=" + master, "spark-remote="}, `"master":"` + master + `"`},
		{"YARN, Hadoop 3.4.1", []string{"spark-master=yarn", "spark-remote=", "hadoop-conf=" + uri}, `"master":"yarn"`},
		{"Connect, Spark 3.5", []string{"spark-master=", "spark-remote=" + remote}, `"remote":"`},
	}
	var page strings.Builder
	page.WriteString(matrixHead)
	for _, row := range names {
		for _, b := range backends {
			got := m.cell(row, b)
			t.Logf("%s, %s: %s", row.tag, b.name, got)
			fmt.Fprintf(&page, "| %s | %s | %s |\n", row.tag, b.name, strings.NewReplacer(master, "it", remote, "it").Replace(got))
		}
	}
	matrixFits(t, page.String())
}

// matrixFits holds what came out against the page that says so.
func matrixFits(t *testing.T, got string) {
	t.Helper()
	if os.Getenv("UPDATE") == "yes" {
		if err := os.WriteFile(matrixPage, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(matrixPage)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the table is\n%s\nbut %s says\n%s", got, matrixPage, want)
	}
}

// row is an image of images/matrix.
type row struct {
	tag, image, python string
}

// matrixImages builds all images of the matrix: what is built already takes a
// moment.
func matrixImages(t *testing.T) (out []row) {
	t.Helper()
	table, err := os.ReadFile("../../images/matrix")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(table), "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		name, err := exec.Command("../../images/matrix.sh", f[0]).Output()
		if err != nil {
			t.Fatalf("cannot build %s: %v", f[0], err)
		}
		python := "python3"
		if strings.HasPrefix(f[1], "2.") {
			python = "python2.7"
		}
		out = append(out, row{f[0], strings.TrimSpace(string(name)), python})
	}
	return out
}

// cell is what becomes of an image on a kind of cluster.
func (m *model) cell(r row, b backend) string {
	m.t.Helper()
	m.config("nb", append(b.options, "jupyter-image="+r.image, "executor-python="+r.python)...)
	var refused string
	eventually(m.t, r.tag+" serves with "+b.marks+" or is refused", patience, func() bool {
		serve, s := m.serve("nb/0"), m.unit("nb/0")
		if s.Agent.Current != "idle" {
			return false
		}
		refused = ""
		if line, _, found := strings.Cut(s.Workload.Message, " (version-check=enforce)"); found && s.Workload.Current == "blocked" {
			refused = "refused: " + line
			return m.stays(s)
		}
		return s.Workload.Current == "active" && strings.Contains(serve, b.marks) && strings.Contains(serve, ":"+r.tag+`"`)
	})
	if refused != "" {
		return refused
	}
	if got := m.tryRun("nb/0", "spark-pi", "timeout=360"); got.Status != "completed" {
		return "failed: " + got.Message
	}
	return "passed"
}

// stays tells whether the status is that of the newest options, not of those
// before: a hook that comes would change it.
func (m *model) stays(was unitStatus) bool {
	m.t.Helper()
	time.Sleep(3 * time.Second)
	now := m.unit("nb/0")
	return now.Agent.Current == "idle" && now.Workload == was.Workload
}
