package dockertest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
)

// Daemon is an engine in memory: it keeps containers, networks and images, and
// answers for them as an engine of API 1.41 does, as far as the charm asks. It
// stands in for the engine where a whole plan is made and where its failures are
// the point. What the real one does is met by the stories.
type Daemon struct {
	// OnStart is called when a container is started, before the answer: it may run
	// what the container would, and set its State. An error is the engine's refusal.
	OnStart func(*Container) error
	// OnEnd is called when a container stops.
	OnEnd func(*Container)
	Pulls container.Config // of the images that it pulls: registries have all
	// Registry is what registries have under a name now, in place of an image of Pulls.
	Registry map[string]*Image
	Root     string   // of its disk, whose space the charm looks at
	Calls    []string // that it was asked, with {id} and {name} for what stands there

	mu         sync.Mutex
	containers []*Container
	networks   []*Network
	images     []*Image
	faults     []*fault
	last       int
}

// ContainerConfig and ContainerState are the engine's own, for those who may not
// import its client.
type (
	ContainerConfig = container.Config
	ContainerState  = container.State
)

// Container is one of the daemon's containers.
type Container struct {
	ID, Name string
	Config   *ContainerConfig
	Host     *container.HostConfig
	State    ContainerState
	Network  string // id of the network that it is on, by its mode
	Created  time.Time
	Restarts int
	Log      string // of its standard error
}

// Network is one of the daemon's networks.
type Network struct {
	ID, Name string
	Labels   map[string]string
}

// Image is one of the daemon's images, or what an engine that keeps images in
// containerd shows as one.
type Image struct {
	ID     string // of its index, where it has one
	Tags   []string
	Config container.Config
	Files  string // digest of its layer, "" for one that no other image has
	Not    string // media type of what is no image, and has no layer
}

// names are the parts of paths that stand for one thing.
var names = []struct {
	path *regexp.Regexp
	kind string
}{
	{regexp.MustCompile(`^/containers/(create|json)$`), "$0"},
	{regexp.MustCompile(`^/containers/[^/]+`), "/containers/{id}"},
	{regexp.MustCompile(`^/images/(create|json)$`), "$0"},
	{regexp.MustCompile(`^/images/.+/(json|tag)$`), "/images/{name}/$1"},
	{regexp.MustCompile(`^/images/.+`), "/images/{name}"},
	{regexp.MustCompile(`^/networks/create$`), "$0"},
	{regexp.MustCompile(`^/networks/[^/]+`), "/networks/{name}"},
	{regexp.MustCompile(`^/distribution/.+`), "/distribution/{name}"},
}

// kindOf is a call with names for what is in its path.
func kindOf(r *http.Request) string {
	method, path, _ := strings.Cut(callOf(r), " ")
	for _, n := range names {
		if n.path.MatchString(path) {
			return method + " " + n.path.ReplaceAllString(path, n.kind)
		}
	}
	return method + " " + path
}

// RoundTrip is http.RoundTripper's.
func (d *Daemon) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	kind := kindOf(r)
	d.Calls = append(d.Calls, kind)
	failing := d.failing(kind)
	d.mu.Unlock()
	if failing != nil && !failing.done {
		return withRequest(r)(failing.answer(r))
	}
	answer := d.answer(kind, r)
	if failing != nil {
		return withRequest(r)(failing.answer(r))
	}
	return withRequest(r)(answer(r))
}

func withRequest(r *http.Request) func(*http.Response, error) (*http.Response, error) {
	return func(resp *http.Response, err error) (*http.Response, error) {
		if resp != nil {
			resp.Request = r
		}
		return resp, err
	}
}

// part is the nth element of a request's path, without the version.
func part(r *http.Request, n int) string {
	elements := strings.Split(strings.TrimPrefix(callOf(r), r.Method+" /"), "/")
	if n < len(elements) {
		return elements[n]
	}
	return ""
}

func (d *Daemon) answer(kind string, r *http.Request) Answer {
	switch kind {
	case "GET /_ping":
		return Says(200, Object{})
	case "GET /info":
		return Says(200, Object{"NCPU": 2, "DockerRootDir": d.Root, "CgroupVersion": "2"})
	case "GET /version":
		return Says(200, Object{"Os": "linux", "Arch": "amd64"})
	case "GET /containers/json":
		return d.list(r)
	case "POST /containers/create":
		return d.create(r)
	case "GET /networks":
		return d.listNetworks()
	case "POST /networks/create":
		return d.createNetwork(r)
	}
	switch {
	case strings.Contains(kind, "/containers/"):
		return d.onContainer(kind, r)
	case strings.Contains(kind, "/images/"):
		return d.onImage(kind, r)
	case strings.Contains(kind, "/networks/"):
		return d.onNetwork(kind, r)
	}
	return Refuses(404, "page not found: "+kind)
}

// decode reads a request's body.
func decode(r *http.Request, out any) Answer {
	if err := json.NewDecoder(r.Body).Decode(out); err != nil {
		return Refuses(400, err.Error())
	}
	return nil
}

// id is a new one, 64 digits long.
func (d *Daemon) id() string {
	d.last++
	return fmt.Sprintf("%x", sha256.Sum256([]byte{byte(d.last >> 8), byte(d.last)}))
}

func (d *Daemon) find(id string) *Container {
	for _, c := range d.containers {
		if id != "" && (strings.HasPrefix(c.ID, id) || c.Name == id) {
			return c
		}
	}
	return nil
}

// Containers are the containers that have a label, oldest first.
func (d *Daemon) Containers(label, value string) (out []*Container) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.containers {
		if c.Config.Labels[label] == value {
			out = append(out, c)
		}
	}
	return out
}

// Find returns a container, nil for none.
func (d *Daemon) Find(id string) *Container {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.find(id)
}

// Add adds a container that somebody made, and gives it an id.
func (d *Daemon) Add(c *Container) *Container {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.Config == nil {
		c.Config = &container.Config{}
	}
	if c.Host == nil {
		c.Host = &container.HostConfig{}
	}
	c.ID, c.Created = d.id(), time.Now()
	d.containers = append(d.containers, c)
	return c
}

// AddImage adds an image.
func (d *Daemon) AddImage(i *Image) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.images = append(d.images, i)
}

// Images are the images, but for those without a name that nothing keeps.
func (d *Daemon) Images() []*Image {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.images)
}

// RemoveImages removes all images.
func (d *Daemon) RemoveImages() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.images = nil
}

// Networks are the networks.
func (d *Daemon) Networks() []*Network {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.networks)
}

// RemoveNetworks removes all networks.
func (d *Daemon) RemoveNetworks() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.networks = nil
}

// Vanish removes a container as `docker rm -f` does.
func (d *Daemon) Vanish(id string) {
	c := d.Find(id)
	if c == nil {
		return
	}
	d.end(c)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.containers = slices.DeleteFunc(d.containers, func(other *Container) bool { return other == c })
}

// End ends a container as its program does, with an exit status.
func (d *Daemon) End(id string, status int, oom bool) {
	c := d.Find(id)
	d.end(c)
	d.mu.Lock()
	defer d.mu.Unlock()
	c.State.ExitCode, c.State.OOMKilled = status, oom
}

func (d *Daemon) end(c *Container) {
	d.mu.Lock()
	running := c.State.Running
	c.State.Running, c.State.Paused, c.State.Pid = false, false, 0
	d.mu.Unlock()
	if running && d.OnEnd != nil {
		d.OnEnd(c)
	}
}
