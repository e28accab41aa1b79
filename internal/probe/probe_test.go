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
	c.Check(found, Equals, Pi{Session: 5.2, Pi: 3.14, Done: true})
	c.Check(told, DeepEquals, []string{"half"})
	c.Check(lines.Add("x\n"), ErrorMatches, "cannot read what the notebook's kernel told: .*")
}

// A master with any characters stays a text in the program.
func (suite) TestCodeQuotes(c *C) {
	code := PiAsked{Master: "a\"\\\n'''<é>", Slices: 2, Seconds: 5}.Code()
	line, _, _ := strings.Cut(strings.TrimPrefix(code, "import json\n"), "\n")
	c.Check(line, Equals, `ask = json.loads("{\"master\":\"a\\\"\\\\\\n'''\\u003cé\\u003e\",\"slices\":2,\"seconds\":5}")`)
}

func (suite) TestResultsOfPi(c *C) {
	c.Check(Pi{}.Results(), HasLen, 0)
	c.Check(Pi{}.Err(), ErrorMatches, "the program ended without a result")
	done := Pi{Pi: 3.14159265, Master: "yarn", Spark: "3.5.6", Session: 5.04, First: 3, Warm: 0.74, Done: true}
	c.Check(done.Err(), IsNil)
	c.Check(done.Results(), DeepEquals, map[string]string{
		"pi": "3.141593", "master": "yarn", "spark": "3.5.6", "session-seconds": "5.0", "first-job-seconds": "3.0", "warm-job-seconds": "0.7",
		"executors": "unknown",
	})
}
