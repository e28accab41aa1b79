package docker

import (
	"context"
	"encoding/json"

	"github.com/docker/docker/api/types/container"
	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

type createSuite struct{}

var _ = Suite(&createSuite{})

// sent is a container that the engine was asked for.
type sent struct {
	container.Config
	HostConfig container.HostConfig
}

func request() notebook.Request {
	r := notebook.Request{
		Image: "sha256:1", Slot: notebook.SlotB, Run: "b-0123456789ab", Entrypoint: []string{""}, Cmd: []string{"jupyter", "lab"},
		Mounts: []notebook.Mount{{Source: "/h", Target: "/t", ReadOnly: true}}, Hosts: []string{"x:10.0.0.9"},
		Drivers: 40000, Ports: []int{40000}, Limits: notebook.Limits{Pids: 99},
	}
	r.Serve = notebook.Serve{Image: "quay.io/nb:1", NetworkMode: notebook.NetworkBridge, Group: 60007, ShmSize: 1 << 26}
	r.Serve.Spark.Bind = "10.0.0.1"
	return r
}

// creating asks for a container, with what the reference names.
func creating(c *C, r notebook.Request, named string) sent {
	e, t := speaking(c, map[string]Answer{
		"POST /containers/create":       Says(201, Object{"Id": "id1"}),
		"GET /images/quay.io/nb:1/json": Says(200, Object{"Id": named}),
	})
	id, err := e.Create(context.Background(), r)
	c.Assert(err, IsNil)
	c.Check(id, Equals, "id1")
	c.Check(t.Names, DeepEquals, []string{"nb-1-7b29c3f0-b"})
	var out sent
	c.Assert(json.Unmarshal([]byte(t.Bodies["POST /containers/create"]), &out), IsNil)
	return out
}

func (createSuite) TestCreate(c *C) {
	r := request()
	got := creating(c, r, "sha256:1")
	c.Check(got.Config.Image, Equals, "quay.io/nb:1")
	c.Check([]string(got.Entrypoint), DeepEquals, []string{""})
	c.Assert(got.Healthcheck, NotNil)
	c.Check(got.Healthcheck.Test, DeepEquals, []string{"NONE"})
	serve, err := json.Marshal(r.Serve)
	c.Assert(err, IsNil)
	c.Check(got.Labels, DeepEquals, map[string]string{
		labelKey: "nb-1-7b29c3f0", labelUnit: "nb/1", labelModel: model, labelRole: "notebook", labelVersion: "v1",
		labelSlot: "b", labelImage: "sha256:1", labelRun: r.Run, labelHash: r.Serve.Hash(), labelServe: string(serve),
		labelDriver: "40000-" + lastOf(40000),
	})
	h := got.HostConfig
	c.Check(string(h.NetworkMode), Equals, "nb-1-7b29c3f0")
	c.Check(h.RestartPolicy.Name, Equals, container.RestartPolicyDisabled)
	c.Check(h.GroupAdd, DeepEquals, []string{"60007"})
	c.Assert(h.PidsLimit, NotNil)
	c.Check(*h.PidsLimit, Equals, int64(99))
	c.Check(h.ExtraHosts, DeepEquals, r.Hosts)
	c.Check(h.PortBindings, HasLen, 1) // of Jupyter, none
	c.Check(h.PortBindings["40000/tcp"][0].HostIP, Equals, "10.0.0.1")
}

func lastOf(first int) string {
	b, _ := json.Marshal(first + spark.BlockLength - 1)
	return string(b)
}

// TestWhatANotebookMayDo: with all capabilities of the engine's default it may make
// device files and raw packets, and without no-new-privileges any program with the
// set-user-id bit makes its user root.
func (createSuite) TestWhatANotebookMayDo(c *C) {
	r := request()
	for _, sudo := range []bool{false, true} {
		r.Sudo = sudo
		h := creating(c, r, "sha256:1").HostConfig
		c.Check([]string(h.CapDrop), DeepEquals, []string{"ALL"})
		c.Check([]string(h.CapAdd), DeepEquals, []string{
			"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"})
		c.Check(h.SecurityOpt, DeepEquals, map[bool][]string{false: {"no-new-privileges"}}[sudo])
	}
}

func (createSuite) TestOnTheHostsNetworkNothingIsPublished(c *C) {
	r := request()
	r.Serve.NetworkMode, r.Limits, r.Drivers = notebook.NetworkHost, notebook.Limits{}, 0
	got := creating(c, r, "sha256:moved")
	c.Check(got.Config.Image, Equals, "sha256:1") // the reference names another by now
	c.Check(string(got.HostConfig.NetworkMode), Equals, "host")
	c.Check(got.HostConfig.PortBindings, HasLen, 0)
	c.Check(got.HostConfig.PidsLimit, IsNil)
	_, blocks := got.Labels[labelDriver]
	c.Check(blocks, Equals, false)
}

// TestANameIsForPeople: somebody's container has it, or ours that was renamed.
func (createSuite) TestANameIsForPeople(c *C) {
	e, t := speaking(c, map[string]Answer{
		"POST /containers/create": Turns(Refuses(409, "the name is in use"), Says(201, Object{"Id": "id2"})),
	})
	id, err := e.Create(context.Background(), request())
	c.Assert(err, IsNil)
	c.Check(id, Equals, "id2")
	c.Assert(t.Names, HasLen, 2)
	c.Check(t.Names[0], Equals, "nb-1-7b29c3f0-b")
	c.Check(t.Names[1], Matches, "nb-1-7b29c3f0-b-[0-9a-f]{6}")
}

func (createSuite) TestTheGatewayIsOfTheUnitsGroup(c *C) {
	e, t := speaking(c, map[string]Answer{
		"POST /containers/create": Says(201, Object{"Id": "id1"}), "POST /containers/id1/start": Says(204, nil)})
	id, err := e.StartGateway(context.Background(), Gateway{Variant: "g1", Dir: "/d", Group: 60007})
	c.Assert(err, IsNil)
	c.Check(id, Equals, "id1")
	var got sent
	c.Assert(json.Unmarshal([]byte(t.Bodies["POST /containers/create"]), &got), IsNil)
	c.Check(got.HostConfig.GroupAdd, DeepEquals, []string{"60007"})
	c.Check(got.User, Equals, "65532:65532")
}
