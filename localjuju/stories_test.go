package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDeployAndRemove(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil), "--storage", "data=1")
	j.wait("probe/0", "active", "ready")
	wanted := "data-storage-attached install ring-relation-created leader-elected config-changed start"
	if got := j.hooks("probe/0"); got != wanted {
		t.Errorf("hooks were %s", got)
	}
	env, err := os.ReadFile(filepath.Join(j.dir, "agents/unit-probe-0/seen/001-install"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HOME=", "USER=", "LOGNAME=", "LOCALJUJU_DIR="} {
		if strings.HasPrefix(string(env), name) || strings.Contains(string(env), "\n"+name) {
			t.Errorf("a hook has %s in its environment:\n%s", name, env)
		}
	}
	kept := strings.TrimSpace(j.exec("probe/0", "storage-get -s data/0 location"))
	if err := os.WriteFile(filepath.Join(kept, "work"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	j.run("remove-application", "--no-prompt", "probe")
	j.until("probe is gone", func() bool { return !strings.Contains(j.run("status", "--format", "json"), "probe") })
	if data, err := os.ReadFile(filepath.Join(kept, "work")); string(data) != "mine" {
		t.Errorf("the storage did not outlive its application: %v", err)
	}
	j.until("its folder is gone", func() bool {
		_, err := os.Stat(filepath.Join(j.dir, "agents/unit-probe-0"))
		return os.IsNotExist(err)
	})
	j.run("deploy", j.pack("probe", nil), "again", "--attach-storage", "data/0")
	j.wait("again/0", "active", "ready")
	if got := strings.TrimSpace(j.exec("again/0", "storage-get -s data/0 location")); got != kept {
		t.Errorf("the storage is now at %s", got)
	}
}

// TestFailedHookDropsItsChanges guards the rule that most surprises: all but
// statuses and logs of a failing hook are dropped.
func TestFailedHookDropsItsChanges(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	j.run("model-config", "automatically-retry-hooks=false")
	j.run("config", "probe", "do=state-set a=1; open-port 80; secret-add key=value >/dev/null; relation-set -r $(relation-ids ring) k=v; "+
		"application-version-set 7; status-set active kept; juju-log from the hook; exit 1")
	j.wait("probe/0", "error", `hook failed: "config-changed"`)
	reads := "state-get --format json; opened-ports --format json; secret-ids --format json; status-get; relation-get -r $(relation-ids ring) --format json k probe/0"
	if got := j.exec("probe/0", reads); got != "{}\n[]\nnull\nactive\nnull\n" {
		t.Errorf("after a failed hook:\n%s", got)
	}
	if log := j.run("debug-log", "--replay", "--no-tail"); !strings.Contains(log, "INFO unit.probe/0.juju-log from the hook") {
		t.Errorf("the hook's message is not in the log:\n%s", log)
	}
	j.run("config", "probe", "do=state-set a=1")
	time.Sleep(500 * time.Millisecond)
	j.wait("probe/0", "error", `hook failed: "config-changed"`) // a change hastens nothing
	j.run("resolve", "probe/0")
	j.wait("probe/0", "active", "kept")
	if got := j.exec("probe/0", "state-get a"); got != "1\n" {
		t.Errorf("after a hook that went well, state-get says %q", got)
	}
	j.refuses(1, "not in an error state", "resolve", "probe/0")
}

// TestFailedHookIsRetried waits for the first retry, 5 s later.
func TestFailedHookIsRetried(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil), "--config", "do=[ -e ../once ] || { touch ../once; exit 1; }")
	j.wait("probe/0", "error", `hook failed: "config-changed"`)
	failed := time.Now()
	j.wait("probe/0", "active", "ready")
	if took := time.Since(failed); took < 4*time.Second || took > 8*time.Second {
		t.Errorf("the retry came after %v", took)
	}
}

