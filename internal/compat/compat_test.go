package compat_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

func TestPackage(t *testing.T) { TestingT(t) }

type judgeSuite struct{}

var _ = Suite(judgeSuite{})

// images stand in for the engine's: IDs by reference, "" for what is none here or
// is no reference.
type images struct {
	ids map[string]string
	err error
}

func (i images) ImageID(_ context.Context, ref string) (string, error) { return i.ids[ref], i.err }

// asked is what the stand-in for a cluster was asked.
type asked struct {
	target spark.Target
	hadoop map[string]string
}

// answering stands in for cluster.Ask.
func answering(a cluster.Answer, got *asked) compat.Asker {
	return func(_ context.Context, t spark.Target, hadoop map[string]string) cluster.Answer {
		*got = asked{t, hadoop}
		return a
	}
}

// target reads a master, or a connection string of Spark Connect.
func target(c *C, text string) spark.Target {
	parse := spark.ParseMaster
	if strings.HasPrefix(text, "sc://") {
		parse = spark.ParseRemote
	}
	t, err := parse(text)
	c.Assert(err, IsNil)
	return t
}

func fact(value string) spark.Fact {
	if value == "" {
		return spark.Fact{}
	}
	return spark.Fact{Value: value, Source: "test"}
}

// image has that Spark and that Python, on Java 17 and with Hadoop 3.4.
func image(version, python string) spark.Installation {
	return spark.Installation{Home: "/opt/spark", Facts: spark.Facts{
		Spark: fact(version), Python: fact(python), Java: fact("17.0.15"), Hadoop: fact("3.4.1"),
	}}
}

func withSpark(version string) cluster.Answer {
	return cluster.Answer{Facts: spark.Facts{Spark: fact(version)}}
}

var (
	none    = spark.Installation{Facts: spark.Facts{Python: fact("3.11.2")}}
	client  = spark.Installation{Facts: spark.Facts{Python: fact("3.11.2"), PySpark: fact("3.5.6")}}
	lacking = spark.Installation{Facts: spark.Facts{Python: fact("3.11.2"), PySpark: fact("3.5.6"), ConnectLacks: []string{"grpcio"}}}
)

const k8s, key = "k8s://https://api:6443", "spark.kubernetes.container.image"

