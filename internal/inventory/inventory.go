// Package inventory searches the file system that it runs in for Spark, Hadoop,
// Python, Java and Jupyter. The charm's program does so inside a container of an
// image that is never started itself: nothing of the image is run, so that what
// is found is what its files say, whoever made it.
package inventory

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// Write writes what is found as JSON.
func Write(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(Read("/", os.Getenv)); err != nil {
		return fmt.Errorf("cannot write what is in the image: %v", err)
	}
	return nil
}

// tree is the file system below a directory, with the environment of its image.
type tree struct {
	root string
	env  func(string) string
}

// Read reads what is below root, as an image's environment says where things are.
func Read(root string, env func(string) string) spark.Installation {
	t := tree{root, env}
	var out spark.Installation
	server := t.serverPython()
	kernel := t.kernelPython(server)
	out.Python = kernel.version
	out.Jupyter = t.jupyter(server)
	out.Home = t.sparkHome(kernel)
	if out.Home != "" {
		t.jars(&out)
		t.configuration(&out)
	}
	out.Java = t.java()
	if found := t.pyspark(kernel); !t.within(kernel, out.Home) && found.Known() {
		out.PySpark = found
	}
	out.BuildID = t.text("/opt/build-id")
	out.ConnectLacks = t.connectLacks(kernel)
	out.HadoopConf = t.hadoopConf()
	return out
}

// path is where a path of the image is.
func (t tree) path(p string) string { return filepath.Join(t.root, p) }

// glob lists paths of the image in order.
func (t tree) glob(patterns ...string) (out []string) {
	for _, pattern := range patterns {
		found, _ := filepath.Glob(t.path(pattern)) // the patterns are ours
		for _, f := range found {
			out = append(out, t.inside(f))
		}
	}
	return out
}

// inside is a path of the image again.
func (t tree) inside(p string) string {
	return "/" + strings.TrimPrefix(strings.TrimPrefix(p, t.root), "/")
}

// real follows links, "" when they lead nowhere.
func (t tree) real(p string) string {
	found, err := filepath.EvalSymlinks(t.path(p))
	if err != nil {
		return ""
	}
	return t.inside(found)
}

func (t tree) exists(p string) bool {
	_, err := os.Stat(t.path(p))
	return err == nil
}

// mostText bounds a file that is read, in bytes.
const mostText = 1 << 20

// read is the text of a file, "" when there is none.
func (t tree) read(p string) string {
	f, err := os.Open(t.path(p))
	if err != nil {
		return ""
	}
	defer f.Close()
	return text(f)
}

// text is what can be read, up to mostText; "" when it breaks off.
func text(r io.Reader) string {
	all, err := io.ReadAll(io.LimitReader(r, mostText))
	if err != nil {
		return ""
	}
	return string(all)
}

// text is the one line that a file holds.
func (t tree) text(p string) spark.Fact {
	if line := strings.TrimSpace(t.read(p)); line != "" && !strings.Contains(line, "\n") {
		return spark.Fact{Value: line, Source: p}
	}
	return spark.Fact{}
}

// onPath finds a program on the image's PATH, "" when it is not there.
func (t tree) onPath(name string) string {
	path := t.env("PATH")
	if path == "" {
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	for _, dir := range filepath.SplitList(path) {
		if p := filepath.Join(dir, name); t.exists(p) {
			return p
		}
	}
	return ""
}

// first is the first match of a pattern in the names of files in a directory.
func (t tree) first(dir string, pattern *regexp.Regexp) []string {
	entries, err := os.ReadDir(t.path(dir))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if m := pattern.FindStringSubmatch(e.Name()); m != nil {
			return m
		}
	}
	return nil
}

// hadoopConf are the files of the image's own Hadoop configuration.
func (t tree) hadoopConf() map[string]string {
	dir := t.env("HADOOP_CONF_DIR")
	if dir == "" {
		dir = t.env("YARN_CONF_DIR")
	}
	if dir == "" {
		return nil
	}
	files := map[string]string{}
	for _, p := range t.glob(dir + "/*-site.xml") {
		files[filepath.Base(p)] = t.read(p)
	}
	return files
}

// java finds the Java that runs Spark: that of JAVA_HOME, else of PATH, else any.
func (t tree) java() spark.Fact {
	var starts []string
	if home := t.env("JAVA_HOME"); home != "" {
		starts = append(starts, home)
	}
	if program := t.real(t.onPath("java")); program != "" {
		starts = append(starts, filepath.Dir(program))
	}
	starts = append(starts, t.glob("/usr/lib/jvm/*", "/opt/java*", "/opt/jdk*", "/opt/conda/lib/jvm")...)
	for _, start := range starts {
		dir := t.real(start)
		for range 4 {
			if v := javaVersion.FindStringSubmatch(t.read(dir + "/release")); v != nil {
				return spark.Fact{Value: v[1], Source: dir + "/release"}
			}
			dir = filepath.Dir(dir)
		}
	}
	return spark.Fact{}
}

var javaVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="?([0-9][^"\s]*)"?`)

// connectPackages are what a client of Spark Connect imports, by module.
// Source: https://spark.apache.org/docs/latest/api/python/getting_started/install.html#dependencies.
var connectPackages = map[string]string{
	"grpc": "grpcio", "grpc_status": "grpcio-status", "google/rpc": "googleapis-common-protos", "pandas": "pandas", "pyarrow": "pyarrow",
}

func (t tree) connectLacks(p python) (out []string) {
	if len(p.packages) == 0 {
		return nil
	}
	for module, name := range connectPackages {
		if !slices.ContainsFunc(p.packages, func(dir string) bool { return t.exists(dir + "/" + module) }) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