func TestActions(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	if got := j.run("run", "probe/leader", "do", "commands=action-set a.b=1; action-get times"); got != "2\na:\n  b: \"1\"\n" {
		t.Errorf("the action printed %q", got)
	}
	env := j.file(filepath.Join(j.dir, "agents/unit-probe-0/action-env"))
	for _, line := range []string{"JUJU_DISPATCH_PATH=actions/do\n", "JUJU_HOOK_NAME=\n", "JUJU_ACTION_NAME=do\n", "JUJU_ACTION_UUID=2\n"} {
		if !strings.Contains(env, line) {
			t.Errorf("an action has no %q in its environment", line)
		}
	}
	j.refuses(1, `with return code 3`, "run", "probe/0", "do", "commands=action-fail x; action-set kept=yes; state-set a=1; exit 3")
	if got := j.run("show-task", "4"); !strings.Contains(got, "message: exit status 3") || !strings.Contains(got, `kept: "yes"`) {
		t.Errorf("the failed task is %s", got)
	}
	if got := j.exec("probe/0", "state-get a"); strings.TrimSpace(got) != "" {
		t.Errorf("a failed action kept its changes")
	}
	code, out, _ := j.try("run", "--format", "json", "probe/0", "do", "commands=state-set a=1; action-fail sorry")
	if code != 0 || !strings.Contains(out, `"message":"sorry"`) || !strings.Contains(out, `"status":"failed"`) {
		t.Errorf("action-fail with exit code 0: %d %s", code, out)
	}
	if got := j.exec("probe/0", "state-get a"); got != "1\n" {
		t.Errorf("an action that said that it failed, but ended well, lost its changes")
	}
	j.refuses(1, "the following task failed", "run", "probe/0", "missing")
	j.refuses(1, "(not found)", "run", "probe/0", "nothing")
	j.refuses(1, `"commands" is missing`, "run", "probe/0", "do")
	j.refuses(1, "not allowed", "run", "probe/0", "do", "commands=exit 0", "other=1")
	j.refuses(1, "must be of type integer", "run", "probe/0", "do", "commands=exit 0", "times=many")
}

// TestKilledHookRunsAgain covers SIGKILL of a hook, of the agent, and its stop.
func TestKilledHookRunsAgain(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	for what, kill := range map[string]func(pid int){
		"hook": func(pid int) { syscall.Kill(pid, syscall.SIGKILL) },
		"agent": func(int) {
			pid, err := strconv.Atoi(strings.TrimSpace(j.file(filepath.Join(j.dir, "agent.lock"))))
			if err != nil {
				t.Fatal(err)
			}
			syscall.Kill(pid, syscall.SIGKILL)
			time.Sleep(100 * time.Millisecond)
		},
		"stop": func(int) { j.run("kill-agent") },
	} {
		log := filepath.Join(j.dir, what)
		j.run("config", "probe", "do=echo $$ >> "+log+"; [ $(wc -l < "+log+") = 2 ] || sleep 60; status-set active "+what)
		pid, err := strconv.Atoi(strings.TrimSpace(j.file(log)))
		if err != nil {
			t.Fatal(err)
		}
		kill(pid)
		j.wait("probe/0", "active", what)
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(stat), ") Z ") {
			t.Errorf("%s: the first run still goes on", what)
		}
	}
	if got := j.hooks("probe/0"); strings.Count(got, "start") != 1 || strings.Contains(got, "update-status") {
		t.Errorf("an agent's restart ran hooks: %s", got)
	}
}

// TestJujuExec covers the wake-up that a charm makes for itself: a process that
// left the hook runs dispatch in a context of its own once the hook is over.
func TestJujuExec(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	log := filepath.Join(j.dir, "order")
	wake := `juju-exec probe/0 "echo woken \$JUJU_UNIT_NAME \$JUJU_DISPATCH_PATH >> ` + log + `; status-set active woken"`
	j.run("config", "probe", "do=(unset JUJU_CONTEXT_ID JUJU_AGENT_SOCKET_ADDRESS; setsid "+wake+" >/dev/null 2>&1 &) ; sleep 0.5; echo hook >> "+log)
	j.wait("probe/0", "active", "woken")
	if got := j.file(log); got != "hook\nwoken probe/0\n" {
		t.Errorf("the order was %q", got)
	}
	code, _, stderr := j.try("exec", "--unit", "probe/0", "--", "juju-exec probe/0 true")
	if code != 1 || !strings.Contains(stderr, "cannot be called from within a hook") {
		t.Errorf("juju-exec inside of a hook: %d %s", code, stderr)
	}
}

