//go:build bench

package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const hookRuns = 20

// cost is what hooktool's measure prints of one run.
type cost struct {
	Seconds  float64
	PeakKiB  int64
	ExitCode int
	Output   string
}

// TestHookWithNothingToDo measures update-status of a unit that serves, beside a
// charm on Python ops that reads the same, both with hook tools that answer at
// once what the unit's own tools had answered.
func TestHookWithNothingToDo(t *testing.T) {
	hooktool := filepath.Join(t.TempDir(), "hooktool")
	run(t, "go", "build", "-o", hooktool, "./hooktool")
	python, opsCharm := opsCharm(t)
	m := newModel(t)
	m.deploy("jupyter-image=" + image(t, "plain"))

	ours, ourCalls := record(t, m, hooktool, "")
	theirs, theirCalls := record(t, m, hooktool, opsCharm, "BENCH_PYTHON="+python, "BENCH_SECRET_LABEL="+secretLabel(t, ourCalls))
	mustBeQuiet(t, ourCalls)

	measure := filepath.Join(filepath.Dir(hooktool), "measure")
	if err := os.Symlink(hooktool, measure); err != nil {
		t.Fatal(err)
	}
	ourCosts := costs(t, measure, ours)
	theirCosts := costs(t, measure, theirs)
	printHook(t, ourCosts, len(ourCalls), theirCosts, len(theirCalls))
}

// secretLabel finds under which label our hook read its secret.
func secretLabel(t *testing.T, calls []call) string {
	t.Helper()
	for _, c := range calls {
		if i := slices.Index(c.Args, "--label"); c.Tool == "secret-get" && i >= 0 && i+1 < len(c.Args) {
			return c.Args[i+1]
		}
	}
	t.Fatal("the hook read no secret by its label")
	return ""
}

// mustBeQuiet guards against measuring a hook that had something to do.
func mustBeQuiet(t *testing.T, calls []call) {
	t.Helper()
	for _, c := range calls {
		if slices.Contains(silent, c.Tool) && c.Tool != "juju-log" {
			t.Errorf("the hook had something to do: %s %q", c.Tool, c.Args)
		}
	}
}

// opsCharm lays out the charm on ops, with our metadata, and its interpreter.
func opsCharm(t *testing.T) (python, folder string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	venv := filepath.Join(root, ".cache", "bench-ops")
	python = filepath.Join(venv, "bin", "python")
	if _, err := os.Stat(python); err != nil {
		run(t, "python3", "-m", "venv", venv)
	}
	run(t, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "ops/requirements.txt")
	folder = t.TempDir()
	run(t, "cp", "-r", "ops/.", folder)
	for _, name := range []string{"metadata.yaml", "config.yaml", "actions.yaml"} {
		run(t, "cp", filepath.Join(root, name), folder)
	}
	return python, folder
}

// costs runs the recorded hook again and again. The first run, which fills
// caches, does not count.
func costs(t *testing.T, measure, folder string) []cost {
	t.Helper()
	environment, err := os.ReadFile(filepath.Join(folder, "environment"))
	if err != nil {
		t.Fatal(err)
	}
	variables := strings.Split(strings.TrimRight(string(environment), "\x00"), "\x00")
	// Of two values of one variable the last counts.
	variables = append(variables, "PATH="+filepath.Join(folder, "answers")+":/usr/bin:/bin")
	var all []cost
	for range hookRuns + 1 {
		command := exec.Command(measure, "./dispatch")
		command.Env, command.Dir = variables, valueOf(variables, "JUJU_CHARM_DIR")
		output, err := command.Output()
		var c cost
		if err == nil {
			err = json.Unmarshal(output, &c)
		}
		if err != nil || c.ExitCode != 0 {
			t.Fatalf("cannot measure: %v: exit status %d: %s", err, c.ExitCode, c.Output)
		}
		all = append(all, c)
	}
	return all[1:]
}

func valueOf(variables []string, name string) string {
	for _, variable := range variables {
		if value, found := strings.CutPrefix(variable, name+"="); found {
			return value
		}
	}
	return ""
}

func printHook(t *testing.T, ours []cost, ourCalls int, theirs []cost, theirCalls int) {
	t.Helper()
	time, peak := median(ours)
	opsTime, opsPeak := median(theirs)
	fmt.Printf("\na hook with nothing to do, median of %d\n", hookRuns)
	fmt.Printf("%-18s %10s %10s %12s\n", "", "time", "memory", "tool calls")
	fmt.Printf("%-18s %7.1f ms %6.1f MB %12d\n", "jupyter-docker", time*1e3, peak, ourCalls)
	fmt.Printf("%-18s %7.1f ms %6.1f MB %12d\n", "a charm on ops", opsTime*1e3, opsPeak, theirCalls)
	fmt.Printf("%.2f of the time; wanted: at most 0.10, 25 MB, 12 calls\n", time/opsTime)
}

// median returns the medians of time, in seconds, and peak memory, in MB.
func median(costs []cost) (seconds, megabytes float64) {
	var times, peaks []float64
	for _, c := range costs {
		times, peaks = append(times, c.Seconds), append(peaks, float64(c.PeakKiB)*1024/1e6)
	}
	slices.Sort(times)
	slices.Sort(peaks)
	return times[len(times)/2], peaks[len(peaks)/2]
}
