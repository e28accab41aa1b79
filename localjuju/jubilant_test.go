package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestJubilant lets Canonical's wrapper of the juju command drive localjuju.
func TestJubilant(t *testing.T) {
	j := start(t)
	venv := filepath.Join(j.dir, "venv")
	makeVenv(t, venv)
	do(t, exec.Command(filepath.Join(venv, "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "jubilant==1.14.0"))
	drive := exec.Command(filepath.Join(venv, "bin/python"), "testdata/drive.py", j.program, j.pack("probe", nil), j.pack("caller", nil))
	drive.Env = append(os.Environ(), "LOCALJUJU_DIR="+j.dir)
	do(t, drive)
}

// makeVenv makes a Python environment. Debian has the means in a package of its own.
func makeVenv(t *testing.T, dir string) {
	t.Helper()
	if exec.Command("python3", "-c", "import venv, ensurepip").Run() != nil {
		install := exec.Command("apt-get", "install", "-qq", "-y", "python3-venv")
		install.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		do(t, exec.Command("apt-get", "update", "-qq"))
		do(t, install)
	}
	do(t, exec.Command("python3", "-m", "venv", dir))
}

func do(t *testing.T, command *exec.Cmd) {
	t.Helper()
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("cannot run %v: %v\n%s", command.Args, err, out)
	}
	t.Logf("%s", out)
}
