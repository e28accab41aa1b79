package main

import (
	"strings"
	"testing"
	"time"
)

// TestConfigHooks: one option set runs config-changed once, several run it twice, and
// a reset does not run it: the next hook finds it.
func TestConfigHooks(t *testing.T) {
	j := start(t)
	j.run("deploy", j.pack("probe", nil))
	j.wait("probe/0", "active", "ready")
	for _, test := range []struct {
		summary, words string
		hooks          int
	}{
		{"one", "word=a", 1},
		{"the same again", "word=a", 0},
		{"several", "word=b count=4", 2},
		{"a reset", "--reset word", 0},
		{"a reset and a change", "--reset count word=c", 1},
		{"a reset to what was set", "--reset count", 0},
	} {
		before := strings.Count(j.hooks("probe/0"), "config-changed")
		j.run(append([]string{"config", "probe"}, strings.Fields(test.words)...)...)
		j.until(test.summary, func() bool { return strings.Count(j.hooks("probe/0"), "config-changed") >= before+test.hooks })
		time.Sleep(300 * time.Millisecond)
		if got := strings.Count(j.hooks("probe/0"), "config-changed") - before; got != test.hooks {
			t.Errorf("%s ran config-changed %d times, want %d", test.summary, got, test.hooks)
		}
	}
	if got := strings.TrimSpace(j.exec("probe/0", "config-get count; config-get word")); got != "3\nc" {
		t.Errorf("the unit reads %q", got)
	}
}
