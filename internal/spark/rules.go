package spark

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// rule is something that an image and its cluster must agree on.
type rule struct {
	name   string // shown in tables; of a fact where it is one's: "Spark"
	kinds  []Kind // of backends that it is for
	why    string
	source string
	// compare returns both sides as they are shown, NotCompared when a side is
	// not known, and what the image would need when they differ.
	compare func(c comparison) verdict
}

// comparison is what is compared.
type comparison struct {
	target  Target
	release Release // the zero one for none
	image   Facts
	cluster Facts
}

// verdict is what a rule found.
type verdict struct {
	image, cluster string
	outcome        Outcome
	needs          string // what the image would have to have
	has            string // what it has instead, where that is not the rule's fact
}

var executors = []Kind{Standalone, Kubernetes}

const (
	facts         = "measured, docs/explanation/spark.md"
	networking    = "https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-common/Compatibility.html"
	yarnPage      = "https://spark.apache.org/docs/latest/running-on-yarn.html"
	connectPage   = "https://spark.apache.org/docs/latest/spark-connect-overview.html"
	overviewPages = "https://spark.apache.org/docs/VERSION/, section Downloading"
)

// rules are all that must agree, in the order in which they are shown.
var rules = []rule{
	{"Spark", executors, "executors run the cluster's Spark: of another minor version they register and then hang, or fail on classes that differ; of another patch version they mostly work", facts, compareSpark},
	{"Spark", []Kind{YARN}, "the driver brings its own jars, yet EMR's shuffle service and its jars on the nodes are the release's", yarnPage, compareSpark},
	{"Spark", []Kind{Connect}, "a server understands clients of its own version and older ones, down to 3.4", connectPage, compareSparkOfConnect},
	{"Scala", executors, "a driver and an executor of different Scala builds cannot read each other's objects: InvalidClassException", facts, compareScala},
	{"Hadoop", []Kind{Standalone, YARN, Kubernetes}, "within a major version, an older client is understood by a newer cluster; 3.3 on 3.4 was measured", networking, compareHadoop},
	{"Python", []Kind{Standalone, YARN, Kubernetes, Connect}, "functions are sent as byte code of the driver's minor version: PYTHON_VERSION_MISMATCH", facts, comparePython},
	{"Java", []Kind{YARN}, "the nodes' Java runs the image's Spark jars: UnsupportedClassVersionError", overviewPages, compareJavaOfNodes},
	{"Spark's Java", []Kind{Local, Standalone, YARN, Kubernetes}, "the image's Spark runs on the image's Java", overviewPages, compareJavaOfImage},
	{"PySpark", []Kind{Local, Standalone, YARN, Kubernetes}, "the Python package speaks to the jars of its own version", "https://spark.apache.org/docs/latest/api/python/getting_started/install.html", comparePySpark},
	{"Connect packages", []Kind{Connect}, "the client imports them when a session begins", connectPage, compareConnectPackages},
	{"build", []Kind{Standalone, Kubernetes}, "driver and executors of one build have the same packages", "docs/how-to/build-images.md", compareBuild},
}

// both compares two facts, where both are known.
func both(image, cluster Fact, compare func(a, b string) (Outcome, string)) verdict {
	v := verdict{image: image.Value, cluster: cluster.Value, outcome: NotCompared}
	if image.Known() && cluster.Known() {
		v.outcome, v.needs = compare(image.Value, cluster.Value)
	}
	return v
}

// alike is the outcome where nothing differs: of "3" and 3.11 that cannot be told.
func alike(a, b string) Outcome {
	if len(numbers(a)) < 2 || len(numbers(b)) < 2 {
		return NotCompared
	}
	return Passed
}

func compareSpark(c comparison) verdict {
	return both(c.image.Spark, c.cluster.Spark, func(a, b string) (Outcome, string) {
		switch {
		case !sameMinor(a, b):
			return Failed, Upstream(b)
		case order(a, b, 3) != 0:
			return Doubtful, Upstream(b)
		}
		return alike(a, b), ""
	})
}

