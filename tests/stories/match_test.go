//go:build integration

package stories

import (
	"archive/tar"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A notebook whose versions do not match the cluster's never takes the place of
// one that serves; both sides are named; with warn, it serves and is told of.
func TestImageMustMatchTheCluster(t *testing.T) {
	t.Parallel()
	const differs = "image has Spark 3.5.6/Hadoop 3.4.1; emr-5.27.0 needs 2.4.4/2.8.5"
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"), "emr-release=emr-7.11.0", "executor-python=python3.11")
	m.waitActive("nb/0", "test/notebook:1")
	n := m.open("nb/0")
	k := n.startKernel()
	k.run("kept = 42")
	before := m.containers("nb/0")

	m.config("nb", "emr-release=emr-5.27.0")
	m.waitStatus("nb/0", "blocked", differs+" (version-check=enforce)", "test/notebook:1 still serves")
	m.config("nb", "jupyter-image="+image("notebook2"))
	m.waitStatus("nb/0", "blocked", differs+" (version-check=enforce)", "test/notebook:1 still serves")
	if now := m.containers("nb/0"); now != before {
		t.Errorf("an image that does not match left %q, were %q", now, before)
	}
	if got := k.run("print(kept)"); got != "42\n" {
		t.Errorf("the kernel of the notebook that serves says %q", got)
	}
	checked := m.tryRun("nb/0", "check-spark")
	for name, want := range map[string]string{
		"image-spark": "3.5.6", "image-hadoop": "3.4.1", "image-scala": "2.12.18", "cluster-spark": "2.4.4", "cluster-hadoop": "2.8.5-amzn-4",
		"rule-spark": "failed", "rule-hadoop": "failed", "rule-python": "passed", "outcome": "does not match",
	} {
		if got := checked.result(name); got != want {
			t.Errorf("check-spark gives %s=%q, want %q", name, got, want)
		}
	}
	if checked.Status != "failed" || !strings.Contains(checked.Message, "needs 2.4.4/2.8.5") || !strings.Contains(checked.result("report"), "WHAT WOULD FIT") {
		t.Errorf("check-spark: %+v", checked)
	}

	m.config("nb", "version-check=warn")
	m.waitActive("nb/0", "test/notebook2:1", "needs 2.4.4/2.8.5")
	m.config("nb", "version-check=off")
	m.waitUnit("nb/0", "active without a word of the cluster", patience, func(s unitStatus) bool {
		return s.Workload.Current == "active" && !strings.Contains(s.Workload.Message, "emr")
	})
	m.config("nb", "version-check=enforce", "emr-release=", "cluster-versions=spark=3.5.6 scala=2.13")
	m.waitStatus("nb/0", "blocked", "image has Scala 2.12.18; the cluster needs 2.13 (version-check=enforce)", "still serves")
}

// An image that is refused from the first serves nobody.
func TestFirstImageDoesNotMatch(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("plain"), "spark-master=spark://nowhere.invalid:7077")
	m.waitStatus("nb/0", "blocked", "no Spark was found in the image; spark://nowhere.invalid:7077 is named")
	m.config("nb", "jupyter-image="+image("notebook"))
	m.waitActive("nb/0", "test/notebook:1", "master nowhere.invalid:7077 cannot be found: the name does not resolve")
	m.config("nb", "spark-conf=spark.driver.port=0")
	m.waitActive("nb/0", "cannot be found")
	if got := m.tryRun("nb/0", "check-spark").result("warnings"); !strings.Contains(got, "spark-conf sets spark.driver.port=0: that port is not published") {
		t.Errorf("check-spark warns of %q", got)
	}
}

// site is a file of Hadoop's with these properties, name=value.
func site(properties ...string) string {
	var out strings.Builder
	out.WriteString("<configuration>\n")
	for _, p := range properties {
		name, value, _ := strings.Cut(p, "=")
		fmt.Fprintf(&out, "<property><name>%s</name><value>%s</value></property>\n", name, value)
	}
	return out.String() + "</configuration>\n"
}

