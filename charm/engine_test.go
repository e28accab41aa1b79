package charm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/run"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// engine stands in for the container engine: containers are entries, and one that
// runs has a server of the test's behind its socket. The real one is seen in tests/.
type engine struct {
	files   host.Unit
	gateway *turnstile

	mu         sync.Mutex
	down       error // nothing answers
	info       docker.Machine
	local      map[string]string // image IDs by reference
	registry   map[string]string // those that can be pulled
	pullFails  error
	startFails map[string]error // by image ID
	ends       map[string]bool  // images and containers whose servers end at once
	containers []*plan.Container
	servers    map[string]*server
	addresses  []string           // of the engine's networks
	others     map[string]string  // units of other gateways, by key
	found      spark.Installation // in any image
	did        []string           // what changed something
	graces     []time.Duration    // of RemoveNotebooks
	ordered    run.Order          // the last run of a notebook
	states     []run.State        // what the next ones say
	execFails  error
	made       int
}

var gatewayID = strings.Repeat("g", 12)

// act notes what changes something.
func (e *engine) act(format string, args ...any) { e.did = append(e.did, fmt.Sprintf(format, args...)) }

// acts returns what was done since it was asked last.
func (e *engine) acts() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.did
	e.did = nil
	return out
}

func (e *engine) find(id string) *plan.Container {
	if i := slices.IndexFunc(e.containers, func(c *plan.Container) bool { return c.ID == id }); i >= 0 {
		return e.containers[i]
	}
	return &plan.Container{} // as one that is gone
}

func (e *engine) Ping(context.Context) error { return e.down }

func (e *engine) Machine(context.Context) (docker.Machine, error) { return e.info, e.down }

func (e *engine) Observe(context.Context) (o plan.Observed, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.containers {
		copied := *c
		o.Notebooks = append(o.Notebooks, &copied)
	}
	if e.gateway.variant != "" {
		o.Gateways = []plan.GatewayContainer{{ID: gatewayID, Variant: e.gateway.variant, Running: true}}
	}
	o.Network, o.EngineAddresses = "net", e.addresses
	return o, e.down
}

func (e *engine) State(_ context.Context, id string) (docker.State, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.find(id)
	return docker.State{Running: c.Running, Paused: c.Paused, OOM: c.OOM, ExitCode: 1, Started: c.Started, Restarts: c.Restarts}, nil
}

func (e *engine) Logs(context.Context, string, int) (string, string, error) {
	return "starting\ntoken=" + hush, "no licence", nil
}

func (e *engine) Create(_ context.Context, r notebook.Request) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made++
	c := &plan.Container{
		ID: fmt.Sprintf("%s%d", r.Slot, e.made), Name: "nb-0-" + string(r.Slot), Slot: r.Slot, Serve: r.Serve, Hash: r.Serve.Hash(), ImageID: r.Image,
		Run: r.Run, Drivers: r.Drivers, Network: "net", Limits: r.Limits, Created: time.Unix(int64(e.made), 0),
	}
	e.containers = append(e.containers, c)
	e.act("create %s of %s", c.ID, r.Image)
	return c.ID, nil
}

func (e *engine) Start(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.act("start %s", id)
	c := e.find(id)
	if err := e.startFails[c.ImageID]; err != nil {
		return err
	}
	if c.Running {
		return nil
	}
	if c.Started = time.Unix(1000+int64(len(e.did)), 0); e.ends[c.ImageID] || e.ends[c.ID] {
		c.Restarts = 3 // the engine tried
		return nil
	}
	c.Running = true
	return e.serve(c)
}

// serve starts a container's server, with the token of its slot's file.
func (e *engine) serve(c *plan.Container) error {
	token, err := e.files.Token(string(c.Slot))
	if err == nil {
		e.servers[c.ID], err = newServer(e.files.RunDir(c.Run), token)
	}
	return err
}

