package dockertest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

// list lists the containers that have the labels asked for, or an image.
func (d *Daemon) list(r *http.Request) Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	wanted := filters(r)
	out := []Object{}
	for _, c := range d.containers {
		running := c.State.Running
		if !has(c.Config.Labels, wanted["label"]) || !running && r.URL.Query().Get("all") == "" || !d.of(c, wanted["ancestor"]) {
			continue
		}
		state := "exited"
		if running {
			state = "running"
		}
		out = append(out, Object{"Id": c.ID, "Names": []string{"/" + c.Name}, "Image": c.Config.Image, "Labels": c.Config.Labels,
			"State": state, "Created": c.Created.Unix()})
	}
	return Says(200, out)
}

// filters are those of a list.
func filters(r *http.Request) map[string][]string {
	var text map[string]map[string]bool
	_ = json.Unmarshal([]byte(r.URL.Query().Get("filters")), &text) // none is fine
	out := map[string][]string{}
	for name, values := range text {
		for v := range values {
			out[name] = append(out[name], v)
		}
	}
	return out
}

// has reports whether all are among labels, each NAME or NAME=VALUE.
func has(labels map[string]string, all []string) bool {
	for _, one := range all {
		name, value, given := strings.Cut(one, "=")
		if have, there := labels[name]; !there || given && have != value {
			return false
		}
	}
	return true
}

// of reports whether a container was made from one of the images.
func (d *Daemon) of(c *Container, images []string) bool {
	if len(images) == 0 {
		return true
	}
	made := d.image(c.Config.Image)
	return slices.ContainsFunc(images, func(name string) bool { return made != nil && d.image(name) == made })
}

func (d *Daemon) create(r *http.Request) Answer {
	var asked struct {
		container.Config
		HostConfig *container.HostConfig
	}
	if bad := decode(r, &asked); bad != nil {
		return bad
	}
	name := r.URL.Query().Get("name")
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.find(name) != nil:
		return Refuses(409, "the container name is already in use")
	case d.image(asked.Image) == nil:
		return Refuses(404, "no such image: "+asked.Image)
	}
	c := &Container{ID: d.id(), Name: name, Config: &asked.Config, Host: asked.HostConfig, Created: time.Now()}
	c.State.StartedAt = time.Time{}.Format(time.RFC3339Nano)
	d.containers = append(d.containers, c)
	return Says(201, Object{"Id": c.ID})
}

func (d *Daemon) onContainer(kind string, r *http.Request) Answer {
	c := d.Find(part(r, 1))
	if c == nil {
		return Refuses(404, "no such container")
	}
	switch kind {
	case "POST /containers/{id}/start":
		return d.start(c)
	case "POST /containers/{id}/stop", "POST /containers/{id}/kill":
		d.end(c)
		return Says(204, nil)
	case "DELETE /containers/{id}":
		d.Vanish(c.ID)
		return Says(204, nil)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch kind {
	case "GET /containers/{id}/json":
		return d.inspect(c)
	case "POST /containers/{id}/update":
		return c.update(r)
	case "POST /containers/{id}/rename":
		c.Name = r.URL.Query().Get("name")
		return Says(204, nil)
	case "POST /containers/{id}/unpause":
		c.State.Paused = false
		return Says(204, nil)
	case "GET /containers/{id}/stats":
		return Says(200, Object{})
	case "GET /containers/{id}/logs":
		return c.logs()
	}
	return Refuses(404, "page not found: "+kind)
}

func (d *Daemon) start(c *Container) Answer {
	d.mu.Lock()
	if c.State.Running {
		d.mu.Unlock()
		return Says(304, nil)
	}
	if name := string(c.Host.NetworkMode); name != "" && name != "host" && name != "none" {
		n := d.network(name)
		if n == nil {
			d.mu.Unlock()
			return Refuses(404, "network "+name+" not found")
		}
		c.Network = n.ID
	}
	c.State.Running, c.State.ExitCode, c.State.OOMKilled = true, 0, false
	c.State.StartedAt = time.Now().UTC().Format(time.RFC3339Nano)
	d.mu.Unlock()
	if d.OnStart != nil {
		if err := d.OnStart(c); err != nil {
			d.mu.Lock()
			c.State.Running = false
			d.mu.Unlock()
			return Refuses(500, err.Error())
		}
	}
	return Says(204, nil)
}

func (d *Daemon) inspect(c *Container) Answer {
	networks := Object{}
	if c.Network != "" {
		networks[string(c.Host.NetworkMode)] = Object{"NetworkID": c.Network}
	}
	return Says(200, Object{
		"Id": c.ID, "Name": "/" + c.Name, "Created": c.Created.UTC().Format(time.RFC3339Nano), "RestartCount": c.Restarts, "State": c.State,
		"Config": c.Config, "HostConfig": c.Host, "NetworkSettings": Object{"Networks": networks},
	})
}

// update changes the restart policy, or the limits that were sent.
func (c *Container) update(r *http.Request) Answer {
	var asked container.UpdateConfig
	if bad := decode(r, &asked); bad != nil {
		return bad
	}
	if asked.RestartPolicy.Name != "" {
		c.Host.RestartPolicy = asked.RestartPolicy
		return Says(200, Object{})
	}
	c.Host.Resources = asked.Resources
	return Says(200, Object{})
}

// logs is the container's log, as the engine multiplexes it: a header of eight
// bytes before each line.
func (c *Container) logs() Answer {
	var out strings.Builder
	for line := range strings.Lines(c.Log) {
		out.Write([]byte{2, 0, 0, 0, 0, 0, 0, byte(len(line))})
		out.WriteString(line)
	}
	return func(*http.Request) (*http.Response, error) { return Body(200, strings.NewReader(out.String())), nil }
}
