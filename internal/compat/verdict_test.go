package compat_test

import (
	"context"
	"errors"
	"strings"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

func checkNote(c *C, v compat.Verdict, mismatch, note string, summary CommentInterface) {
	want := mismatch
	if want == "" {
		want = note
	}
	if v.Check == notebook.CheckOff && !strings.HasPrefix(note, "spark-conf sets") {
		want = ""
	}
	c.Check(v.Note(), Equals, want, summary)
}

func checkErr(c *C, v compat.Verdict, mismatch string, summary CommentInterface) {
	if mismatch == "" || v.Check == notebook.CheckOff {
		c.Check(v.Log(), Equals, "", summary)
	} else {
		c.Check(v.Log(), Equals, mismatch+"\n"+v.Report.Table(), summary)
	}
	if mismatch == "" || v.Check != notebook.CheckEnforce {
		c.Check(v.Err(), IsNil, summary)
		return
	}
	var refused *compat.MatchError
	c.Assert(errors.As(v.Err(), &refused), Equals, true, summary)
	c.Check(refused.Error(), Equals, mismatch+" (version-check=enforce)", summary)
}

func (judgeSuite) TestZeroVerdict(c *C) {
	c.Check(compat.Verdict{}.Mismatch(), Equals, "")
	c.Check(compat.Verdict{}.Note(), Equals, "")
	c.Check(compat.Verdict{}.Err(), IsNil)
}

var (
	up   = cluster.Reach{What: "master", At: spark.Address{Host: "m1", Port: 7077}}
	down = cluster.Reach{What: "master", At: spark.Address{Host: "m2", Port: 7077}, Err: errors.New("master m2:7077 refuses: nothing listens on that port")}
	lost = cluster.Reach{What: "name node", At: spark.Address{Host: "n", Port: 8020}, Err: errors.New("name node n:8020 does not answer")}
)

var noteTests = []struct {
	summary string
	verdict compat.Verdict
	note    string
}{
	{"one of two masters answers", compat.Verdict{Reach: []cluster.Reach{down, up}}, ""},
	{"in another order", compat.Verdict{Reach: []cluster.Reach{up, down}}, ""},
	{"one of three", compat.Verdict{Reach: []cluster.Reach{down, up, down}}, ""},
	{"none answers", compat.Verdict{Reach: []cluster.Reach{down}}, "the cluster: master m2:7077 refuses: nothing listens on that port"},
	{"another service does not", compat.Verdict{Reach: []cluster.Reach{down, up, lost}}, "the cluster: name node n:8020 does not answer"},
	{"it is said whatever version-check is", compat.Verdict{Reach: []cluster.Reach{lost}, Check: notebook.CheckOff}, "the cluster: name node n:8020 does not answer"},
	{"before a warning", compat.Verdict{Reach: []cluster.Reach{lost}, Warnings: []string{"w"}}, "the cluster: name node n:8020 does not answer"},
	{"the first warning", compat.Verdict{Reach: []cluster.Reach{up}, Warnings: []string{"w1", "w2"}}, "w1"},
	{"what could not be asked is for check-spark", compat.Verdict{Notes: []string{"n"}}, ""},
}

func (judgeSuite) TestNote(c *C) {
	for _, test := range noteTests {
		c.Check(test.verdict.Note(), Equals, test.note, Commentf(test.summary))
	}
}

func (judgeSuite) TestResults(c *C) {
	s := notebook.SparkSpec{}
	s.Target, s.Check = target(c, "spark://m1:7077,m2:7077"), notebook.CheckOff
	s.Conf = []spark.Entry{{Key: "spark.driver.host", Value: "localhost"}, {Key: "spark.driver.port", Value: "0"}}
	answer := withSpark("3.5.7")
	answer.Reach, answer.Notes = []cluster.Reach{up, down}, []string{"one note", "another"}
	v, err := compat.Checker{Ask: answering(answer, &asked{})}.Judge(context.Background(), s, image("3.5.6", "3.11.2"))
	c.Assert(err, IsNil)
	results := v.Results()
	c.Check(v.Results(), DeepEquals, results) // nothing is added to the verdict
	c.Check(strings.Contains(results["report"], "RULE"), Equals, true)
	for name, want := range map[string]string{
		"cluster": "spark://m1:7077,m2:7077", "outcome": "matches", "image-spark": "3.5.6", "cluster-spark": "3.5.7", "rule-spark": "doubtful",
		"reach": "master m1:7077 answers\nmaster m2:7077 refuses: nothing listens on that port", "notes": "one note\nanother",
		"warnings": "spark-conf sets spark.driver.host=localhost: executors elsewhere cannot reach that address\n" +
			"spark-conf sets spark.driver.port=0: that port is not published, so executors cannot reach it: leave it to the charm\n" +
			"image has Spark 3.5.6; spark://m1:7077,m2:7077 has 3.5.7",
	} {
		c.Check(results[name], Equals, want, Commentf(name))
	}
	v, err = compat.Checker{Ask: answering(cluster.Answer{}, &asked{})}.Judge(context.Background(), notebook.SparkSpec{}, image("3.5.6", "3.11.2"))
	c.Assert(err, IsNil)
	for _, name := range []string{"reach", "notes", "warnings"} {
		_, there := v.Results()[name]
		c.Check(there, Equals, false, Commentf(name))
	}
	c.Check(v.Results()["cluster"], Equals, "local")
}