// quit ends a container, as docker stop does.
func (e *engine) quit(id string) {
	if s := e.servers[id]; s != nil {
		s.close()
		delete(e.servers, id)
	}
	e.find(id).Running = false
}

func (e *engine) Resume(_ context.Context, id string) error {
	e.act("resume %s", id)
	e.find(id).Paused = false
	return nil
}

func (e *engine) Keep(_ context.Context, id string) error {
	e.find(id).Kept = true
	return nil
}

func (e *engine) SetAside(_ context.Context, id string) error {
	e.act("set aside %s", id)
	e.find(id).Kept = false
	e.find(id).Name += "-aside-" + id
	e.quit(id)
	return nil
}

func (e *engine) SetLimits(_ context.Context, id string, l notebook.Limits) error {
	e.act("limit %s", id)
	e.find(id).Limits = l
	return nil
}

func (e *engine) Stop(_ context.Context, id string, _ time.Duration) error {
	e.act("stop %s", id)
	e.quit(id)
	return nil
}

func (e *engine) Kill(ctx context.Context, id string) error { return e.Stop(ctx, id, 0) }

func (e *engine) Remove(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.act("remove %s", id)
	e.quit(id)
	e.containers = slices.DeleteFunc(e.containers, func(c *plan.Container) bool { return c.ID == id })
	return nil
}

func (e *engine) Facts(_ context.Context, id string) (notebook.Image, error) {
	return notebook.Image{ID: id, User: "jovyan", Home: "/home/jovyan", Cmd: []string{"start-notebook.py"}}, nil
}

func (e *engine) Reference(_ context.Context, ref string, _ []string) (plan.Reference, error) {
	return plan.Reference{Pulled: e.local[familiar(ref)]}, nil
}

func (e *engine) Pull(_ context.Context, ref string, _ time.Duration, report func(string)) error {
	e.act("pull %s", familiar(ref))
	report("pulling " + familiar(ref) + ": 1 of 2 layers")
	if e.pullFails != nil {
		return e.pullFails
	}
	e.local[familiar(ref)] = e.registry[familiar(ref)]
	return nil
}

func (e *engine) TidyImages(context.Context, []string) error { return nil }

func (e *engine) ImageID(_ context.Context, ref string) (string, error) { return e.local[ref], nil }

func (e *engine) Inventory(context.Context, string, string, []string) (spark.Installation, error) {
	return e.found, nil
}

func (e *engine) MakeNetwork(context.Context) error { return nil }

func (e *engine) JoinNetwork(context.Context, string) error { return nil }

func (e *engine) StartGateway(_ context.Context, g docker.Gateway) (string, error) {
	e.act("start gateway")
	e.gateway.variant = g.Variant
	return gatewayID, nil
}

func (e *engine) RemoveGateway(context.Context, string) error {
	e.act("remove gateway")
	return nil
}

func (e *engine) Holders(context.Context) (map[string]string, error) { return e.others, nil }

func (e *engine) RemoveNotebooks(_ context.Context, grace time.Duration) error {
	e.act("remove notebooks")
	e.graces = append(e.graces, grace)
	for _, c := range e.containers {
		e.quit(c.ID)
	}
	e.containers = nil
	return e.down
}

func (e *engine) RemoveAll(context.Context) error {
	e.act("remove all")
	return e.down
}

// Exec answers an order as the program of a run does, which reads on until it is told
// to end.
func (e *engine) Exec(_ context.Context, _, user string, _ []string, in io.Reader, out io.Writer) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.act("run as %s", user)
	if e.execFails != nil {
		return e.execFails
	}
	if err := json.NewDecoder(in).Decode(&e.ordered); err != nil {
		return err
	}
	for _, s := range e.states {
		if s.ID == "" {
			s.ID, s.Path = e.ordered.ID, e.ordered.Path
		}
		if json.NewEncoder(out).Encode(s) != nil {
			return nil
		}
	}
	return nil
}
