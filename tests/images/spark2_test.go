//go:build clusters

package images_test

import (
	"strings"
	"testing"
)

// emr527 builds the images of Spark 2.4.4 and Hadoop 2.8.5, and returns the notebook's name.
func emr527(t *testing.T) string {
	t.Helper()
	name, printed, err := build(t, "SPARK_VERSION=2.4.4", "HADOOP_VERSION=2.8.5")
	if err != nil {
		t.Fatalf("cannot build the image: %v\n%s", err, printed)
	}
	return name
}

func TestSpark24IsWhatEMR527Has(t *testing.T) {
	image := emr527(t)
	labels := inspect(t, image).Config.Labels
	for name, want := range map[string]string{"spark": "2.4.4", "hadoop": "2.8.5", "scala": "2.11.", "java": "1.8.", "python": "2.7."} {
		if got := labels["io.github.jupyter-docker.image."+name]; !strings.HasPrefix(got, want) {
			t.Errorf("got %s %q, want %s", name, got, want)
		}
	}
	if got := docker(t, "run", "--rm", "--network", "none", image, "spark-class", "org.apache.hadoop.util.VersionInfo"); !strings.Contains(got, "Hadoop 2.8.5\n") {
		t.Errorf("Hadoop's own word for its version: got %s", got)
	}
	jars := strings.Fields(docker(t, "run", "--rm", "--network", "none", image, "sh", "-c", "cd /opt/spark/jars && ls -d hadoop-*.jar"))
	for _, jar := range jars {
		if !strings.HasSuffix(jar, "-2.8.5.jar") {
			t.Errorf("Spark has %s beside Hadoop 2.8.5", jar)
		}
	}
	if len(jars) < 10 {
		t.Errorf("got Hadoop's jars %q, want all of its client", jars)
	}
}

func TestSpark24InItsNotebook(t *testing.T) {
	image := emr527(t)
	got := docker(t, "run", "--rm", "--network", "none", image, "jupyter", "nbconvert", "--to", "notebook", "--execute", "--stdout",
		"/usr/local/share/jupyter-docker/first-steps.ipynb")
	if strings.Count(got, "pi is roughly 3.1") != 2 {
		t.Errorf("the first steps print no pi:\n%s", got)
	}
	const ask = `
import json, time, urllib.request
for _ in range(120):
    try:
        with urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8888/api/kernels?token=x", b"{}")) as reply:
            print("default kernel", json.load(reply)["name"])
            break
    except OSError:
        time.sleep(1)
with urllib.request.urlopen("http://127.0.0.1:8888/api/kernelspecs?token=x") as reply:
    print("kernels", list(json.load(reply)["kernelspecs"]))
`
	got = docker(t, "run", "--rm", "--network", "none", "-e", "JUPYTER_TOKEN=x", image,
		"sh", "-c", `start-notebook >/dev/null 2>&1 & exec /opt/venv/bin/python -c "$1"`, "sh", ask)
	if want := "default kernel python2\nkernels ['python2']"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// through24 is what goes through Hadoop's client, Arrow and a Python worker.
const through24 = `
from __future__ import print_function
import sys
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
spark = SparkSession.builder.getOrCreate()
sc = spark.sparkContext
print("python", sys.version_info[:2], sc.parallelize(range(2), 2).map(lambda _: __import__("sys").version_info[:2]).distinct().collect())
print("sums", sorted(sc.parallelize(range(100), 4).map(lambda i: (i % 3, i)).reduceByKey(lambda a, b: a + b).collect()))
plus = pandas_udf(lambda s: s + 1, "long")
print("udf", spark.range(10).select(plus("id").alias("x")).selectExpr("sum(x)").first()[0])
if sc.master.startswith("local"):
    spark.range(1000).write.parquet("/tmp/numbers")
    print("parquet", spark.read.parquet("/tmp/numbers").selectExpr("sum(id)").first()[0])
`

func TestSpark24OnItsExecutors(t *testing.T) {
	notebook := emr527(t)
	on := network(t)
	on.start("master", sibling(notebook, "spark-executor"), "master")
	on.start("worker", "--user", "4321:4321", sibling(notebook, "spark-executor"), "worker", "spark://master:7077", "--cores", "2")
	const everywhere = "python (2, 7) [(2, 7)]\nsums [(0, 1683), (1, 1617), (2, 1650)]\nudf 55"
	for _, test := range []struct{ master, want string }{
		{"local[2]", everywhere + "\nparquet 499500"},
		{"spark://master:7077", everywhere},
	} {
		printed := on.python(notebook, through24, "spark.master="+test.master, "spark.driver.bindAddress=0.0.0.0", "spark.driver.host=driver")
		var said []string
		for _, line := range strings.Split(printed, "\n") {
			// Spark's progress bar ends without a new line.
			line = line[strings.LastIndexByte(line, '\r')+1:]
			if word, _, _ := strings.Cut(line, " "); strings.Contains("python sums udf parquet", word) && word != "" {
				said = append(said, line)
			}
		}
		if got := strings.Join(said, "\n"); got != test.want {
			t.Errorf("%s: got %s\nwant %s\nof\n%s", test.master, got, test.want, printed)
		}
	}
}

func TestSpark24RefusesHadoop3(t *testing.T) {
	_, printed, err := build(t, "SPARK_VERSION=2.4.4", "HADOOP_VERSION=3.3.6")
	if want := "cannot build Spark 2.4.4 with Hadoop 3.3.6: its Hive knows Hadoop 2 only"; err == nil || !strings.Contains(printed, want) {
		t.Errorf("got %v and %s\nwant a failure that says %q", err, printed, want)
	}
}
