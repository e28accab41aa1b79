package workload_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

func TestPackage(t *testing.T) { TestingT(t) }

// group is the unit's group; nobody's, like all ids here.
const group = 77001

const build = "g1"

var ctx = context.Background()

// clock goes as fast as it is asked to.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	asleep func() // is called when somebody begins to wait
}

func (t *clock) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

func (t *clock) Sleep(ctx context.Context, d time.Duration) error {
	t.pass(d)
	if t.asleep != nil {
		t.asleep()
	}
	time.Sleep(200 * time.Microsecond) // what is waited for is real
	return ctx.Err()
}

func (t *clock) pass(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = t.now.Add(d)
}

// world is a machine with one unit: the engine is in memory, the files, the
// gateway and the sockets are real.
type world struct {
	c      *C
	memory string // its directory
	daemon *Daemon
	clock  *clock
	work   *workload.Workload
	spec   notebook.Spec
	job    workload.Job
	said   []string // progress

	mu       sync.Mutex
	next     behaviour // of the Jupyter of a container that is started first
	servers  map[string]*server
	gateways map[string]func() // their ends, by container
	dead     bool              // gateways' containers start, and nothing answers
	pid      func(*Container) int
	ends     []func() // of what tests began beside it
}

func newWorld(c *C) *world {
	if os.Getuid() != 0 {
		c.Fatal("this suite changes owners of files: run it as root")
	}
	memory, err := os.MkdirTemp("/dev/shm", "workload-") // where a sync costs nothing
	if err != nil {
		memory = c.MkDir()
	}
	root := filepath.Join(memory, "units")
	unit := notebook.Unit{Name: "nb/1", ModelUUID: "7b29c3f0-1111-4222-8333-444455556666", ModelName: "lab"}
	w := &world{
		c: c, memory: memory, daemon: &Daemon{Root: c.MkDir()}, clock: &clock{now: time.Now()}, servers: map[string]*server{}, gateways: map[string]func(){},
	}
	w.daemon.OnStart, w.daemon.OnEnd = w.onStart, w.onEnd
	engine, err := docker.Over(w.daemon, unit, "v1")
	c.Assert(err, IsNil)
	files := host.Unit{Dir: filepath.Join(root, unit.Key()), Group: group, Links: filepath.Join(root, "links", unit.Key())}
	program := filepath.Join(c.MkDir(), "program")
	c.Assert(os.WriteFile(program, []byte("x"), 0o755), IsNil)
	w.work = &workload.Workload{Engine: engine, Gateway: gateway.Dial(files.GatewayDir()), Files: files, Clock: w.clock, Program: program, Build: build}
	w.daemon.Pulls = ContainerConfig{Env: []string{"HOME=/home/nb"}, Cmd: []string{"jupyter", "lab"}}
	w.daemon.AddImage(&Image{ID: "sha256:1", Tags: []string{"nb:1"}, Config: w.daemon.Pulls})
	w.spec = notebook.Spec{
		Unit: unit, Gateway: notebook.Gateway{Listen: []string{freeAddress(c)}}, When: notebook.WhenIdle, StartTimeout: 3, PullTimeout: 30,
		Serve: notebook.Serve{Image: "nb:1", NetworkMode: notebook.NetworkBridge, BaseURL: "/", Data: filepath.Join(files.Dir, "notebooks"), Group: group},
	}
	w.job = workload.Job{
		Credential: &notebook.Credential{Token: "the-token", CookieSecret: "the-cookie"},
		Inspect: func(context.Context, string, map[string]string) (spark.Installation, error) {
			return spark.Installation{}, nil
		},
		Judge:    func(context.Context, spark.Installation) error { return nil },
		Progress: func(text string) { w.said = append(w.said, text) },
	}
	return w
}

// freeAddress is one of loopback that nobody has, below the ports that the kernel
// hands out.
func freeAddress(c *C) string {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(8000))
		if l, err := net.Listen("tcp", address); err == nil {
			c.Assert(l.Close(), IsNil)
			return address
		}
	}
	c.Fatal("no port is free")
	return ""
}

