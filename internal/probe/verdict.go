package probe

import (
	"fmt"
	"regexp"
)

// Verdict says in one sentence whether executors find their way back, or what is
// wrong, at which hop, and what to do.
func (d Driver) Verdict() (sentence string, ok bool) {
	if d.Master == "" {
		if hadoopUnset.MatchString(d.Log) {
			return Way{Master: "yarn"}.wrong(), false
		}
		return "Spark does not start in the notebook: " + d.because(), false
	}
	if d.kind() == "local" {
		return fmt.Sprintf("nobody calls back: the master is %s, which computes in the notebook's container itself", d.Master), true
	}
	for _, verdict := range []func(Driver) string{
		Driver.wrong, Driver.version, Driver.python, Driver.back, Driver.cluster, Driver.silence,
	} {
		if sentence := verdict(d); sentence != "" {
			return sentence, false
		}
	}
	return d.good(), true
}

// good says what was proved.
func (d Driver) good() string {
	if d.kind() == "connect" {
		return fmt.Sprintf("nobody calls back: Spark Connect needs one way alone, and the server at %s computes", d.places("Connect server"))
	}
	return fmt.Sprintf("the way back works: an executor on %s reaches the driver at %s:%d and its block manager at %d, and the notebook fetches results from it",
		d.Back.From, d.Host, d.RPC, d.Block)
}

// hadoopUnset is what Spark's launcher says before anything else starts.
var hadoopUnset = regexp.MustCompile(`either HADOOP_CONF_DIR or YARN_CONF_DIR must be set`)

var (
	otherVersion = regexp.MustCompile(`UTFDataFormatException|InvalidClassException|StreamCorruptedException|NoSuchMethodError|NoClassDefFoundError|local class incompatible`)
	// What Spark says once no master has answered it for a minute, by version.
	unanswered  = regexp.MustCompile(`All masters are unresponsive|running MetricsSystem|stopped SparkContext`)
	otherPython = regexp.MustCompile(`worker has different version[: ]+\(?([0-9]+)[.,] ?([0-9]+)\)?.*driver:? ([0-9.]+)`)
	noPython    = regexp.MustCompile(`Cannot run program "([^"]*)"`)
)

// version is a cluster of another Spark or Scala: such executors answer, and
// then nothing comes.
func (d Driver) version() string {
	if d.kind() == "standalone" && d.RPC > 0 && d.Session.State != "ok" && (d.Unlisted || unanswered.MatchString(d.Session.Error)) {
		return fmt.Sprintf("version: the master at %s takes connections and answers none of this Spark's: its Spark or Scala is another, or only one side has spark.authenticate; run check-spark",
			d.places("master"))
	}
	for _, line := range d.lines() {
		if found := otherVersion.FindString(line); found != "" && d.Result.State != "ok" {
			return fmt.Sprintf("version: the cluster's Spark or Scala is not the notebook's, which shows as %s: run check-spark, and take an image with the cluster's Spark", found)
		}
	}
	return ""
}

// python is a cluster whose Python does not fit.
func (d Driver) python() string {
	for _, line := range d.lines() {
		if m := otherPython.FindStringSubmatch(line); m != nil {
			return fmt.Sprintf("python: the executors run Python %s.%s and the notebook %s: set executor-python to a Python %s of the cluster's machines, or take an image with theirs",
				m[1], m[2], m[3], m[3])
		}
		if m := noPython.FindStringSubmatch(line); m != nil {
			return fmt.Sprintf("python: there is no %s on the machines of the executors: set executor-python", m[1])
		}
	}
	return ""
}

// because is the most telling line of what failed before anything was seen.
func (d Driver) because() string {
	for _, text := range []string{d.Session.Error, d.Result.Error, d.Back.Error} {
		if text != "" {
			return reason(text, d.Log)
		}
	}
	if cause := LastCause(d.Log); cause != "" {
		return cause
	}
	return "no reason is known"
}