var judgeTests = []struct {
	summary  string
	target   string
	change   func(*notebook.SparkSpec)
	image    spark.Installation
	answer   cluster.Answer
	mismatch string
	note     string // "" for the mismatch
}{
	{summary: "local, and nothing to compare", target: "local[*]", image: image("3.5.6", "3.11.2")},
	{summary: "local, and no Spark in the image", target: "", image: none},
	{summary: "local, on a Java that it does not know", target: "local[*]", image: image("2.4.4", "3.7.9"),
		mismatch: "image has Java 17.0.15 with Spark 2.4.4; the cluster needs Java 8"},
	{summary: "local, with versions of executors", target: "local[*]", image: image("3.5.6", "3.11.2"),
		change:   func(s *notebook.SparkSpec) { s.Versions.Spark = fact("3.4.1") },
		mismatch: "image has Spark 3.5.6; the cluster needs 3.4.1"},
	{summary: "standalone, alike", target: "spark://m:7077", image: image("3.5.6", "3.11.2"), answer: withSpark("3.5.6")},
	{summary: "standalone, another Spark", target: "spark://m:7077", image: image("3.5.6", "3.11.2"), answer: withSpark("4.0.1"),
		mismatch: "image has Spark 3.5.6; spark://m:7077 needs 4.0.1"},
	{summary: "standalone, another patch version", target: "spark://m:7077", image: image("3.5.6", "3.11.2"), answer: withSpark("3.5.7"),
		note: "image has Spark 3.5.6; spark://m:7077 has 3.5.7: see check-spark"},
	{summary: "standalone, what it was asked wins over what was given", target: "spark://m:7077", image: image("3.5.6", "3.11.2"),
		change: func(s *notebook.SparkSpec) { s.Versions.Spark = fact("4.0.1") }, answer: withSpark("3.5.6")},
	{summary: "standalone, no Spark in the image", target: "spark://m:7077", image: none,
		mismatch: "no Spark was found in the image; spark://m:7077 is named"},
	{summary: "standalone, a thin client", target: "spark://m:7077", image: client,
		mismatch: "no Spark was found in the image; spark://m:7077 is named"},
	{summary: "standalone, the executors' Python", target: "spark://m:7077", image: image("3.5.6", "3.11.2"),
		change:   func(s *notebook.SparkSpec) { s.Python = "python3.9" },
		mismatch: "image has Python 3.11.2; spark://m:7077 needs 3.9 by executor-python"},
	{summary: "YARN, another Hadoop", target: "yarn", image: image("3.5.6", "3.11.2"),
		answer:   cluster.Answer{Facts: spark.Facts{Hadoop: fact("2.8.5")}},
		mismatch: "image has Hadoop 3.4.1; yarn needs 2.8.5"},
	{summary: "YARN, a release", target: "yarn", image: image("3.5.6", "3.11.2"),
		change:   func(s *notebook.SparkSpec) { s.Release = "emr-5.27.0" },
		mismatch: "image has Spark 3.5.6/Hadoop 3.4.1; emr-5.27.0 needs 2.4.4/2.8.5"},
	{summary: "Connect, a thin client", target: "sc://c:15002", image: client, answer: withSpark("4.0.1")},
	{summary: "Connect, a client that is newer than its server", target: "sc://c/;token=hush", image: client, answer: withSpark("3.4.1"),
		mismatch: "image has Spark 3.5.6; sc://c:15002 needs 3.4 or older"},
	{summary: "Connect, a client without its packages", target: "sc://c:15002", image: lacking,
		mismatch: "image has no grpcio; sc://c:15002 needs grpcio"},
	{summary: "Connect, no Spark and no client", target: "sc://c/;token=hush", image: none,
		mismatch: "no Spark was found in the image; sc://c:15002 is named"},
	{summary: "Kubernetes, the executors' image is here", target: k8s, image: image("3.5.6", "3.11.2"),
		change: func(s *notebook.SparkSpec) {
			s.Conf = []spark.Entry{{Key: key, Value: "old"}, {Key: key, Value: "team/exec:1"}}
		},
		mismatch: "image has Spark 3.5.6; " + k8s + " needs 4.0.1"},
	{summary: "Kubernetes, the executors' image is not here", target: k8s, image: image("3.5.6", "3.11.2"),
		change: func(s *notebook.SparkSpec) { s.Conf = []spark.Entry{{Key: key, Value: "team/exec:2"}} }},
	{summary: "Kubernetes, what is no reference", target: k8s, image: image("3.5.6", "3.11.2"),
		change: func(s *notebook.SparkSpec) { s.Conf = []spark.Entry{{Key: key, Value: "{{APP}}"}} }},
	{summary: "Kubernetes, no image is named", target: k8s, image: image("3.5.6", "3.11.2"),
		change: func(s *notebook.SparkSpec) { s.Conf = []spark.Entry{{Key: "spark.executor.memory", Value: "1g"}} }},
	{summary: "a line that breaks the way back", target: "spark://m:7077", image: image("3.5.6", "3.11.2"),
		change: func(s *notebook.SparkSpec) { s.Conf = []spark.Entry{{Key: "spark.driver.host", Value: "localhost"}} },
		note:   "spark-conf sets spark.driver.host=localhost: executors elsewhere cannot reach that address"},
}

// engine stands in for one that has the executors' image team/exec:1.
func engine() (images, *compat.Inventories) {
	i := &inspector{images: map[string]spark.Installation{"sha256:exec": image("4.0.1", "3.11.2")}}
	return images{ids: map[string]string{"team/exec:1": "sha256:exec"}}, compat.NewInventories(i, &cache{content: map[string][]byte{}}, "p", "v1")
}

// TestJudge holds each pair under each version-check: a mismatch is always there,
// noted unless it is off, and an error only when it is enforced.
func (judgeSuite) TestJudge(c *C) {
	for _, test := range judgeTests {
		for _, versionCheck := range []string{notebook.CheckEnforce, notebook.CheckWarn, notebook.CheckOff} {
			summary := Commentf("%s, %s", test.summary, versionCheck)
			s := notebook.SparkSpec{Driver: spark.Driver{Host: "nb"}}
			s.Target, s.Check = target(c, test.target), versionCheck
			if test.change != nil {
				test.change(&s)
			}
			var got asked
			have, inventories := engine()
			v, err := compat.Checker{have, inventories, answering(test.answer, &got)}.Judge(context.Background(), s, test.image)
			c.Assert(err, IsNil, summary)
			c.Check(got.target, Equals, s.Target, summary)
			c.Check(v.Mismatch(), Equals, test.mismatch, summary)
			checkNote(c, v, test.mismatch, test.note, summary)
			checkErr(c, v, test.mismatch, summary)
			c.Check(strings.Contains(strings.Join(slices.Collect(maps.Values(v.Results())), "\n"), "hush"), Equals, false, summary)
		}
	}
}

