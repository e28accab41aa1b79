package plan_test

import (
	"testing"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

func TestPackage(t *testing.T) { TestingT(t) }

type roundsSuite struct{}

var _ = Suite(&roundsSuite{})

func specOf(image string) *notebook.Spec {
	return &notebook.Spec{
		Serve:   notebook.Serve{Image: image, NetworkMode: notebook.NetworkBridge, Data: "/data"},
		Gateway: notebook.Gateway{Listen: []string{"10.0.0.1:8888"}},
		When:    notebook.WhenNow, IdleMinutes: 60, StartTimeout: 60,
	}
}

// deployed is a world in which old:1 serves, and its container.
func deployed() *world {
	w := newWorld()
	w.hook(specOf("old:1"), Ask{})
	w.hook(specOf("old:1"), Ask{})
	return w
}

// serving is the one container of a world.
func (w *world) serving() *Container { return w.o.Notebooks[0] }

// vanish is somebody's docker rm -f.
func (w *world) vanish() { w.o.Notebooks = w.o.Notebooks[1:] }

// wants makes the image that the operator asks for one that is here.
func (w *world) wants(image string) *notebook.Spec {
	w.o.Wanted = Reference{Pulled: "sha256:" + image, Kept: 2}
	return specOf(image)
}

const (
	upOld = `serves sha256:old:1 running=true kept=true recorded=true memory=0 network=true
up=true gateways=1 g1 listen=[10.0.0.1:8888] records=1`
	upNew = `serves sha256:new:1 running=true kept=true recorded=true memory=0 network=true
up=true gateways=1 g1 listen=[10.0.0.1:8888] records=1`
	anew = "aside sha256:old:1 running=false kept=false recorded=true memory=0 network=true\n" + upOld
)

var roundTests = []struct {
	summary string
	given   func() (*world, *notebook.Spec)
	want    string
}{{
	summary: "first deploy of an image that is here",
	given:   func() (*world, *notebook.Spec) { return newWorld(), specOf("old:1") },
	want:    upOld,
}, {
	summary: "first deploy with a pull",
	given: func() (*world, *notebook.Spec) {
		w := newWorld()
		w.o.Wanted = Reference{}
		return w, specOf("new:1")
	},
	want: upNew,
}, {
	summary: "switch",
	given:   func() (*world, *notebook.Spec) { w := deployed(); return w, w.wants("new:1") },
	want:    upNew,
}, {
	summary: "switch with a pull, when idle",
	given: func() (*world, *notebook.Spec) {
		w, s := deployed(), specOf("new:1")
		w.o.Wanted, s.When = Reference{Kept: 1}, notebook.WhenIdle
		return w, s
	},
	want: upNew,
}, {
	summary: "switch to an image that does not come up",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.bad["sha256:new:1"] = true
		return w, w.wants("new:1")
	},
	want: upOld,
}, {
	summary: "switch to an image that opens",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.open["sha256:new:1"] = true
		return w, w.wants("new:1")
	},
	want: upOld,
}, {
	summary: "the container was removed",
	given:   func() (*world, *notebook.Spec) { w := deployed(); w.vanish(); return w, specOf("old:1") },
	want:    upOld,
}, {
	summary: "the container was removed, and no wish can be made", // (1)
	given:   func() (*world, *notebook.Spec) { w := deployed(); w.vanish(); return w, nil },
	want:    upOld,
}, {
	summary: "the container was removed, and the wish does not come up", // (1)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.vanish()
		w.bad["sha256:new:1"] = true
		return w, w.wants("new:1")
	},
	want: upOld,
}, {
	summary: "the container was removed, and another image is wished for",
	given:   func() (*world, *notebook.Spec) { w := deployed(); w.vanish(); return w, w.wants("new:1") },
	want:    upNew,
}, {
	summary: "it cannot be made anew, and another image is wished for",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.vanish()
		w.bad["sha256:old:1"] = true
		return w, w.wants("new:1")
	},
	want: upNew,
}, {
	summary: "the container was renamed", // (2): no step knows a name
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.serving().Name = "mine"
		return w, w.wants("new:1")
	},
	want: upNew,
}, {
	summary: "it opened", // (10)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.open[w.serving().ID] = true
		return w, specOf("old:1")
	},
	want: anew,
}, {
	summary: "it opened, and no wish can be made", // (10)
	given:   func() (*world, *notebook.Spec) { w := deployed(); w.open[w.serving().ID] = true; return w, nil },
	want:    anew,
}, {
	summary: "the gateway found it open",
	given:   func() (*world, *notebook.Spec) { w := deployed(); w.o.Gateway.Open = true; return w, nil },
	want:    anew,
}, {
	summary: "it opened and was stopped: nobody sees it until it is started",
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.open[w.serving().ID] = true
		w.ends(w.serving())
		return w, nil
	},
	want: anew,
}, {
	summary: "it ends again and again", // (11)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		c := w.serving()
		w.ends(c)
		w.bad[c.ID], c.Restarts, c.Started = true, 3, w.o.Now
		return w, nil
	},
	want: anew,
}, {
	summary: "it does not answer since it was started", // (11)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		c := w.serving()
		w.bad[c.ID], c.Started = true, w.o.Now.Add(time.Minute)
		return w, nil
	},
	want: anew,
}, {
	summary: "it was stopped, and no wish can be made", // (7, 8, 9)
	given:   func() (*world, *notebook.Spec) { w := deployed(); w.ends(w.serving()); return w, nil },
	want:    upOld,
}, {
	summary: "it was stopped, and its layer broke", // (11)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.bad[w.serving().ID] = true
		w.ends(w.serving())
		return w, nil
	},
	want: anew,
}, {
	summary: "paused", // (35)
	given: func() (*world, *notebook.Spec) {
		w := deployed()
		w.serving().Paused = true
		w.hook(nil, Ask{})
		return w, specOf("old:1")
	},
	want: upOld,
}}
