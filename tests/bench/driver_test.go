//go:build bench

package bench

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// driverRuns is how often each way runs, one after the other; DRIVER_RUNS says
// more where a machine does much beside.
const driverRuns = 3

// measured are the times that driver.py tells, in its order.
var measured = []string{"session", "first job", "warm job", "20 MB broadcast", "12 MB of results", "shuffle", "CPU of the driver"}

// driverConf is what two small machines can bear, of both drivers.
const driverConf = `spark.cores.max=2
spark.executor.instances=1
spark.executor.memory=512m`

//go:embed driver.py
var driverScript string

// drove is what driver.py prints.
type drove struct {
	PiFirst, PiWarm, Broadcast, Results, Shuffle float64
	Where, Address, Master                       string
	Seconds                                      map[string]float64
}

// TestDriver measures client mode from the notebook's container beside the same
// files run on the host, on one cluster: plain processes both, so that Jupyter is
// in neither.
func TestDriver(t *testing.T) {
	master := standalone(t)
	name := image(t, "notebook")
	run(t, "docker", "pull", "--quiet", name)
	m := newModel(t)
	m.deploy("jupyter-image="+name, "spark-master="+master, "spark-conf="+driverConf)
	notebook := m.container()
	inside := func() *exec.Cmd { return exec.Command("docker", "exec", "--interactive", notebook, "python3", "-") }
	// The first runs, which fill caches, do not count; they tell the address, too.
	first := drive(t, inside(), notebook[:12], master)
	onHost := unpacked(t, name, shareOf(t, notebook), "spark.master="+master, "spark.driver.host="+first.Address, driverConf)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	drive(t, onHost(), host, master)

	var ours, theirs []drove
	for range wantedRuns(t) {
		ours = append(ours, drive(t, inside(), notebook[:12], master))
		theirs = append(theirs, drive(t, onHost(), host, master))
	}
	printDrivers(ours, theirs)
}

func wantedRuns(t *testing.T) int {
	t.Helper()
	text := os.Getenv("DRIVER_RUNS")
	if text == "" {
		return driverRuns
	}
	runs, err := strconv.Atoi(text)
	if err != nil || runs < 1 {
		t.Fatalf("cannot use DRIVER_RUNS=%s: not a number above 0", text)
	}
	return runs
}

// standalone starts the cluster, and returns its master's URL. Who runs the
// benchmarks ends it.
func standalone(t *testing.T) string {
	t.Helper()
	command := exec.Command("../clusters/cluster.sh", "up", "standalone")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("cannot start the cluster: %v", err)
	}
	master := valueOf(strings.Split(string(output), "\n"), "SPARK_MASTER")
	if master == "" {
		t.Fatalf("the cluster tells no SPARK_MASTER: %s", output)
	}
	return master
}

// container is the ID of the model's notebook.
func (m *model) container() string {
	m.t.Helper()
	var models map[string]struct {
		UUID string `json:"model-uuid"`
	}
	m.decode(m.plain("show-model", "--format", "json", m.name), &models)
	for _, found := range models {
		id := strings.TrimSpace(output(m.t, "docker", "ps", "--quiet", "--no-trunc",
			"--filter", "label=io.jupyter-docker.role=notebook", "--filter", "label=io.jupyter-docker.model="+found.UUID))
		if id != "" && !strings.Contains(id, "\n") {
			return id
		}
		m.t.Fatalf("not one container serves: %q", id)
	}
	m.t.Fatalf("show-model tells nothing of %s", m.name)
	return ""
}