// TestExecOnMachine makes sure that --machine does not wait for a running hook.
func TestExecOnMachine(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	j.run("config", "probe", "do=touch ../running; sleep 3")
	j.until("the hook runs", func() bool {
		_, err := os.Stat(filepath.Join(j.dir, "agents/unit-probe-0/running"))
		return err == nil
	})
	began := time.Now()
	if got := j.run("exec", "--machine", "0", "--", "echo", "two  words"); got != "two  words\n" {
		t.Errorf("exec --machine printed %q", got)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("exec --machine took %v", took)
	}
	j.exec("probe/0", "true")
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("exec --unit did not wait for the hook: %v", took)
	}
}

func TestDispatch(t *testing.T) {
	j := start(t)
	dispatch := "#!/bin/sh\necho $0 $# $JUJU_DISPATCH_PATH >> $(dirname $JUJU_CHARM_DIR)/calls\nstatus-set active dispatched\n"
	j.run("deploy", j.pack("probe", map[string]string{"dispatch": dispatch}))
	j.wait("probe/0", "active", "dispatched")
	j.run("run", "probe/0", "missing")
	charm := filepath.Join(j.dir, "agents/unit-probe-0/charm/dispatch")
	calls := j.file(filepath.Join(j.dir, "agents/unit-probe-0/calls"))
	for _, line := range []string{charm + " 0 hooks/install\n", charm + " 0 actions/missing\n"} {
		if !strings.Contains(calls, line) {
			t.Errorf("dispatch was not called as %q:\n%s", line, calls)
		}
	}
}

func TestRefuses(t *testing.T) {
	j := start(t)
	charm := j.pack("probe", nil)
	j.refuses(1, "deploying from directory not supported", "deploy", "testdata/charms/probe")
	j.refuses(1, "does not reproduce Charmhub", "deploy", "postgresql")
	j.refuses(1, "does not define any bases", "deploy", j.pack("caller", map[string]string{"manifest.yaml": "analysis: {}"}))
	j.refuses(1, `unknown option "nothing"`, "deploy", charm, "--config", "nothing=1")
	j.refuses(1, `option "count" expected int`, "deploy", charm, "--config", "count=many")
	j.refuses(1, "has no store", "deploy", charm, "--storage", "nothing=1")
	j.refuses(1, "allowed are 0-2", "deploy", charm, "--storage", "data=3")
	j.refuses(1, "machine 9 not found", "deploy", charm, "--to", "9")
	j.refuses(1, "does not reproduce the placement", "deploy", charm, "--to", "lxd:0")
	j.refuses(2, "--nothing", "deploy", charm, "--nothing")
	j.refuses(2, "is not a juju command", "nothing")
	j.refuses(1, "does not reproduce", "ssh", "0")
	j.refuses(1, `model localjuju:admin/none not found`, "status", "--model", "none")
	j.refuses(1, `application "none" not found`, "config", "none")
	if got := j.run("status", "--format", "json"); strings.Contains(got, `"probe"`) {
		t.Errorf("a refused deploy left something: %s", got)
	}
	j.run("deploy", charm, "two", "-n", "2", "--model", "m")
	j.wait("two/1", "active", "ready")
	j.run("add-unit", "two", "--to", "0")
	j.wait("two/2", "active", "ready")
	j.exec("two/0", "open-port 8888")
	j.exec("two/1", "open-port 8888") // another machine of the model
	code, _, stderr := j.try("exec", "--unit", "two/2", "--", "open-port 8888")
	if code != 1 || !strings.Contains(stderr, "port range conflicts") {
		t.Errorf("two units of one machine opened one port: %d %s", code, stderr)
	}
	code, out, _ := j.try("config", "two", "count=many")
	if code != 1 || out != "{}\n" {
		t.Errorf("a bad value: %d %q", code, out)
	}
}

// TestModelsApart has two models with units of one name at the same time.
func TestModelsApart(t *testing.T) {
	j := start(t)
	charm := j.pack("probe", nil)
	j.run("add-model", "other", "--no-switch")
	j.run("deploy", charm, "-m", "m")
	j.run("deploy", charm, "--model", "admin/other")
	j.wait("probe/0", "active", "ready")
	names := map[string]bool{}
	for _, model := range []string{"m", "other"} {
		names[j.run("exec", "-m", model, "--unit", "probe/0", "--", "echo $JUJU_MODEL_NAME $CHARM_DIR")] = true
	}
	if len(names) != 2 {
		t.Errorf("two units are %v", names)
	}
	j.run("destroy-model", "--no-prompt", "other")
	j.refuses(1, "not found", "status", "-m", "other")
	j.wait("probe/0", "active", "ready")
}
