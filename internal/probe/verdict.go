package probe

import (
	"fmt"
	"regexp"
)

// Verdict says in one sentence whether executors find their way back, or what is
// wrong, at which hop, and what to do.
func (c Callback) Verdict() (sentence string, ok bool) {
	if c.Master == "" {
		if hadoopUnset.MatchString(c.Log) {
			return Way{Master: "yarn"}.wrong(), false
		}
		return "Spark does not start in the notebook: " + c.because(), false
	}
	if c.kind() == "local" {
		return fmt.Sprintf("nobody calls back: the master is %s, which computes in the notebook's container itself", c.Master), true
	}
	for _, verdict := range []func(Callback) string{
		Callback.wrong, Callback.version, Callback.python, Callback.back, Callback.cluster, Callback.silence,
	} {
		if sentence := verdict(c); sentence != "" {
			return sentence, false
		}
	}
	return c.good(), true
}

// good says what was proved.
func (c Callback) good() string {
	if c.kind() == "connect" {
		return fmt.Sprintf("nobody calls back: Spark Connect needs one way alone, and the server at %s computes", c.places("Connect server"))
	}
	return fmt.Sprintf("the way back works: an executor on %s reaches the driver at %s:%d and its block manager at %d, and the notebook fetches results from it",
		c.Back.From, c.Host, c.RPC, c.Block)
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
func (c Callback) version() string {
	if c.kind() == "standalone" && c.RPC > 0 && c.Session.State != "ok" && (c.Unlisted || unanswered.MatchString(c.Session.Error)) {
		return fmt.Sprintf("version: the master at %s takes connections and answers none of this Spark's: its Spark or Scala is another, or only one side has spark.authenticate; run check-spark",
			c.places("master"))
	}
	for _, line := range c.lines() {
		if found := otherVersion.FindString(line); found != "" && c.Result.State != "ok" {
			return fmt.Sprintf("version: the cluster's Spark or Scala is not the notebook's, which shows as %s: run check-spark, and take an image with the cluster's Spark", found)
		}
	}
	return ""
}

// python is a cluster whose Python does not fit.
func (c Callback) python() string {
	for _, line := range c.lines() {
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
func (c Callback) because() string {
	for _, text := range []string{c.Session.Error, c.Result.Error, c.Back.Error} {
		if text != "" {
			return reason(text, c.Log)
		}
	}
	if cause := LastCause(c.Log); cause != "" {
		return cause
	}
	return "no reason is known"
}
