package spark_test

import (
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/spark"
)

func (suite) TestParseLines(c *C) {
	got, bad := ParseLines("# comment\n\nspark.a=1\n spark.b  two words \nspark.c = x=y\nspark.d\t=3\r\n")
	c.Check(bad, HasLen, 0)
	c.Check(got, DeepEquals, []Entry{{"spark.a", "1"}, {"spark.b", "two words"}, {"spark.c", "x=y"}, {"spark.d", "3"}})
	for text, reason := range map[string]string{
		"spark.a=1\nnonsense":  "line 2 is not key=value",
		"=1":                   "line 1 is not key=value",
		"spark.a=":             "line 1 is not key=value",
		"fs.s3a.endpoint=x":    "line 1: fs.s3a.endpoint does not begin with spark.*",
		"spark.master=local":   "line 1: use the option spark-master for spark.master",
		"spark.remote sc://h/": "line 1: use the option spark-remote for spark.remote",
	} {
		_, bad := ParseLines(text)
		c.Assert(bad, HasLen, 1, Commentf(text))
		c.Check(bad[0], ErrorMatches, reason)
	}
}

var defaultsTests = []struct {
	summary, text string
	want          []Entry
}{
	{"blanks, equals signs and colons", "a 1\nb=2\nc: 3\nd\t=\t4\n  e   5 6  \n", []Entry{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", "5 6"}}},
	{"comments", "#a 1\n! b 2\n\nc 3 # no comment\n", []Entry{{"c", "3 # no comment"}}},
	{"lines that go on", "a 1 \\\n   2\nb 3\\\\\nc 4", []Entry{{"a", "1 2"}, {"b", `3\`}, {"c", "4"}}},
	{"escapes", `a\ b x\ty` + "\n" + `c \u0041\:`, []Entry{{"a b", "x\ty"}, {"c", "A:"}}},
	{"a value with a separator", "a=b=c:d\n", []Entry{{"a", "b=c:d"}}},
	{"no value", "a\n", []Entry{{"a", ""}}},
	{"line ends of Windows", "a 1\r\nb 2\r\n", []Entry{{"a", "1"}, {"b", "2"}}},
}

func (suite) TestParseDefaults(c *C) {
	for _, test := range defaultsTests {
		got := ParseDefaults(test.text)
		c.Check(got, DeepEquals, test.want, Commentf(test.summary))
		c.Check(ParseDefaults(Render(got)), DeepEquals, got, Commentf(test.summary))
	}
}

func (suite) TestMerge(c *C) {
	got := Merge(
		[]Entry{{"spark.a", "image"}, {"spark.driver.extraJavaOptions", "-Dx=1"}, {"spark.b", "image"}},
		[]Entry{{"spark.a", "charm"}},
		[]Entry{{"spark.driver.extraJavaOptions", "-Dy=2"}, {"spark.b", "operator"}},
	)
	c.Check(got, DeepEquals, []Entry{{"spark.a", "charm"}, {"spark.driver.extraJavaOptions", "-Dx=1 -Dy=2"}, {"spark.b", "operator"}})
}

func (suite) TestWarnings(c *C) {
	t, _ := ParseMaster("spark://m:7077")
	d := Driver{Host: "10.0.0.5", Bind: "0.0.0.0"}
	for _, test := range []struct{ key, value, want string }{
		{"spark.driver.host", "localhost", ".*cannot reach that address"},
		{"spark.driver.host", "other.example", ".*executors call that name and not 10.0.0.5"},
		{"spark.driver.host", "10.0.0.5", ""},
		{"spark.driver.bindAddress", "127.0.0.1", ".*executors cannot reach it: leave it to the charm"},
		{"spark.driver.bindAddress", "0.0.0.0", ""},
		{"spark.driver.port", "0", ".*is not published.*"},
		{"spark.driver.blockManager.port", "40000", ".*is not published.*"},
		{"spark.port.maxRetries", "16", ".*at most 7"},
		{"spark.driver.bindAddress", "10.0.0.5", ".*the driver cannot listen there.*"},
		{"spark.port.maxRetries", "3", ".*only 4 kernels.*"},
		{"spark.port.maxRetries", "7", ""},
		{"spark.executor.memory", "1g", ""},
	} {
		got := strings.Join(Warnings(t, d, []Entry{{test.key, test.value}}), "\n")
		c.Check(got, Matches, test.want, Commentf("%s=%s", test.key, test.value))
	}
	local, _ := ParseMaster("local[*]")
	c.Check(Warnings(local, d, []Entry{{"spark.driver.host", "localhost"}}), HasLen, 0)
}

// A driver that walks on from a taken port stays among those of its service.
func (suite) TestServicesNeverMeet(c *C) {
	t, _ := ParseMaster("yarn")
	conf := map[string]string{}
	for _, e := range DriverConf(t, Driver{Host: "fd00::1", Bind: "0.0.0.0", First: 28000, HostNetwork: true}) {
		conf[e.Key] = e.Value
	}
	c.Check(conf["spark.driver.port"], Equals, "28000")
	c.Check(conf["spark.driver.blockManager.port"], Equals, "28008")
	c.Check(conf["spark.ui.port"], Equals, "28016")
	c.Check(conf["spark.port.maxRetries"], Equals, "7")
	c.Check(conf["spark.driver.host"], Equals, "[fd00::1]")
	first, last := Driver{First: 28000}.Ports()
	c.Check([]int{first, last}, DeepEquals, []int{28000, 28015})
}

func property(name, value string) string {
	return "<property><name>" + name + "</name><value>" + value + "</value></property>"
}

func files(core, yarn string) map[string]string {
	return map[string]string{
		"core-site.xml": "<?xml version=\"1.0\"?>\n<configuration>" + core + "</configuration>",
		"yarn-site.xml": "<configuration>" + yarn + "</configuration>",
	}
}

func (suite) TestCheckHadoop(c *C) {
	yarn, _ := ParseMaster("yarn")
	hdfs, rm := property("fs.defaultFS", "hdfs://nn:9000"), property("yarn.resourcemanager.hostname", "rm")
	for _, test := range []struct {
		summary string
		target  Target
		files   map[string]string
		want    string
	}{
		{"whole", yarn, files(hdfs, rm), ""},
		{"another charset", yarn, map[string]string{
			"core-site.xml": "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><configuration>" + hdfs + rm + "<!-- \xe9 --></configuration>",
		}, ""},
		{"empty", yarn, files("", ""), "is empty.*"},
		{"no file", yarn, map[string]string{}, "is empty.*"},
		{"no resource manager", yarn, files(hdfs, ""), ".*yarn-site needs yarn.resourcemanager.hostname"},
		{"Hadoop's own default", yarn, files(hdfs, property("yarn.resourcemanager.hostname", "0.0.0.0")), ".*yarn-site needs.*"},
		{"no file system", yarn, files("", rm), ".*core-site needs fs.defaultFS"},
		{"a local file system", yarn, files(property("fs.defaultFS", "file:///"), rm), ".*core-site needs fs.defaultFS"},
		{"HDFS alone", Target{}, files(hdfs, ""), ""},
		{"not XML", yarn, map[string]string{"core-site.xml": "fs.defaultFS=hdfs://nn"}, "has a core-site.xml that is no Hadoop configuration.*"},
		{"other XML", yarn, map[string]string{"core-site.xml": "<html/>"}, "has a core-site.xml that is no Hadoop configuration.*"},
	} {
		err := CheckHadoop(test.target, test.files)
		if test.want == "" {
			c.Check(err, IsNil, Commentf(test.summary))
		} else {
			c.Check(err, ErrorMatches, test.want, Commentf(test.summary))
		}
	}
}

func (suite) TestWhereHadoopIs(c *C) {
	p, err := ParseHadoop(files(
		property("fs.defaultFS", "hdfs://team")+property("dfs.ha.namenodes.team", "n1, n2")+
			property("dfs.namenode.rpc-address.team.n1", "nn1:8020")+property("dfs.namenode.rpc-address.team.n2", "nn2:8021"),
		property("yarn.resourcemanager.ha.rm-ids", "a,b")+property("yarn.resourcemanager.hostname.a", "rm1")+property("yarn.resourcemanager.hostname.b", "rm2")+
			property("yarn.resourcemanager.address.b", "${yarn.resourcemanager.hostname.b}:9032")))
	c.Assert(err, IsNil)
	c.Check(p.NameNodes(), DeepEquals, []Address{{"nn1", 8020}, {"nn2", 8021}})
	c.Check(p.ResourceManagers(), DeepEquals, []Address{{"rm1", 8032}, {"rm2", 9032}})
	c.Check(p.ResourceManagerPages(), DeepEquals, []string{"http://rm1:8088", "http://rm2:8088"})
	p, err = ParseHadoop(files(property("fs.defaultFS", "hdfs://10.0.0.2:9000"), property("yarn.resourcemanager.webapp.address", "rm:80")+property("yarn.resourcemanager.hostname", "rm")))
	c.Assert(err, IsNil)
	c.Check(p.NameNodes(), DeepEquals, []Address{{"10.0.0.2", 9000}})
	c.Check(p.ResourceManagerPages(), DeepEquals, []string{"http://rm:80"})
}

func (suite) TestHadoopFileNames(c *C) {
	for key, want := range map[string]string{"core-site": "core-site.xml", "hdfs-site.xml": "hdfs-site.xml", "ssl-client": "ssl-client.xml", "README": "", "../core-site": "", "masters": ""} {
		got, ok := HadoopFileName(key)
		c.Check(got, Equals, want)
		c.Check(ok, Equals, want != "")
	}
}
