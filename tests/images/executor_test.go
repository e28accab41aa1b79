//go:build integration

package images_test

import (
	"strings"
	"testing"
)

// shuffled computes on a cluster what it cannot without a Python worker there.
const shuffled = `
from pyspark.sql import SparkSession
import pandas
sc = SparkSession.builder.getOrCreate().sparkContext
where = sc.parallelize(range(100), 4).map(lambda i: (i % 3, i)).reduceByKey(lambda a, b: a + b) \
    .map(lambda kv: (kv, pandas.__version__, __import__("os").getuid())).collect()
print("sums", sorted(w[0] for w in where), "alike", {w[1] for w in where} == {pandas.__version__}, "as", {w[2] for w in where})
`

func TestExecutorOfAStandaloneCluster(t *testing.T) {
	notebook := ours(t)
	on := network(t)
	on.start("master", sibling(notebook, "spark-executor"), "master")
	on.start("worker", "--user", "4321:4321", sibling(notebook, "spark-executor"), "worker", "spark://master:7077", "--cores", "2")
	printed := on.python(notebook, shuffled, "spark.master=spark://master:7077", "spark.cores.max=2",
		"spark.driver.bindAddress=0.0.0.0", "spark.driver.host=driver")
	if want := "sums [(0, 1683), (1, 1617), (2, 1650)] alike True as {4321}"; !strings.Contains(printed, want) {
		t.Errorf("got %s\nwant %q", printed, want)
	}
}

func TestExecutorSaysWhatIsMissing(t *testing.T) {
	image := sibling(ours(t), "spark-executor")
	for _, test := range []struct{ command, want string }{
		{"worker", "cannot start a worker: name its master: worker spark://HOST:PORT"},
		{"executor", "cannot start an executor: SPARK_DRIVER_URL is not set; Spark on Kubernetes sets it"},
	} {
		if printed, err := output("run", "--rm", "--network", "none", image, test.command); err == nil || printed != test.want {
			t.Errorf("%s: got %v and %q, want a failure that says %q", test.command, err, printed, test.want)
		}
	}
	if got := docker(t, "run", "--rm", "--network", "none", image, "echo", "as it is"); got != "as it is" {
		t.Errorf("another command: got %q", got)
	}
}