// Hadoop's files come from a secret or a resource; what they lack is said in
// words, and of a grant no hook tells.
func TestHadoopConfiguration(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"), "version-check=warn")
	m.waitActive("nb/0")
	n := m.open("nb/0")
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	core, yarn := site("fs.defaultFS=hdfs://nn.invalid:8020"), site("yarn.resourcemanager.hostname=rm.invalid")
	uri := strings.TrimSpace(m.juju("add-secret", "hadoop", "core-site#file="+file("core-site.xml", core), "yarn-site="+site()))
	m.config("nb", "spark-master=yarn", "hadoop-conf="+uri)
	m.waitStatus("nb/0", "blocked", "hadoop-conf may not be read: juju grant-secret it to nb", "update-status", "apply", "still serves") // (39) no hook tells of a grant
	m.juju("grant-secret", "hadoop", "nb")
	m.tryRun("nb/0", "apply") // it fails with what is wrong next
	m.waitStatus("nb/0", "blocked", "hadoop-conf does not say where YARN is: yarn-site needs yarn.resourcemanager.hostname", "still serves")
	n.serves()
	m.juju("update-secret", "hadoop", "core-site="+core, "yarn-site="+yarn)
	m.waitActive("nb/0", "cannot be found: the name does not resolve")
	m.hasHadoop("nb/0", "rm.invalid")

	m.reset("nb", "hadoop-conf")
	m.waitStatus("nb/0", "blocked", "hadoop-conf is not set, and the image's own:", "still serves")
	m.juju("attach-resource", "nb", "hadoop-conf="+file("README.tar", "no tar"))
	m.waitStatus("nb/0", "blocked", "hadoop-conf is a resource", "still serves")
	m.juju("attach-resource", "nb", "hadoop-conf="+tarOf(t, t.TempDir(), map[string]string{
		"conf/core-site.xml": core, "conf/yarn-site.xml": site("yarn.resourcemanager.hostname=other.invalid"), "conf/README": "no file of Hadoop's",
	}))
	m.waitActive("nb/0", "cannot be found: the name does not resolve")
	m.hasHadoop("nb/0", "other.invalid")
}

// Juju cannot detach a resource: an empty one is none, which is the way back. A
// resource counts where no cluster is named too, as the secret does (33).
func TestHadoopResource(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	empty := filepath.Join(t.TempDir(), "empty.tar")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m.deployWith("nb", []string{"--resource", "hadoop-conf=" + empty}, "jupyter-image="+image("notebook"))
	m.waitActive("nb/0", "test/notebook:1")
	const where = "import os; print(os.environ.get('HADOOP_CONF_DIR', 'nowhere').startswith('/jupyter-docker'))"
	if got := m.open("nb/0").startKernel().run(where); got != "False\n" {
		t.Errorf("with an empty resource a cell finds our HADOOP_CONF_DIR: %s", got)
	}
	before := m.containers("nb/0")
	m.juju("attach-resource", "nb", "hadoop-conf="+tarOf(t, t.TempDir(), map[string]string{
		"core-site.xml": site("fs.defaultFS=hdfs://nn.invalid:8020"), "yarn-site.xml": site("yarn.resourcemanager.hostname=rm.invalid"),
	}))
	m.replaced("nb/0", before)
	m.waitSettled("nb/0", "test/notebook:1")
	m.hasHadoop("nb/0", "rm.invalid")
	before = m.containers("nb/0")
	m.juju("attach-resource", "nb", "hadoop-conf="+empty)
	m.replaced("nb/0", before)
	m.waitSettled("nb/0", "test/notebook:1")
	if got := m.open("nb/0").startKernel().run(where); got != "False\n" {
		t.Errorf("with an empty resource again a cell finds our HADOOP_CONF_DIR: %s", got)
	}
}

// hasHadoop checks that a kernel finds Hadoop's configuration where its
// environment says, and that nobody else on the machine can read it.
func (m *model) hasHadoop(unit, text string) {
	m.t.Helper()
	k := m.open(unit).startKernel()
	got := k.run("import os; d = os.environ['HADOOP_CONF_DIR']; print(d, sorted(os.listdir(d)), open(d + '/yarn-site.xml').read())")
	if !strings.Contains(got, "['core-site.xml', 'yarn-site.xml']") || !strings.Contains(got, text) {
		m.t.Errorf("HADOOP_CONF_DIR holds %s, want yarn-site.xml with %s", got, text)
	}
	modes := m.onMachine(unit, "find /var/lib/jupyter-docker/"+m.key(unit)+"/slot-?/secret -perm /o=rwx")
	if modes != "" {
		m.t.Errorf("everyone on the machine can read %s", modes)
	}
}

// What the charm sets is laid over the image's own file alone, an operator's lines
// win over both, and a cell wins over all.
func TestSparkConfiguration(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"), "spark-conf=spark.ui.showConsoleProgress=false\nspark.app.name=of the operator")
	m.waitActive("nb/0")
	k := m.open("nb/0").startKernel()
	k.run("from pyspark.sql import SparkSession; spark = SparkSession.builder.getOrCreate(); conf = spark.sparkContext.getConf().get")
	for key, want := range map[string]string{
		"spark.app.name": "of the operator", "spark.master": "local[*]", "spark.ui.showConsoleProgress": "false",
		"spark.hadoop.fs.permissions.umask-mode": "002",
	} {
		if got := strings.TrimSpace(k.run("print(conf('" + key + "'))")); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	k.run("spark.stop(); spark = SparkSession.builder.appName('of the cell').getOrCreate()")
	if got := k.run("print(spark.sparkContext.appName)"); got != "of the cell\n" {
		t.Errorf("a cell's own name of its session became %q", got)
	}
}

// tarOf makes a tar of texts by name, and returns its path.
func tarOf(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	path := filepath.Join(dir, "conf.tar")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	archive := tar.NewWriter(f)
	for name, text := range files {
		err = errors.Join(err, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}))
		_, failed := archive.Write([]byte(text))
		err = errors.Join(err, failed)
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}
