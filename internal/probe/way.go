package probe

import (
	"fmt"
	"strings"
)

// Hop is an address of the cluster, as it answers from inside the notebook.
type Hop struct {
	What    string `json:"what"` // "master", "resource manager", "name node", "Connect server", "Kubernetes"
	Host    string `json:"host"`
	Port    int    `json:"port"`
	State   string `json:"state"`   // ok, unresolvable, unreachable, refused, timed out, or an error's text
	Address string `json:"address"` // what the host's name stands for
}

func (h Hop) String() string {
	return fmt.Sprintf("%s %s:%d: %s", h.What, h.Host, h.Port, h.State)
}

// Way is the way from the notebook to the cluster.
type Way struct {
	Master  string `json:"master"` // that Spark takes
	Hadoop  string `json:"hadoop"` // directory of Hadoop's configuration
	Files   string `json:"files"`  // fs.defaultFS
	Cluster []Hop  `json:"cluster"`
}

// kind is the cluster's kind: local, standalone, yarn, connect or kubernetes.
func (w Way) kind() string {
	for prefix, kind := range map[string]string{"local": "local", "spark://": "standalone", "yarn": "yarn", "sc://": "connect", "k8s://": "kubernetes"} {
		if strings.HasPrefix(w.Master, prefix) {
			return kind
		}
	}
	return ""
}

// places are the addresses of one kind of server.
func (w Way) places(what string) string {
	var out []string
	for _, h := range w.Cluster {
		if h.What == what {
			out = append(out, fmt.Sprintf("%s:%d", h.Host, h.Port))
		}
	}
	return strings.Join(out, ", ")
}

// wrong is what is wrong with the way, in one sentence that begins with the hop;
// "" when nothing is.
func (w Way) wrong() string {
	if w.kind() == "yarn" {
		if sentence := w.unnamed(); sentence != "" {
			return sentence
		}
	}
	answering := map[string]bool{}
	for _, h := range w.Cluster {
		answering[h.What] = answering[h.What] || h.State == "ok"
	}
	for _, h := range w.Cluster {
		if !answering[h.What] {
			return h.wrong()
		}
	}
	return ""
}

// unnamed is what Hadoop's configuration lacks for YARN.
func (w Way) unnamed() string {
	switch {
	case w.places("resource manager") == "" && w.Hadoop == "":
		return "name: HADOOP_CONF_DIR is not set in the notebook, so nothing tells where YARN is: set hadoop-conf"
	case w.places("resource manager") == "":
		return fmt.Sprintf("name: the Hadoop configuration in %s names no resource manager: put a yarn-site.xml into hadoop-conf", w.Hadoop)
	case w.Files == "" || strings.HasPrefix(w.Files, "file:"):
		return fmt.Sprintf("name: the Hadoop configuration in %s names no file system from which YARN's nodes fetch Spark: put a core-site.xml with fs.defaultFS into hadoop-conf", w.Hadoop)
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
