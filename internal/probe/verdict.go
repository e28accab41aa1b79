package probe

import (
	"fmt"
	"regexp"
	"strings"
)

// Verdict says in one sentence whether executors find their way back, or what is
// wrong, at which hop, and what to do.
func (d Driver) Verdict() (sentence string, ok bool) {
	if d.Master == "" {
		return "Spark does not start in the notebook: " + d.because(), false
	}
	if d.kind() == "local" {
		return fmt.Sprintf("nobody calls back: the master is %s, which computes in the notebook's container itself", d.Master), true
	}
	for _, verdict := range []func(Driver) string{
		Driver.way, Driver.version, Driver.python, Driver.back, Driver.cluster, Driver.silence,
	} {
		if sentence := verdict(d); sentence != "" {
			return sentence, false
		}
	}
	return d.good(), true
}

// good says what was proved.
func (d Driver) good() string {
	if d.kind() == "connect" {
		return fmt.Sprintf("nobody calls back: Spark Connect needs one way alone, and the server at %s computes", d.places("Connect server"))
	}
	return fmt.Sprintf("the way back works: an executor on %s reaches the driver at %s:%d and its block manager at %d, and the notebook fetches results from it",
		d.Back.From, d.Host, d.RPC, d.Block)
}

func (d Driver) places(what string) string {
	var out []string
	for _, h := range d.Cluster {
		if h.What == what {
			out = append(out, fmt.Sprintf("%s:%d", h.Host, h.Port))
		}
	}
	return strings.Join(out, ", ")
}

// way is what is wrong with the way to the cluster.
func (d Driver) way() string {
	if d.kind() == "yarn" && d.places("resource manager") == "" {
		if d.Hadoop == "" {
			return "name: HADOOP_CONF_DIR is not set in the notebook, so nothing tells where YARN is: set hadoop-conf"
		}
		return fmt.Sprintf("name: the Hadoop configuration in %s names no resource manager: put a yarn-site.xml into hadoop-conf", d.Hadoop)
	}
	if d.kind() == "yarn" && d.places("name node") == "" {
		return fmt.Sprintf("name: the Hadoop configuration in %s names no name node, from which YARN's nodes fetch Spark: put a core-site.xml with fs.defaultFS into hadoop-conf", d.Hadoop)
	}
	answering := map[string]bool{}
	for _, h := range d.Cluster {
		answering[h.What] = answering[h.What] || h.State == "ok"
	}
	for _, h := range d.Cluster {
		if !answering[h.What] {
			return h.wrong()
		}
	}
	return ""
}

// wrong says what hop of the way to the cluster fails.
func (h Hop) wrong() string {
	at := h.Host
	if h.Address != "" && h.Address != h.Host {
		at += " (" + h.Address + ")"
	}
	switch h.State {
	case "unresolvable":
		return fmt.Sprintf("name: the notebook cannot resolve %s, the cluster's %s: add it to DNS or to /etc/hosts of this machine, or name an address", h.Host, h.What)
	case "unreachable":
		return fmt.Sprintf("address: nothing routes from the notebook to %s, the cluster's %s: check the address and this machine's routes", at, h.What)
	case "refused":
		return fmt.Sprintf("port: %s refuses port %d: the cluster's %s does not run there, or listens on another address or port", at, h.Port, h.What)
	case "timed out":
		return fmt.Sprintf("firewall: nothing answers from %s port %d, the cluster's %s: a firewall drops it, or no such machine is up", at, h.Port, h.What)
	}
	return fmt.Sprintf("the notebook cannot connect to %s port %d, the cluster's %s: %s", at, h.Port, h.What, h.State)
}

var (
	otherVersion = regexp.MustCompile(`UTFDataFormatException|InvalidClassException|StreamCorruptedException|NoSuchMethodError|NoClassDefFoundError|local class incompatible`)
	otherPython  = regexp.MustCompile(`worker has different version[: ]+\(?([0-9]+)[.,] ?([0-9]+)\)?.*driver:? ([0-9.]+)`)
	noPython     = regexp.MustCompile(`Cannot run program "([^"]*)"`)
)

// version is a cluster of another Spark or Scala: such executors answer, and
// then nothing comes.
func (d Driver) version() string {
	for _, line := range d.lines() {
		if found := otherVersion.FindString(line); found != "" && d.Result.State != "ok" {
			return fmt.Sprintf("version: the cluster's Spark or Scala is not the notebook's, which shows as %s: run check-spark, and take an image with the cluster's Spark", found)
		}
	}
	return ""
}

// python is a cluster whose Python does not fit.
func (d Driver) python() string {
	for _, line := range d.lines() {
		if m := otherPython.FindStringSubmatch(line); m != nil {
			return fmt.Sprintf("python: the executors run Python %s.%s and the notebook %s: set executor-python to a Python %s of the cluster's machines, or take an image with theirs",
				m[1], m[2], m[3], m[3])
		}
		if m := noPython.FindStringSubmatch(line); m != nil {
			return fmt.Sprintf("python: there is no %s on the machines of the executors: set executor-python", m[1])
		}
	}
	return ""
}

// because is the most telling line of what failed before anything was seen.
func (d Driver) because() string {
	for _, text := range []string{d.Session.Error, d.Result.Error, d.Back.Error} {
		if text != "" {
			return Telling(text)
		}
	}
	if cause := LastCause(d.Log); cause != "" {
		return cause
	}
	return "no reason is known"
}
