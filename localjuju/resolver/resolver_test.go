package resolver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func Test(t *testing.T) { TestingT(t) }

type resolverSuite struct {
	world *state.World
	model *state.Model
	now   time.Time
	boot  string
	ran   []string
	// fail names hooks that fail.
	fail map[string]bool
}

var _ = Suite(&resolverSuite{})

func (s *resolverSuite) SetUpTest(c *C) {
	s.world = &state.World{Models: map[string]*state.Model{}}
	s.now, s.boot, s.ran, s.fail = time.Unix(1e9, 0), "boot-1", nil, map[string]bool{}
	m, err := s.world.AddModel("m", nil, s.now)
	c.Assert(err, IsNil)
	s.model = m
}

func charm(name string) *charmfile.Charm {
	c := &charmfile.Charm{Bases: []charmfile.Base{{Name: "ubuntu", Channel: "24.04"}},
		Options: map[string]charmfile.Option{}, Actions: map[string]charmfile.Action{}}
	c.Meta.Name = name
	c.Meta.Peers = map[string]charmfile.Endpoint{"ring": {Interface: "ring"}}
	c.Meta.Provides = map[string]charmfile.Endpoint{"web": {Interface: "http"}}
	c.Meta.Requires = map[string]charmfile.Endpoint{"up": {Interface: "http"}}
	store := charmfile.Storage{Type: "filesystem"}
	store.Multiple.Range = "0-1"
	c.Meta.Storage = map[string]charmfile.Storage{"data": store}
	return c
}

func (s *resolverSuite) deploy(c *C, name string, units int, storage bool) *state.Application {
	d := state.Deployment{Name: name, Charm: charm("probe"), Units: units, Config: map[string]any{}}
	if storage {
		d.Directives = map[string]int{"data": 1}
	}
	a, err := s.world.Deploy(s.model, d, s.now)
	c.Assert(err, IsNil)
	return a
}

func (s *resolverSuite) scene(a *state.Application, unit string) Scene {
	return Scene{Model: s.model, App: a, Unit: a.Units[unit], Now: s.now, BootID: s.boot}
}

// step does one thing, as the agent would, and tells whether there was one.
func (s *resolverSuite) step(a *state.Application, unit string) bool {
	scene := s.scene(a, unit)
	op := scene.Next()
	switch {
	case op.Unpack:
		if scene.Unit.CharmEpoch > 0 {
			scene.Unit.Hook = &state.Hook{Name: "upgrade-charm", Kind: "upgrade-charm", Step: state.Queued}
			scene.Unit.ConfigEpoch = a.ConfigEpoch - 1
		}
		scene.Unit.CharmEpoch = a.CharmEpoch
	case op.Skip:
		scene.Commit(op.Hook)
	case op.Hook != nil:
		s.ran = append(s.ran, show(unit, op.Hook))
		h := *op.Hook
		if s.fail[h.Name] {
			scene.Fail(&h)
			break
		}
		scene.Commit(&h)
	case op.Task != nil:
		s.ran = append(s.ran, unit+" task "+op.Task.Action)
		op.Task.Status = "completed"
	case op.Bury:
		s.model.Bury(a, scene.Unit)
	default:
		return false
	}
	return true
}

// settle lets the units of all applications do all that there is to do.
func (s *resolverSuite) settle() string {
	s.ran = nil
	for busy := true; busy; {
		busy = false
		for _, app := range s.model.AppNames() {
			a := s.model.Apps[app]
			for _, unit := range a.UnitNames() {
				for a.Units[unit] != nil && s.step(a, unit) {
					busy = true
				}
			}
		}
	}
	return strings.Join(s.ran, "\n")
}

func show(unit string, h *state.Hook) string {
	text := unit + " " + h.Name
	if h.Endpoint != "" {
		text += fmt.Sprintf(" app=%s unit=%s", h.RemoteApp, h.RemoteUnit)
	}
	if h.DepartingUnit != "" {
		text += " departing=" + h.DepartingUnit
	}
	if h.SecretID != "" {
		text += fmt.Sprintf(" label=%s revision=%d", h.SecretLabel, h.Revision)
	}
	return text
}

func lines(words ...string) string { return strings.Join(words, "\n") }

func (s *resolverSuite) TestDeploy(c *C) {
	s.deploy(c, "a", 1, true)
	c.Check(s.settle(), Equals, lines("a/0 data-storage-attached", "a/0 install",
		"a/0 ring-relation-created app=a unit=", "a/0 leader-elected", "a/0 config-changed", "a/0 start"))
	a := s.model.Apps["a"]
	_, err := s.world.AddUnits(s.model, a, 1, nil, nil, s.now)
	c.Assert(err, IsNil)
	c.Check(s.settle(), Equals, lines("a/1 data-storage-attached", "a/1 install", "a/1 ring-relation-created app=a unit=",
		"a/1 config-changed", "a/1 start", "a/1 ring-relation-joined app=a unit=a/0", "a/1 ring-relation-changed app=a unit=a/0",
		"a/0 ring-relation-joined app=a unit=a/1", "a/0 ring-relation-changed app=a unit=a/1"))
}

