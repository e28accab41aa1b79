package charm

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
	"github.com/jupyter-docker/jupyter-docker/internal/relation"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// secretLabel names the application's secret to the charm.
const secretLabel = "notebook-token"

// Said is what Juju says in a hook, read once.
type Said struct {
	Inputs    notebook.Inputs
	Unusable  error     // why hadoop-conf cannot be used
	Published Published // what Juju was told before
}

// Published is what Juju knows of the unit. It is written where it differs.
type Published struct {
	Status   juju.Status
	Ports    []string
	Websites map[string]map[string]string // the unit's databags, by id of the relation
}

// Gather reads everything that Juju says. What does not depend on another read is
// asked for side by side: most of a tool's time is its process's.
func (c *Charm) Gather() (said Said, err error) {
	p := c.Event.Proxy
	in := notebook.Inputs{Unit: c.unit, Proxy: notebook.Proxy{HTTP: p.HTTP, HTTPS: p.HTTPS}}
	if p.HTTP != "" || p.HTTPS != "" {
		in.Proxy.No = p.No
	}
	err = parallel.Run(
		func() (err error) {
			if in.Options, err = c.Tools.Config(); err == nil {
				said.Unusable, err = c.gatherSpark(&in)
			}
			return err
		},
		func() (err error) { in.Storage, err = c.Tools.Storage("notebooks"); return err },
		func() (err error) { in.Website, err = c.network("website"); return err },
		func() (err error) { said.Published.Ports, err = c.Tools.Ports(); return err },
		func() (err error) { said.Published.Status, err = c.Tools.Status(); return err },
		func() (err error) { in.Proxies, said.Published.Websites, err = c.websites(); return err },
		func() (err error) {
			if in.Leader, err = c.Tools.IsLeader(); err == nil {
				in.Credential, err = c.credential(in.Leader)
			}
			return err
		},
	)
	if err == nil && (len(in.Website.Ingress) > 1 || len(in.Spark.Ingress) > 1) {
		in.Private, err = c.Tools.PrivateAddress()
	}
	said.Inputs = in
	return said, err
}

// network is an endpoint's binding, with the addresses that the machine has now.
func (c *Charm) network(endpoint string) (notebook.Network, error) {
	n, err := c.Tools.Network(endpoint)
	if err != nil {
		return n, err
	}
	have, err := net.InterfaceAddrs()
	if err != nil {
		logger.Warningf("cannot list this machine's addresses: %v", err)
		return n, nil
	}
	n.Addresses = present(n.Addresses, have)
	return n, nil
}

// present are the addresses that the machine has now. Juju lists an address of a
// bridge that is gone for a while, and nobody can listen there. Where none is left
// all are, so that the operator sees which.
func present(listed []notebook.Address, have []net.Addr) []notebook.Address {
	gone := func(a notebook.Address) bool { return !has(have, a.Value) }
	if left := slices.DeleteFunc(slices.Clone(listed), gone); len(left) > 0 {
		return left
	}
	return listed
}

func has(have []net.Addr, address string) bool {
	return slices.ContainsFunc(have, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(net.ParseIP(address))
	})
}

func (c *Charm) credential(leader bool) (*notebook.Credential, error) {
	content, found, err := c.Tools.Secret(secretLabel, leader)
	if err != nil || !found {
		return nil, err
	}
	return &notebook.Credential{Token: content["token"], CookieSecret: content["cookie-secret"], Revision: content["revision"]}, nil
}

// websites are the addresses of the units that are related to the website, and what
// this unit has told in each relation.
func (c *Charm) websites() (proxies []string, bags map[string]map[string]string, err error) {
	ids, err := c.Tools.Relations("website")
	if err != nil {
		return nil, nil, err
	}
	bags = map[string]map[string]string{}
	for _, id := range ids {
		if id == c.Event.Broken {
			continue
		}
		if bags[id], err = c.Tools.Bag(id, c.unit.Name); err != nil {
			return nil, nil, err
		}
		units, err := c.Tools.RemoteUnits(id)
		if err != nil {
			return nil, nil, err
		}
		for _, unit := range units {
			bag, err := c.Tools.Bag(id, unit)
			if err != nil {
				return nil, nil, err
			}
			proxies = append(proxies, relation.Addresses(bag)...)
		}
	}
	slices.Sort(proxies)
	return slices.Compact(proxies), bags, nil
}

// gatherSpark reads what only a unit with a cluster needs. unusable is what the
// operator has to mend of Hadoop's files.
func (c *Charm) gatherSpark(in *notebook.Inputs) (unusable, err error) {
	option := func(name string) string { s, _ := in.Options[name].(string); return strings.TrimSpace(s) }
	master := option("spark-master")
	named := master != "" || option("spark-remote") != "" || option("emr-release") != ""
	var bad *compat.HadoopError
	if in.Hadoop, err = c.hadoop(option(compat.HadoopOption)); errors.As(err, &bad) {
		unusable = bad
	} else if err != nil {
		return nil, err
	}
	if named || in.Hadoop != nil {
		in.Hosts = hostsFile()
	}
	if t, err := spark.ParseMaster(master); err != nil || !t.CallsBack() {
		return unusable, nil // what is bad about it is said with the other options
	}
	in.Spark, err = c.network("spark")
	return unusable, err
}

// hostsFile is the text of this machine's hosts file.
func hostsFile() string {
	text, err := os.ReadFile("/etc/hosts")
	if err != nil {
		logger.Debugf("%v", err) // names are known by name servers then
	}
	return string(text)
}

// agents is where Juju keeps the agents of this machine's units.
func (c *Charm) agents() string { return filepath.Join(c.Event.Dir, "..", "..") }
