package probe_test

import (
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/probe"
)

// session is what is known once a session on a standalone cluster has begun.
func session() Callback {
	return Callback{
		Way: Way{Master: "spark://10.99.7.2:7077", Cluster: []Hop{{"master", "10.99.7.2", 7077, "ok", "10.99.7.2"}}}, Own: "d34db33f",
		Session: Step{State: "ok", Seconds: 6.6}, Host: "10.99.7.1", RPC: 36100, Block: 36108, App: "app-1", Python: "3.11.2",
		Result: Step{State: "timed out"}, States: []string{"the master says RUNNING", "2 executors were started at http://10.99.7.2:8082"},
		Done: true,
	}
}

// with is a session of which something else was found.
func with(change func(*Callback)) Callback {
	d := session()
	change(&d)
	return d
}

// hop is a cluster that answers in another way.
func hop(h Hop) Callback {
	return Callback{Way: Way{Master: "spark://" + h.Host, Cluster: []Hop{h}}, Done: true}
}

// yarn is what is known of a YARN cluster before a session has begun.
func yarn(hadoop string, cluster ...Hop) Callback {
	return Callback{Way: Way{Master: "yarn", Hadoop: hadoop, Cluster: cluster}, Done: true}
}

// verdictTests have the texts that real clusters gave.
var verdictTests = []struct {
	summary string
	found   Callback
	ok      bool
	want    string
}{
	{"local", Callback{Way: Way{Master: "local[*]"}, Done: true}, true, "nobody calls back: the master is local.*"},
	{"the cluster's name", hop(Hop{"master", "master.nowhere", 7077, "unresolvable", ""}), false,
		"name: the notebook cannot resolve master.nowhere, .*"},
	{"the cluster's address", hop(Hop{"master", "10.99.7.77", 7077, "unreachable", "10.99.7.77"}), false,
		"address: nothing routes from the notebook to 10.99.7.77, .*"},
	{"the cluster's port", hop(Hop{"master", "m", 7078, "refused", "10.99.7.2"}), false,
		`port: m \(10.99.7.2\) refuses port 7078: the cluster's master does not run there.*`},
	{"the cluster's firewall", hop(Hop{"master", "m", 7077, "timed out", "10.99.7.2"}), false, "firewall: nothing answers from m .* port 7077.*"},
	{"one of two masters", with(func(d *Callback) {
		d.Cluster = append(d.Cluster, Hop{"master", "m2", 7077, "refused", "10.99.7.3"})
		d.Result.State, d.Back = "ok", Back{Step: Step{State: "ok"}, From: "worker", Ports: []string{"ok", "ok"}}
	}), true, "the way back works: .*"},
	{"YARN without HADOOP_CONF_DIR", yarn(""), false, "name: HADOOP_CONF_DIR is not set .*"},
	{"YARN with an empty one", yarn("/etc/hadoop"), false, "name: the Hadoop configuration in /etc/hadoop names no resource manager: .*"},
	{"YARN without HDFS", yarn("/h", Hop{"resource manager", "r", 8032, "ok", ""}), false, "name: .* in /h names no file system.*"},
	{"no driver host", with(func(d *Callback) { d.Loopback, d.Host = true, "localhost" }), false,
		"address: the cluster's machines are told that the driver is at localhost.*: set driver-host.*"},
	{"the container's own name", with(func(d *Callback) {
		d.Host = d.Own
		d.Evidence = []string{"Caused by: java.net.UnknownHostException: d34db33f"}
	}), false, "name: the cluster's machines cannot resolve d34db33f.*: set driver-host .*"},
	{"an unpublished port", with(func(d *Callback) {
		d.Evidence = []string{
			`Exception in thread "main" java.lang.reflect.UndeclaredThrowableException`,
			"Caused by: java.io.IOException: Failed to connect to /10.99.7.1:36100",
			"Caused by: io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: /10.99.7.1:36100",
		}
	}), false, "port: the cluster's machines are refused at the driver's port 10.99.7.1:36100: it is not published.*"},
	{"a port that this machine refuses", with(func(d *Callback) { d.Here = Here{Own: true, Ports: map[int]string{36100: "ok", 36108: "refused"}} }), false,
		"port: the block manager's port 10.99.7.1:36108 is not published: this machine refuses it even to itself"},
	{"a port that an address elsewhere refuses", with(func(d *Callback) { d.Here = Here{Ports: map[int]string{36100: "refused"}} }), false,
		"no executor has registered, .*"},
	{"an executor that cannot fetch its task", with(func(d *Callback) {
		d.Executors, d.Result = []string{"10.99.7.2:33373"}, Step{State: "failed", Error: "x: [INTERNAL_ERROR_BROADCAST] Failed to get broadcast_0_piece0 of broadcast_0"}
		d.Evidence = []string{"Caused by: io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: /10.99.7.1:36108"}
	}), false, "port: the cluster's machines are refused at the block manager's port 10.99.7.1:36108: .*"},
	{"the same, where no log can be read", with(func(d *Callback) {
		d.Executors, d.Result = []string{"10.99.7.2:33373"}, Step{State: "failed", Error: "x: [INTERNAL_ERROR_BROADCAST] Failed to get broadcast_0_piece0 of broadcast_0"}
	}), false, "port: an executor registered at 10.99.7.1:36100, and cannot fetch its task from the block manager's port 36108: .*"},
	{"a blocked port", with(func(d *Callback) {
		d.Evidence = []string{"Caused by: java.io.IOException: Connecting to /10.99.7.1:36100 timed out (6000 ms)"}
	}), false, "firewall: what the cluster's machines send to the driver's port 10.99.7.1:36100 is dropped.*"},
	{"an address of another machine", with(func(d *Callback) {
		d.Here = Here{Ports: map[int]string{36100: "timed out", 36108: "timed out"}}
		d.Evidence = []string{"Caused by: java.io.IOException: Connecting to /10.99.7.1:36100 timed out (6000 ms)"}
	}), false, `address: the cluster's machines do not reach the driver's port 10.99.7.1:36100 \(timed out\), which is not an address of this machine.*`},
	{"a bind address that the container has not", with(func(d *Callback) {
		d.Session = Step{State: "failed", Error: "Py4JJavaError: An error occurred while calling None.org.apache.spark.api.java.JavaSparkContext.\n" +
			": java.net.BindException: Cannot assign requested address: Service 'sparkDriver' failed after 16 retries (on a random free port)!"}
	}), false, "address: the driver cannot listen where spark.driver.bindAddress, .*"},
	{"more kernels than ports", with(func(d *Callback) {
		d.Session = Step{State: "failed", Error: ": java.net.BindException: Address already in use: Service 'sparkDriver' failed after 7 retries (starting from 36100)!"}
	}), false, "port: all driver ports of the notebook are taken.*"},
	{"another Spark", with(func(d *Callback) {
		d.Executors, d.Evidence = []string{"10.99.7.2:1"}, []string{"java.io.UTFDataFormatException: malformed input around byte 57"}
	}), false, "version: .* UTFDataFormatException: run check-spark.*"},
	{"another Scala, by the master's page", with(func(d *Callback) { d.Session.State, d.Unlisted = "timed out", true }), false,
		"version: the master at 10.99.7.2:7077 takes connections and answers none.*run check-spark"},
	{"another Scala, after a minute", with(func(d *Callback) {
		d.Session = Step{State: "failed", Error: "IllegalArgumentException: requirement failed: Can only call getServletHandlers on a running MetricsSystem"}
	}), false, "version: the master at .*"},
	{"another Python", with(func(d *Callback) {
		d.Executors, d.Result.State = []string{"10.99.7.2:1"}, "ok"
		d.Back = Back{Step: Step{State: "failed", Error: "pyspark.errors.exceptions.base.PySparkRuntimeError: [PYTHON_VERSION_MISMATCH] " +
			"Python in worker has different version (3, 9) than that in driver 3.11, PySpark cannot run with different minor versions."}}
	}), false, "python: the executors run Python 3.9 and the notebook 3.11: set executor-python .*"},
	{"another Python, of Spark 2.4", with(func(d *Callback) {
		d.Executors, d.Result.State = []string{"10.99.7.2:1"}, "ok"
		d.Back = Back{Step: Step{State: "failed", Error: "Exception: Python in worker has different version 3.5 than that in driver 3.7, PySpark cannot run"}}
	}), false, "python: the executors run Python 3.5 and the notebook 3.7: .*"},
	{"a Python that is not there", with(func(d *Callback) {
		d.Executors, d.Result.State = []string{"10.99.7.2:1"}, "ok"
		d.Back = Back{Step: Step{State: "failed", Error: `Caused by: java.io.IOException: Cannot run program "/opt/nope/python3": error=2, No such file or directory`}}
	}), false, "python: there is no /opt/nope/python3 on the machines of the executors: set executor-python"},
	{"a cluster without room", with(func(d *Callback) { d.States = []string{"the master says WAITING"} }), false,
		"the cluster has not started an executor: the master says WAITING, .*"},
	{"an executor that says nothing", session(), false, "no executor has registered, .* longer timeout"},
	{"pages that cannot be read", with(func(d *Callback) {
		d.States, d.Notes = nil, []string{"the master's page at http://m:8080/json/ cannot be read: timed out"}
	}), false, `no executor has registered, and nobody was seen .* \(the master's page .* cannot be read: timed out\).*`},
	{"seen, and silent", with(func(d *Callback) { d.Seen = map[string][]string{"36100": {"10.99.7.2"}} }), false,
		"no executor has registered, and 10.99.7.2 did reach the driver's port 36100: that way is open.*"},
	{"seen, but only by this machine", with(func(d *Callback) {
		d.Seen, d.Here = map[string][]string{"36100": {"10.0.0.5"}}, Here{Own: true, Ports: map[int]string{36100: "ok", 36108: "ok"}, Addresses: []string{"10.0.0.5"}}
	}), false, "no executor has registered, and nobody was seen to reach .* where this machine itself reaches it: one was started.*"},
	{"Spark Connect", Callback{Way: Way{Master: "sc://c:15002/", Cluster: []Hop{{"Connect server", "c", 15002, "ok", "10.0.0.9"}}},
		Session: Step{State: "ok"}, Result: Step{State: "ok"}}, true, "nobody calls back: .* the server at c:15002 computes"},
	{"YARN without HADOOP_CONF_DIR, where Java does not start", Callback{
		Session: Step{State: "failed", Error: "[JAVA_GATEWAY_EXITED] Java gateway process exited before sending its port number.\n"},
		Log:     "Exception in thread \"main\" org.apache.spark.SparkException: When running with master 'yarn' either HADOOP_CONF_DIR or YARN_CONF_DIR must be set in the environment.\n\tat x\n"},
		false, "name: HADOOP_CONF_DIR is not set in the notebook.*"},
	{"no Spark", Callback{Session: Step{State: "failed", Error: "ModuleNotFoundError: No module named 'pyspark'\n"}, Done: true}, false,
		"Spark does not start in the notebook: ModuleNotFoundError: No module named 'pyspark'"},
}

func (suite) TestVerdict(c *C) {
	for _, test := range verdictTests {
		got, ok := test.found.Verdict()
		c.Check(got, Matches, test.want, Commentf(test.summary))
		c.Check(ok, Equals, test.ok, Commentf(test.summary))
		c.Check(strings.ContainsAny(got, "\n"), Equals, false, Commentf(test.summary))
		c.Check(test.found.Results()["verdict"], Equals, got, Commentf(test.summary))
	}
}