func (s *resolverSuite) TestConfig(c *C) {
	a := s.deploy(c, "a", 1, false)
	s.settle()
	a.ConfigEpoch++
	c.Check(s.settle(), Equals, "a/0 config-changed")
	a.ConfigEpoch += 2 // several options in one command
	a.ConfigDouble = a.ConfigEpoch
	c.Check(s.settle(), Equals, lines("a/0 config-changed", "a/0 config-changed"))
	c.Check(s.settle(), Equals, "")
}

func (s *resolverSuite) TestRefresh(c *C) {
	a := s.deploy(c, "a", 1, false)
	s.settle()
	c.Assert(s.model.Refresh(a, charm("probe"), "new.charm"), IsNil)
	c.Check(s.settle(), Equals, lines("a/0 upgrade-charm", "a/0 config-changed"))
	c.Check(s.model.Refresh(a, charm("other"), "new.charm"), ErrorMatches, `cannot refresh "a" to charm "other": it runs "probe"`)
}

func (s *resolverSuite) relate(c *C) (a, b *state.Application, r *state.Relation) {
	a, b = s.deploy(c, "a", 1, false), s.deploy(c, "b", 1, false)
	s.settle()
	r, err := s.model.Integrate("a:web", "b", s.now)
	c.Assert(err, IsNil)
	return a, b, r
}

func (s *resolverSuite) TestRelation(c *C) {
	_, _, r := s.relate(c)
	r.App("a").Update(map[string]string{"k": "v"})
	c.Check(s.settle(), Equals, lines("a/0 web-relation-created app=b unit=", "b/0 up-relation-created app=a unit=",
		"b/0 up-relation-changed app=a unit=", // may come before joined
		"b/0 up-relation-joined app=a unit=a/0", "b/0 up-relation-changed app=a unit=a/0",
		"a/0 web-relation-joined app=b unit=b/0", "a/0 web-relation-changed app=b unit=b/0"))
	r.Unit("a/0").Update(map[string]string{"port": "1"})
	c.Check(s.settle(), Equals, "b/0 up-relation-changed app=a unit=a/0")
	r.Unit("a/0").Update(map[string]string{"port": "1"})
	c.Check(s.settle(), Equals, "")
	s.model.RemoveRelation(r)
	c.Check(s.settle(), Equals, lines("a/0 web-relation-departed app=b unit=b/0 departing=b/0", "a/0 web-relation-broken app=b unit=",
		"b/0 up-relation-departed app=a unit=a/0 departing=a/0", "b/0 up-relation-broken app=a unit="))
	c.Check(s.model.Relations[r.ID], IsNil)
}

func (s *resolverSuite) TestRemoveApplication(c *C) {
	a, _, _ := s.relate(c)
	_, err := s.world.AddUnits(s.model, a, 1, nil, nil, s.now)
	c.Assert(err, IsNil)
	s.settle()
	s.model.RemoveApplication(a, state.Removal{})
	c.Check(s.settle(), Equals, lines(
		"a/0 web-relation-departed app=b unit=b/0 departing=a/0", "a/0 web-relation-broken app=b unit=",
		"a/0 ring-relation-departed app=a unit=a/1 departing=a/0", "a/0 stop", "a/0 remove",
		"a/1 web-relation-departed app=b unit=b/0 departing=a/1", "a/1 web-relation-broken app=b unit=",
		"a/1 ring-relation-departed app=a unit=a/0 departing=a/1", "a/1 stop", "a/1 remove",
		"b/0 up-relation-departed app=a unit=a/0 departing=a/0", "b/0 up-relation-departed app=a unit=a/1 departing=a/1",
		"b/0 up-relation-broken app=a unit="))
	c.Check(s.model.AppNames(), DeepEquals, []string{"b"})
	c.Check(s.model.Machines, HasLen, 1)
}

// Juju 4.0.15 tells the peers that stay nothing.
func (s *resolverSuite) TestRemoveLeader(c *C) {
	a := s.deploy(c, "a", 2, true)
	s.settle()
	s.model.RemoveUnit(a, a.Units["a/0"], state.Removal{})
	c.Check(s.settle(), Equals, lines("a/0 data-storage-detaching", "a/0 ring-relation-departed app=a unit=a/1 departing=a/0",
		"a/0 stop", "a/0 remove", "a/1 leader-elected"))
	c.Check(s.model.Storage["data/0"].Owner, Equals, "")
}

// Storage that is detached is there, alive, for the next unit or the same one.
func (s *resolverSuite) TestDetachStorage(c *C) {
	a := s.deploy(c, "a", 1, true)
	s.settle()
	c.Check(s.model.AttachStorage(a, a.Units["a/0"], []string{"data/0"}), ErrorMatches, `storage "data/0" is attached to a/0`)
	c.Assert(s.model.DetachStorage("data/0"), IsNil)
	c.Check(s.settle(), Equals, "a/0 data-storage-detaching")
	c.Check(s.model.DetachStorage("data/0"), ErrorMatches, `storage "data/0" is not attached`)
	c.Assert(s.model.AttachStorage(a, a.Units["a/0"], []string{"data/0"}), IsNil)
	c.Check(s.settle(), Equals, "a/0 data-storage-attached")
	c.Check(s.model.AddStorage(a, a.Units["a/0"], "data", 1, s.now), ErrorMatches, ".*at most 1 instances")
}

