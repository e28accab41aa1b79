package plan_test

import (
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

var gatewayTests = []struct {
	summary string
	adjust  func(o *Observed)
	want    string
}{{
	summary: "none answers",
	adjust:  func(o *Observed) { o.Gateway.Answers = false },
	want:    "start gateway: no gateway answers",
}, {
	summary: "one of a charm of before",
	adjust:  func(o *Observed) { o.Gateway.Variant = "g0" },
	want:    "start gateway: the gateway's program changed",
}, {
	summary: "it has to listen at a port below 1024",
	adjust:  func(o *Observed) { o.Gateway.Listen = []string{"10.0.0.1:80"} },
	want:    "start gateway: the gateway's program changed",
}, {
	summary: "it may more than it must, since the wish for a port failed: not started again in each hook",
	adjust:  func(o *Observed) { o.Gateway.Variant = "g1-low" },
	want:    "nothing to do",
}, {
	summary: "it handed over, and nobody uses it",
	adjust: func(o *Observed) {
		o.Gateway.ID = "new"
		o.Gateways = []GatewayContainer{{ID: "old", Variant: "g0", Running: true}, {ID: "new", Variant: "g1", Running: true}}
	},
	want: "remove old gateway: it handed over and has no connection left",
}, {
	summary: "it handed over, and has a WebSocket",
	adjust: func(o *Observed) {
		o.Gateways = []GatewayContainer{{ID: "old", Variant: "g0", Running: true}}
		o.Gateway.Draining["old"] = 1
	},
	want: "nothing to do",
}, {
	summary: "it handed over, and could not be asked",
	adjust: func(o *Observed) {
		o.Gateway.Draining = nil
		o.Gateways = []GatewayContainer{{ID: "old", Variant: "g0", Running: true}, {ID: "ended", Variant: "g0"}}
	},
	want: "remove old gateway: it handed over and has no connection left",
}, {
	summary: "the new one does not run yet: the old ones stay",
	adjust: func(o *Observed) {
		o.Gateway.Variant = "g0"
		o.Gateways = []GatewayContainer{{ID: "older", Variant: "g", Running: true}}
	},
	want: "start gateway: the gateway's program changed",
}, {
	summary: "stopped by hand; one that drains stays, one that cannot be reached for good goes",
	adjust: func(o *Observed) {
		o.Gateway.Answers, o.Gateway.Lost, o.Gateway.Draining = false, true, map[string]int{"drains": 1}
		o.Gateways = []GatewayContainer{{ID: "stopped"}, {ID: "drains", Running: true}, {ID: "unreachable", Running: true}}
	},
	want: "remove old gateway: it does not run\nstart gateway: no gateway answers\nremove old gateway: it cannot be reached",
}, {
	summary: "too busy to answer: not ended",
	adjust: func(o *Observed) {
		o.Gateway.Answers = false
		o.Gateways = []GatewayContainer{{ID: "slow", Running: true}}
	},
	want: "start gateway: no gateway answers",
}, {
	summary: "the network was removed: the notebook gets another without a restart",
	adjust:  func(o *Observed) { o.Network, o.Notebooks[0].Network = "", "" },
	want:    "make network: the unit has no network\njoin network a: it is not on the unit's network" + awaited,
}, {
	summary: "the network was removed while the notebook did not run: the engine would not start it",
	adjust:  func(o *Observed) { o.Network = ""; ended(o.Notebooks[0]) },
	want:    "make network: the unit has no network\njoin network a: it is not on the unit's network\n" + restarted,
}, {
	summary: "host mode needs no network",
	adjust: func(o *Observed) {
		o.Network, o.Notebooks[0].Network, o.Notebooks[0].Serve.NetworkMode = "", "", notebook.NetworkHost
	},
	want: "nothing to do",
}, {
	summary: "but a former notebook beside it does",
	adjust: func(o *Observed) {
		beside(o, nil)
		o.Network, o.Notebooks[1].Network = "", ""
		o.Notebooks[0].Network, o.Notebooks[0].Serve.NetworkMode = "", notebook.NetworkHost
	},
	want: "make network: the unit has no network\njoin network b: it is not on the unit's network",
}, {
	summary: "a former notebook opened",
	adjust:  func(o *Observed) { beside(o, func(b *Container) { b.Open = true }) },
	want:    "stop notebook b: it serves without the token",
}, {
	summary: "a former notebook opened and was stopped",
	adjust:  func(o *Observed) { beside(o, func(b *Container) { b.Open = true; ended(b) }) },
	want:    "nothing to do",
}, {
	summary: "a former notebook is paused for long",
	adjust:  func(o *Observed) { beside(o, func(b *Container) { b.Paused = true }); o.Notes.Paused = []string{"B"} },
	want:    "resume notebook b: it was paused when the hook before this one looked",
}, {
	summary: "what looked into an image",
	adjust:  func(o *Observed) { o.Strays = []string{"S"} },
	want:    "remove leftover: a hook that was ended left it",
}, {
	summary: "the record of a container that is gone",
	adjust:  func(o *Observed) { o.Records["b"] = Record{ID: "B"} },
	want:    "remove record b: its container is gone, and another one serves",
}, {
	summary: "what serves does not answer: that may be made anew yet",
	adjust:  func(o *Observed) { o.Records["b"] = Record{ID: "B"}; silent(o.Notebooks[0]) },
	want:    "nothing to do",
}}

func (upkeepSuite) TestGateway(c *C) {
	for _, test := range gatewayTests {
		o := inOrder("old:1")
		test.adjust(&o)
		c.Check(Upkeep(o, "g1").String(), Equals, test.want, Commentf("%s", test.summary))
	}
}

func (upkeepSuite) TestPrivileged(c *C) {
	for address, want := range map[string]bool{"10.0.0.1:80": true, ":443": true, "[::1]:1023": true, "10.0.0.1:1024": false, "10.0.0.1:0": false, "80": false} {
		c.Check(Privileged([]string{"10.0.0.1:8888", address}), Equals, want, Commentf("%s", address))
	}
}
