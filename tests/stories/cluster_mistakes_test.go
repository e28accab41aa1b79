//go:build clusters

package stories

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// mistakes are made on purpose, one after the other, on a unit that is otherwise
// right. What is wrong is said within a minute, by the status or by check-driver.
var mistakes = []struct {
	summary string
	options []string
	status  string // the unit's status says it; "" where nothing can be seen from there
	driver  string // check-driver's sentence begins so; "" where the notebook is not as configured
}{
	{"the cluster's name", []string{"spark-master=spark://nowhere.invalid:7077"},
		"master nowhere.invalid:7077 cannot be found: the name does not resolve", "name: the notebook cannot resolve nowhere.invalid"},
	{"the cluster's port", []string{"spark-master=spark://CLUSTER:7999"},
		"master CLUSTER:7999 refuses", "port: CLUSTER refuses port 7999"},
	{"no driver host", []string{"spark-conf=spark.driver.host=localhost"},
		"spark-conf sets spark.driver.host=localhost: executors elsewhere cannot reach that address", "address: the cluster's machines are told that the driver is at localhost"},
	{"a driver host that is another's", []string{"driver-host=nobody.invalid"}, "", "name: the cluster's machines cannot resolve nobody.invalid"},
	{"no published port", []string{"spark-conf=spark.driver.port=0"},
		"spark-conf sets spark.driver.port=0: that port is not published", "port: "},
	{"a bind address that the container has not", []string{"spark-conf=spark.driver.bindAddress=203.0.113.1"}, "", "address: the driver cannot listen where spark.driver.bindAddress"},
	{"no such Python", []string{"executor-python=python3.99", "version-check=warn"}, "image has Python 3.11.2; spark://CLUSTER:7077 needs 3.99 by executor-python", "python: there is no python3.99 on the machines of the executors"},
	{"another Python", []string{"cluster-versions=python=3.9"}, "image has Python 3.11.2; spark://CLUSTER:7077 needs 3.9 (version-check=enforce)", ""},
	{"another Scala", []string{"cluster-versions=scala=2.13"}, "image has Scala 2.12.18; spark://CLUSTER:7077 needs 2.13 (version-check=enforce)", ""},
	{"an empty Hadoop configuration", []string{"spark-master=yarn", "hadoop-conf=EMPTY"}, "hadoop-conf is empty: no property is in it", ""},
}

func TestMistakesAreTold(t *testing.T) {
	t.Parallel()
	address := of(t, "CLUSTER_ADDRESS")
	m := newModel(t)
	right := []string{"spark-master=spark://" + address + ":7077", modest, "version-check=enforce", "executor-python=python3"}
	m.deploy("nb", append([]string{"jupyter-image=" + image("notebook")}, right...)...)
	m.waitActive("nb/0")
	if got := m.run("nb/0", "check-driver"); !strings.HasPrefix(got.result("verdict"), "the way back works") {
		t.Errorf("check-driver where all is right: %+v", got)
	}
	empty := strings.TrimSpace(m.juju("add-secret", "empty", "core-site=<configuration/>", "yarn-site=<configuration/>"))
	m.juju("grant-secret", "empty", "nb")
	fill := strings.NewReplacer("CLUSTER", address, "EMPTY", empty)
	for _, mistake := range mistakes {
		var wrong []string
		for _, o := range mistake.options {
			wrong = append(wrong, fill.Replace(o))
		}
		m.config("nb", append(right, wrong...)...)
		if mistake.status != "" {
			m.waitUnit("nb/0", mistake.summary, patience, func(s unitStatus) bool {
				return strings.Contains(s.Workload.Message, fill.Replace(mistake.status))
			})
		}
		if mistake.driver != "" {
			m.waitActive("nb/0")
			m.checkDriver(mistake.summary, fill.Replace(mistake.driver))
		}
		m.reset("nb", "cluster-versions,hadoop-conf,driver-host")
	}
	m.config("nb", right...)
	m.waitUnit("nb/0", "right again", patience, func(s unitStatus) bool { return !strings.Contains(s.Workload.Message, ";") })
	m.blockedPort()
}

// checkDriver runs the action, which must fail with a sentence within its minute.
func (m *model) checkDriver(summary, sentence string) {
	m.t.Helper()
	began := time.Now()
	got := m.tryRun("nb/0", "check-driver")
	if got.Status != "failed" || !strings.Contains(got.Message, sentence) {
		m.t.Errorf("%s: check-driver %s: %s; want it to say %q", summary, got.Status, got.Message, sentence)
	}
	m.t.Logf("%s: %.0f s: %s", summary, time.Since(began).Seconds(), got.Message)
	if took := time.Since(began); took > 100*time.Second { // its minute, and the end of a kernel on a machine that does much
		m.t.Errorf("%s: check-driver took %s", summary, took)
	}
}

// blockedPort drops what the cluster sends to the driver's ports.
func (m *model) blockedPort() {
	m.t.Helper()
	var first string
	for _, port := range m.unit("nb/0").Ports {
		if from, to, found := strings.Cut(strings.TrimSuffix(port, "/tcp"), "-"); found {
			first = from + ":" + to
		}
	}
	script := func(args ...string) {
		if out, err := exec.Command("../clusters/cluster.sh", args...).CombinedOutput(); err != nil {
			m.t.Fatalf("cannot block ports: %v: %s", err, out)
		}
	}
	script("block", first)
	defer script("unblock")
	m.checkDriver("a blocked port", "firewall: what the cluster's machines send to the driver's port")
}
