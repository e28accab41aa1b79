package main

import (
	"strings"
	"testing"
	"time"
)

func TestUserSecret(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	uri := strings.TrimSpace(j.run("add-secret", "mine", "key=old"))
	j.refuses(1, `option "hidden" expected secret`, "config", "probe", "hidden=mine")
	j.run("config", "probe", "hidden="+uri)
	j.refuses(1, "is not allowed to read this secret", "exec", "--unit", "probe/0", "--", "secret-get $(config-get hidden)")
	before := j.hooks("probe/0")
	j.run("grant-secret", "mine", "probe")
	time.Sleep(300 * time.Millisecond)
	if after := j.hooks("probe/0"); after != before {
		t.Errorf("a grant ran a hook: %s", strings.TrimPrefix(after, before))
	}
	read := func(flag string) string { return j.exec("probe/0", "secret-get "+flag+" "+uri+" key") }
	if got := read(""); got != "old\n" {
		t.Errorf("the secret is %q", got)
	}
	j.run("update-secret", "mine", "key=new")
	j.until("secret-changed ran", func() bool { return strings.HasSuffix(j.hooks("probe/0"), "secret-changed") })
	for _, step := range [][2]string{{"", "old\n"}, {"--peek", "new\n"}, {"", "old\n"}, {"--refresh", "new\n"}, {"", "new\n"}} {
		if got := read(step[0]); got != step[1] {
			t.Errorf("secret-get %s gave %q, wanted %q", step[0], got, step[1])
		}
	}
}

func TestDebugLog(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil), "--config", "do=juju-log one; juju-log -l DEBUG hidden; echo to stdout; echo to stderr >&2; juju-log -l ERROR last")
	j.wait("probe/0", "active", "ready")
	all := j.run("debug-log", "--include", "probe/0", "--include-module", "unit.probe/0")
	for _, words := range []string{" INFO unit.probe/0.juju-log one\n", " WARNING unit.probe/0.config-changed to stderr\n"} {
		if !strings.Contains(all, words) {
			t.Errorf("the log has no %q:\n%s", words, all)
		}
	}
	if strings.Contains(all, "hidden") || strings.Contains(all, "stdout") {
		t.Errorf("the log shows what is below INFO:\n%s", all)
	}
	if got := j.run("debug-log", "--limit", "1", "-l", "ERROR"); !strings.HasSuffix(got, "juju-log last\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("the last error is %q", got)
	}
	j.run("model-config", "logging-config=<root>=INFO;unit=DEBUG")
	j.exec("probe/0", "juju-log -l DEBUG shown")
	if got := j.run("debug-log", "--no-tail"); !strings.Contains(got, "shown") {
		t.Errorf("logging-config is not heeded:\n%s", got)
	}
}