func (s *resolverSuite) TestFailedHook(c *C) {
	a := s.deploy(c, "a", 1, false)
	s.settle()
	u := a.Units["a/0"]
	a.ConfigEpoch++
	s.fail["config-changed"] = true
	var waits []time.Duration
	for range 9 {
		c.Check(s.settle(), Equals, "a/0 config-changed")
		op := s.scene(a, "a/0").Next()
		waits = append(waits, op.Wake.Sub(s.now)/time.Second)
		s.now = op.Wake
	}
	c.Check(waits, DeepEquals, []time.Duration{5, 10, 20, 40, 80, 160, 300, 300, 300})
	c.Check(u.ShownWorkload().Message, Equals, `hook failed: "config-changed"`)
	s.settle()
	a.ConfigEpoch++
	s.now = s.now.Add(time.Second)
	c.Check(s.settle(), Equals, "", Commentf("a change does not hasten the retry"))
	s.model.Tasks["1"] = &state.Task{ID: "1", Unit: "a/0", Action: "do", Status: "pending"}
	c.Check(s.settle(), Equals, "a/0 task do", Commentf("actions run in error"))
	u.Resolve = "skip"
	delete(s.fail, "config-changed")
	c.Check(s.settle(), Equals, lines("a/0 config-changed", "a/0 update-status"), Commentf("the second change"))
}

func (s *resolverSuite) TestNoRetries(c *C) {
	a := s.deploy(c, "a", 1, false)
	c.Assert(s.model.SetConfig(map[string]string{"automatically-retry-hooks": "false"}, nil), IsNil)
	s.fail["install"] = true
	c.Check(s.settle(), Equals, "a/0 install")
	s.now = s.now.Add(time.Hour)
	c.Check(s.settle(), Equals, "")
	a.Units["a/0"].Resolve = "retry"
	s.fail = nil
	c.Check(strings.HasPrefix(s.settle(), "a/0 install\n"), Equals, true)
}

// A unit with a failed hook stays until somebody resolves it, or forces it away.
func (s *resolverSuite) TestForce(c *C) {
	a := s.deploy(c, "a", 1, false)
	s.settle()
	a.ConfigEpoch++
	s.fail = map[string]bool{"config-changed": true, "stop": true}
	s.settle()
	s.model.RemoveApplication(a, state.Removal{})
	c.Check(s.settle(), Equals, "")
	s.model.RemoveApplication(a, state.Removal{Force: true})
	c.Check(s.settle(), Equals, lines("a/0 stop", "a/0 remove"))
	c.Check(s.model.Apps, HasLen, 0)
}

func (s *resolverSuite) TestUpdateStatusAndReboot(c *C) {
	a := s.deploy(c, "a", 1, false)
	s.settle()
	c.Check(s.scene(a, "a/0").Next().Wake.Sub(s.now), Equals, 5*time.Minute)
	s.now = s.now.Add(5 * time.Minute)
	c.Check(s.settle(), Equals, "a/0 update-status")
	s.boot = "boot-2"
	c.Check(s.settle(), Equals, "a/0 start", Commentf("and no config-changed"))
}

func (s *resolverSuite) TestSecrets(c *C) {
	a := s.deploy(c, "a", 2, false)
	s.settle()
	secret := &state.Secret{ID: "x", OwnerKind: "application", Owner: "a", Label: "pass",
		Consumers: map[string]*state.Consumer{"a/1": {Revision: 1, Notified: 1, Label: "mine"}}}
	secret.AddRevision(map[string]string{"key": "old"}, time.Time{}, s.now)
	s.model.Secrets["x"] = secret
	c.Check(s.settle(), Equals, "")
	secret.AddRevision(map[string]string{"key": "new"}, time.Time{}, s.now)
	c.Check(s.settle(), Equals, "a/1 secret-changed label=mine revision=0", Commentf("only who read it is told, once"))
	secret.Consumers["a/1"].Revision = 2
	c.Check(s.settle(), Equals, "a/0 secret-remove label=pass revision=1", Commentf("nobody reads the old one"))
	secret.Rotate, secret.RotateAt = "daily", s.now.Add(time.Minute)
	secret.Latest().Expire = s.now.Add(2 * time.Minute)
	c.Check(s.scene(a, "a/0").Next().Wake.Sub(s.now), Equals, time.Minute)
	s.now = s.now.Add(3 * time.Minute)
	c.Check(s.settle(), Equals, lines("a/0 secret-expired label=pass revision=2", "a/0 secret-rotate label=pass revision=2"))
	c.Check(s.settle(), Equals, "")
}
