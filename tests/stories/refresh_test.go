//go:build integration

package stories

import (
	"archive/zip"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// nextCharm is the charm as a later revision of it would be: built from the same
// sources, where the given one is another. It returns the packed file.
func nextCharm(t *testing.T, source string, change func(string) string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(root, source))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, source): filepath.Join(dir, "changed")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"changed": []byte(change(string(text))), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "dispatch")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./hooks")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the next charm: %v: %s", err, out)
	}
	return repacked(t, dir, program)
}

// repacked is the charm with another program.
func repacked(t *testing.T, dir, program string) string {
	t.Helper()
	from, err := zip.OpenReader(charmFile)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(filepath.Join(dir, "next.charm"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	w := zip.NewWriter(to)
	for _, entry := range from.File {
		if entry.Name != "dispatch" {
			if err := w.Copy(entry); err != nil {
				t.Fatal(err)
			}
			continue
		}
		content, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		header := &zip.FileHeader{Name: entry.Name, Method: zip.Deflate}
		header.SetMode(entry.Mode())
		out, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Name()
}

// A refresh while somebody computes: the kernel goes on, its WebSocket too, and
// no request is lost. The new gateway is in charge, the old one goes when the
// WebSocket has ended. What the new charm would start the notebook with waits.
func TestRefreshWithBusyKernel(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	next := nextCharm(t, "internal/notebook/settings.py", func(text string) string { return text + "\n# a later revision\n" })
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	cell := k.busy()
	before, parts := m.containers("nb/0"), m.parts("nb/0")

	n.beside("the charm is refreshed", func() {
		m.juju("refresh", "nb", "--path", next)
		m.waitActive("nb/0", "test/plain:1; waits: the charm was refreshed", k.name())
	})
	gateways := m.parts("nb/0")["gateway"]
	if len(gateways) != 2 || !strings.Contains(strings.Join(gateways, " "), parts["gateway"][0]) {
		t.Errorf("the gateways are %v, was %v", gateways, parts["gateway"])
	}
	k.done(cell)
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("the kernel printed %q", got)
	}
	if now := m.containers("nb/0"); now != before {
		t.Errorf("the refresh left %q, were %q", now, before)
	}

	second := k.busy()
	n.beside("apply is asked for", func() { m.run("nb/0", "apply") })
	if got, err := k.wait(second, 10*time.Second); err == nil {
		t.Errorf("the cell that apply ended printed %q", got)
	}
	k.conn.Close()
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	n.serves()
	if left := m.leftovers("nb/0"); left != "" {
		t.Errorf("after the refresh there is %s", left)
	}
	later := m.parts("nb/0")["gateway"]
	n.beside("the charm is refreshed back", func() {
		m.juju("refresh", "nb", "--path", charmFile)
		eventually(t, "another gateway is there", patience, func() bool {
			now := m.parts("nb/0")["gateway"]
			return len(now) > 1 || len(now) == 1 && now[0] != later[0]
		})
		m.waitActive("nb/0", "test/plain:1")
	})
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	if left := m.leftovers("nb/0"); left != "" {
		t.Errorf("after the refresh back there is %s", left)
	}
}
