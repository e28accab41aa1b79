package state

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
)

func Test(t *testing.T) { TestingT(t) }

type stateSuite struct{}

var _ = Suite(&stateSuite{})

func (*stateSuite) TestStore(c *C) {
	dir := c.MkDir()
	s, err := Load(dir)
	c.Assert(err, IsNil)
	changed := s.Changed()
	c.Assert(s.Change(func(w *World) error {
		_, err := w.AddModel("one", nil, time.Now())
		return err
	}), IsNil)
	<-changed
	c.Check(s.Change(func(w *World) error {
		delete(w.Models, "one")
		return errors.New("no")
	}), ErrorMatches, "no")
	for _, store := range []*Store{s, mustLoad(c, dir)} {
		store.Read(func(w *World) { c.Check(w.Models, HasLen, 1, Commentf("an error takes back what was done")) })
	}
	info, err := os.Stat(dir + "/state.json")
	c.Assert(err, IsNil)
	c.Check(info.Mode().Perm(), Equals, os.FileMode(0o600))
}

func mustLoad(c *C, dir string) *Store {
	s, err := Load(dir)
	c.Assert(err, IsNil)
	return s
}

func model(c *C) (*World, *Model) {
	w := &World{Models: map[string]*Model{}}
	m, err := w.AddModel("m", nil, time.Now())
	c.Assert(err, IsNil)
	return w, m
}

func (*stateSuite) TestModelNames(c *C) {
	w, m := model(c)
	for _, name := range []string{"m", "admin/m", "localjuju:admin/m", m.UUID} {
		found, err := w.Model(name)
		c.Check(err, IsNil)
		c.Check(found, Equals, m)
	}
	_, err := w.Model("other")
	c.Check(err, ErrorMatches, "model localjuju:admin/other not found")
	_, err = w.AddModel("Bad_Name", nil, time.Now())
	c.Check(err, ErrorMatches, ".*is not a valid name.*")
}

func (*stateSuite) TestModelConfig(c *C) {
	_, m := model(c)
	for key, bad := range map[string]string{"no-such-key": "x", "update-status-hook-interval": "5s",
		"automatically-retry-hooks": "perhaps", "logging-config": "<root>=LOUD"} {
		c.Check(m.SetConfig(map[string]string{"http-proxy": "p", key: bad}, nil), NotNil, Commentf(key))
		c.Check(m.Setting("http-proxy"), Equals, "", Commentf("a bad value changes nothing"))
	}
	c.Assert(m.SetConfig(map[string]string{"update-status-hook-interval": "1m"}, nil), IsNil)
	c.Check(m.UpdateStatusInterval(), Equals, time.Minute)
	c.Assert(m.SetConfig(nil, []string{"update-status-hook-interval"}), IsNil)
	c.Check(m.UpdateStatusInterval(), Equals, 5*time.Minute)
}

func (*stateSuite) TestLogs(c *C) {
	_, m := model(c)
	c.Check(m.Logs("unit.app/0.install", "DEBUG"), Equals, false)
	c.Check(m.Logs("unit.app/0.install", "WARNING"), Equals, true)
	c.Assert(m.SetConfig(map[string]string{"logging-config": "<root>=ERROR;unit=DEBUG"}, nil), IsNil)
	c.Check(m.Logs("unit.app/0.install", "DEBUG"), Equals, true)
	c.Check(m.Logs("juju.worker", "WARNING"), Equals, false)
}

func app(name string, provides, requires map[string]string) *charmfile.Charm {
	c := &charmfile.Charm{Bases: []charmfile.Base{{Name: "ubuntu"}}}
	c.Meta = charmfile.Meta{Name: name, Provides: map[string]charmfile.Endpoint{}, Requires: map[string]charmfile.Endpoint{}}
	for e, i := range provides {
		c.Meta.Provides[e] = charmfile.Endpoint{Interface: i}
	}
	for e, i := range requires {
		c.Meta.Requires[e] = charmfile.Endpoint{Interface: i, Limit: 1}
	}
	return c
}

func (*stateSuite) TestIntegrate(c *C) {
	w, m := model(c)
	for name, charm := range map[string]*charmfile.Charm{
		"web":  app("web", map[string]string{"site": "http", "admin": "http"}, nil),
		"db":   app("db", map[string]string{"db": "sql"}, nil),
		"user": app("user", nil, map[string]string{"up": "http", "db": "sql"}),
	} {
		_, err := w.Deploy(m, Deployment{Name: name, Charm: charm, Units: 1}, time.Now())
		c.Assert(err, IsNil)
	}
	for _, t := range []struct{ one, two, err string }{
		{"web", "user", "ambiguous relation: .*"},
		{"web", "db", "no relations found"},
		{"nobody", "db", `application "nobody" not found`},
		{"web:none", "user", `application "web" has no "none" relation`},
		{"user", "db", ""},
		{"web:site", "user", ""},
		{"user:up", "web:site", ".*would exceed its maximum relation limit of 1|.*relation already exists"},
	} {
		_, err := m.Integrate(t.one, t.two, time.Now())
		if t.err == "" {
			c.Check(err, IsNil)
		} else {
			c.Check(err, ErrorMatches, t.err)
		}
	}
	r, err := m.FindRelation("user", "web")
	c.Assert(err, IsNil)
	c.Check(r.Key(), Equals, "user:up web:site")
}

