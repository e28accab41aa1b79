package workload_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

var write = flag.Bool("write", false, "write testdata/failures.txt anew, for a person to read")

// failures are how a call of the engine goes wrong.
var failures = []struct {
	name string
	how  Answer
	full bool // the engine's disk
	lost bool // the engine did it, and only its answer is lost
}{
	{name: "404"}, // see Daemon.Gone
	{name: "409", how: Refuses(409, "in use")},
	{name: "500", how: Refuses(500, "oops")},
	{name: "503", how: Refuses(503, "later")},
	{name: "refused", how: Breaks(syscall.ECONNREFUSED)},
	{name: "timeout", how: Breaks(context.DeadlineExceeded)},
	{name: "disk full", how: Refuses(500, "write /x: no space"), full: true},
	{name: "answer lost", how: Breaks(context.DeadlineExceeded), lost: true},
}

// situation is what there is, and the plan that is made then.
type situation struct {
	prepare func(w *world)
	plan    func(w *world, o plan.Observed) plan.Plan
}

func upkeep(_ *world, o plan.Observed) plan.Plan { return plan.Upkeep(o, build) }

func change(w *world, o plan.Observed) plan.Plan { return plan.Change(w.spec, o, build, plan.Ask{}) }

// asks changes an option, as an operator does.
func (w *world) asks() { w.spec.Serve.Environment = map[string]string{"NEW": "1"} }

var situations = map[string]situation{
	"first deploy":          {func(w *world) {}, change},
	"first deploy, to pull": {func(w *world) { w.daemon.RemoveImages() }, change},
	"switch":                {func(w *world) { w.up(); w.asks() }, change},
	"switch that fails":     {func(w *world) { w.up(); w.asks(); w.next = ends }, change},
	"limits":                {func(w *world) { w.up(); w.spec.Limits.Memory = 1 << 30 }, change},
	"it stopped":            {func(w *world) { w.daemon.End(w.up().ID, 0, false) }, upkeep},
	"it is gone":            {func(w *world) { w.daemon.Vanish(w.up().ID) }, upkeep},
	"it opened":             {func(w *world) { w.server(w.up().ID).becomes(open) }, upkeep},
	"it is paused": {func(w *world) {
		w.daemon.Find(w.up().ID).State.Paused = true
		w.observe() // the hook before
	}, upkeep},
	"network gone": {func(w *world) { w.up(); w.daemon.RemoveNetworks() }, upkeep},
	"gateway gone": {func(w *world) {
		w.up()
		w.daemon.Vanish(w.gateway().ID)
	}, upkeep},
	"old gateway": {func(w *world) {
		w.apply(plan.Part{{Kind: plan.StartGateway, Variant: "g0"}, {Kind: plan.SetGateway, Gateway: w.spec.Gateway}})
		w.up()
	}, upkeep},
	"a stray": {func(w *world) {
		w.up()
		w.stray()
	}, upkeep},
}

// gateway is the container of the gateway.
func (w *world) gateway() *Container { return w.daemon.Containers(roleLabel, "gateway")[0] }

// stray is a container that a killed hook left.
func (w *world) stray() *Container {
	return w.daemon.Add(&Container{Name: "stray", Config: &ContainerConfig{Image: "nb:1", Labels: map[string]string{
		"io.jupyter-docker.unit": "nb/1", "io.jupyter-docker.model": w.spec.Unit.ModelUUID, roleLabel: "probe"}}})
}

