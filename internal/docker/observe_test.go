package docker

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type observeSuite struct{}

var _ = Suite(&observeSuite{})

func summary(id, unit, uuid, role, slot string) Object {
	labels := Object{labelUnit: unit, labelModel: uuid, labelRole: role, labelSlot: slot, labelVariant: "g1", labelKey: "key-" + unit,
		labelImage: "sha256:1"}
	return Object{"Id": id + "0123456789ab", "Labels": labels, "State": "running"}
}

// labelled is a container with more labels.
func labelled(c Object, pairs ...string) Object {
	for i := 0; i < len(pairs); i += 2 {
		c["Labels"].(Object)[pairs[i]] = pairs[i+1]
	}
	return c
}

// theirs are containers of others whose names look like ours.
var theirs = []Object{
	labelled(summary("x", "nb/10", model, "notebook", "a"), labelDriver, "40000-40009"),
	summary("y", "nb/1", "7b29c3f0-9999-4222-8333-444455556666", "notebook", "b"),
	summary("z", "other-nb/1", model, "gateway", ""),
}

func networkOf(id, name string, labels Object, gateways ...string) Object {
	var config []Object
	for _, g := range gateways {
		config = append(config, Object{"Gateway": g})
	}
	return Object{"Id": id, "Name": name, "Driver": "bridge", "Labels": labels, "IPAM": Object{"Config": config}}
}

func observing(mine ...Object) map[string]Answer {
	answers := map[string]Answer{
		"GET /containers/json": Says(200, append(mine, theirs...)),
		"GET /networks": Says(200, []Object{
			networkOf("n0", "bridge", nil, "172.17.0.1"), networkOf("nh", "host", nil), networkOf("n9", "theirs", nil, "172.19.0.1"),
			networkOf("n2", "nb-1-7b29c3f0", Object{labelUnit: "nb/1", labelModel: "7b29c3f0-9999-4222-8333-444455556666"}, ""),
			networkOf("n1", "nb-1-7b29c3f0", Object{labelUnit: "nb/1", labelModel: model}, "172.18.0.1"),
		}),
	}
	for _, c := range mine {
		id := c["Id"].(string)
		answers["GET /containers/"+id+"/json"] = Says(200, Object{
			"Id": id, "Name": "/" + id[:1], "Created": "2026-01-02T03:04:05.6Z", "RestartCount": 3,
			"State":           Object{"Running": true, "Paused": true, "OOMKilled": true, "Pid": 77, "StartedAt": "2026-01-02T03:04:06Z"},
			"Config":          Object{},
			"HostConfig":      Object{"Memory": int64(unlimited), "CpuPeriod": 100000, "CpuQuota": 29000, "PidsLimit": 99, "RestartPolicy": Object{"Name": "unless-stopped"}},
			"NetworkSettings": Object{"Networks": Object{"nb-1-7b29c3f0": Object{"NetworkID": "n1"}}},
		})
	}
	return answers
}

// TestOnlyTheUnitsOwnIsSeen guards against units that are known by a part of
// their name: nb/1 is not nb/10, nor nb/1 of a model whose UUID begins alike.
func (observeSuite) TestOnlyTheUnitsOwnIsSeen(c *C) {
	e, t := speaking(c, observing(summary("a", "nb/1", model, "notebook", "a"), summary("g", "nb/1", model, "gateway", ""),
		summary("p", "nb/1", model, "probe", "")))
	o, err := e.Observe(context.Background())
	c.Assert(err, IsNil)
	c.Assert(o.Notebooks, HasLen, 1)
	c.Check(o.Gateways, DeepEquals, []plan.GatewayContainer{{ID: "g0123456789a", Variant: "g1", Running: true}})
	c.Check(o.Strays, DeepEquals, []string{"p0123456789ab"})
	c.Check(o.Network, Equals, "n1")
	c.Check(o.EngineAddresses, DeepEquals, []string{"172.17.0.1", "172.18.0.1", "172.19.0.1"})
	c.Check(o.Drivers, DeepEquals, []plan.Ports{plan.DriverPair(notebook.SlotA, 40000)})
	for _, call := range t.Asked {
		c.Check(strings.Contains(call, "containers/x") || strings.Contains(call, "containers/y"), Equals, false, Commentf(call))
	}
	c.Check(t.Asked, HasLen, 3) // a list each, and an inspect
}

// TestOneThatIsRemovedIsNotThere guards against a hook that fails since it starts
// what somebody else is removing.
func (observeSuite) TestOneThatIsRemovedIsNotThere(c *C) {
	for _, status := range []string{"removing", "dead"} {
		answers := observing(summary("a", "nb/1", model, "notebook", "a"))
		answers["GET /containers/a0123456789ab/json"] = Says(200, Object{
			"Id": "a0123456789ab", "State": Object{"Status": status}, "HostConfig": Object{}, "Config": Object{}})
		e, _ := speaking(c, answers)
		o, err := e.Observe(context.Background())
		c.Assert(err, IsNil)
		c.Check(o.Notebooks, HasLen, 0, Commentf(status))
	}
}

