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
	CPU      float64 // seconds, of the hook tools too
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
	var ourCosts, theirCosts []cost
	// In turns, so that what else the machine does weighs on both; the first
	// runs, which fill caches, do not count.
	for i := range hookRuns + 1 {
		us, them := costOf(t, measure, ours), costOf(t, measure, theirs)
		if i > 0 {
			ourCosts, theirCosts = append(ourCosts, us), append(theirCosts, them)
		}
	}
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

// costOf runs the recorded hook once more.
func costOf(t *testing.T, measure, folder string) cost {
	t.Helper()
	environment, err := os.ReadFile(filepath.Join(folder, "environment"))
	if err != nil {
		t.Fatal(err)
	}
	variables := strings.Split(strings.TrimRight(string(environment), "\x00"), "\x00")
	// Of two values of one variable the last counts.
	variables = append(variables, "PATH="+filepath.Join(folder, "answers")+":/usr/bin:/bin")
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
	return c
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
	fmt.Printf("\na hook with nothing to do, median of %d\n", hookRuns)
	fmt.Printf("%-18s %10s %10s %10s %12s\n", "", "time", "CPU time", "memory", "tool calls")
	us, them := median(ours), median(theirs)
	printCost("jupyter-docker", us, ourCalls)
	printCost("a charm on ops", them, theirCalls)
	fmt.Printf("%.2f of the time; wanted: at most 0.10, 25 MB, 12 calls\n", us.Seconds/them.Seconds)
}

func printCost(name string, c cost, calls int) {
	fmt.Printf("%-18s %7.1f ms %7.1f ms %7.1f MB %12d\n", name, c.Seconds*1e3, c.CPU*1e3, float64(c.PeakKiB)*1024/1e6, calls)
}

// median takes the median of each figure by itself.
func median(costs []cost) cost {
	var times, cpus, peaks []float64
	for _, c := range costs {
		times, cpus, peaks = append(times, c.Seconds), append(cpus, c.CPU), append(peaks, float64(c.PeakKiB))
	}
	for _, figures := range [][]float64{times, cpus, peaks} {
		slices.Sort(figures)
	}
	middle := len(costs) / 2
	return cost{Seconds: times[middle], CPU: cpus[middle], PeakKiB: int64(peaks[middle])}
}
