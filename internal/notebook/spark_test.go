package notebook_test

import (
	"slices"
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// design is the spec of options that differ from the defaults.
func design(c *C, hadoop map[string]string, options map[string]any) Spec {
	raw := defaults()
	for name, value := range options {
		raw[name] = value
	}
	o, bad := ParseOptions(raw)
	c.Assert(bad, HasLen, 0)
	in := Inputs{Options: raw, Hadoop: hadoop, Spark: Network{Addresses: []Address{{Value: "10.0.0.5", Interface: "eth0"}}, Ingress: []string{"203.0.113.5"}}}
	return Design(in, o, "/unit", 7777, nil)
}

var image = spark.Installation{Home: "/opt/spark", DefaultsPath: "/opt/spark/conf/spark-defaults.conf", Defaults: "spark.eventLog.enabled true\n"}

func (suite) TestOneClusterIsNamed(c *C) {
	raw := defaults()
	raw["spark-master"], raw["spark-remote"] = "yarn", "sc://h:15002"
	_, bad := ParseOptions(raw)
	c.Assert(bad, HasLen, 1)
	c.Check(bad[0].Name, Equals, "spark-remote")
}

func (suite) TestDriverIsCalledBack(c *C) {
	s := design(c, nil, map[string]any{"spark-master": "spark://m:7077", "spark-conf": "spark.executor.memory=1g"})
	p := Place{Slot: SlotB, Drivers: 28024, Dir: "/unit/slot-b"}
	got := Compose(s, Image{Home: "/home/x", Env: []string{"PYSPARK_PYTHON=/opt/env/bin/python"}}, image, p)
	c.Check(got.Ports, HasLen, 2*spark.PerService)
	c.Check(got.Ports[0], Equals, 28024)
	c.Check(slices.Contains(got.Env, "PYSPARK_PYTHON=python3"), Equals, true)
	c.Check(slices.Contains(got.Env, "PYSPARK_DRIVER_PYTHON=/opt/env/bin/python"), Equals, true)
	c.Check(got.Mounts[len(got.Mounts)-1], Equals, Mount{
		Source: "/unit/slot-b/secret/spark-defaults.conf", Target: "/opt/spark/conf/spark-defaults.conf", ReadOnly: true,
	})
	entries := spark.ParseDefaults(SparkFiles(s, image, p)["spark-defaults.conf"])
	for _, want := range []spark.Entry{
		{Key: "spark.master", Value: "spark://m:7077"}, {Key: "spark.driver.host", Value: "203.0.113.5"},
		{Key: "spark.driver.bindAddress", Value: "0.0.0.0"}, {Key: "spark.driver.port", Value: "28024"},
		{Key: "spark.driver.blockManager.port", Value: "28032"}, {Key: "spark.port.maxRetries", Value: "7"},
		{Key: "spark.eventLog.enabled", Value: "true"}, {Key: "spark.executor.memory", Value: "1g"},
	} {
		c.Check(slices.Contains(entries, want), Equals, true, Commentf("%v in %v", want, entries))
	}
}

// On the host's network nothing is published, and the driver listens on the one
// address that executors call.
func (suite) TestDriverOnTheHostsNetwork(c *C) {
	s := design(c, nil, map[string]any{"spark-master": "spark://m:7077", "network-mode": "host"})
	p := Place{Slot: SlotA, Drivers: 28000}
	c.Check(Compose(s, Image{}, image, p).Ports, HasLen, 0)
	text := SparkConf(s, image, p)
	c.Check(text, Matches, `(?s).*spark.driver.bindAddress[ =]10.0.0.5\n.*`)
	c.Check(text, Matches, `(?s).*spark.ui.port[ =]28016\n.*`)
}

// A local master and a Connect server call nobody back.
func (suite) TestNobodyCallsBack(c *C) {
	for _, options := range []map[string]any{{}, {"spark-master": "local[*]"}, {"spark-remote": "sc://h/;token=SECRET"}} {
		s := design(c, nil, options)
		got := Compose(s, Image{}, image, Place{})
		c.Check(got.Ports, HasLen, 0)
		c.Check(strings.Contains(strings.Join(got.Env, "\n"), "PYSPARK_PYTHON"), Equals, false)
		c.Check(s.Serve.Spark.Ports, Equals, 0)
		c.Check(strings.Contains(s.Serve.Spark.Remote, "SECRET"), Equals, false) // it is in a label
		c.Check(strings.Contains(strings.Join(got.Env, "\n"), "SECRET"), Equals, false)
		c.Check(SparkFiles(s, spark.Installation{}, Place{})["spark-remote"], Equals, s.Spark.Target.Remote)
	}
}

// What a cluster has settled of its files' modes, it keeps.
func (suite) TestModesOfHDFSAreItsOwn(c *C) {
	files := map[string]string{"core-site.xml": "<configuration><property><name>fs.defaultFS</name><value>hdfs://nn</value></property></configuration>"}
	c.Check(strings.Contains(SparkConf(design(c, files, nil), spark.Installation{}, Place{}), "umask"), Equals, false)
}

// What the next user of another uid finds in local output, it can remove.
func (suite) TestLocalOutputCanBeRemoved(c *C) {
	c.Check(SparkConf(design(c, nil, nil), spark.Installation{}, Place{}), Matches, `(?s).*spark.hadoop.fs.permissions.umask-mode[ =]0[0-7]+\n.*`)
}

func (suite) TestHadoopFiles(c *C) {
	files := map[string]string{"yarn-site.xml": "<configuration/>"}
	s := design(c, files, map[string]any{"spark-master": "yarn"})
	c.Check(SparkFiles(s, image, Place{})["hadoop/yarn-site.xml"], Equals, "<configuration/>")
	env := strings.Join(Compose(s, Image{}, image, Place{}).Env, "\n")
	c.Check(env, Matches, `(?s).*HADOOP_CONF_DIR=/jupyter-docker/secret/hadoop\n.*`)
	before := s.Serve
	files["yarn-site.xml"] = "<configuration></configuration>"
	after := design(c, files, map[string]any{"spark-master": "yarn"}).Serve
	c.Check(Changes(before, after), DeepEquals, []Change{{What: "hadoop-conf changed", Asked: true}})
}

// An image's own arguments for spark-submit would win over every file.
func (suite) TestMasterOfTheImageGivesWay(c *C) {
	s := design(c, nil, map[string]any{"spark-master": "yarn"})
	img := Image{Env: []string{"PYSPARK_SUBMIT_ARGS=--master local[4] --name x pyspark-shell"}}
	c.Check(slices.Contains(Compose(s, img, image, Place{}).Env, "PYSPARK_SUBMIT_ARGS=--name x pyspark-shell"), Equals, true)
}

func (suite) TestChangesOfSparkSayWhoAsked(c *C) {
	from := SparkServe{Master: "spark://m:7077", Ports: 28000, Host: "h1", Bind: "b1", Python: "python3"}
	to := from
	to.Host = "h2"
	c.Check(Changes(Serve{Spark: from}, Serve{Spark: to}), DeepEquals, []Change{{What: "the driver's address is h2, was h1"}})
	c.Check(Changes(Serve{}, Serve{Spark: from}), DeepEquals, []Change{{What: "spark-master is spark://m:7077, was local", Asked: true}})
}

// A notebook on a network of its own knows a cluster's names that only the hosts
// file of its machine tells.
func (suite) TestNamesOfThisMachine(c *C) {
	s := design(c, nil, map[string]any{"spark-master": "yarn"})
	s.Spark.Hosts = "127.0.0.1 localhost\n::1 ip6-localhost\n10.0.0.9\tnn1.example nn1 # the name node\nff02::1 ip6-allnodes\n"
	c.Check(Compose(s, Image{}, image, Place{}).Hosts, DeepEquals, []string{"nn1.example:10.0.0.9", "nn1:10.0.0.9"})
	s.Spark.Target = spark.Target{Kind: spark.Local}
	c.Check(Compose(s, Image{}, image, Place{}).Hosts, HasLen, 0)
}
