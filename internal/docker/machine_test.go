package docker

import (
	"bytes"
	"context"
	"errors"
	"os"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type machineSuite struct{}

var _ = Suite(&machineSuite{})

func (machineSuite) TestMachine(c *C) {
	e, _ := speaking(c, map[string]Answer{"GET /info": Says(200, Object{
		"NCPU": 2, "CgroupVersion": "2", "SecurityOptions": []string{"name=seccomp,profile=default", "name=userns"}})})
	m, err := e.Machine(context.Background())
	c.Assert(err, IsNil)
	c.Check(m, Equals, Machine{CPUs: 2, CgroupVersion: "2", UserNS: true})
	e, _ = speaking(c, map[string]Answer{"GET /info": Says(200, Object{"SecurityOptions": []string{"name=rootless"}})})
	m, err = e.Machine(context.Background())
	c.Assert(err, IsNil)
	c.Check(m.UserNS, Equals, false)
}

// changes are the calls that write to the engine's disk.
var changes = []struct {
	summary, call string
	run           func(context.Context, *Engine, string) error
}{
	{"create", "POST /containers/create", func(ctx context.Context, e *Engine, _ string) error {
		_, err := e.Create(ctx, notebook.Request{Slot: notebook.SlotA})
		return err
	}},
	{"start", "POST /containers/id1/start", func(ctx context.Context, e *Engine, _ string) error { return e.Start(ctx, "id1") }},
	{"keep", "POST /containers/id1/update", func(ctx context.Context, e *Engine, _ string) error { return e.Keep(ctx, "id1") }},
	{"limits", "POST /containers/id1/update", func(ctx context.Context, e *Engine, _ string) error {
		return e.SetLimits(ctx, "id1", notebook.Limits{Memory: 1 << 30})
	}},
	{"network", "POST /networks/create", func(ctx context.Context, e *Engine, _ string) error { return e.MakeNetwork(ctx) }},
	{"create the gateway", "POST /containers/create", func(ctx context.Context, e *Engine, _ string) error {
		_, err := e.StartGateway(ctx, Gateway{})
		return err
	}},
	{"import the gateway", "POST /images/create", func(ctx context.Context, e *Engine, program string) error {
		return e.importProgram(ctx, program, "t")
	}},
}

// TestAFullDiskIsTheCause: the engine answers 500 in words; the disk itself says
// whether it is full. /proc has no byte free.
func (machineSuite) TestAFullDiskIsTheCause(c *C) {
	program := c.MkDir() + "/program"
	c.Assert(os.WriteFile(program, bytes.Repeat([]byte{1}, 10), 0o600), IsNil)
	for _, test := range changes {
		for root, kind := range map[string]Kind{"/proc": DiskFull, c.MkDir(): Unknown, "/no/such/directory": Unknown} {
			if test.summary == "limits" && kind == Unknown {
				kind = NotNow
			}
			e, _ := speaking(c, map[string]Answer{test.call: Refuses(500, "write /x: oops"), "GET /info": Says(200, Object{"DockerRootDir": root})})
			err := test.run(context.Background(), e, program)
			c.Check(kindOf(err), Equals, kind, Commentf("%s %s: %v", test.summary, root, err))
			if kind == DiskFull {
				c.Check(err, ErrorMatches, "cannot .*: /proc has only 0B left: .*oops", Commentf(test.summary))
			}
		}
	}
}

func (machineSuite) TestAnImportMayFailInItsStream(c *C) {
	program := c.MkDir() + "/program"
	c.Assert(os.WriteFile(program, nil, 0o600), IsNil)
	e, _ := speaking(c, map[string]Answer{
		"POST /images/create": streams(`{"status":"x"}`, `{"error":"oops","errorDetail":{"message":"oops"}}`),
		"GET /info":           Says(200, Object{"DockerRootDir": "/proc"})})
	c.Check(kindOf(e.importProgram(context.Background(), program, "t")), Equals, DiskFull)
}

// TestAFullDiskExplainsNothingElse: what has another cause keeps its kind.
func (machineSuite) TestAFullDiskExplainsNothingElse(c *C) {
	for kind, given := range map[Kind]Answer{
		Invalid: Refuses(400, "no"), InUse: Refuses(409, "no"), Unknown: Refuses(404, "gone"), Unreachable: Breaks(errors.New("dial")),
	} {
		e, _ := speaking(c, map[string]Answer{"POST /containers/id1/start": given, "GET /info": Says(200, Object{"DockerRootDir": "/proc"})})
		c.Check(kindOf(e.Start(context.Background(), "id1")), Equals, kind)
	}
}
