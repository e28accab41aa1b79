package spark_test

import (
	"strings"
	"testing"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/spark"
)

func TestPackage(t *testing.T) { TestingT(t) }

type suite struct{}

var _ = Suite(suite{})

func of(value string) Fact {
	if value == "" {
		return Fact{}
	}
	return Fact{Value: value, Source: "test"}
}

// versions are facts in the order Spark, Scala, Hadoop, Python, Java; "" for not
// known.
func versions(v ...string) Facts {
	return Facts{Spark: of(v[0]), Scala: of(v[1]), Hadoop: of(v[2]), Python: of(v[3]), Java: of(v[4])}
}

var ours = versions("3.5.6", "2.12.18", "3.4.1", "3.11.2", "17.0.15")

var compareTests = []struct {
	summary string
	master  string // or remote
	release string
	python  string
	image   Facts
	cluster Facts
	line    string
	doubts  string
}{
	{summary: "all is alike", master: "spark://m:7077", image: ours, cluster: versions("3.5.6", "2.12", "", "3.11", "")},
	{summary: "nothing is known of the cluster", master: "spark://m:7077", image: ours, cluster: Facts{}},
	{summary: "another minor version", master: "spark://m:7077", image: ours, cluster: versions("3.4.1", "", "", "", ""),
		line: "image has Spark 3.5.6; spark://m:7077 needs 3.4.1"},
	{summary: "another patch version mostly works", master: "spark://m:7077", image: ours, cluster: versions("3.5.7", "", "", "", ""),
		doubts: "image has Spark 3.5.6; spark://m:7077 has 3.5.7"},
	{summary: "another Scala of the same Spark", master: "spark://m:7077", image: ours, cluster: versions("3.5.6", "2.13", "", "", ""),
		line: "image has Scala 2.12.18; spark://m:7077 needs 2.13"},
	{summary: "another Python", master: "spark://m:7077", image: ours, cluster: versions("3.5.6", "", "", "3.9", ""),
		line: "image has Python 3.11.2; spark://m:7077 needs 3.9"},
	{summary: "the executors' Python is taken at its word", master: "spark://m:7077", python: "/usr/bin/python3.9", image: ours,
		line: "image has Python 3.11.2; spark://m:7077 needs 3.9 by executor-python"},
	{summary: "Python 2 is not python3", master: "yarn", release: "emr-5.27.0", python: "python3", image: versions("2.4.4", "", "2.8.5", "2.7.18", ""),
		line: "image has Python 2.7.18; emr-5.27.0 needs 3 by executor-python"},
	{summary: "all of emr-5.27.0", master: "yarn", release: "emr-5.27.0", python: "python2.7", image: versions("2.4.4", "2.11.12", "2.8.5", "2.7.18", "1.8.0_504")},
	{summary: "both sides of a release", master: "yarn", release: "emr-5.27.0", image: ours,
		line: "image has Spark 3.5.6/Hadoop 3.4.1; emr-5.27.0 needs 2.4.4/2.8.5", doubts: "image has Python 3.11.2; emr-5.27.0 has 2.7"},
	{summary: "a release without a master", release: "emr-5.27.0", image: ours,
		line: "image has Spark 3.5.6/Hadoop 3.4.1; emr-5.27.0 needs 2.4.4/2.8.5", doubts: "image has Python 3.11.2; emr-5.27.0 has 2.7"},
	{summary: "versions without a master", image: ours, cluster: versions("3.5.6", "2.13", "", "", ""), line: "image has Scala 2.12.18; the cluster needs 2.13"},
	{summary: "EMR's suffix is cut", master: "yarn", release: "emr-7.12.0", python: "python3.11", image: ours},
	{summary: "a suffix of two parts", master: "yarn", release: "emr-5.30.2", python: "python3", image: versions("2.4.5", "2.11.12", "2.8.5", "3.7.16", "1.8.0_504")},
	{summary: "a release's Python is a default", master: "yarn", release: "emr-7.12.0", python: "python3", image: ours,
		doubts: "image has Python 3.11.2; emr-7.12.0 has 3.9"},
	{summary: "a label of EMR's Spark line", master: "yarn", release: "emr-spark-8.1.0", python: "python3", image: ours,
		line: "image has Spark 3.5.6; emr-spark-8.1.0 needs 4.1.1"},
	{summary: "the resource manager wins over the release", master: "yarn", release: "emr-7.12.0", python: "python3.11", image: ours, cluster: versions("", "", "2.10.1", "", ""),
		line: "image has Hadoop 3.4.1; emr-7.12.0 needs 2.10.1"},
	{summary: "an older client", master: "yarn", image: versions("3.5.6", "", "3.3.4", "", ""), cluster: versions("", "", "3.4.1", "", "")},
	{summary: "a newer client", master: "yarn", image: ours, cluster: versions("", "", "3.3.6", "", ""),
		doubts: "image has Hadoop 3.4.1; yarn has 3.3.6"},
	{summary: "Spark 4 on nodes with Java 11", master: "yarn", image: versions("4.0.1", "2.13.16", "3.4.1", "3.11", "17.0.1"), cluster: versions("", "", "3.4.1", "", "11.0.2"),
		line: "image has Spark 4.0.1 for Java 17 or 21; yarn needs one for Java 11"},
	{summary: "an older client of Connect", master: "sc://h:15002", image: ours, cluster: versions("4.0.1", "", "", "", "")},
	{summary: "a newer client of Connect", master: "sc://h:15002", image: versions("4.0.1", "", "", "", ""), cluster: versions("3.5.6", "", "", "", ""),
		line: "image has Spark 4.0.1; sc://h:15002 needs 3.5 or older"},
	{summary: "Spark 3 is not told apart from 3.5", master: "spark://m:7077", image: ours, cluster: versions("3", "2", "", "3", "")},
	{summary: "no client of Connect", master: "sc://h:15002", image: versions("2.4.4", "", "", "", ""), cluster: Facts{},
		line: "image has Spark 2.4.4; sc://h:15002 needs 3.4 or newer"},
	{summary: "an image that cannot work by itself", master: "spark://m:7077", image: versions("2.4.4", "2.11.12", "2.8.5", "3.7", "17.0.1"), cluster: versions("2.4.4", "", "", "", ""),
		line: "image has Java 17.0.1 with Spark 2.4.4; spark://m:7077 needs Java 8"},
}