// close ends what runs.
func (w *world) close() {
	w.mu.Lock()
	ends := slices.Collect(maps.Values(w.gateways))
	servers := slices.Collect(maps.Values(w.servers))
	w.mu.Unlock()
	for _, end := range ends {
		end()
	}
	for _, s := range servers {
		s.end()
	}
	for _, end := range w.ends {
		end()
	}
	w.c.Check(os.RemoveAll(w.memory), IsNil)
}

const roleLabel = "io.jupyter-docker.role"

// onStart runs what is in a container.
func (w *world) onStart(c *Container) error {
	if c.Config.Labels[roleLabel] == "gateway" {
		w.startGateway(c)
		return nil
	}
	if c.Config.Labels[roleLabel] != "notebook" {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pid != nil {
		c.State.Pid = w.pid(c)
	}
	how := w.next
	if before := w.servers[c.ID]; before != nil {
		how = before.how // its layer is what it was
	}
	s, err := serve(c, how)
	if err == nil {
		w.servers[c.ID] = s
		s.after(w.daemon)
	}
	return err
}

func (w *world) onEnd(c *Container) {
	w.mu.Lock()
	end, s := w.gateways[c.ID], w.servers[c.ID]
	delete(w.gateways, c.ID)
	w.mu.Unlock()
	if end != nil {
		end()
	}
	if s != nil {
		s.end()
	}
}

// source is what a container has mounted at a path.
func source(c *Container, target string) string {
	for _, m := range c.Host.Mounts {
		if m.Target == target {
			return m.Source
		}
	}
	return ""
}

// startGateway runs a gateway in this process, until its container ends.
func (w *world) startGateway(c *Container) {
	if w.dead {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = gateway.Run(ctx, source(c, "/gateway"), c.Config.Cmd[2], io.Discard)
	}()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gateways[c.ID] = sync.OnceFunc(func() { cancel(); <-ended })
}

// observe observes, and goes by no load of the machine that tests run on.
func (w *world) observe() plan.Observed {
	o, err := w.work.Observe(ctx)
	w.work.Remember(&o)
	w.c.Assert(err, IsNil)
	o.Loaded = false
	return o
}

// apply makes a plan from what is there.
func (w *world) apply(parts ...plan.Part) workload.Result {
	o := w.observe()
	o.Wanted = w.reference(o)
	return w.work.Apply(ctx, plan.Plan{Parts: parts}, o, w.job)
}

func (w *world) reference(o plan.Observed) plan.Reference {
	ref, err := w.work.Engine.Reference(ctx, w.spec.Serve.Image, o.Images())
	w.c.Assert(err, IsNil)
	return ref
}

// hook does what a hook does, as charm does: upkeep, twice where it fails, and then
// the change towards the wish.
func (w *world) hook(ask plan.Ask) (change plan.Plan, r workload.Result) {
	var errs []error
	o := w.observe()
	for range 2 {
		p := plan.Upkeep(o, build)
		if p.Empty() {
			break
		}
		r = w.work.Apply(ctx, p, o, workload.Job{Progress: w.job.Progress})
		if o, errs = r.Observed, r.Errs; len(errs) == 0 {
			break
		}
		o = w.observe()
	}
	o.Wanted = w.reference(o)
	change = plan.Change(w.spec, o, build, ask)
	r = w.work.Apply(ctx, change, o, w.job)
	r.Errs = append(errs, r.Errs...)
	return change, r
}

// up brings the notebook up.
func (w *world) up() *plan.Container {
	_, r := w.hook(plan.Ask{})
	w.c.Assert(r.Errs, HasLen, 0)
	return w.serving(r.Observed)
}

// serving is what serves.
func (w *world) serving(o plan.Observed) *plan.Container {
	s := plan.FindServing(o)
	w.c.Assert(s.There(), Equals, true, Commentf("%s", w.left(o)))
	return s.Container
}

// server is the Jupyter of a container.
func (w *world) server(id string) *server {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.servers[id]
}