// compareSparkOfConnect compares the Python package: a thin client has no jars.
func compareSparkOfConnect(c comparison) verdict {
	client := c.image.PySpark
	if !client.Known() {
		client = c.image.Spark
	}
	v := both(client, c.cluster.Spark, func(a, b string) (Outcome, string) {
		if order(a, b, 2) > 0 {
			return Failed, minor(b) + " or older"
		}
		return Passed, ""
	})
	if client.Known() && order(client.Value, "3.4", 2) < 0 {
		v.outcome, v.needs = Failed, "3.4 or newer"
	}
	return v
}

func compareScala(c comparison) verdict {
	return both(c.image.Scala, c.cluster.Scala, func(a, b string) (Outcome, string) {
		if !sameMinor(a, b) {
			return Failed, minor(b)
		}
		return alike(a, b), ""
	})
}

func compareHadoop(c comparison) verdict {
	return both(c.image.Hadoop, c.cluster.Hadoop, func(a, b string) (Outcome, string) {
		switch {
		case order(a, b, 1) != 0:
			return Failed, Upstream(b)
		case order(a, b, 2) > 0:
			return Doubtful, Upstream(b)
		}
		return Passed, ""
	})
}

func comparePython(c comparison) verdict {
	return both(c.image.Python, c.cluster.Python, func(a, b string) (Outcome, string) {
		switch {
		case sameMinor(a, b):
			return alike(a, b), ""
		case c.release.isDefault(c.cluster.Python):
			return Doubtful, minor(b) // a cluster may have others beside
		case c.cluster.Python.Source == optionPython:
			return Failed, b + " by executor-python"
		}
		return Failed, minor(b)
	})
}

func compareJavaOfNodes(c comparison) verdict {
	v := both(c.image.Spark, c.cluster.Java, func(spark, java string) (Outcome, string) {
		outcome := runsOn(spark, java)
		if outcome == Failed && c.release.isDefault(c.cluster.Java) {
			outcome = Doubtful
		}
		return outcome, "one for Java " + strconv.Itoa(javaMajor(java))
	})
	v.has = "Spark " + Upstream(v.image)
	if needs, known := runtimes[minor(v.image)]; known {
		v.has += " for Java " + javas(needs.java)
		v.image = v.has
	}
	return v
}

func compareJavaOfImage(c comparison) verdict {
	v := both(c.image.Java, c.image.Spark, func(java, spark string) (Outcome, string) {
		return runsOn(spark, java), "Java " + javas(runtimes[minor(spark)].java)
	})
	v.has = fmt.Sprintf("Java %s with Spark %s", v.image, Upstream(v.cluster))
	return v
}

// runsOn reports whether a Spark runs on a Java: one that is too old cannot read
// Spark's classes, and Spark 2.4 cannot read those of a newer one (measured).
func runsOn(spark, java string) Outcome {
	needs, known := runtimes[minor(spark)]
	have := javaMajor(java)
	switch {
	case !known || have == 0:
		return NotCompared
	case have < slices.Min(needs.java), minor(spark) == "2.4" && have > 8:
		return Failed
	case have > slices.Max(needs.java):
		return Doubtful
	}
	return Passed
}

func comparePySpark(c comparison) verdict {
	v := verdict{image: c.image.PySpark.Value, cluster: c.image.Spark.Value, outcome: NotCompared}
	switch {
	case !c.image.Spark.Known():
	case !c.image.PySpark.Known(): // Spark's own
		v.image, v.outcome = c.image.Spark.Value, Passed
	case !sameMinor(v.image, v.cluster):
		v.outcome, v.needs = Failed, minor(v.cluster)
	default:
		v.outcome = Passed
	}
	return v
}

func compareConnectPackages(c comparison) verdict {
	v := verdict{image: "all", cluster: "needed", outcome: Passed}
	tooOld := c.image.Spark.Known() && order(c.image.Spark.Value, "3.4", 2) < 0
	if tooOld || !c.image.Python.Known() { // so that nobody knows what it imports
		return verdict{cluster: "needed", outcome: NotCompared}
	}
	if lacks := c.image.ConnectLacks; len(lacks) > 0 {
		v.image, v.outcome, v.needs = "without "+strings.Join(lacks, ", "), Failed, strings.Join(lacks, ", ")
		v.has = "no " + v.needs
	}
	return v
}

func compareBuild(c comparison) verdict {
	return both(c.image.BuildID, c.cluster.BuildID, func(a, b string) (Outcome, string) {
		if a != b {
			return Doubtful, b
		}
		return Passed, ""
	})
}
