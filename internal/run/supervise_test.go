package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
)

type superviseSuite struct{}

var _ = Suite(superviseSuite{})

// place is a container's, whose Python is a shell script.
func place(c *C, script string) (Place, Order) {
	dir := c.MkDir()
	python := filepath.Join(dir, "python3")
	c.Assert(os.WriteFile(python, []byte("#!/bin/sh\n"+script), 0o755), IsNil)
	c.Assert(os.WriteFile(filepath.Join(dir, "remote"), []byte("sc://c\n"), 0o600), IsNil)
	o := Order{ID: "1", Path: "a.ipynb", Seconds: 60, Server: Server{
		PID: 7, Args: []string{python}, UID: os.Getuid(), GID: os.Getgid(), Umask: 0o27, Env: []string{"PATH=/usr/bin:/bin", "MARK=x"},
	}}
	return Place{Runs: dir, Remote: filepath.Join(dir, "remote"), Script: "/script.py"}, o
}

// supervised runs an order to its end, and returns its states.
func supervised(c *C, p Place, o Order, in io.Reader) (states []State) {
	order, err := json.Marshal(o)
	c.Assert(err, IsNil)
	var out bytes.Buffer
	c.Assert(Supervise(io.MultiReader(bytes.NewReader(order), in), &out, p), IsNil)
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var s State
		c.Assert(decoder.Decode(&s), IsNil)
		states = append(states, s)
	}
	return states
}

// open is a standard input that does not end.
func open() io.Reader {
	r, _ := io.Pipe() // a pipe of the kernel's would end once its other end is collected
	return r
}

const (
	saysAll  = `echo '{"phase":"running","copy":"b.ipynb","cells":1}'; echo '{"say":"cell 1"}'; echo '{"done":1}'; `
	finishes = saysAll + `echo '{"phase":"completed"}'`
	obeys    = saysAll + `read why; echo "{\"phase\":\"failed\",\"message\":\"$why\"}"`
)

var superviseTests = []struct {
	summary, script string
	change          func(*Order, *Place)
	message         string
	phase           Phase
}{
	{"to its end", finishes, nil, "", Completed},
	{"what it says itself", `echo '{"phase":"failed","message":"no"}'`, nil, "no", Failed},
	{"a program that ends without a word", "echo first >&2; echo last >&2; exit 3", nil, `the program that ran it ended \(exit status 3\): last`, Failed},
	{"one that says nothing at all", "exit 0", nil, `the program that ran it ended without a word`, Failed},
	{"no such program", "", func(o *Order, _ *Place) { o.Server.Args[0] += "/none/python" }, "cannot start the Jupyter server's Python: .*not a directory", Failed},
	{"none on the PATH", "", func(o *Order, _ *Place) { o.Server.Args[0] = "python9.9" }, "the Jupyter server's Python cannot be found", Failed},
	{"its time is over", obeys, func(o *Order, _ *Place) { o.Seconds = 1 }, tooLong, Failed},
	{"its arguments and environment", `echo "{\"phase\":\"failed\",\"message\":\"$1 $2 $3 $MARK $SPARK_REMOTE $(umask)\"}"`, nil,
		"/script.py a.ipynb 7 x sc://c 0027", Failed},
	{"the token of Spark Connect is not told", `echo "{\"say\":\"x = '$SPARK_REMOTE'\"}"; echo "{\"phase\":\"failed\",\"message\":\"no $SPARK_REMOTE\"}"`,
		func(o *Order, _ *Place) { o.Server.Env = append(o.Server.Env, "SPARK_REMOTE=sc://c:1/;token=hush;x=1") }, `no sc://c:1/;token=\*\*\*;x=1`, Failed},
	{"another user", finishes, func(o *Order, _ *Place) { o.Server.UID = 4711 }, "the user 4711, .*", Other},
	{"another group", finishes, func(o *Order, _ *Place) { o.Server.GID = 4711 }, "the group 4711, .*", Other},
	{"a group that it lacks", finishes, func(o *Order, _ *Place) { o.Server.Groups = []int{4711} }, "the group 4711, .*", Other},
	{"a group that it may lack", finishes, func(o *Order, _ *Place) { o.Server.Groups, o.AnyGroups = []int{4711}, true }, "", Completed},
}

func (superviseSuite) TestSupervise(c *C) {
	for _, test := range superviseTests {
		p, o := place(c, test.script)
		if test.change != nil {
			test.change(&o, &p)
		}
		states := supervised(c, p, o, open())
		last := states[len(states)-1]
		comment := Commentf("%s: %+v", test.summary, states)
		c.Check(last.Phase, Equals, test.phase, comment)
		c.Check(last.Message, Matches, test.message, comment)
		c.Check(fmt.Sprint(states), Not(Matches), "(?s).*hush.*", comment)
		if test.phase == Other {
			continue
		}
		c.Check(last.Ended.IsZero(), Equals, false, comment)
		runs, err := host.RunsAt(p.Runs)
		c.Assert(err, IsNil)
		var kept State
		c.Check(runs.Read("1", &kept), IsNil, comment)
		c.Check(kept, Equals, last, comment)
		c.Check(runs.Live("1"), Equals, false, comment)
		runs.Close()
	}
}

