//go:build integration

package stories

import (
	"strings"
	"testing"
)

// The actions spark-pi and check-driver tell what Spark does in a running
// notebook, and say in words what it cannot do.
func TestSparkActions(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("notebook"))
	m.waitActive("nb/0", "test/notebook:1")
	got := m.run("nb/0", "spark-pi", "slices=3")
	if got.result("pi") != "3.141593" || got.result("master") != "local[*]" || got.result("executors") != "1" || got.result("spark") != "3.5.6" {
		t.Errorf("spark-pi gave %+v", got)
	}
	for _, name := range []string{"session-seconds", "first-job-seconds", "warm-job-seconds"} {
		if got.result(name) == "" {
			t.Errorf("spark-pi does not tell %s", name)
		}
	}
	if len(got.Log) < 3 {
		t.Errorf("spark-pi logs no progress: %v", got.Log)
	}
	if got := m.run("nb/0", "spark-pi", "master=local[1]", "slices=1"); got.result("master") != "local[1]" {
		t.Errorf("with another master, spark-pi gave %+v", got)
	}
	got = m.tryRun("nb/0", "spark-pi", "master=spark://no-such-host.invalid:7077", "timeout=120")
	if got.Status != "failed" || !strings.Contains(got.Message, "cannot compute pi: name: the notebook cannot resolve no-such-host.invalid") {
		t.Errorf("with a master that does not exist, spark-pi gave %+v", got)
	}
	if got := m.run("nb/0", "check-driver"); !strings.HasPrefix(got.result("verdict"), "nobody calls back: the master is local[*]") {
		t.Errorf("check-driver gave %+v", got)
	}
	m.config("nb", "spark-master=spark://no-such-host.invalid:7077", "version-check=off")
	m.waitActive("nb/0")
	got = m.tryRun("nb/0", "check-driver")
	if got.Status != "failed" || !strings.HasPrefix(got.Message, "name: the notebook cannot resolve no-such-host.invalid") || got.result("verdict") != got.Message {
		t.Errorf("of a cluster that does not exist, check-driver gave %+v", got)
	}
	if left := m.open("nb/0").kernels(); left != 0 {
		t.Errorf("spark-pi left %d kernels", left)
	}
}