// Ports conflict on one machine only; every unit has its own, unless it was placed.
func (*stateSuite) TestPorts(c *C) {
	w, m := model(c)
	a, err := w.Deploy(m, Deployment{Name: "a", Charm: app("a", nil, nil), Units: 3, To: []string{}}, time.Now())
	c.Assert(err, IsNil)
	_, err = w.AddUnits(m, a, 1, []string{"0"}, nil, time.Now())
	c.Assert(err, IsNil)
	a.Units["a/0"].Ports = []PortRange{{Protocol: "tcp", From: 80, To: 90}}
	p := PortRange{Protocol: "tcp", From: 85, To: 85}
	c.Check(m.CheckPort(a.Units["a/1"], nil, p), IsNil)
	c.Check(m.CheckPort(a.Units["a/3"], nil, p), ErrorMatches, `cannot open 85/tcp \(unit "a/3"\): port range conflicts with 80-90/tcp \(unit "a/0"\)`)
	p.Protocol = "udp"
	c.Check(m.CheckPort(a.Units["a/3"], nil, p), IsNil)
	_, err = w.AddUnits(m, a, 1, []string{"17"}, nil, time.Now())
	c.Check(err, ErrorMatches, ".*machine 17 not found")
}

// Two models may have units of one name: their folders differ.
func (*stateSuite) TestUnitDirs(c *C) {
	w, m := model(c)
	other, err := w.AddModel("other", nil, time.Now())
	c.Assert(err, IsNil)
	for _, at := range []*Model{m, other} {
		_, err := w.Deploy(at, Deployment{Name: "a", Charm: app("a", nil, nil), Units: 1}, time.Now())
		c.Assert(err, IsNil)
	}
	c.Check(m.Apps["a"].Units["a/0"].Dir, Equals, "unit-a-0")
	c.Check(other.Apps["a"].Units["a/0"].Dir, Equals, "unit-a-0-other")
}

func (*stateSuite) TestShownStatus(c *C) {
	w, m := model(c)
	a, err := w.Deploy(m, Deployment{Name: "a", Charm: app("a", nil, nil), Units: 2}, time.Now())
	c.Assert(err, IsNil)
	a.Units["a/0"].Workload = Status{Current: "active"}
	a.Units["a/1"].Workload = Status{Current: "blocked", Message: "mend me"}
	c.Check(a.ShownStatus().Message, Equals, "mend me")
	a.Units["a/0"].Hook = &Hook{Name: "install", Step: Failed}
	c.Check(a.ShownStatus().Current, Equals, "error")
	a.Status = &Status{Current: "waiting"}
	c.Check(a.ShownStatus().Current, Equals, "waiting")
}

// What could not be saved was kept in memory: who asked was told that it failed,
// and found it done.
func (*stateSuite) TestChangeThatIsNotSaved(c *C) {
	dir := c.MkDir()
	store, err := Load(dir)
	c.Assert(err, IsNil)
	add := func(name string) error {
		return store.Change(func(w *World) error {
			_, err := w.AddModel(name, nil, time.Now())
			return err
		})
	}
	names := func(s *Store) (names []string) {
		s.Read(func(w *World) { names = slices.Sorted(maps.Keys(w.Models)) })
		return names
	}
	c.Assert(add("first"), IsNil)
	inTheWay := filepath.Join(dir, "state.json.new")
	c.Assert(os.MkdirAll(filepath.Join(inTheWay, "full"), 0o700), IsNil)
	woken := store.Changed()
	c.Check(add("second"), ErrorMatches, "cannot save state: .*")
	c.Check(names(store), DeepEquals, []string{"first"})
	select {
	case <-woken:
		c.Error("those who wait were woken though nothing has changed")
	default:
	}
	c.Assert(os.RemoveAll(inTheWay), IsNil)
	c.Assert(add("third"), IsNil)
	again, err := Load(dir)
	c.Assert(err, IsNil)
	c.Check(names(store), DeepEquals, []string{"first", "third"})
	c.Check(names(again), DeepEquals, []string{"first", "third"})
}