// TestStates are told as they come, and the file has no line for people.
func (superviseSuite) TestStates(c *C) {
	p, o := place(c, finishes)
	var said []string
	for _, s := range supervised(c, p, o, open()) {
		said = append(said, fmt.Sprintf("%s %s %d/%d%s", s.Phase, s.Copy, s.Done, s.Cells, s.Say))
	}
	c.Check(said, DeepEquals, []string{"starting  0/0", "running b.ipynb 0/1", "running b.ipynb 0/1cell 1", "running b.ipynb 1/1", "completed b.ipynb 1/1"})
}

// TestTheEndOfItsInput ends a run, unless that is detached: then somebody asks it to.
func (superviseSuite) TestTheEndOfItsInput(c *C) {
	p, o := place(c, obeys)
	states := supervised(c, p, o, strings.NewReader(""))
	c.Check(states[len(states)-1].Message, Equals, cancelled)
	p, o = place(c, obeys)
	o.Detached = true
	runs, err := host.RunsAt(p.Runs)
	c.Assert(err, IsNil)
	defer runs.Close()
	alive := make(chan bool, 1)
	time.AfterFunc(700*time.Millisecond, func() { alive <- runs.Live("1"); _ = runs.Ask("1") })
	states = supervised(c, p, o, strings.NewReader(""))
	c.Check(states[len(states)-1].Message, Equals, endedFrom)
	c.Check(<-alive, Equals, true)
}

// TestASignal ends a run, detached or not.
func (superviseSuite) TestASignal(c *C) {
	p, o := place(c, saysAll+`kill -TERM $PPID; read why; echo "{\"phase\":\"failed\",\"message\":\"$why\"}"`)
	o.Detached = true
	states := supervised(c, p, o, open())
	c.Check(states[len(states)-1].Message, Equals, "a signal of a process in the notebook asked it to end")
}

// TestMemory is told as a cause, with what to do.
func (superviseSuite) TestMemory(c *C) {
	runs, err := host.RunsAt(c.MkDir())
	c.Assert(err, IsNil)
	defer runs.Close()
	s := supervisor{out: json.NewEncoder(io.Discard), runs: runs, killed: -1}
	s.finish(errors.New("DeadKernelError: Kernel died"))
	c.Check(s.state.Message, Matches, "DeadKernelError: Kernel died; the notebook's memory was not enough: .*: raise memory-limit, or use less")
}

// TestNothingIsLeft of what a run began, though its program left it to others.
func (superviseSuite) TestNothingIsLeft(c *C) {
	p, o := place(c, `(setsid sleep 1000 & echo $! >"$(dirname "$0")/left"); `+finishes)
	supervised(c, p, o, open())
	left, err := os.ReadFile(filepath.Join(p.Runs, "left"))
	c.Assert(err, IsNil)
	status, err := os.ReadFile("/proc/" + strings.TrimSpace(string(left)) + "/status")
	c.Check(err != nil || strings.Contains(string(status), "State:\tZ"), Equals, true, Commentf("%s", status))
}

func (superviseSuite) TestRefused(c *C) {
	p, o := place(c, finishes)
	c.Check(Supervise(strings.NewReader("{"), io.Discard, p), ErrorMatches, "cannot read what to run: .*")
	order, err := json.Marshal(o)
	c.Assert(err, IsNil)
	p.Runs = filepath.Join(p.Runs, "none")
	c.Check(Supervise(bytes.NewReader(order), io.Discard, p), ErrorMatches, "cannot make .*")
	p, o = place(c, finishes)
	supervised(c, p, o, open())
	c.Check(Supervise(bytes.NewReader(order), io.Discard, p), ErrorMatches, "cannot run a.ipynb: a run with the id 1 is there")
	o.ID = strings.Repeat("r", 300)
	order, err = json.Marshal(o)
	c.Assert(err, IsNil)
	c.Check(Supervise(bytes.NewReader(order), io.Discard, p), ErrorMatches, "cannot run a.ipynb: cannot write r+.lock: file name too long")
}

func (superviseSuite) TestTail(c *C) {
	var t tail
	for range 3 {
		_, _ = t.Write(bytes.Repeat([]byte("x"), mostTail))
	}
	_, _ = t.Write([]byte("\nend\n\n"))
	c.Check(t.last(), Equals, "end")
	c.Check(len(t.text), Equals, mostTail)
}
