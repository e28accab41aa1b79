package inventory_test

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/inventory"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

func TestPackage(t *testing.T) { TestingT(t) }

type suite struct{}

var _ = Suite(suite{})

// tree makes files: "path" is an empty one, "path -> target" a link, "path = text"
// one with text, "path.jar: member key=value" a jar.
func tree(c *C, lines ...string) string {
	root := c.MkDir()
	for _, line := range lines {
		at, text, isFile := strings.Cut(line, " = ")
		at, target, isLink := strings.Cut(at, " -> ")
		at, member, isJar := strings.Cut(at, ": ")
		p := filepath.Join(root, at)
		c.Assert(os.MkdirAll(filepath.Dir(p), 0o755), IsNil)
		switch {
		case isLink:
			c.Assert(os.Symlink(target, p), IsNil)
		case isJar && !isFile:
			jar(c, p, member)
		default:
			c.Assert(os.WriteFile(p, []byte(text), 0o755), IsNil)
		}
	}
	return root
}

func jar(c *C, path, member string) {
	f, err := os.Create(path)
	c.Assert(err, IsNil)
	defer f.Close()
	name, text, _ := strings.Cut(member, " ")
	w := zip.NewWriter(f)
	part, err := w.Create(name)
	c.Assert(err, IsNil)
	_, err = part.Write([]byte("# of the build\n" + text + "\n"))
	c.Assert(err, IsNil)
	c.Assert(w.Close(), IsNil)
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if key, value, _ := strings.Cut(p, "="); key == name {
				return value
			}
		}
		return ""
	}
}

// values are the facts of an image: Spark, Scala, Hadoop, Python, Java, Jupyter,
// and PySpark where it is not Spark's own.
func values(i spark.Installation) (out []string) {
	for _, f := range []spark.Fact{i.Spark, i.Scala, i.Hadoop, i.Python, i.Java, i.Jupyter, i.PySpark} {
		out = append(out, f.Value)
	}
	return out
}

const stacksJars = "/usr/local/spark-4.0.1-bin-hadoop3/jars/"

// stacks is laid out as Jupyter Docker Stacks' pyspark-notebook is.
var stacks = []string{
	"/opt/conda/bin/jupyter-lab = #!/opt/conda/bin/python3.12\nimport sys\n", "/opt/conda/bin/python3.12", "/opt/conda/bin/python3 -> python3.12",
	"/opt/conda/conda-meta/python-3.12.11-h9e4cc4f_0_cpython.json",
	"/opt/conda/lib/python3.12/site-packages/jupyter_server-2.17.0.dist-info/METADATA",
	"/opt/conda/lib/python3.12/site-packages/pandas/x", "/opt/conda/lib/python3.12/site-packages/pyarrow/x",
	"/usr/local/spark -> spark-4.0.1-bin-hadoop3",
	stacksJars + "spark-core_2.13-4.0.1.jar", stacksJars + "hadoop-client-api-3.4.1.jar", stacksJars + "hadoop-client-runtime-3.4.1.jar",
	stacksJars + "scala-library-2.13.16.jar: library.properties version.number=2.13.16",
	"/usr/local/spark-4.0.1-bin-hadoop3/conf/spark-defaults.conf = spark.ui.enabled true\n",
	"/usr/bin/java -> ../lib/jvm/java-17-openjdk-amd64/bin/java", "/usr/lib/jvm/java-17-openjdk-amd64/bin/java",
	`/usr/lib/jvm/java-17-openjdk-amd64/release = IMPLEMENTOR="Ubuntu"` + "\n" + `JAVA_VERSION="17.0.16"` + "\n",
}

func (suite) TestDockerStacks(c *C) {
	got := Read(tree(c, stacks...), env("PATH=/opt/conda/bin:/usr/local/bin:/usr/bin", "SPARK_HOME=/usr/local/spark"))
	c.Check(values(got), DeepEquals, []string{"4.0.1", "2.13.16", "3.4.1", "3.12.11", "17.0.16", "2.17.0", ""})
	c.Check(got.Home, Equals, "/usr/local/spark")
	c.Check(got.DefaultsPath, Matches, "/usr/local/spark(-4.0.1-bin-hadoop3)?/conf/spark-defaults.conf")
	c.Check(got.Defaults, Equals, "spark.ui.enabled true\n")
	c.Check(got.ConnectLacks, DeepEquals, []string{"googleapis-common-protos", "grpcio", "grpcio-status"})
}

