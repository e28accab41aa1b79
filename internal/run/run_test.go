package run

import (
	"testing"
	"time"

	. "gopkg.in/check.v1"
)

func TestPackage(t *testing.T) { TestingT(t) }

type runSuite struct{}

var _ = Suite(runSuite{})

var interpreterTests = []struct {
	summary string
	server  Server
	want    string
}{
	{"of a virtual environment, not what it links to", Server{Args: []string{"/opt/venv/bin/python", "/opt/venv/bin/jupyter-lab"}, Exe: "/usr/bin/python3.11"}, "/opt/venv/bin/python"},
	{"by its PATH", Server{Args: []string{"python3", "-m", "jupyterlab"}, Exe: "/usr/bin/python3.11", Env: []string{"A=1", "PATH=/x:/y"}}, "python3 on /x:/y"},
	{"without a PATH", Server{Args: []string{"python3.9"}}, "python3.9 on "},
	{"from where it was started", Server{Args: []string{"bin/pypy3"}, Dir: "/opt"}, "/opt/bin/pypy3"},
	{"under a name of its own", Server{Args: []string{"jupyter-lab"}, Exe: "/usr/bin/python3.11"}, "/usr/bin/python3.11"},
	{"nothing is known", Server{}, " on "},
}

func (runSuite) TestInterpreter(c *C) {
	for _, test := range interpreterTests {
		got := interpreter(test.server, func(name, searched string) string { return name + " on " + searched })
		c.Check(got, Equals, test.want, Commentf(test.summary))
	}
}

func (runSuite) TestRemote(c *C) {
	env := []string{"A=1"}
	c.Check(withRemote(env, ""), DeepEquals, env)
	c.Check(withRemote(env, "sc://c"), DeepEquals, []string{"A=1", "SPARK_REMOTE=sc://c"})
	c.Check(withRemote([]string{"SPARK_REMOTE=mine"}, "sc://c"), DeepEquals, []string{"SPARK_REMOTE=mine"})
}

func (runSuite) TestSeconds(c *C) {
	s := State{Phase: Running, Began: time.Unix(10, 0), Ended: time.Unix(11, 0)}
	c.Check(s.Seconds(time.Unix(15, 0)), Equals, 5.0)
	s.Phase = Failed
	c.Check(s.Seconds(time.Unix(15, 0)), Equals, 1.0)
}
