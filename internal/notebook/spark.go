package notebook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// What to do with an image that does not match the cluster.
const (
	CheckEnforce = "enforce"
	CheckWarn    = "warn"
	CheckOff     = "off"
)

// RemoteFile is the connection string of Spark Connect, in the secret directory: it
// may hold a token. The settings of the server put it into its environment, which
// kernels have from there.
const RemoteFile = "spark-remote"

// SparkFile is the configuration of a slot's Spark, in its secret directory.
const SparkFile = "spark-defaults.conf"

// HadoopDir is where the files of hadoop-conf are, in the secret directory: they
// may hold keys of an object store.
const HadoopDir = "hadoop"

// SparkOptions are the options about Spark and the cluster.
type SparkOptions struct {
	Target   spark.Target
	Conf     []spark.Entry
	Release  string      // a known EMR label, or ""
	Versions spark.Facts // of cluster-versions
	Python   string
	Ports    int    // the first of all units' driver ports
	Host     string // "" for what Juju knows
	Check    string
}

// SparkSpec is what Spark in the notebook needs. It holds secrets: a Serve has
// the digest of each instead.
type SparkSpec struct {
	SparkOptions
	Hadoop map[string]string // files by name; nil for the image's own
	Hosts  string            // text of this machine's hosts file
	Driver spark.Driver      // without its ports, which come with the slot
}

// SparkServe is of a SparkSpec what a container is created with.
type SparkServe struct {
	Master string `json:"master,omitempty"`
	Remote string `json:"remote,omitempty"` // digest, since it may hold a token
	Conf   string `json:"conf,omitempty"`   // digest
	Hadoop string `json:"hadoop,omitempty"` // digest
	Python string `json:"python,omitempty"`
	Ports  int    `json:"ports,omitempty"`
	Named  string `json:"driverHost,omitempty"` // the option
	Host   string `json:"host,omitempty"`
	Bind   string `json:"bind,omitempty"`
}

// serve sums up what a container is created with. bind is where its ports are
// published.
func (s SparkSpec) serve(bind string) SparkServe {
	out := SparkServe{Remote: digest(s.Target.Remote), Conf: digest(spark.Render(s.Conf)), Hadoop: digestFiles(s.Hadoop)}
	if len(s.Conf) == 0 {
		out.Conf = ""
	}
	if s.Target.Kind != spark.Connect {
		out.Master = s.Target.Master
	}
	if s.Target.CallsBack() {
		out.Python, out.Ports, out.Host, out.Bind = s.Python, s.Ports, s.Driver.Host, bind
		out.Named = s.SparkOptions.Host
	}
	return out
}

// digest identifies a text without showing it, "" for none.
func digest(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:12]
}

func digestFiles(files map[string]string) string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&all, "%s %d\n%s\n", name, len(files[name]), files[name])
	}
	return digest(all.String())
}

// driver is the slot's way back, with the ports that the place has.
func (s SparkSpec) driver(p Place) spark.Driver {
	d := s.Driver
	d.First = p.Drivers
	return d
}

// SparkConf is the text of a slot's spark-defaults.conf: the image's own, what
// the charm sets over it, and the operator's lines over both.
func SparkConf(s Spec, img spark.Installation, p Place) string {
	ours := spark.DriverConf(s.Spark.Target, s.Spark.driver(p))
	hadoop := s.Spark.Hadoop
	if hadoop == nil {
		hadoop = img.HadoopConf
	}
	if properties, err := spark.ParseHadoop(hadoop); err == nil && properties.OwnModes() {
		ours = slices.DeleteFunc(ours, func(e spark.Entry) bool { return e.Key == spark.Umask })
	}
	return spark.Render(spark.Merge(spark.ParseDefaults(img.Defaults), ours, s.Spark.Conf))
}

// SparkFiles are the files of a slot's secret directory that Spark reads.
func SparkFiles(s Spec, img spark.Installation, p Place) map[string]string {
	files := map[string]string{}
	if img.Home != "" {
		files[SparkFile] = SparkConf(s, img, p)
	}
	if s.Spark.Target.Kind == spark.Connect {
		files[RemoteFile] = s.Spark.Target.Remote
	}
	for name, text := range s.Spark.Hadoop {
		files[path.Join(HadoopDir, name)] = text
	}
	return files
}

// sparkMounts lays our configuration over the image's one file: what lies beside
// it, such as log4j2.properties and hive-site.xml, stays.
func sparkMounts(img spark.Installation, p Place) []Mount {
	if img.Home == "" {
		return nil
	}
	return []Mount{{Source: p.Dir + "/secret/" + SparkFile, Target: img.DefaultsPath, ReadOnly: true}}
}

// sparkEnviron is Spark's environment. Spark's own pages listen on loopback: they
// are seen through the notebook, behind its token.
func sparkEnviron(s SparkSpec, img Image) map[string]string {
	env := map[string]string{"SPARK_LOCAL_IP": "127.0.0.1"}
	if len(s.Hadoop) > 0 {
		env["HADOOP_CONF_DIR"] = SecretDir + "/" + HadoopDir
		env["YARN_CONF_DIR"] = env["HADOOP_CONF_DIR"]
	}
	if s.Target.CallsBack() {
		env["PYSPARK_PYTHON"] = s.Python
		if lookup(img.Env, "PYSPARK_DRIVER_PYTHON") == "" {
			env["PYSPARK_DRIVER_PYTHON"] = or(lookup(img.Env, "PYSPARK_PYTHON"), "python3")
		}
	}
	if s.Target.Cluster() {
		if args := lookup(img.Env, "PYSPARK_SUBMIT_ARGS"); args != "" {
			env["PYSPARK_SUBMIT_ARGS"] = withoutMaster(args)
		}
	}
	return env
}

// withoutMaster takes the master out of an image's arguments for spark-submit,
// which would win over every file.
func withoutMaster(args string) string {
	var out []string
	words := strings.Fields(args)
	for i := 0; i < len(words); i++ {
		switch {
		case words[i] == "--master" || words[i] == "--remote":
			i++
		case strings.HasPrefix(words[i], "--master=") || strings.HasPrefix(words[i], "--remote="):
		default:
			out = append(out, words[i])
		}
	}
	return strings.Join(out, " ")
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// sparkPorts are the ports at which executors call the slot's driver, published
// under their own numbers: Spark tells executors the number that it listens on.
func sparkPorts(s Spec, p Place) []int {
	if !s.Spark.Target.CallsBack() || s.Serve.NetworkMode != NetworkBridge {
		return nil
	}
	var out []int
	first, last := s.Spark.driver(p).Ports()
	for port := first; port <= last; port++ {
		out = append(out, port)
	}
	return out
}

// sparkHosts are the names that this machine has in its hosts file: a notebook on
// a network of its own knows them no other way, and a cluster's may be there. They
// are those of the time at which the container is made.
func sparkHosts(s Spec) (out []string) {
	if s.Serve.NetworkMode != NetworkBridge || !s.Spark.Target.Cluster() && s.Spark.Hadoop == nil {
		return nil
	}
	for _, line := range strings.Split(s.Spark.Hosts, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		ip, err := netip.ParseAddr(words[0])
		if err != nil || ip.IsLoopback() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() {
			continue
		}
		for _, name := range words[1:] {
			out = append(out, name+":"+words[0])
		}
	}
	return out
}