// engineCalls are the calls of the engine that steps make, each in a situation
// in which that call belongs to that step.
var engineCalls = []struct {
	step plan.Kind
	in   string
	call string
	nth  int
}{
	{plan.MakeNetwork, "first deploy", "POST /networks/create", 1},
	{plan.MakeNetwork, "network gone", "POST /networks/create", 1},
	{plan.JoinNetwork, "network gone", "GET /containers/{id}/json", 1},
	{plan.JoinNetwork, "network gone", "POST /networks/{name}/disconnect", 1},
	{plan.JoinNetwork, "network gone", "POST /networks/{name}/connect", 1},
	{plan.PullImage, "first deploy, to pull", "POST /images/create", 2}, // the gateway's is imported first
	{plan.PullImage, "first deploy, to pull", "POST /images/{name}/tag", 1},
	{plan.PullImage, "first deploy, to pull", "GET /images/json", 1},
	{plan.StartGateway, "first deploy", "POST /images/create", 1},
	{plan.StartGateway, "first deploy", "POST /containers/{id}/start", 2},
	{plan.StartGateway, "gateway gone", "POST /containers/create", 1},
	{plan.StartGateway, "gateway gone", "POST /containers/{id}/start", 1},
	{plan.RemoveGateway, "old gateway", "POST /containers/{id}/stop", 1},
	{plan.RemoveGateway, "old gateway", "DELETE /containers/{id}", 1},
	{plan.RemoveGateway, "old gateway", "GET /images/json", 1},
	{plan.RemoveStray, "a stray", "DELETE /containers/{id}", 1},
	{plan.Create, "first deploy", "GET /version", 0},
	{plan.Create, "first deploy", "POST /containers/create", 1},
	{plan.Create, "switch", "POST /containers/create", 1},
	{plan.Recreate, "it is gone", "POST /containers/create", 1},
	{plan.Recreate, "it opened", "POST /containers/create", 1},
	{plan.Start, "switch", "POST /containers/{id}/start", 1},
	{plan.Start, "switch", "GET /containers/{id}/json", 1},
	{plan.Start, "it stopped", "POST /containers/{id}/start", 1},
	{plan.Start, "it stopped", "GET /containers/{id}/json", 1},
	{plan.Start, "it is gone", "POST /containers/{id}/start", 1},
	{plan.Resume, "it is paused", "POST /containers/{id}/unpause", 1},
	{plan.Resume, "it is paused", "GET /containers/{id}/json", 1},
	{plan.Await, "switch", "GET /containers/{id}/json", 2},
	{plan.Await, "switch", "POST /containers/{id}/update", 1},
	{plan.Await, "it is gone", "POST /containers/{id}/update", 1},
	{plan.Await, "switch that fails", "GET /containers/{id}/json", 2},
	{plan.Await, "switch that fails", "GET /containers/{id}/logs", 1},
	{plan.Abandon, "switch that fails", "DELETE /containers/{id}", 1},
	{plan.Stop, "switch", "POST /containers/{id}/stop", 1},
	{plan.Remove, "switch", "DELETE /containers/{id}", 1},
	{plan.TidyImages, "switch", "GET /images/json", 1},
	{plan.SetAside, "it opened", "POST /containers/{id}/update", 1},
	{plan.SetAside, "it opened", "POST /containers/{id}/stop", 1},
	{plan.SetAside, "it opened", "GET /containers/{id}/json", 1},
	{plan.SetAside, "it opened", "POST /containers/{id}/rename", 1},
	{plan.SetLimits, "limits", "GET /containers/{id}/stats", 1},
	{plan.SetLimits, "limits", "POST /containers/{id}/update", 1},
}

type matrixSuite struct{}

var _ = Suite(&matrixSuite{})

// TestEachStepByEachFailureOfTheEngine holds what a Result says, and what is left,
// against testdata/failures.txt, which a person has read. Beside that, of each:
// what the Result says is there is there, the next part of the plan is made, and
// the hooks after it bring one notebook up and leave nothing behind.
func (matrixSuite) TestEachStepByEachFailureOfTheEngine(c *C) {
	var got []string
	for _, call := range engineCalls {
		got = append(got, fmt.Sprintf("\n%s, %s: %s", call.step, call.in, call.call))
		for _, f := range failures {
			got = append(got, "  "+f.name+": "+fails(c, situations[call.in], call.step, f.full, !f.lost, func(w *world) {
				switch {
				case f.lost:
					w.daemon.Lose(call.call, call.nth, f.how)
				case f.how == nil:
					w.daemon.Fail(call.call, call.nth, w.daemon.Gone)
				default:
					w.daemon.Fail(call.call, call.nth, f.how)
				}
			}, Commentf("%s, %s: %s, %s", call.step, call.in, call.call, f.name)))
		}
	}
	golden(c, "failures.txt", got)
}

