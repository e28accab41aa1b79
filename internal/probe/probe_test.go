package probe_test

import (
	"strings"
	"testing"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/probe"
)

func TestPackage(t *testing.T) { TestingT(t) }

type suite struct{}

var _ = Suite(&suite{})

// What a kernel prints comes in pieces of any size, and between other lines.
func (suite) TestLines(c *C) {
	var found Pi
	var told []string
	lines := NewLines(&found, func(text string) { told = append(told, text) })
	text := "a library\nnoise jupyter-docker-probe {\"session\": 5.2, \"progress\": \"half\"}\n" +
		"jupyter-docker-probe {\"pi\": 3.14, \"done\": true}\njupyter-docker-probe {\"pi\": 3"
	for _, piece := range strings.SplitAfter(text, "") {
		c.Assert(lines.Add(piece), IsNil)
	}
	c.Check(found, DeepEquals, Pi{Session: 5.2, Pi: 3.14, Done: true})
	c.Check(told, DeepEquals, []string{"half"})
	c.Check(lines.Add("x\n"), ErrorMatches, "cannot read what the notebook's kernel told: .*")
}

// A master with any characters stays a text in the program.
func (suite) TestCodeQuotes(c *C) {
	code := PiAsked{Master: "a\"\\\n'''<é>", Slices: 2, Seconds: 5}.Code()
	line, _, _ := strings.Cut(strings.TrimPrefix(code, "import json\n"), "\n")
	c.Check(line, Equals, `ask = json.loads("{\"master\":\"a\\\"\\\\\\n'''\\u003cé\\u003e\",\"slices\":2,\"seconds\":5,\"timeout\":0}")`)
}

func (suite) TestResultsOfPi(c *C) {
	c.Check(Pi{}.Results(), HasLen, 0)
	c.Check(Pi{}.Err(), ErrorMatches, "the program ended without a result")
	done := Pi{Way: Way{Master: "yarn"}, Pi: 3.14159265, Spark: "3.5.6", Session: 5.04, First: 3, Warm: 0.74, Done: true}
	c.Check(done.Err(), IsNil)
	c.Check(done.Results(), DeepEquals, map[string]string{
		"pi": "3.141593", "master": "yarn", "spark": "3.5.6", "session-seconds": "5.0", "first-job-seconds": "3.0", "warm-job-seconds": "0.7",
		"executors": "unknown",
	})
}

var tellingTests = []struct{ text, want string }{
	{"ModuleNotFoundError: No module named 'pyspark'\n", "ModuleNotFoundError: No module named 'pyspark'"},
	{"pyspark.errors.exceptions.base.PySparkRuntimeError: [JAVA_GATEWAY_EXITED] Java gateway process exited.\n",
		"PySparkRuntimeError: [JAVA_GATEWAY_EXITED] Java gateway process exited."},
	{"py4j.protocol.Py4JJavaError: An error occurred while calling None.org.apache.spark.api.java.JavaSparkContext.\n" +
		": java.net.BindException: Cannot assign requested address: Service 'sparkDriver' failed after 16 retries\n\tat sun.nio.ch.Net.bind0\n",
		"BindException: Cannot assign requested address: Service 'sparkDriver' failed after 16 retries"},
	{"py4j.protocol.Py4JJavaError: An error occurred while calling o36.collect.\n" +
		": org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times\n\tat x\n" +
		"Caused by: java.io.IOException: Disk full\n\tat y\n", "IOException: Disk full"},
	{"Py4JJavaError: An error occurred\n: org.apache.spark.SparkException: Job aborted\nCaused by: x.PythonException: Traceback\n" +
		"pyspark.errors.PySparkRuntimeError: [PYTHON_VERSION_MISMATCH] Python in worker has different version (3, 9) than that in driver 3.11.\n",
		"[PYTHON_VERSION_MISMATCH] Python in worker has different version (3, 9) than that in driver 3.11."},
	{"E: " + strings.Repeat("long ", 100), "E: " + strings.Repeat("long ", 58) + "long..."},
}

func (suite) TestTelling(c *C) {
	for _, test := range tellingTests {
		c.Check(Telling(test.text), Equals, test.want)
	}
}
