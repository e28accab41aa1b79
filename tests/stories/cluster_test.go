//go:build clusters

package stories

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// clusters are the real clusters of tests/clusters, on what is another machine to
// the notebook's: started once for all stories, and left to whoever runs them.
var clusters = sync.OnceValues(func() (map[string]string, error) {
	cmd := exec.Command("../clusters/cluster.sh", "up", "standalone", "yarn", "connect", "s3")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("cannot start the clusters: %v", err)
	}
	env := map[string]string{}
	for _, line := range strings.Split(string(out), "\n") {
		if name, value, found := strings.Cut(line, "="); found {
			env[name] = value
		}
	}
	return env, nil
})

// of is a value of the clusters: an address, a file.
func of(t *testing.T, name string) string {
	t.Helper()
	env, err := clusters()
	if err != nil {
		t.Fatal(err)
	}
	if env[name] == "" {
		t.Fatalf("the clusters tell no %s: %v", name, env)
	}
	return env[name]
}

// modest is what several sessions need to share two small machines.
const modest = `spark-conf=spark.cores.max=2
spark.executor.instances=1
spark.executor.memory=512m
spark.sql.shuffle.partitions=4`

// hadoopSecret makes a secret of the cluster's files that the application may read,
// and returns its URI.
func (m *model) hadoopSecret(app, dir string, files ...string) string {
	m.t.Helper()
	args := []string{app + "-hadoop"}
	for _, name := range files {
		args = append(args, name+"#file="+dir+"/"+name+".xml")
	}
	uri := strings.TrimSpace(m.juju("add-secret", args...))
	m.juju("grant-secret", app+"-hadoop", app)
	return uri
}

// enough is how long a cell on a cluster may take on a machine that does much
// beside.
const enough = 6 * time.Minute

// jobs are what a session must be able to do: each line that it prints is checked.
const jobs = `
import random, socket
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
sc = spark.sparkContext
print("master", sc.master)
print("abroad", socket.gethostname() not in sc.parallelize(range(4), 4).map(lambda _: __import__("socket").gethostname()).collect())
inside = sc.parallelize(range(4), 4).map(lambda i: sum(random.random() ** 2 + random.random() ** 2 < 1 for _ in range(50000))).sum()
print("pi", round(inside / 50000.0, 1))
print("shuffle", sc.parallelize(range(100000), 4).map(lambda n: (n % 100, 1)).reduceByKey(lambda a, b: a + b, 4).count())
big = sc.broadcast(b"x" * 20000000)
print("broadcast", sc.parallelize(range(4), 4).map(lambda _: len(big.value)).sum())
print("results", sum(len(b) for b in sc.parallelize(range(2), 2).map(lambda _: b"y" * 3000000).collect()))
print("udf", spark.range(10).select(F.udf(lambda n: n * n, "long")("id").alias("n")).agg({"n": "sum"}).first()[0])
`

var done = []string{"abroad True", "pi 3.1", "shuffle 100", "broadcast 80000000", "results 6000000", "udf 285"}

// connectJobs are the same where there is no sparkContext.
const connectJobs = `
import pandas as pd
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
print("master", type(spark).__module__)
inside = spark.range(200000).where(F.pow(F.rand(), 2) + F.pow(F.rand(), 2) < 1).count()
print("pi", round(inside / 50000.0, 1))
print("shuffle", spark.range(100000).groupBy(F.col("id") % 100).count().count())
big = spark.createDataFrame(pd.DataFrame({"id": range(200000), "text": ["x" * 100] * 200000}))
print("broadcast", spark.range(400000).join(F.broadcast(big), "id").select(F.sum(F.length("text"))).first()[0])
print("results", len(spark.range(300000).toPandas()))
print("udf", spark.range(10).select(F.udf(lambda n: n * n, "long")("id").alias("n")).agg({"n": "sum"}).first()[0])
`

var connectDone = []string{"master pyspark.sql.connect.session", "pi 3.1", "shuffle 100", "broadcast 20000000", "results 300000", "udf 285"}

// computes runs code in a kernel and checks that it printed all lines.
func (k *kernel) computes(code string, lines ...string) {
	k.n.t.Helper()
	began := time.Now()
	out, err := k.wait(k.send(code), enough)
	if err != nil {
		k.n.t.Fatalf("cannot compute: %v (printed %q)", err, out)
	}
	for _, line := range lines {
		if !strings.Contains(out, line+"\n") {
			k.n.t.Errorf("the cell printed\n%s\nwant a line %q", out, line)
		}
	}
	k.n.t.Logf("computed in %.1f s", time.Since(began).Seconds())
}

// settled waits until the options that were just set are in force.
func (m *model) settled(unit string, texts ...string) *notebook {
	m.t.Helper()
	m.waitActive(unit, texts...)
	return m.open(unit)
}

// serve is what the running notebook of the unit was made with, as its container's
// label has it.
func (m *model) serve(unit string) string {
	m.t.Helper()
	out, _ := m.tryOnMachine(unit, "docker ps --filter label=io.jupyter-docker.role=notebook --filter label=io.jupyter-docker.key="+m.key(unit)+
		` --format '{{.Label "io.jupyter-docker.serve"}}'`)
	return out
}

