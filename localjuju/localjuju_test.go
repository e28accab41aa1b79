package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// juju is localjuju with a state folder of its own.
type juju struct {
	t       *testing.T
	program string
	dir     string
}

var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "localjuju-")
	if err != nil {
		panic(err)
	}
	built = filepath.Join(dir, "localjuju")
	build := exec.Command("go", "build", "-o", built, ".")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "cannot build localjuju:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// start makes a state folder with a model, and ends its agent after the test.
func start(t *testing.T) *juju {
	t.Helper()
	dir, err := os.MkdirTemp("", "lj-") // t.TempDir's names are too long for a socket
	if err == nil {
		err = os.Chmod(dir, 0o755) // for commands on machines, which are not root's
	}
	if err != nil {
		t.Fatal(err)
	}
	j := &juju{t, built, dir}
	t.Cleanup(func() {
		j.try("kill-agent")
		os.RemoveAll(dir)
	})
	j.run("add-model", "m")
	return j
}

// try runs a command and gives its exit code and output.
func (j *juju) try(args ...string) (code int, stdout, stderr string) {
	j.t.Helper()
	command := exec.Command(j.program, args...)
	command.Env = append(os.Environ(), "LOCALJUJU_DIR="+j.dir)
	var out, errOut bytes.Buffer
	command.Stdout, command.Stderr = &out, &errOut
	err := command.Run()
	if err != nil && command.ProcessState == nil {
		j.t.Fatalf("cannot run %v: %v", args, err)
	}
	return command.ProcessState.ExitCode(), out.String(), errOut.String()
}

// run runs a command that must not fail.
func (j *juju) run(args ...string) string {
	j.t.Helper()
	code, out, errOut := j.try(args...)
	if code != 0 {
		j.t.Fatalf("juju %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errOut)
	}
	return out
}

// refuses runs a command that must fail with the code and words.
func (j *juju) refuses(code int, words string, args ...string) {
	j.t.Helper()
	got, out, errOut := j.try(args...)
	_, said, _ := strings.Cut("\n"+errOut, "\nERROR ")
	if got != code || !strings.Contains(said, words) {
		j.t.Errorf("juju %s: exit code %d, wanted %d and %q\n%s%s", strings.Join(args, " "), got, code, words, out, errOut)
	}
}

// exec runs shell commands as the unit.
func (j *juju) exec(unit, commands string) string {
	j.t.Helper()
	return j.run("exec", "--unit", unit, "--", commands)
}

// pack packs a charm of testdata/charms; more overrides or adds executable files.
func (j *juju) pack(name string, more map[string]string) string {
	j.t.Helper()
	target := filepath.Join(j.dir, name+".charm")
	f, err := os.Create(target)
	if err != nil {
		j.t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	root := filepath.Join("testdata", "charms", name)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		inside, _ := filepath.Rel(root, path)
		if _, replaced := more[inside]; err != nil || d.IsDir() || replaced {
			return err
		}
		return addFile(z, path, inside)
	})
	for inside, content := range more {
		h := &zip.FileHeader{Name: inside}
		h.SetMode(0o755)
		w, e := z.CreateHeader(h)
		if e == nil {
			_, e = io.WriteString(w, content)
		}
		if err == nil {
			err = e
		}
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		j.t.Fatalf("cannot pack %s: %v", name, err)
	}
	return target
}

func addFile(z *zip.Writer, path, inside string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	var content []byte
	if info.Mode()&fs.ModeSymlink != 0 {
		to, e := os.Readlink(path)
		content, err = []byte(to), e
	} else {
		content, err = os.ReadFile(path)
	}
	if err != nil {
		return err
	}
	h := &zip.FileHeader{Name: inside}
	h.SetMode(info.Mode())
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// wait waits until a unit's workload status is as wanted and its agent idle.
func (j *juju) wait(unit, current, message string) {
	j.t.Helper()
	app, _, _ := strings.Cut(unit, "/")
	j.until(fmt.Sprintf("%s is %s %q", unit, current, message), func() bool {
		var status struct {
			Applications map[string]struct {
				Units map[string]struct {
					Workload struct{ Current, Message string } `json:"workload-status"`
					Agent    struct{ Current string }          `json:"juju-status"`
				}
			}
		}
		if err := json.Unmarshal([]byte(j.run("status", "--format", "json")), &status); err != nil {
			j.t.Fatal(err)
		}
		u := status.Applications[app].Units[unit]
		return u.Workload.Current == current && u.Workload.Message == message && u.Agent.Current == "idle"
	})
}

func (j *juju) until(what string, so func() bool) {
	j.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			j.t.Fatalf("it did not come to this: %s\n%s\n%s", what, j.run("status"), j.run("debug-log", "--replay", "--no-tail"))
		}
	}
}

// hooks are the hooks that a unit of probe has run, in order.
func (j *juju) hooks(unit string) string {
	j.t.Helper()
	entries, err := os.ReadDir(filepath.Join(j.dir, "agents", "unit-"+strings.ReplaceAll(unit, "/", "-"), "seen"))
	if err != nil {
		j.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		_, name, _ := strings.Cut(e.Name(), "-")
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// file waits for a file that a hook writes.
func (j *juju) file(path string) string {
	j.t.Helper()
	var data []byte
	j.until(path+" is there", func() (there bool) {
		var err error
		data, err = os.ReadFile(path)
		return err == nil && len(data) > 0
	})
	return string(data)
}
