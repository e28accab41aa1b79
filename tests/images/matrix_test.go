//go:build clusters

package images_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMatrix builds every row of images/matrix and runs what its versions promise.
func TestMatrix(t *testing.T) {
	table, err := os.ReadFile("../../images/matrix")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range strings.Split(strings.TrimSpace(string(table)), "\n") {
		if strings.HasPrefix(row, "#") {
			continue
		}
		columns := strings.Fields(row)
		tag, spark, hadoop := columns[0], columns[1], columns[2]
		t.Run(tag, func(t *testing.T) {
			notebook := rowOf(t, tag)
			if !strings.HasSuffix(notebook, "/jupyterlab-spark-hadoop:"+tag) {
				t.Errorf("the row is built as %s", notebook)
			}
			checkPromises(t, notebook, spark, hadoop)
		})
	}
}

// rowOf builds a row by the name that it has in the table.
func rowOf(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.Command("../../images/matrix.sh", name)
	var printed strings.Builder
	cmd.Stderr = &printed
	out, err := cmd.Output()
	if err != nil || !strings.Contains(printed.String(), "==> "+name+": ") {
		t.Fatalf("cannot build the row %s: %v\n%s", name, err, printed.String())
	}
	return strings.TrimSpace(string(out))
}

// checkPromises runs Spark's own pi, Hadoop's command and an import, in the notebook and the executor.
func checkPromises(t *testing.T, notebook, spark, hadoop string) {
	t.Helper()
	for _, image := range []string{notebook, sibling(notebook, "spark-executor")} {
		for _, test := range []struct{ command, want string }{
			{"spark-submit --master 'local[2]' --driver-memory 512m /opt/spark/examples/src/main/python/pi.py 2", "Pi is roughly 3.1"},
			{"hadoop version", "Hadoop " + hadoop + "\n"},
			{"hadoop fs -ls /opt", "/opt/build-id"},
			{"python -c 'import pyspark, pandas, pyarrow; print(pyspark.__version__)'", spark},
		} {
			if got := docker(t, "run", "--rm", image, "sh", "-c", test.command); !strings.Contains(got, test.want) {
				t.Errorf("%s: %s printed\n%s\nwant %q", image, test.command, got, test.want)
			}
		}
	}
	if ids := buildIDs(t, notebook); len(ids) != 1 || ids[0] == "" {
		t.Errorf("notebook and executor have the build ids %q", ids)
	}
}

// TestS3A writes to and reads from an S3 server, which is what the test layers on the images.
func TestS3A(t *testing.T) {
	requirements := filepath.Join(t.TempDir(), "requirements.txt")
	if err := os.WriteFile(requirements, []byte("moto[server]==5.2.5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	notebook, printed, err := build(t, "S3A=yes", "REQUIREMENTS="+requirements, "IMAGE_PREFIX=jupyter-docker.local/test")
	if err != nil || !strings.HasSuffix(notebook, "-s3a") {
		t.Fatalf("cannot build %s with S3A: %v\n%s", notebook, err, printed)
	}
	executor := sibling(notebook, "spark-executor")
	t.Cleanup(func() { docker(t, "rmi", notebook, executor, sibling(notebook, "spark-base")) })
	on := network(t)
	on.start("s3", executor, "moto_server", "-H", "0.0.0.0", "-p", "5000")
	const program = `
import time, urllib.request
from pyspark.sql import SparkSession
for _ in range(120):
    try:
        urllib.request.urlopen(urllib.request.Request("http://s3:5000/bucket", method="PUT"))
        break
    except OSError:
        time.sleep(1)
s = SparkSession.builder.getOrCreate()
s.range(20000).write.parquet("s3a://bucket/table")
print("read", s.read.parquet("s3a://bucket/table").selectExpr("sum(id)").first()[0])
`
	got := on.python(notebook, program, "spark.master=local[2]", "spark.hadoop.fs.s3a.endpoint=http://s3:5000",
		"spark.hadoop.fs.s3a.access.key=a", "spark.hadoop.fs.s3a.secret.key=b", "spark.hadoop.fs.s3a.path.style.access=true",
		"spark.hadoop.fs.s3a.endpoint.region=us-east-1")
	if want := "read 199990000"; !strings.Contains(got, want) {
		t.Errorf("got %s\nwant %q", got, want)
	}
}
