//go:build integration

package stories

import (
	"net/http"
	"testing"
	"time"
)

// A container that the engine starts again, as it does after the host was
// restarted, serves as before, with no hook to help. Once Jupyter's runtime
// directory was only writable at the first start.
func TestRestartedContainer(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	n := m.open("nb/0")
	n.write("hello.txt", "saved before the restart")
	container := m.key("nb/0") + "-a"
	for range 2 {
		m.onMachine("nb/0", "docker restart -t 1 "+container)
		eventually(t, "the restarted notebook serves", 2*time.Minute, func() bool {
			code, _, err := n.try("GET", "api/contents/hello.txt", n.token, nil)
			return err == nil && code == http.StatusOK
		})
		n.serves()
	}
	if got := n.startKernel().run("print(6 * 7)"); got != "42\n" {
		t.Errorf("a kernel in the restarted notebook printed %q", got)
	}
}
