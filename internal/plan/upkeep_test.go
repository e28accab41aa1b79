package plan_test

import (
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type upkeepSuite struct{}

var _ = Suite(&upkeepSuite{})

// inOrder is a unit in order, whose slot a runs the image.
func inOrder(image string) Observed {
	s := specOf(image)
	c := &Container{
		ID: "A", Name: "unit-a", Slot: "a", Serve: s.Serve, Hash: s.Serve.Hash(), ImageID: "sha256:" + image, Run: "run-a", Network: "n1",
		Running: true, Kept: true, Healthy: true, Work: Work{Known: true}, Started: start, Created: start,
	}
	return Observed{
		Now: start.Add(time.Hour), Network: "n1", Notebooks: []*Container{c},
		Gateway: GatewayState{Answers: true, Variant: "g1", Listen: []string{"10.0.0.1:8888"}, Trusted: []string{"10.0.0.9"}, Upstream: "unix:run-a", Container: "A", Draining: map[string]int{}},
		Records: map[notebook.Slot]Record{"a": {ID: "A", Verified: true, Request: notebook.Request{Serve: s.Serve, Image: c.ImageID, Slot: "a", Run: "run-a", StartTimeout: 90}}},
		Notes:   Notes{Answered: map[string]time.Time{"A": start}},
		Wanted:  Reference{Pulled: "sha256:new:1", Kept: 2},
	}
}

// ended makes the container one that does not run.
func ended(c *Container) { c.Running, c.Healthy, c.Work = false, false, Work{} }

// silent makes it one that does not answer.
func silent(c *Container) { c.Healthy, c.Work = false, Work{} }

// beside adds a container in slot b that was verified.
func beside(o *Observed, adjust func(*Container)) {
	c := *o.Notebooks[0]
	c.ID, c.Name, c.Slot, c.Run, c.Created = "B", "unit-b", "b", "run-b", start.Add(time.Minute)
	if adjust != nil {
		adjust(&c)
	}
	o.Notebooks = append(o.Notebooks, &c)
}

const (
	awaited   = "\nwait until healthy a: before anyone is sent there"
	turned    = "\nturn gateway a: it serves, and the gateway does not turn to it"
	remade    = "make notebook anew a: it served, and its container is gone\nstart notebook a: it served, and its container is gone" + awaited + "\nturn gateway a: it is healthy"
	restarted = "start notebook a: it serves and is not running" + awaited
)

// replaced is the plan for a container that is set aside.
func replaced(why string) string {
	return "turn gateway to nobody a: " + why + "\nset notebook aside a: " + why + "\nmake notebook anew a: " + why + "\nstart notebook a: " + why +
		awaited + "\nturn gateway a: it is healthy"
}

var upkeepTests = []struct {
	summary string
	adjust  func(o *Observed, c *Container)
	want    string
}{{
	summary: "all is in order",
	want:    "nothing to do",
}, {
	summary: "nothing was ever there",
	adjust:  func(o *Observed, _ *Container) { *o = Observed{} },
	want:    "nothing to do",
}, {
	summary: "renamed: acted on by id (2)",
	adjust:  func(_ *Observed, c *Container) { c.Name = "mine" },
	want:    "nothing to do",
}, {
	summary: "stopped by hand",
	adjust:  func(_ *Observed, c *Container) { ended(c) },
	want:    restarted,
}, {
	summary: "stopped, after it had ended by itself often in a year: it answered in its last run",
	adjust:  func(_ *Observed, c *Container) { ended(c); c.Restarts = 7 },
	want:    restarted,
}, {
	summary: "stopped, and the gateway was turned away before",
	adjust:  func(o *Observed, c *Container) { ended(c); o.Gateway.Upstream = "" },
	want:    restarted + turned,
}, {
	summary: "runs, and the gateway was turned away by a hook that was ended",
	adjust:  func(o *Observed, _ *Container) { o.Gateway.Upstream = "" },
	want:    awaited[1:] + turned,
}, {
	summary: "removed (1)",
	adjust:  func(o *Observed, _ *Container) { o.Notebooks = nil },
	want:    remade,
}, {
	summary: "removed, and a wish's candidate is there: nobody is sent to that (1)",
	adjust: func(o *Observed, _ *Container) {
		beside(o, func(b *Container) { b.Kept = false })
		o.Notebooks = o.Notebooks[1:]
	},
	want: remade,
}, {
	summary: "removed; leftovers in its slot go, those that were verified stay",
	adjust: func(o *Observed, _ *Container) {
		beside(o, func(b *Container) { b.Slot, b.Kept = "a", false })
		beside(o, func(b *Container) { b.ID, b.Run, b.Slot = "C", "run-c", "a" })
		o.Notebooks = o.Notebooks[1:]
	},
	want: "remove notebook a: a hook that was ended left it\n" + remade,
}, {
	summary: "removed, and did not come up again: not tried again yet",
	adjust: func(o *Observed, _ *Container) {
		o.Notebooks = nil
		o.Notes.Refused = o.Notes.Refused.Again(o.Records["a"].Attempt(), "no", o.Now)
	},
	want: "nothing to do",
}, {
	summary: "removed, and tried again once time has grown",
	adjust: func(o *Observed, _ *Container) {
		o.Notebooks = nil
		o.Notes.Refused = o.Notes.Refused.Again(o.Records["a"].Attempt(), "no", start)
	},
	want: remade,
}, {
	summary: "removed, of a charm that kept no record",
	adjust:  func(o *Observed, _ *Container) { o.Notebooks, o.Records = nil, nil },
	want:    "turn gateway to nobody: the notebook is gone",
}, {
	summary: "removed while its storage is detached (14)",
	adjust:  func(o *Observed, _ *Container) { o.Notebooks, o.Notes.Detached = nil, "/data" },
	want:    "nothing to do",
}, {
	summary: "the storage is detached: it stays stopped (14)",
	adjust:  func(o *Observed, c *Container) { ended(c); o.Notes.Detached = "/data" },
	want:    "nothing to do",
}, {
	summary: "another storage is detached",
	adjust:  func(o *Observed, c *Container) { ended(c); o.Notes.Detached = "/other" },
	want:    restarted,
}, {
	summary: "the storage is not mounted yet (15)",
	adjust:  func(_ *Observed, c *Container) { ended(c); c.DataGone = true },
	want:    "nothing to do",
}, {
	summary: "the directory of its socket was removed: nobody reaches it, whoever works there",
	adjust:  func(_ *Observed, c *Container) { c.Cut = true; c.Healthy, c.Work = false, Work{} },
	want:    "stop notebook a: the directory of its socket was removed\nstart notebook a: the directory of its socket was removed" + awaited,
}, {
	summary: "it sees another folder (15)",
	adjust:  func(_ *Observed, c *Container) { c.DataOther = true },
	want:    "stop notebook a: it sees another folder than is there now\nstart notebook a: it sees another folder than is there now" + awaited,
}, {
	summary: "it sees another folder, and holds an idle kernel: nobody asked",
	adjust: func(_ *Observed, c *Container) {
		c.DataOther, c.Work.Items = true, []Item{{Kind: Kernel, Name: "x", Last: start.Add(-99 * time.Hour)}}
	},
	want: "nothing to do",
}, {
	summary: "paused, as this hook is the first to find (35)",
	adjust:  func(_ *Observed, c *Container) { silent(c); c.Paused = true },
	want:    "nothing to do",
}, {
	summary: "paused, as the hook before found too (35)",
	adjust:  func(o *Observed, c *Container) { silent(c); c.Paused, o.Notes.Paused = true, []string{"A"} },
	want:    "resume notebook a: it was paused when the hook before this one looked" + awaited,
}}

func (upkeepSuite) TestUpkeep(c *C) {
	for _, test := range append(upkeepTests, brokenTests...) {
		o := inOrder("old:1")
		if test.adjust != nil {
			test.adjust(&o, o.Notebooks[0])
		}
		c.Check(Upkeep(o, "g1").String(), Equals, test.want, Commentf("%s", test.summary))
	}
}
