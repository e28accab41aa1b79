package jupyter_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/jupyter"
)

type runSuite struct{}

var _ = Suite(&runSuite{})

// script is what the tests' cells do.
var script = map[string]func(*talk){
	"print": func(t *talk) { t.print("a"); t.print("b"); t.end(1) },
	"late": func(t *talk) {
		t.say("shell", "execute_reply", object{"status": "ok"})
		t.print("behind its reply")
		t.end(2)
	},
	"other": func(t *talk) {
		own := t.parent
		t.parent = object{"msg_id": "somebody's"}
		t.print("not ours")
		t.parent = own
		t.print("ours")
		t.end(3)
	},
	"show": func(t *talk) {
		t.say("iopub", "display_data", object{"data": object{"text/plain": "0%"}, "metadata": object{}, "transient": object{"display_id": "bar"}})
		t.end(4)
	},
	"update": func(t *talk) {
		t.say("iopub", "update_display_data", object{"data": object{"text/plain": "100%"}, "metadata": object{}, "transient": object{"display_id": "bar"}})
		t.say("iopub", "execute_result", object{"data": object{"text/plain": "9007199254740993"}, "metadata": object{}, "execution_count": 5})
		t.end(5)
	},
	"clear": func(t *talk) {
		t.print("old")
		t.say("iopub", "clear_output", object{"wait": true})
		t.print("new")
		t.end(6)
	},
	"fail": func(t *talk) { t.print("before"); t.fail("ZeroDivisionError", "division by zero") },
	"hang": func(t *talk) { t.print("begun"); <-t.f.stop; t.fail("KeyboardInterrupt", "") },
	"deaf": func(t *talk) { t.print("begun"); <-t.f.stop; <-t.f.stop },
	"die": func(t *talk) {
		t.print("begun")
		t.parent = object{}
		t.say("iopub", "status", object{"execution_state": "dead"})
	},
	"cut": func(t *talk) { t.print("begun"); t.conn.Close() },
}

// notebookOf is a notebook of cells, each a piece of code and its tags.
func notebookOf(cells ...string) string {
	list := []object{{"cell_type": "markdown", "source": "text", "metadata": object{}}}
	for _, c := range cells {
		code, tag, _ := strings.Cut(c, " #")
		list = append(list, object{"cell_type": "code", "id": "c", "source": code, "execution_count": 99,
			"outputs": []object{{"output_type": "stream", "name": "stdout", "text": "of another run"}}, "metadata": object{"tags": []string{tag}}})
	}
	b, _ := json.Marshal(object{"nbformat": 4, "nbformat_minor": 5, "big": json.Number("9007199254740993"), "cells": list,
		"metadata": object{"kernelspec": object{"name": "python3"}}})
	return string(b)
}

var at = time.Date(2026, 11, 24, 21, 0, 5, 0, time.UTC)

const copied = "dir/n b.executed-20261124T210005Z.ipynb"

var runTests = []struct {
	summary string
	cells   []string
	err     string
	done    int
	outputs []string // of each cell: type, text and fields
}{
	{"streams are joined", []string{"print"}, "", 1, []string{"stream ab"}},
	{"what comes behind the reply is kept", []string{"late"}, "", 1, []string{"stream behind its reply"}},
	{"what others ran is not", []string{"other"}, "", 1, []string{"stream ours"}},
	{"a cell changes what an earlier one shows", []string{"show", "update"}, "", 2, []string{"display_data 100%", "execute_result 9007199254740993"}},
	{"outputs are cleared", []string{"clear"}, "", 1, []string{"stream new"}},
	{"cells without code are skipped", []string{"print", " ", "print #skip-execution", "clear"}, "", 2,
		[]string{"stream ab", "", "", "stream new"}},
	{"the first failure ends it", []string{"print", "fail", "print"}, "cell 2 of 3: ZeroDivisionError: division by zero", 1,
		[]string{"stream ab", "stream before, error ZeroDivisionError", ""}},
	{"unless it is expected", []string{"fail #raises-exception", "print"}, "", 2,
		[]string{"stream before, error ZeroDivisionError", "stream ab"}},
	{"the deadline interrupts", []string{"print", "hang", "print"}, "cell 2 of 3: context deadline exceeded", 1,
		[]string{"stream ab", "stream begun, error KeyboardInterrupt", ""}},
	{"the kernel dies", []string{"die", "print"}, "cell 1 of 2: the kernel died.*", 0, []string{"stream begun, error Stopped", ""}},
	{"the notebook is stopped", []string{"cut"}, "cell 1 of 1: the connection to the kernel ended.*", 0, []string{"stream begun, error Stopped"}},
}

func (runSuite) TestRunNotebook(c *C) {
	for _, test := range runTests {
		f := newFake(map[string]string{"dir/n b.ipynb": notebookOf(test.cells...)})
		f.script = script
		h, s := f.start()
		ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
		got, err := s.RunNotebook(ctx, "dir/n b.ipynb", at, func(string) {})
		cancel()
		h.Close()
		comment := Commentf("%s: %v", test.summary, err)
		if test.err == "" {
			c.Check(err, IsNil, comment)
		} else {
			c.Check(err, ErrorMatches, test.err, comment)
		}
		c.Check(got.Done, Equals, test.done, comment)
		c.Check(got.Copy, Equals, copied, comment)
		c.Check(shownIn(c, f.files[copied]), DeepEquals, test.outputs, comment)
		c.Check(f.files[copied], Matches, `.*"big":9007199254740993.*`, comment)
		c.Check(f.files["dir/n b.ipynb"], Equals, notebookOf(test.cells...), comment)
		c.Check(f.sessions, HasLen, 0, comment) // the kernel is ended
	}
}