func golden(c *C, name string, got []string) {
	name = filepath.Join("testdata", name)
	text := strings.TrimPrefix(strings.Join(got, "\n"), "\n") + "\n"
	if *write {
		c.Assert(os.MkdirAll("testdata", 0o755), IsNil)
		c.Assert(os.WriteFile(name, []byte(text), 0o644), IsNil)
	}
	want, err := os.ReadFile(name)
	c.Assert(err, IsNil)
	wanted := strings.Split(string(want), "\n")
	for i, line := range strings.Split(text, "\n") {
		if i >= len(wanted) || wanted[i] != line {
			c.Fatalf("%s, line %d: %s", name, i+1, line)
		}
	}
	c.Check(text, Equals, string(want))
}

// fails makes the plan of a situation in which something fails, and says what
// came of it. full is the engine's disk; known says that the charm can know what the
// engine did.
func fails(c *C, s situation, step plan.Kind, full, known bool, fault func(*world), comment CommentInterface) string {
	w := newWorld(c)
	defer w.close()
	s.prepare(w)
	o := w.observe()
	o.Wanted = w.reference(o)
	p := s.plan(w, o)
	c.Assert(p.Has(step) || step == plan.Abandon, Equals, true, Commentf("%s is not in:\n%s", step, p))
	next := w.stray()
	p.Parts = append(p.Parts, plan.Part{{Kind: plan.RemoveStray, ID: next.ID, Cause: "the next part"}})
	root := w.daemon.Root
	if full {
		w.daemon.Root = "/proc" // has no byte free
	}
	fault(w)
	r := w.work.Apply(ctx, p, o, w.job)
	w.daemon.Mend()
	w.daemon.Root = root
	c.Check(w.daemon.Find(next.ID), IsNil, comment) // the next part was made
	if known {
		w.checkTrue(r, comment)
	}
	says := strings.Join(strings.Fields(w.texts(r.Errs)), " ")
	if says == "" {
		says = "nothing"
	}
	out := fmt.Sprintf("says %s; leaves %s", says, w.left(r.Observed))
	w.heals(comment)
	return out
}

// heals makes hooks until there is nothing to do, and looks at what they came to.
func (w *world) heals(comment CommentInterface) {
	c := w.c
	w.next = well
	w.clock.pass(7 * time.Hour) // what was refused is tried again
	var last workload.Result
	for range 4 {
		p, r := w.hook(plan.Ask{})
		if last = r; p.Empty() {
			break
		}
	}
	c.Check(w.texts(last.Errs), Equals, "", comment)
	o := w.observe()
	p := plan.Upkeep(o, build)
	c.Check(p.String(), Equals, "nothing to do", comment)
	s := plan.FindServing(o)
	if !c.Check(s.There() && s.Up(o.Gateway), Equals, true, comment) {
		return
	}
	c.Check(s.Serve.Environment, DeepEquals, w.spec.Serve.Environment, comment)
	runs, err := os.ReadDir(filepath.Join(w.work.Files.GatewayDir(), "run"))
	c.Assert(err, IsNil)
	asides := 0
	for _, other := range o.Notebooks {
		if other.ID != s.ID {
			asides++
			c.Check(o.Notes.Aside[other.ID], Not(Equals), "", comment)
			c.Check(other.Running, Equals, false, comment)
		}
	}
	c.Check(len(runs) <= 2+asides, Equals, true, comment) // that of one which somebody removed goes with the next
	c.Check(o.Gateways, HasLen, 1, comment)
	c.Check(o.Records, HasLen, 1, comment)
	token, err := w.work.Files.Token(string(s.Slot))
	c.Check(err, IsNil, comment)
	c.Check(token, Equals, "the-token", comment)
	_, err = os.Stat(w.work.Files.Slot(string(s.Slot.Other())))
	c.Check(os.IsNotExist(err), Equals, true, comment) // its secret went with it
}
