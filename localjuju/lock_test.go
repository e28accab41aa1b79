package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMachineLock: hooks and actions of units of one machine run one at a time. What
// is parallel, or of another machine, or of the machine itself, waits for none.
func TestMachineLock(t *testing.T) {
	j := start(t)
	charm := j.pack("probe", nil)
	j.run("deploy", charm, "long")
	j.wait("long/0", "active", "ready")
	j.run("deploy", charm, "near", "--to", "0")
	j.run("deploy", charm, "far")
	j.wait("near/0", "active", "ready")
	j.wait("far/0", "active", "ready")
	for _, test := range []struct {
		summary, action string
		other           []string
		waits           bool
	}{
		{"a hook of the machine waits for an action", "do", []string{"config", "near", "do=$WRITE"}, true},
		{"a hook of another machine does not", "do", []string{"config", "far", "do=$WRITE"}, false},
		{"an action waits", "do", []string{"run", "--background", "near/0", "do", "commands=$WRITE"}, true},
		{"a parallel one does not", "do", []string{"run", "--background", "near/0", "beside", "commands=$WRITE"}, false},
		{"one of a group waits for the group alone", "do", []string{"run", "--background", "near/0", "grouped", "commands=$WRITE"}, false},
		{"and does wait for it", "grouped", []string{"run", "--background", "near/0", "grouped", "commands=$WRITE"}, true},
		{"a hook does not wait for a parallel action", "beside", []string{"config", "near", "do=$WRITE"}, false},
		{"but one of the same unit does", "beside", []string{"config", "long", "do=$WRITE"}, true},
		{"commands on another unit do not wait", "do", []string{"exec", "--background", "--unit", "near/0", "--", "$WRITE"}, false},
		{"unless they are told to", "do", []string{"exec", "--background", "--parallel=false", "--unit", "near/0", "--", "$WRITE"}, true},
		{"nor do those on the machine", "do", []string{"exec", "--background", "--machine", "0", "--", "sudo sh -c '$WRITE'"}, false},
	} {
		log, release := filepath.Join(t.TempDir(), "order"), filepath.Join(t.TempDir(), "release")
		for i := range test.other {
			test.other[i] = strings.ReplaceAll(test.other[i], "$WRITE", "echo other >>"+log)
		}
		j.run("run", "--background", "long/0", test.action,
			"commands=echo begin >>"+log+"; until [ -e "+release+" ]; do sleep 0.05; done; echo end >>"+log)
		j.file(log)
		j.run(test.other...)
		if test.waits {
			time.Sleep(time.Second) // in which it would run
		} else {
			j.until(test.summary, func() bool { return strings.Contains(j.file(log), "other") })
		}
		if err := os.WriteFile(release, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		j.until(test.summary, func() bool { return strings.Count(j.file(log), "\n") == 3 })
		order := strings.Join(strings.Fields(j.file(log)), " ")
		if want := map[bool]string{true: "begin end other", false: "begin other end"}[test.waits]; order != want {
			t.Errorf("%s: %s, want %s", test.summary, order, want)
		}
	}
}

// TestCancelTask: a task that waits is taken back, the process of one that runs is
// killed, and what is over stays so.
func TestCancelTask(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	log := filepath.Join(j.dir, "order")
	queue := func(commands string) string {
		_, _, said := j.try("run", "--background", "probe/0", "do", "commands="+commands)
		_, id, _ := strings.Cut(said, "- task ")
		id, _, _ = strings.Cut(id, " ")
		return id
	}
	runs, waits := queue("echo began >"+log+"; exec sleep 60"), queue("echo waited >"+log)
	j.file(log)
	j.run("cancel-task", waits, runs, "999")
	for id, want := range map[string]string{runs: "aborted", waits: "cancelled"} {
		if got := j.run("show-task", "--wait", "10s", id); !strings.Contains(got, "status: "+want) {
			t.Errorf("task %s is not %s: %s", id, want, got)
		}
	}
	over := queue("action-set a=b")
	j.run("show-task", "--wait", "10s", over)
	j.run("cancel-task", over)
	if got := j.run("show-task", over); !strings.Contains(got, "status: completed") {
		t.Errorf("what was over has changed: %s", got)
	}
	if got := j.file(log); got != "began\n" {
		t.Errorf("the cancelled task ran: %s", got)
	}
}