// shownIn sums up a notebook's outputs, cell by cell.
func shownIn(c *C, text string) (out []string) {
	var doc struct {
		Cells []struct {
			Type    string `json:"cell_type"`
			Outputs []object
		}
	}
	c.Assert(json.Unmarshal([]byte(text), &doc), IsNil)
	for _, cell := range doc.Cells {
		if cell.Type != "code" {
			continue
		}
		var all []string
		for _, o := range cell.Outputs {
			data, _ := o["data"].(object)
			for _, text := range []any{o["text"], o["ename"], data["text/plain"]} {
				if s, ok := text.(string); ok {
					all = append(all, o["output_type"].(string)+" "+s)
				}
			}
			for _, extra := range []string{"extra", "transient"} {
				c.Check(o[extra], IsNil)
			}
		}
		out = append(out, strings.Join(all, ", "))
	}
	return out
}

// A code that cannot be interrupted does not hold up the end for ever.
func (runSuite) TestDeafKernel(c *C) {
	f := newFake(map[string]string{"n.ipynb": notebookOf("deaf")})
	f.script = script
	h, s := f.start()
	defer h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	got, err := s.RunNotebook(ctx, "n.ipynb", at, func(string) {})
	c.Check(errors.Is(err, context.DeadlineExceeded), Equals, true)
	c.Check(time.Since(began) < 15*time.Second, Equals, true)
	c.Check(shownIn(c, f.files[got.Copy]), DeepEquals, []string{"stream begun, error Stopped"})
	c.Check(f.sessions, HasLen, 0)
}

func (runSuite) TestCopyReplacesNothing(c *C) {
	f := newFake(map[string]string{"dir/n b.ipynb": notebookOf("print"), copied: "{}"})
	f.script = script
	h, s := f.start()
	defer h.Close()
	got, err := s.RunNotebook(context.Background(), "dir/n b.ipynb", at, func(string) {})
	c.Assert(err, IsNil)
	c.Check(got.Copy, Equals, "dir/n b.executed-20261124T210005Z-2.ipynb")
	c.Check(f.files[copied], Equals, "{}")
}

// What a killed action left is ended; sessions of users are not.
func (runSuite) TestKernelsOfAKilledAction(c *C) {
	f := newFake(map[string]string{"n.ipynb": notebookOf("print")})
	f.script = script
	f.sessions["left"], f.sessions["user's"] = "dir/jupyter-docker-action-1", "n.ipynb"
	h, s := f.start()
	defer h.Close()
	_, err := s.RunNotebook(context.Background(), "n.ipynb", at, func(string) {})
	c.Check(err, IsNil)
	c.Check(f.sessions, DeepEquals, map[string]string{"user's": "n.ipynb"})
}

var refusedTests = []struct {
	summary, path, err string
	readonly           bool
}{
	{"none", "none.ipynb", "cannot read none.ipynb: there is no such notebook", false},
	{"a text", "text.ipynb", "cannot read text.ipynb: it is not a notebook", false},
	{"another kernel", "r.ipynb", `cannot start a kernel: the notebook asks for "ir", and the image has python3`, false},
	{"a folder that cannot be written", "n.ipynb", "cannot save n.executed-.*: Jupyter answers 403.*", true},
}

// What cannot be run leaves no kernel and no copy.
func (runSuite) TestRefusedNotebooks(c *C) {
	for _, test := range refusedTests {
		f := newFake(map[string]string{
			"n.ipynb": notebookOf("print"), "text.ipynb": "hello", "r.ipynb": strings.Replace(notebookOf("print"), "python3", "ir", 1)})
		f.script, f.readonly = script, test.readonly
		h, s := f.start()
		_, err := s.RunNotebook(context.Background(), test.path, at, func(string) {})
		h.Close()
		c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
		c.Check(f.files, HasLen, 3, Commentf(test.summary))
		c.Check(f.sessions, HasLen, 0, Commentf(test.summary))
	}
}

var pathTests = []struct{ path, want, err string }{
	{"n.ipynb", "n.ipynb", ""},
	{"./a//b c/ü.ipynb", "a/b c/ü.ipynb", ""},
	{"a..b.ipynb", "a..b.ipynb", ""},
	{"", "", "it is empty"},
	{"../n.ipynb", "", "it must not lead out of .*"},
	{"a/../../n.ipynb", "", "it must not lead out of .*"},
	{"/etc/n.ipynb", "", "it must be relative to .*"},
	{`a\..\n.ipynb`, "", "it must be relative to .*"},
	{"n.py", "", "it must end in .ipynb"},
	{"n.ipynb/", "", "it must end in .ipynb"},
	{"dir/.ipynb", "", "it must end in .ipynb"},
}

func (runSuite) TestNotebookPath(c *C) {
	for _, test := range pathTests {
		got, err := NotebookPath(test.path)
		c.Check(got, Equals, test.want, Commentf(test.path))
		if test.err == "" {
			c.Check(err, IsNil, Commentf(test.path))
		} else {
			c.Check(err, ErrorMatches, test.err, Commentf(test.path))
		}
	}
}