// bridge is a network as the engine lists it.
func bridge(driver, gateway, subnet string, options Object) Object {
	return Object{"Id": "n", "Name": "x", "Driver": driver, "Options": options,
		"IPAM": Object{"Config": []Object{{"Gateway": gateway, "Subnet": subnet}}}}
}

var docker0 = Object{"com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.name": "docker0"}

var addressTests = []struct {
	summary string
	network Object
	want    []string
}{
	{"the default one", bridge("bridge", "172.17.0.1", "172.17.0.0/16", docker0), []string{"172.17.0.1"}},
	{"the default one, just made: 20.10 tells no gateway", bridge("bridge", "", "172.17.0.0/16", docker0), []string{"172.17.0.1"}},
	{"the operator's own bridge", bridge("bridge", "10.0.0.5", "10.0.0.0/24",
		Object{"com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.name": "br-eth0"}), nil},
	{"with a name for people", bridge("bridge", "172.20.0.1", "", Object{"com.docker.network.bridge.name": "lab0"}), []string{"172.20.0.1"}},
	{"IPv6", bridge("bridge", "fd00::1/64", "fd00::/64", nil), []string{"fd00::1"}},
	{"the router of a macvlan may be this machine", bridge("macvlan", "10.0.0.5", "10.0.0.0/24", nil), nil},
	{"the host's", Object{"Id": "n", "Driver": "host", "IPAM": Object{"Config": nil}}, nil},
}

// TestTheEnginesAddresses: Juju took the address of a bridge of the engine's for
// the unit's.
func (observeSuite) TestTheEnginesAddresses(c *C) {
	for _, test := range addressTests {
		e, _ := speaking(c, map[string]Answer{"GET /containers/json": Says(200, []Object{}), "GET /networks": Says(200, []Object{test.network})})
		o, err := e.Observe(context.Background())
		c.Assert(err, IsNil)
		c.Check(o.EngineAddresses, DeepEquals, test.want, Commentf(test.summary))
	}
}

// TestContainers: one of this charm, one of a charm of before, and the name of a
// slot says nothing: there may be more of each.
func (observeSuite) TestContainers(c *C) {
	serve := notebook.Serve{Image: "new:1", Data: "/data"}
	text, err := json.Marshal(serve)
	c.Assert(err, IsNil)
	e, _ := speaking(c, observing(
		labelled(summary("a", "nb/1", model, "notebook", "a"), labelRun, "a-1", labelHash, "h", labelServe, string(text), labelDriver, "40010-40019"),
		labelled(summary("b", "nb/1", model, "notebook", "a"), labelPort, "19004"),
	))
	o, err := e.Observe(context.Background())
	c.Assert(err, IsNil)
	c.Assert(o.Notebooks, HasLen, 2)
	all := plan.Container{
		ID: "a0123456789ab", Name: "a", Slot: notebook.SlotA, Serve: serve, Hash: "h", ImageID: "sha256:1", Run: "a-1", Drivers: 40010,
		Network: "n1", Running: true, Paused: true, OOM: true, Kept: true, Restarts: 3, PID: 77, Limits: notebook.Limits{CPU: 0.29, Pids: 99},
		Created: time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.UTC), Started: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	}
	c.Check(o.Notebooks[0], DeepEquals, &all)
	before := o.Notebooks[1]
	c.Check([]any{before.ID, before.Slot, before.Run, before.Port, before.Drivers}, DeepEquals, []any{"b0123456789ab", notebook.SlotA, "", 19004, 0})
}

func (observeSuite) TestWhatWentMeanwhileIsLeftOut(c *C) {
	answers := observing(summary("a", "nb/1", model, "notebook", "a"), summary("b", "nb/1", model, "notebook", "b"))
	answers["GET /containers/a0123456789ab/json"] = Refuses(404, "gone")
	e, _ := speaking(c, answers)
	o, err := e.Observe(context.Background())
	c.Assert(err, IsNil)
	c.Assert(o.Notebooks, HasLen, 1)
	c.Check(o.Notebooks[0].ID, Equals, "b0123456789ab")
}

func (observeSuite) TestWhatCannotBeReadIsNotNothing(c *C) {
	for _, call := range []string{"GET /containers/json", "GET /containers/a0123456789ab/json", "GET /networks"} {
		answers := observing(summary("a", "nb/1", model, "notebook", "a"))
		answers[call] = Refuses(500, "oops")
		e, _ := speaking(c, answers)
		_, err := e.Observe(context.Background())
		c.Check(err, ErrorMatches, "cannot .*oops", Commentf(call))
	}
}

func (observeSuite) TestHoldersAreTheOthers(c *C) {
	e, _ := speaking(c, map[string]Answer{"GET /containers/json": Says(200, []Object{
		summary("g", "nb/1", model, "gateway", ""), summary("h", "nb/10", model, "gateway", "")})})
	holders, err := e.Holders(context.Background())
	c.Assert(err, IsNil)
	c.Check(holders, DeepEquals, map[string]string{"key-nb/10": "nb/10"})
}
