package notebook

import (
	"regexp"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// spark reads the options about Spark and the cluster.
func (p *parser) spark() SparkOptions {
	o := SparkOptions{
		Target:   p.target(),
		Conf:     p.sparkConf("spark-conf"),
		Release:  p.release("emr-release"),
		Versions: p.versions("cluster-versions"),
		Python:   p.python("executor-python"),
		Ports:    p.number("driver-ports", 1024, 65535-2*spark.BlockLength+1),
		Host:     p.host("driver-host"),
		Check:    p.oneOf("version-check", CheckEnforce, CheckWarn, CheckOff),
	}
	return o
}

func (p *parser) target() spark.Target {
	master, remote := p.text("spark-master"), p.text("spark-remote")
	t, err := spark.ParseMaster(master)
	if err != nil {
		p.reject("spark-master", "%v", err)
	}
	if remote == "" {
		return t
	}
	if master != "" {
		p.reject("spark-remote", "cannot be set together with spark-master: name one cluster")
	}
	if t, err = spark.ParseRemote(remote); err != nil {
		p.reject("spark-remote", "%v", err)
	}
	return t
}

func (p *parser) sparkConf(name string) []spark.Entry {
	entries, bad := spark.ParseLines(p.text(name))
	for _, err := range bad {
		p.reject(name, "%v", err)
	}
	return entries
}

func (p *parser) release(name string) string {
	label := p.text(name)
	if label == "" {
		return ""
	}
	if _, known := spark.FindRelease(label); !known {
		p.reject(name, "%s", spark.UnknownRelease(label))
	}
	return label
}

var versionForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*([._+-][0-9A-Za-z.]+)*$`)

// versions reads words such as spark=3.5.6.
func (p *parser) versions(name string) (f spark.Facts) {
	known := map[string]*spark.Fact{"spark": &f.Spark, "scala": &f.Scala, "hadoop": &f.Hadoop, "python": &f.Python, "java": &f.Java}
	for _, word := range strings.Fields(strings.ReplaceAll(p.text(name), ",", " ")) {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case known[key] == nil:
			p.reject(name, "must be words such as spark=3.5.6, of spark, scala, hadoop, python and java")
		case !versionForm.MatchString(value):
			p.reject(name, "must give %s a version, such as %s=3.5.6", key, key)
		default:
			*known[key] = spark.Fact{Value: value, Source: "option cluster-versions"}
		}
	}
	return f
}

var pythonForm = regexp.MustCompile(`^[A-Za-z0-9_./+-]+$`)

func (p *parser) python(name string) string {
	value := or(p.text(name), "python3")
	if !pythonForm.MatchString(value) {
		p.reject(name, "must be the name or path of a program, such as python3.11")
	}
	return value
}

var hostForm = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+)$`)

func (p *parser) host(name string) string {
	value := p.text(name)
	if value != "" && !hostForm.MatchString(value) {
		p.reject(name, "must be an address or a host name, without a port")
	}
	return value
}
