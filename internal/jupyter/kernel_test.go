package jupyter_test

import (
	"context"
	"errors"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/jupyter"
)

type kernelSuite struct{}

var _ = Suite(&kernelSuite{})

// script is what the tests' pieces of code do.
var script = map[string]func(*talk){
	"print": func(t *talk) { t.print("a"); t.print("b"); t.end(1) },
	"late": func(t *talk) {
		t.Say("shell", "execute_reply", object{"status": "ok"})
		t.print("behind its reply")
		t.Say("iopub", "status", object{"execution_state": "idle"})
	},
	"other": func(t *talk) {
		own := t.Parent
		t.Parent = object{"msg_id": "somebody's"}
		t.print("not ours")
		t.Parent = own
		t.print("ours")
		t.end(3)
	},
	"fail": func(t *talk) { t.print("before"); t.fail("ZeroDivisionError", "division by zero") },
	"hang": func(t *talk) { t.print("begun"); <-t.f.stop; t.fail("KeyboardInterrupt", "") },
	"die": func(t *talk) {
		t.print("begun")
		t.Parent = object{}
		t.Say("iopub", "status", object{"execution_state": "dead"})
	},
	"cut": func(t *talk) { t.print("begun"); t.Cut() },
}

var kernelTests = []struct {
	summary, code, printed, raised, err string
}{
	{"what it prints", "print", "ab", "", ""},
	{"what comes behind the reply", "late", "behind its reply", "", ""},
	{"what others ran is not heard", "other", "ours", "", ""},
	{"an exception is an outcome", "fail", "before", "ZeroDivisionError: division by zero", ""},
	{"the deadline interrupts", "hang", "begun", "KeyboardInterrupt: ", "context deadline exceeded"},
	{"the kernel dies", "die", "begun", "", "the kernel died"},
	{"the notebook is stopped", "cut", "begun", "", "the connection to the kernel ended.*"},
}

func (kernelSuite) TestRun(c *C) {
	for _, test := range kernelTests {
		f := newFake()
		f.script = script
		h, s := f.start()
		ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
		k, err := s.StartKernel(ctx, "python3", "test")
		c.Assert(err, IsNil)
		printed := ""
		raised, err := k.Run(ctx, test.code, func(o Output) { printed += o.Printed() })
		k.Close(ctx)
		cancel()
		h.Close()
		comment := Commentf("%s: %v", test.summary, err)
		c.Check(printed, Equals, test.printed, comment)
		if test.err == "" {
			c.Check(err, IsNil, comment)
		} else {
			c.Check(err, ErrorMatches, test.err, comment)
		}
		if test.raised == "" {
			c.Check(raised, IsNil, comment)
		} else {
			c.Check(raised, ErrorMatches, test.raised, comment)
		}
		c.Check(f.sessions, HasLen, 0, comment) // the kernel is ended
	}
}

// TestDeafKernel: code that cannot be interrupted does not hold up the end for ever.
func (kernelSuite) TestDeafKernel(c *C) {
	f := newFake()
	f.script = map[string]func(*talk){"deaf": func(t *talk) { <-t.f.stop; <-t.f.stop }}
	h, s := f.start()
	defer h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	k, err := s.StartKernel(ctx, "python3", "test")
	c.Assert(err, IsNil)
	began := time.Now()
	_, err = k.Run(ctx, "deaf", func(Output) {})
	k.Close(ctx)
	c.Check(errors.Is(err, context.DeadlineExceeded), Equals, true)
	c.Check(time.Since(began) < 15*time.Second, Equals, true)
	c.Check(f.sessions, HasLen, 0)
}

// TestKernelsOfAKilledAction are ended; sessions of users are not.
func (kernelSuite) TestKernelsOfAKilledAction(c *C) {
	f := newFake()
	f.sessions["left"], f.sessions["user's"] = "dir/jupyter-docker-action-1", "n.ipynb"
	h, s := f.start()
	defer h.Close()
	k, err := s.StartKernel(context.Background(), "python3", "test")
	c.Assert(err, IsNil)
	k.Close(context.Background())
	c.Check(f.sessions, DeepEquals, map[string]string{"user's": "n.ipynb"})
}

var specTests = []struct {
	summary string
	specs   object
	want    string
	err     string
}{
	{"the default", object{"default": "py", "kernelspecs": object{"py": spec("python"), "a": spec("python")}}, "py", ""},
	{"another", object{"default": "ir", "kernelspecs": object{"ir": spec("R"), "z": spec("Python"), "b": spec("python")}}, "b", ""},
	{"none", object{"default": "ir", "kernelspecs": object{"ir": spec("R")}}, "", "cannot start a kernel: the image has none for Python"},
}

func spec(language string) object { return object{"spec": object{"language": language}} }

func (kernelSuite) TestPythonKernel(c *C) {
	for _, test := range specTests {
		f := newFake()
		f.specs = test.specs
		h, s := f.start()
		got, err := s.PythonKernel(context.Background())
		h.Close()
		c.Check(got, Equals, test.want, Commentf(test.summary))
		if test.err == "" {
			c.Check(err, IsNil, Commentf(test.summary))
		} else {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
		}
	}
}
