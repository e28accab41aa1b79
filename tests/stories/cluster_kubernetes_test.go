//go:build clusters

package stories

import (
	"os/exec"
	"strings"
	"testing"
)

// No Kubernetes is at hand. What its executors would run is an image, and that is
// looked into: another Spark is refused, another build of the same is told.
func TestImageOfExecutorsOnKubernetes(t *testing.T) {
	t.Parallel()
	other, err := exec.Command("../../images/matrix.sh", "3.4.1-hadoop3.3.6").Output()
	if err != nil {
		t.Fatalf("cannot build another image: %v", err)
	}
	own, err := exec.Command("../../images/build.sh").Output()
	if err != nil {
		t.Fatalf("cannot build our image: %v", err)
	}
	executor := func(notebook []byte) string {
		return "spark-conf=spark.kubernetes.container.image=" + strings.Replace(strings.TrimSpace(string(notebook)), "jupyterlab-spark-hadoop", "spark-executor", 1)
	}
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+strings.TrimSpace(string(own)), "spark-master=k8s://https://127.0.0.1:1", executor(other))
	m.waitStatus("nb/0", "blocked", "image has Spark 3.5.6; k8s://https://127.0.0.1:1 needs 3.4.1 (version-check=enforce)")
	m.config("nb", executor(own))
	m.waitActive("nb/0", "API server 127.0.0.1:1 refuses")
	if got := m.run("nb/0", "check-spark"); got.result("rule-build") != "passed" || got.result("rule-spark") != "passed" || got.result("rule-python") != "passed" {
		t.Errorf("notebook and executor of one build: %+v", got.Results)
	}
}
