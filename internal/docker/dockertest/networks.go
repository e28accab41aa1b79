package dockertest

import (
	"net/http"

	"github.com/docker/docker/api/types/network"
)

func (d *Daemon) network(name string) *Network {
	for _, n := range d.networks {
		if n.Name == name || n.ID == name {
			return n
		}
	}
	return nil
}

func (d *Daemon) listNetworks() Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []Object{}
	for _, n := range d.networks {
		out = append(out, Object{"Id": n.ID, "Name": n.Name, "Driver": "bridge", "Labels": n.Labels})
	}
	return Says(200, out)
}

func (d *Daemon) createNetwork(r *http.Request) Answer {
	var asked network.CreateRequest
	if bad := decode(r, &asked); bad != nil {
		return bad
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.network(asked.Name) != nil {
		return Refuses(409, "network with name "+asked.Name+" already exists")
	}
	n := &Network{ID: d.id(), Name: asked.Name, Labels: asked.Labels}
	d.networks = append(d.networks, n)
	return Says(201, Object{"Id": n.ID})
}

func (d *Daemon) onNetwork(kind string, r *http.Request) Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.network(part(r, 1))
	if n == nil {
		return Refuses(404, "network not found")
	}
	var asked struct{ Container string }
	if kind != "DELETE /networks/{name}" {
		if bad := decode(r, &asked); bad != nil {
			return bad
		}
	}
	c := d.find(asked.Container)
	switch {
	case kind == "DELETE /networks/{name}":
		return Says(204, nil)
	case c == nil:
		return Refuses(404, "no such container")
	case kind == "POST /networks/{name}/connect":
		c.Network = n.ID
	case kind == "POST /networks/{name}/disconnect":
		c.Network = ""
	}
	return Says(200, nil)
}