func (suite) TestCompare(c *C) {
	for _, test := range compareTests {
		t, err := ParseMaster(test.master)
		if strings.HasPrefix(test.master, "sc:") {
			t, err = ParseRemote(test.master)
		}
		c.Assert(err, IsNil)
		r := Compare(t, test.release, test.python, test.image, test.cluster, Facts{})
		c.Check(r.Line(), Equals, test.line, Commentf(test.summary))
		c.Check(r.Doubts(), Equals, test.doubts, Commentf(test.summary))
		c.Check(r.OK(), Equals, test.line == "", Commentf(test.summary))
	}
}

// A side that is not known was never compared.
func (suite) TestUnknownIsNeverPassed(c *C) {
	for _, master := range []string{"spark://m:7077", "yarn", "k8s://h:6443"} {
		t, err := ParseMaster(master)
		c.Assert(err, IsNil)
		for _, sides := range [][2]Facts{{ours, {}}, {{}, ours}, {{}, {}}} {
			for _, f := range Compare(t, "", "python3", sides[0], sides[1], Facts{}).Findings {
				if f.Image == "" || f.Cluster == "" {
					c.Check(f.Outcome, Equals, NotCompared, Commentf("%s: %+v", master, f))
				}
			}
		}
	}
}

func (suite) TestWhatIsGivenFillsWhatCannotBeAsked(c *C) {
	t, _ := ParseMaster("yarn")
	r := Compare(t, "", "python3", ours, versions("", "", "3.4.1", "", ""), versions("", "", "2.8.5", "3.9", ""))
	c.Check(r.Line(), Equals, "image has Python 3.11.2; yarn needs 3.9")
	c.Check(r.Map()["cluster-hadoop"], Equals, "3.4.1")
}

func (suite) TestTableHasEveryFactAndRule(c *C) {
	t, _ := ParseMaster("yarn")
	table := Compare(t, "emr-5.27.0", "python3", ours, Facts{}, Facts{}).Table()
	for _, line := range []string{
		`Spark +3\.5\.6 +test +2\.4\.4 +option emr-release`, `Python +3\.11\.2 +test +2\.7 +default of emr-5\.27\.0`,
		`Jupyter +- +- +- +-`, `Hadoop +3\.4\.1 +2\.8\.5-amzn-4 +failed +2\.8\.5`, `Hadoop: within a major version.*https://.*`,
	} {
		c.Check(table, Matches, `(?s).*\n`+line+`\n.*|(?s).*\n`+line+`$`)
	}
}

