package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRemovalLimit: the last unit of a machine is forgotten in the middle of its hook
// stop, which goes on without an agent; remove never runs. Another unit of the machine,
// or no limit, lets it end.
func TestRemovalLimit(t *testing.T) {
	j := start(t)
	log := filepath.Join(j.dir, "order")
	stop := "#!/bin/bash\necho began >>" + log + "\nsleep 3\nstatus-set waiting x || echo refused >>" + log + "\necho ended >>" + log + "\n"
	charm := j.pack("probe", map[string]string{"hooks/stop": stop, "hooks/remove": "#!/bin/bash\necho removed >>" + log + "\n"})
	j.run("deploy", charm, "stays")
	j.wait("stays/0", "active", "ready")
	j.refuses(1, "expected a time", "model-config", "localjuju-removal-limit=soon")
	j.run("model-config", "localjuju-removal-limit=1s")
	for _, test := range []struct{ summary, machine, limit, order string }{
		{"alone on its machine", "", "1s", "began refused ended"},
		{"beside another unit", "0", "1s", "began ended removed"},
		{"without a limit", "", "", "began ended removed"},
	} {
		os.Remove(log)
		j.run("model-config", "localjuju-removal-limit="+test.limit)
		j.run("deploy", charm, "goes", "--to", test.machine)
		j.wait("goes/0", "active", "ready")
		began := time.Now()
		j.run("remove-application", "--no-prompt", "goes")
		j.until("it is gone", func() bool { return !strings.Contains(j.run("status", "--format", "json"), "goes") })
		if took := time.Since(began); (took < 3*time.Second) != strings.Contains(test.order, "refused") {
			t.Errorf("%s: it went after %v", test.summary, took)
		}
		j.until("its folder is gone", func() bool {
			_, err := os.Stat(filepath.Join(j.dir, "agents/unit-goes-0"))
			return os.IsNotExist(err)
		})
		if got := strings.Join(strings.Fields(j.file(log)), " "); got != test.order {
			t.Errorf("%s: %s, want %s", test.summary, got, test.order)
		}
	}
	j.wait("stays/0", "active", "ready")
}