// inForce waits until the unit is active with a notebook that was made with all of
// the marks, and alone.
func (m *model) inForce(unit string, marks ...string) {
	m.t.Helper()
	m.waitUnit(unit, "serving with "+strings.Join(marks, ", "), patience, func(s unitStatus) bool {
		serve := m.serve(unit)
		return s.Workload.Current == "active" && strings.Count(serve, "\n") < 2 &&
			!slices.ContainsFunc(marks, func(mark string) bool { return !strings.Contains(serve, mark) })
	})
}

// An empty cell lands on the standalone cluster that the configuration names, two
// kernels at once, again after a switch to another user's image, and on the host's
// network.
func TestStandaloneCluster(t *testing.T) {
	t.Parallel()
	master := of(t, "SPARK_MASTER")
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"), "spark-master="+master, modest)
	lines := append([]string{"master " + master}, done...)
	n := m.settled("nb/0", "test/notebook:1")
	first, second := n.startKernel(), n.startKernel()
	beside := make(chan error, 1)
	go func() {
		out, err := first.wait(first.send(jobs+"spark.stop()"), enough)
		if err == nil && !strings.Contains(out, "udf 285\n") {
			err = fmt.Errorf("it printed %q", out)
		}
		beside <- err
	}()
	second.computes(jobs+"spark.stop()", lines...)
	if err := <-beside; err != nil {
		t.Errorf("a kernel beside another cannot compute: %v", err)
	}

	m.config("nb", "jupyter-image="+image("notebook2"))
	m.settled("nb/0", "test/notebook2:1").startKernel().computes(jobs+"spark.stop()", lines...)

	m.config("nb", "network-mode=host")
	m.inForce("nb/0", `"networkMode":"host"`)
	m.open("nb/0").startKernel().computes(jobs+"spark.stop()", lines...)
}

// The same on YARN, by the files of a secret, with what is on HDFS read and
// written.
func TestYARNCluster(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"), modest)
	m.waitActive("nb/0")
	uri := m.hadoopSecret("nb", of(t, "HADOOP_CONF"), "core-site", "hdfs-site", "yarn-site")
	m.config("nb", "spark-master=yarn", "hadoop-conf="+uri)
	m.inForce("nb/0", `"master":"yarn"`, `"hadoop":`)
	const hdfs = `
path = "/tmp/story-%s"
spark.range(1000).write.mode("overwrite").parquet(path)
print("hdfs", spark.read.parquet(path).count(), spark._jvm.org.apache.hadoop.fs.FileSystem.get(spark._jsc.hadoopConfiguration()).getUri().getScheme())
spark.stop()
`
	lines := append([]string{"master yarn", "hdfs 1000 hdfs"}, done...)
	m.open("nb/0").startKernel().computes(jobs+fmt.Sprintf(hdfs, "a"), lines...)
	if got := m.run("nb/0", "check-spark"); got.result("rule-hadoop") != "passed" || got.result("cluster-hadoop") != "3.4.1" {
		t.Errorf("check-spark of a cluster that fits: %+v", got)
	}
	m.config("nb", "jupyter-image="+image("notebook2"), "network-mode=host")
	m.settled("nb/0", "test/notebook2:1").startKernel().computes(jobs+fmt.Sprintf(hdfs, "b"), lines...)
}

// A Connect server takes a session without any way back.
func TestConnectServer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"), "spark-remote="+of(t, "SPARK_REMOTE"))
	n := m.settled("nb/0", "test/notebook:1")
	if s := m.unit("nb/0"); len(s.Ports) != 1 {
		t.Errorf("nobody calls back, and the open ports are %v", s.Ports)
	}
	n.startKernel().computes(connectJobs, connectDone...)
	if got := m.run("nb/0", "check-spark"); !strings.HasPrefix(got.result("cluster-spark"), "3.5.") {
		t.Errorf("the Connect server's version: %+v", got.Results)
	}
	m.config("nb", "network-mode=host", "jupyter-image="+image("notebook2"))
	m.settled("nb/0", "test/notebook2:1").startKernel().computes(connectJobs, connectDone...)
}

// An object store by the keys of a secret alone, in a cell and in the notebook that
// teaches it.
func TestObjectStore(t *testing.T) {
	t.Parallel()
	built := exec.Command("../../images/build.sh")
	built.Env = append(os.Environ(), "S3A=yes")
	name, err := built.Output()
	if err != nil {
		t.Fatalf("cannot build the image with S3A: %v", err)
	}
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+strings.TrimSpace(string(name)), "environment=S3_BUCKET="+of(t, "S3_BUCKET"))
	m.waitActive("nb/0")
	uri := m.hadoopSecret("nb", of(t, "HADOOP_CONF"), "core-site")
	m.config("nb", "spark-master=local[*]", "hadoop-conf="+uri)
	m.inForce("nb/0", `"master":"local[*]"`, `"hadoop":`)
	m.open("nb/0").startKernel().computes(fmt.Sprintf(`
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
path = "s3a://%s/story"
spark.range(20000).write.mode("overwrite").parquet(path)
print("s3a", spark.read.parquet(path).count())
spark.stop()
`, of(t, "S3_BUCKET")), "s3a 20000")
	if got := m.run("nb/0", "run-notebook", "path=examples/s3.ipynb", "timeout=500"); !strings.Contains(got.result("output"), "examples/s3.executed-") {
		t.Errorf("the example of S3: %+v", got)
	}
	if key := of(t, "S3_SECRET_KEY"); strings.Contains(m.onMachine("nb/0", "docker inspect "+m.key("nb/0")+"-a "+m.key("nb/0")+"-b; true"), key) {
		t.Error("docker inspect tells the store's key")
	}
}