var masterTests = []struct {
	master    string
	kind      Kind
	callsBack bool
	addresses []Address
}{
	{"", Local, false, nil},
	{"local", Local, false, nil},
	{"local[*]", Local, false, nil},
	{"local[4,2]", Local, false, nil},
	{"yarn", YARN, true, nil},
	{"spark://m:7077", Standalone, true, []Address{{"m", 7077}}},
	{"spark://a:7077,b:7078", Standalone, true, []Address{{"a", 7077}, {"b", 7078}}},
	{"spark://[fd00::1]:7077", Standalone, true, []Address{{"fd00::1", 7077}}},
	{"k8s://https://10.0.0.1:6443", Kubernetes, true, []Address{{"10.0.0.1", 6443}}},
	{"k8s://api.example", Kubernetes, true, []Address{{"api.example", 443}}},
}

func (suite) TestMasters(c *C) {
	for _, test := range masterTests {
		t, err := ParseMaster(test.master)
		c.Check(err, IsNil, Commentf(test.master))
		c.Check(t.Kind, Equals, test.kind, Commentf(test.master))
		c.Check(t.CallsBack(), Equals, test.callsBack, Commentf(test.master))
		c.Check(t.Masters(), DeepEquals, test.addresses, Commentf(test.master))
	}
	for _, bad := range []string{"mesos://m:5050", "local[x]", "spark://", "spark://m", "spark://m:port", "spark://m:7077,", "yarn-client", "k8s://", "k8s://ftp://h", "sc://h"} {
		_, err := ParseMaster(bad)
		c.Check(err, ErrorMatches, "must be local.*", Commentf(bad))
	}
}

func (suite) TestRemotes(c *C) {
	t, err := ParseRemote("sc://h/;use_ssl=true;token=SECRET")
	c.Assert(err, IsNil)
	at, parameters := t.Server()
	c.Check(at, Equals, Address{"h", 15002})
	c.Check(parameters, DeepEquals, map[string]string{"use_ssl": "true", "token": "SECRET"})
	c.Check(t.String(), Equals, "sc://h:15002")
	for _, bad := range []string{"h:15002", "spark://h:7077", "sc://", "sc://h:15002/path"} {
		_, err := ParseRemote(bad)
		c.Check(err, ErrorMatches, "must be sc://.*", Commentf(bad))
	}
}

func (suite) TestReleases(c *C) {
	for label, want := range map[string]Release{
		"emr-5.27.0":      {Label: "emr-5.27.0", Spark: "2.4.4", Hadoop: "2.8.5-amzn-4", Java: "8", Python: "2.7"},
		"emr-6.15.0":      {Label: "emr-6.15.0", Spark: "3.4.1-amzn-2", Hadoop: "3.3.6-amzn-1", Java: "8", Python: "3.7"},
		"emr-7.12.0":      {Label: "emr-7.12.0", Spark: "3.5.6-amzn-1", Hadoop: "3.4.1-amzn-4", Java: "17", Python: "3.9"},
		"emr-spark-8.1.0": {Label: "emr-spark-8.1.0", Spark: "4.1.1-amzn-0", Hadoop: "3.4.2-amzn-3", Java: "17"},
	} {
		got, known := FindRelease(label)
		c.Check(known, Equals, true, Commentf(label))
		c.Check(got, Equals, want)
	}
	for _, label := range []string{"emr-5.35.0", "emr-7.14.0", "emr-7.12", "label", "# Amazon EMR release label", ""} {
		_, known := FindRelease(label)
		c.Check(known, Equals, false, Commentf(label))
	}
	c.Check(UnknownRelease("emr-7.14.0"), Matches, "is unknown here: emr-7.13.0 is the newest known.*")
}

// What is too vague to tell is not passed.
func (suite) TestVagueVersionsAreNotCompared(c *C) {
	t, _ := ParseMaster("spark://m:7077")
	for _, f := range Compare(t, "", "python3", ours, versions("3", "2", "", "3", ""), Facts{}).Findings {
		if f.Cluster != "" && f.Rule != "Spark's Java" && f.Rule != "PySpark" {
			c.Check(f.Outcome, Equals, NotCompared, Commentf("%+v", f))
		}
	}
}

// A thin client of Spark Connect has no jars: its package is what speaks.
func (suite) TestThinClientOfConnect(c *C) {
	t, _ := ParseRemote("sc://h:15002")
	image := Facts{PySpark: of("4.0.1"), Python: of("3.11")}
	c.Check(Compare(t, "", "", image, versions("3.5.6", "", "", "", ""), Facts{}).Line(), Equals, "image has Spark 4.0.1; sc://h:15002 needs 3.5 or older")
	c.Check(Compare(t, "", "", image, versions("4.0.1", "", "", "", ""), Facts{}).OK(), Equals, true)
}