// Without SPARK_HOME, PySpark from PyPI brings its own Spark, which has no
// configuration folder.
func (suite) TestSparkOfThePythonPackage(c *C) {
	const lib = "/opt/venv/lib/python3.11/site-packages/"
	got := Read(tree(c,
		"/opt/venv/bin/jupyter-lab = #!/opt/venv/bin/python\n", "/usr/bin/python3.11", "/opt/venv/bin/python -> ../../../usr/bin/python3.11",
		"/opt/venv/pyvenv.cfg = home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n",
		lib+"pyspark/version.py = __version__: str = \"3.5.6\"\n", lib+"pyspark/jars/spark-core_2.12-3.5.6.jar",
		lib+"pyspark/jars/spark-common-utils_2.12-3.5.6.jar: spark-version-info.properties version=3.5.6-amzn-1",
		lib+"pyspark/jars/hadoop-client-api-3.3.4.jar: common-version-info.properties version=3.3.4",
		lib+"notebook-6.4.12.dist-info/METADATA", "/opt/build-id = abc123\n",
	), env("PATH=/opt/venv/bin:/usr/bin"))
	c.Check(values(got), DeepEquals, []string{"3.5.6-amzn-1", "2.12", "3.3.4", "3.11.2", "", "6.4.12", ""})
	c.Check(got.Home, Equals, lib+"pyspark")
	c.Check(got.DefaultsPath, Equals, lib+"pyspark/conf/spark-defaults.conf")
	c.Check(got.Defaults, Equals, "")
	c.Check(got.BuildID.Value, Equals, "abc123")
}

// A package beside the Spark of SPARK_HOME is what Python imports: both are told.
func (suite) TestAnotherPySpark(c *C) {
	got := Read(tree(c, append(stacks, "/opt/conda/lib/python3.12/site-packages/pyspark/version.py = __version__ = '3.5.1'\n")...),
		env("PATH=/opt/conda/bin:/usr/bin", "SPARK_HOME=/usr/local/spark"))
	c.Check(got.Spark.Value, Equals, "4.0.1")
	c.Check(got.PySpark.Value, Equals, "3.5.1")
}

// Notebooks run on the Python of the default kernel, not the server's.
func (suite) TestKernelOfAnotherPython(c *C) {
	got := Read(tree(c,
		"/opt/venv/bin/jupyter-lab = #!/opt/venv/bin/python\n", "/opt/venv/bin/python", "/opt/venv/pyvenv.cfg = version = 3.13.5\n",
		"/opt/venv/lib/python3.13/site-packages/jupyter_server-2.17.0.dist-info/METADATA",
		"/etc/jupyter/jupyter_server_config.py = c.MultiKernelManager.default_kernel_name = 'python2'\n",
		`/usr/local/share/jupyter/kernels/python2/kernel.json = {"argv": ["/opt/py2/bin/python", "-m", "ipykernel"], "language": "python"}`,
		"/usr/bin/python2.7", "/opt/py2/bin/python -> ../../../usr/bin/python2.7",
		"/opt/spark/jars/spark-core_2.11-2.4.4.jar", "/opt/spark/jars/hadoop-common-2.8.5.jar",
		"/opt/java/jre/bin/java", `/opt/java/release = JAVA_VERSION="1.8.0_504"`,
	), env("PATH=/opt/venv/bin:/usr/bin", "JAVA_HOME=/opt/java"))
	c.Check(values(got), DeepEquals, []string{"2.4.4", "2.11", "2.8.5", "2.7", "1.8.0_504", "2.17.0", ""})
	c.Check(got.Home, Equals, "/opt/spark")
}

// A Spark without Hadoop takes that of HADOOP_HOME.
func (suite) TestHadoopBesideSpark(c *C) {
	got := Read(tree(c,
		"/usr/bin/python3 -> python3.11", "/usr/bin/python3.11", "/opt/spark/jars/spark-core_2.12-3.4.1.jar",
		"/srv/hadoop/share/hadoop/common/hadoop-common-3.3.6.jar", "/srv/hadoop/share/hadoop/common/hadoop-common-3.3.6-tests.jar",
		"/etc/hadoop/core-site.xml = <configuration/>",
	), env("HADOOP_HOME=/srv/hadoop", "HADOOP_CONF_DIR=/etc/hadoop"))
	c.Check(values(got), DeepEquals, []string{"3.4.1", "2.12", "3.3.6", "3.11", "", "", ""})
	c.Check(got.HadoopConf, DeepEquals, map[string]string{"core-site.xml": "<configuration/>"})
}

func (suite) TestNothingIsThere(c *C) {
	got := Read(tree(c, "/bin/sh"), env())
	c.Check(values(got), DeepEquals, make([]string, 7))
	c.Check(got.Home, Equals, "")
	c.Check(got.DefaultsPath, Equals, "")
}