// unpacked lays out an image's files without a container, adds lines to their
// spark-defaults.conf, and returns what runs their Python as the image's user in the
// host's own network and among its processes, within a share of the processors.
func unpacked(t *testing.T, image, share string, lines ...string) func() *exec.Cmd {
	t.Helper()
	var config struct {
		User string
		Env  []string
	}
	if err := json.Unmarshal([]byte(output(t, "docker", "image", "inspect", "--format", "{{json .Config}}", image)), &config); err != nil {
		t.Fatalf("cannot read the image's configuration: %v", err)
	}
	root := t.TempDir()
	run(t, "bash", "-c", exporting, "bash", image, root)
	conf := filepath.Join(root, "etc/spark/spark-defaults.conf")
	text, err := os.ReadFile(conf)
	if err == nil {
		err = os.WriteFile(conf, fmt.Appendf(text, "\n%s\n", strings.Join(lines, "\n")), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	args := slices.Concat([]string{"--mount", "--propagation", "private", "sh", "-c", chrooting, "sh", root, config.User, share},
		config.Env, []string{"python3", "-"})
	return func() *exec.Cmd { return exec.Command("unshare", args...) }
}

// exporting unpacks the image $1 into the folder $2, with the host's names.
const exporting = `set -e -o pipefail
id=$(docker create "$1")
trap 'docker rm "$id"' EXIT
docker export "$id" | tar -x -C "$2"
cp /etc/hosts /etc/resolv.conf "$2/etc"`

// chrooting runs in a mount namespace of its own: what it mounts is never in the
// folder that the test removes, and is gone with the driver.
const chrooting = `set -e
root=$1 user=$2
echo $$ >"$3/cgroup.procs"
shift 3
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot --userspec="$user" "$root" env -i "$@"`

// shareOf is the cgroup by which a container gets its share of the processors. On a
// busy machine a driver outside of it would get more: there, each of its threads
// counts as much as a whole container.
func shareOf(t *testing.T, container string) string {
	t.Helper()
	pid := strings.TrimSpace(output(t, "docker", "inspect", "--format", "{{.State.Pid}}", container))
	text, err := os.ReadFile("/proc/" + pid + "/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	unified := ""
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.SplitN(line, ":", 3)
		switch {
		case len(fields) < 3:
		case fields[1] == "":
			unified = filepath.Join("/sys/fs/cgroup", fields[2])
		case slices.Contains(strings.Split(fields[1], ","), "cpu"):
			return filepath.Join("/sys/fs/cgroup", fields[1], fields[2])
		}
	}
	return unified
}

// output is what a program prints; the test ends if it fails.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("cannot run %s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

// drive runs the driver by a command, and makes sure that it computed, and where.
func drive(t *testing.T, command *exec.Cmd, where, master string) drove {
	t.Helper()
	var stderr strings.Builder
	command.Stdin, command.Stderr = strings.NewReader(driverScript), &stderr
	printed, err := command.Output()
	var d drove
	if err == nil {
		err = json.Unmarshal(printed, &d)
	}
	if err != nil {
		t.Fatalf("cannot run a driver at %s: %v: %s%s", where, err, printed, stderr.String())
	}
	right := math.Abs(d.PiFirst-math.Pi) < 0.05 && math.Abs(d.PiWarm-math.Pi) < 0.05 && d.Broadcast == 80e6 && d.Results == 12e6 && d.Shuffle == 100
	if !right || d.Where != where || d.Master != master {
		t.Fatalf("the driver said %+v, want it at %s with %s", d, where, master)
	}
	return d
}

func printDrivers(ours, theirs []drove) {
	fmt.Printf("\none driver on a standalone cluster, %d times each, in turns\n", len(ours))
	fmt.Printf("%-18s %21s %21s %18s\n", "", "in the container", "on the host directly", "of the time")
	fmt.Printf("%-18s %10s %10s %10s %10s %9s %8s\n", "", "least", "median", "least", "median", "least", "median")
	for _, name := range measured {
		least, us := spreadOf(ours, name)
		leastTheirs, them := spreadOf(theirs, name)
		fmt.Printf("%-18s %8.2f s %8.2f s %8.2f s %8.2f s %9.2f %8.2f\n", name, least, us, leastTheirs, them, least/leastTheirs, us/them)
	}
	fmt.Println("wanted: session, first job and warm job at most 1.10")
}

// spreadOf is the least and the median of one time, in seconds.
func spreadOf(all []drove, name string) (least, median float64) {
	var times []float64
	for _, d := range all {
		times = append(times, d.Seconds[name])
	}
	slices.Sort(times)
	return times[0], times[len(times)/2]
}
