//go:build clusters

package stories

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// listening are the TCP sockets that listen on the unit's machine beyond loopback,
// as address:port.
func (m *model) listening(unit string) (out []string) {
	m.t.Helper()
	for _, line := range strings.Split(m.onMachine(unit, "ss -ltnH"), "\n") {
		f := strings.Fields(line)
		if len(f) > 3 && !strings.HasPrefix(f[3], "127.") && !strings.HasPrefix(f[3], "[::1]") && !strings.HasPrefix(f[3], "[::ffff:127.") {
			out = append(out, strings.Replace(strings.TrimPrefix(f[3], "[::ffff:"), "]", "", 1))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// driverPorts is the block that the unit's open ports name.
func (s unitStatus) driverPorts() (first, last int) {
	for _, port := range s.Ports {
		if from, to, found := strings.Cut(strings.TrimSuffix(port, "/tcp"), "-"); found {
			first, _ = strconv.Atoi(from)
			last, _ = strconv.Atoi(to)
		}
	}
	return first, last
}

// Nothing listens beyond loopback that the cluster does not need: the gateway at
// its port, and the driver at its own, on one address each. It is told alone: other
// stories' notebooks listen too.
func TestNothingElseListens(t *testing.T) {
	master := of(t, "SPARK_MASTER")
	m := newModel(t)
	number := port()
	m.deploy("by", "port="+strconv.Itoa(port()))
	m.waitActive("by/0")
	before := m.listening("by/0")
	m.deploy("nb", "jupyter-image="+image("notebook"), "spark-master="+master, modest, "port="+strconv.Itoa(number))
	m.waitActive("nb/0")
	const begin = "from pyspark.sql import SparkSession; spark = SparkSession.builder.getOrCreate(); print(spark.range(10).count())"
	k := m.open("nb/0").startKernel()
	k.computes(begin, "10")
	s := m.unit("nb/0")
	first, last := s.driverPorts()
	want := []string{fmt.Sprintf("%s:%d", s.Address, number)}
	for p := first; p <= last; p++ {
		want = append(want, fmt.Sprintf("%s:%d", s.Address, p))
	}
	if last-first != 15 {
		t.Errorf("the open ports are %v, want 16 for drivers", s.Ports)
	}
	m.listens("by/0", "with published ports", before, want)

	k.run("spark.stop()")
	m.config("nb", "network-mode=host")
	m.waitUnit("nb/0", "on the host's network", patience, func(s unitStatus) bool {
		now, _ := s.driverPorts()
		return s.Workload.Current == "active" && now != first
	})
	n := m.open("nb/0")
	k = n.startKernel()
	k.computes(begin, "10")
	n.showsSpark("spark-ui/jobs/")
	first, _ = m.unit("nb/0").driverPorts()
	m.listens("by/0", "on the host's network", before, []string{
		fmt.Sprintf("%s:%d", s.Address, number), fmt.Sprintf("%s:%d", s.Address, first), fmt.Sprintf("%s:%d", s.Address, first+8),
	})
	// Jupyter itself is behind the gateway's token and TLS, and on loopback only.
	if code, _, err := (&notebook{t: t, url: fmt.Sprintf("http://%s:%d/", s.Address, 8888)}).try("GET", "api", "", nil); err == nil {
		t.Errorf("Jupyter's own port answers %d at the machine's address", code)
	}
	k.run("spark.stop()")
	m.config("nb", "spark-master=")
	m.waitUnit("nb/0", "without a cluster", patience, func(s unitStatus) bool {
		return s.Workload.Current == "active" && len(s.Ports) == 1
	})
	m.listens("by/0", "without a cluster", before, []string{fmt.Sprintf("%s:%d", s.Address, number)})
}

func (m *model) listens(unit, when string, before, want []string) {
	m.t.Helper()
	more := slices.DeleteFunc(m.listening(unit), func(at string) bool { return slices.Contains(before, at) })
	slices.Sort(want)
	if !slices.Equal(more, want) {
		m.t.Errorf("%s, %v listen, want %v", when, more, want)
	}
}

// Eight kernels have a session at once, each at ports of its own within the block,
// and the blocks of two units and of a unit's two slots never meet.
func TestEightKernelsAtOnce(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	const small = "spark-conf=spark.cores.max=1\nspark.executor.memory=512m\nspark.driver.memory=512m\nspark.ui.enabled=false"
	m.deploy("nb", "jupyter-image="+image("notebook"), "spark-master="+of(t, "SPARK_MASTER"), small)
	m.waitActive("nb/0")
	n := m.open("nb/0")
	const session = `
from pyspark.sql import SparkSession
env = SparkSession.builder.getOrCreate().sparkContext._jsc.sc().env()
print("ports", env.rpcEnv().address().port(), env.blockManager().blockManagerId().port())
`
	var wait sync.WaitGroup
	printed := make([]string, 8)
	for i := range printed {
		k := n.startKernel()
		wait.Add(1)
		go func() {
			defer wait.Done()
			out, err := k.wait(k.send(session), enough)
			printed[i] = fmt.Sprint(out, err)
		}()
	}
	wait.Wait()
	first, _ := m.unit("nb/0").driverPorts()
	rpc, block := map[int]bool{}, map[int]bool{}
	for _, text := range printed {
		var a, b int
		if _, err := fmt.Sscanf(text[max(0, strings.Index(text, "ports ")):], "ports %d %d", &a, &b); err != nil {
			t.Fatalf("a session did not begin: %s", text)
		}
		rpc[a-first], block[b-first-8] = true, true
	}
	for i := range 8 {
		if !rpc[i] || !block[i] {
			t.Errorf("from %d on the sessions have the ports %v and, from %d on, %v; want each of eight", first, rpc, first+8, block)
			break
		}
	}
	m.deployBeside("nb/0", "other", "jupyter-image="+image("notebook"), "spark-master="+of(t, "SPARK_MASTER"))
	m.waitActive("other/0")
	theirs, _ := m.unit("other/0").driverPorts()
	if pair := func(port int) int { return (port - 28000) / 48 }; pair(first) == pair(theirs) {
		t.Errorf("two units have driver ports from %d and %d on, of one pair of blocks", first, theirs)
	}
}
