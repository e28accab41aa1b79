package run

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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

// TestOf: what a container's user says of a run is short, plain, and of that run.
func (runSuite) TestOf(c *C) {
	said := State{ID: "../../x", Path: "forged", Phase: "run\x00ning", Message: "a\x00b\x1b]0;t\x07c\nd\xff" + strings.Repeat("é", 5000), Say: "\x1b[2J", Copy: "c\r", Done: 3}
	got := said.Of("1", "a.ipynb")
	c.Check(got.Message[:8], Equals, "ab]0;tc\n")
	c.Check(len(got.Message) <= mostText && utf8.ValidString(got.Message), Equals, true)
	got.Message = ""
	c.Check(got, DeepEquals, State{ID: "1", Path: "a.ipynb", Phase: Running, Say: "[2J", Copy: "c", Done: 3})
}