var neededTests = []struct {
	summary, target string
	change          func(*notebook.SparkSpec)
	needed          bool
}{
	{"nothing is said", "", nil, false},
	{"local", "local[4]", nil, false},
	{"standalone", "spark://m:7077", nil, true},
	{"YARN", "yarn", nil, true},
	{"Kubernetes", k8s, nil, true},
	{"Connect", "sc://c", nil, true},
	{"a cluster whose addresses alone are of interest", "yarn", func(s *notebook.SparkSpec) { s.Check = notebook.CheckOff }, true},
	{"a release", "", func(s *notebook.SparkSpec) { s.Release = "emr-7.9.0" }, true},
	{"versions", "", func(s *notebook.SparkSpec) { s.Versions.Java = fact("17") }, true},
	{"versions that are not checked", "", func(s *notebook.SparkSpec) { s.Check, s.Versions.Java = notebook.CheckOff, fact("17") }, false},
}

func (judgeSuite) TestNeeded(c *C) {
	for _, test := range neededTests {
		s := notebook.SparkSpec{}
		s.Target, s.Check = target(c, test.target), notebook.CheckEnforce
		if test.change != nil {
			test.change(&s)
		}
		c.Check(compat.Needed(s), Equals, test.needed, Commentf(test.summary))
	}
}

// TestHadoopOfJudge: the cluster is asked by the files that the notebook uses.
func (judgeSuite) TestHadoopOfJudge(c *C) {
	own := image("3.5.6", "3.11.2")
	own.HadoopConf = onYARN("of-the-image", "")
	for _, test := range []struct {
		summary      string
		ours, wanted map[string]string
	}{
		{"the image's own", nil, own.HadoopConf},
		{"those of hadoop-conf", onYARN("ours", ""), onYARN("ours", "")},
	} {
		s := notebook.SparkSpec{Hadoop: test.ours}
		s.Target = target(c, "yarn")
		var got asked
		_, err := compat.Checker{Ask: answering(cluster.Answer{}, &got)}.Judge(context.Background(), s, own)
		c.Assert(err, IsNil)
		c.Check(got.hadoop, DeepEquals, test.wanted, Commentf(test.summary))
	}
}

// TestExecutorsOfKubernetes: facts name the image that they are of, and its Hadoop
// is the client's.
func (judgeSuite) TestExecutorsOfKubernetes(c *C) {
	s := notebook.SparkSpec{}
	s.Target, s.Conf = target(c, k8s), []spark.Entry{{Key: key, Value: "team/exec:1"}}
	have, inventories := engine()
	v, err := compat.Checker{have, inventories, answering(cluster.Answer{}, &asked{})}.Judge(context.Background(), s, image("4.0.1", "3.11.2"))
	c.Assert(err, IsNil)
	c.Check(v.Report.Cluster.Spark, Equals, spark.Fact{Value: "4.0.1", Source: "team/exec:1, test"})
	c.Check(v.Report.Cluster.Hadoop, Equals, spark.Fact{})
}

// TestFailures: what the engine cannot say is an error and no verdict.
func (judgeSuite) TestFailures(c *C) {
	s := notebook.SparkSpec{}
	s.Target, s.Conf = target(c, k8s), []spark.Entry{{Key: key, Value: "team/exec:1"}}
	broken := compat.NewInventories(&inspector{err: errors.New("cannot inspect")}, &cache{}, "p", "v1")
	have, _ := engine()
	for pattern, checker := range map[string]compat.Checker{
		"the engine is gone": {images{err: errors.New("the engine is gone")}, broken, answering(cluster.Answer{}, &asked{})},
		"cannot inspect":     {have, broken, answering(cluster.Answer{}, &asked{})},
	} {
		v, err := checker.Judge(context.Background(), s, image("3.5.6", "3.11.2"))
		c.Check(err, ErrorMatches, pattern)
		c.Check(v, DeepEquals, compat.Verdict{}, Commentf(pattern))
	}
}
