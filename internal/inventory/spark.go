package inventory

import (
	"archive/zip"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// usualHomes are where images keep Spark: ours and Apache's, Docker Stacks',
// distributions', Bitnami's, EMR's.
var usualHomes = []string{"/opt/spark", "/usr/local/spark", "/usr/lib/spark", "/usr/share/spark", "/opt/bitnami/spark", "/spark", "/opt/spark-*", "/usr/local/spark-*"}

// sparkHome is the Spark that a notebook's Python uses: that of SPARK_HOME, else
// the package's own, else one in a usual place.
func (t tree) sparkHome(p python) string {
	var candidates []string
	if home := t.env("SPARK_HOME"); home != "" {
		candidates = append(candidates, home)
	}
	for _, dir := range p.packages {
		candidates = append(candidates, dir+"/pyspark")
	}
	candidates = append(candidates, t.glob(usualHomes...)...)
	for _, home := range candidates {
		if len(t.glob(home+"/jars/spark-core_*.jar")) > 0 {
			return home
		}
	}
	return ""
}

// within reports whether Spark's home is the package that the interpreter imports.
func (t tree) within(p python, home string) bool {
	for _, dir := range p.packages {
		if at := t.real(dir + "/pyspark"); at != "" && at == t.real(home) {
			return true
		}
	}
	return false
}

var coreJar = regexp.MustCompile(`spark-core_([0-9.]+)-(.+)\.jar$`)

// jars reads the versions that Spark's jars are of: in them, else in their names.
func (t tree) jars(out *spark.Installation) {
	dir := out.Home + "/jars/"
	core := t.glob(dir + "spark-core_*.jar")[0]
	if m := coreJar.FindStringSubmatch(core); m != nil {
		out.Spark, out.Scala = spark.Fact{Value: m[2], Source: core}, spark.Fact{Value: m[1], Source: core}
	}
	for _, pattern := range []string{"spark-core_*.jar", "spark-common-utils*.jar"} {
		t.inJar(&out.Spark, pattern, dir, "spark-version-info.properties", "version")
	}
	t.inJar(&out.Scala, "scala-library-*.jar", dir, "library.properties", "version.number")
	t.hadoop(out, dir)
}

// hadoopJars are the jars that say of which Hadoop a client is, in Spark's folder
// or, for a Spark without Hadoop, in Hadoop's own.
var hadoopJars = []string{"hadoop-client-api-*.jar", "hadoop-common-*.jar", "hadoop-client-runtime-*.jar"}

var jarVersion = regexp.MustCompile(`-([0-9]+\.[0-9]+[^/]*)\.jar$`)

func (t tree) hadoop(out *spark.Installation, sparkJars string) {
	dirs := []string{sparkJars}
	for _, home := range []string{t.env("HADOOP_HOME"), "/usr/local/hadoop", "/opt/hadoop", "/usr/lib/hadoop"} {
		if home != "" {
			dirs = append(dirs, home+"/share/hadoop/common/", home+"/")
		}
	}
	for _, dir := range dirs {
		for _, pattern := range hadoopJars {
			for _, jar := range t.glob(dir + pattern) {
				if m := jarVersion.FindStringSubmatch(jar); m != nil && !strings.HasSuffix(jar, "-tests.jar") {
					out.Hadoop = spark.Fact{Value: m[1], Source: jar}
					t.inJar(&out.Hadoop, filepath.Base(jar), dir, "common-version-info.properties", "version")
					return
				}
			}
		}
	}
}

// inJar replaces a fact by a property in the first jar that has the member.
func (t tree) inJar(fact *spark.Fact, pattern, dir, member, key string) {
	form := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(key) + `=(\S+)`)
	for _, jar := range t.glob(dir + pattern) {
		archive, err := zip.OpenReader(t.path(jar))
		if err != nil {
			continue
		}
		if m := form.FindStringSubmatch(memberOf(archive, member)); m != nil {
			*fact = spark.Fact{Value: m[1], Source: jar}
			archive.Close()
			return
		}
		archive.Close()
	}
}

func memberOf(archive *zip.ReadCloser, name string) string {
	f, err := archive.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	return text(f)
}

// configuration reads the image's spark-defaults.conf, and where Spark would look
// for one.
func (t tree) configuration(out *spark.Installation) {
	dir := t.env("SPARK_CONF_DIR")
	if dir == "" {
		dir = out.Home + "/conf"
	}
	if real := t.real(dir); real != "" {
		dir = real
	} else if real := t.real(filepath.Dir(dir)); real != "" {
		dir = filepath.Join(real, filepath.Base(dir))
	}
	out.DefaultsPath = dir + "/spark-defaults.conf"
	out.Defaults = t.read(out.DefaultsPath)
}
