package tools

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/hook"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func Test(t *testing.T) { TestingT(t) }

type toolsSuite struct {
	store *state.Store
	logs  []string
	cwd   string
}

var _ = Suite(&toolsSuite{})

type testHost struct{ dir string }

func (h testHost) Network() Network {
	return Network{"eth0", "02:00", "10.0.0.7", "10.0.0.0/24", "host"}
}
func (h testHost) Bridges() []Network {
	return []Network{{"docker0", "02:01", "172.17.0.1", "172.17.0.0/16", "host"}}
}
func (h testHost) Place(name string) string { return filepath.Join(h.dir, name) }

// SetUpTest makes app/0 (leader), app/1 and web/0, with app:web related to web:site.
func (s *toolsSuite) SetUpTest(c *C) {
	s.cwd, s.logs = c.MkDir(), nil
	store, err := state.Load(c.MkDir())
	c.Assert(err, IsNil)
	s.store = store
	err = store.Change(func(w *state.World) error {
		m, err := w.AddModel("m", nil, time.Now())
		if err != nil {
			return err
		}
		for _, name := range []string{"app", "web"} {
			units := map[string]int{"app": 2, "web": 1}[name]
			d := state.Deployment{Name: name, Charm: testCharm(name), Units: units, Config: map[string]any{"word": "hi", "empty": ""},
				Resources: map[string]string{"here": "resources/abc"}}
			if _, err := w.Deploy(m, d, time.Now()); err != nil {
				return err
			}
		}
		r, err := m.Integrate("app:web", "web:site", time.Now())
		if err != nil {
			return err
		}
		for _, unit := range []string{"app/0", "app/1", "web/0"} {
			r.InScope[unit] = true
			_, u, _ := m.Unit(unit)
			u.Relations[r.ID] = &state.RelationSeen{Created: true, Members: map[string]int{}}
		}
		_, u, _ := m.Unit("app/0")
		u.Relations[r.ID].Members["web/0"] = 0
		u.Storage[m.StorageOf("app/0", "")[0]] = true
		r.Unit("web/0").Update(map[string]string{"host": "h", "port": "1"})
		return nil
	})
	c.Assert(err, IsNil)
	c.Assert(os.MkdirAll(filepath.Join(store.Dir, "resources"), 0o755), IsNil)
	c.Assert(os.WriteFile(filepath.Join(store.Dir, "resources/abc"), []byte("content"), 0o644), IsNil)
}

func testCharm(name string) *charmfile.Charm {
	c := &charmfile.Charm{Bases: []charmfile.Base{{Name: "ubuntu"}}, Actions: map[string]charmfile.Action{},
		Options: map[string]charmfile.Option{"word": {Type: "string"}, "empty": {Type: "string", Default: ""},
			"unset": {Type: "string"}, "on": {Type: "boolean", Default: true}, "count": {Type: "int", Default: int64(3)}}}
	c.Meta.Name = name
	c.Meta.Storage = map[string]charmfile.Storage{"data": {Type: "filesystem"}}
	c.Meta.Resources = map[string]charmfile.Resource{"here": {Filename: "here.txt"}, "absent": {Filename: "absent.txt"}}
	if name == "app" {
		c.Meta.Requires = map[string]charmfile.Endpoint{"web": {Interface: "http"}}
	} else {
		c.Meta.Provides = map[string]charmfile.Endpoint{"site": {Interface: "http"}}
	}
	return c
}

// context is a run of the unit: a hook without more, an action with task.
func (s *toolsSuite) context(unit, task string) *hook.Context {
	ctx := &hook.Context{ID: "x", Store: s.store, ModelName: "m", UnitName: unit, TaskID: task, Now: time.Now,
		Log: func(module, level, message string) { s.logs = append(s.logs, module+" "+level+" "+message) }}
	if task == "" {
		ctx.Hook = &state.Hook{Name: "config-changed", Kind: "config-changed"}
	}
	return ctx
}

// run runs one line of words, split at spaces; %20 stands for a space in a word.
func (s *toolsSuite) run(ctx *hook.Context, line string) (code int, out, errOut string) {
	words := strings.Fields(line)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "%20", " ")
	}
	var stdout, stderr bytes.Buffer
	code = (&Call{Call: &cmdline.Call{Context: context.Background(), Name: words[0], Args: words[1:], Cwd: s.cwd,
		Stdout: &stdout, Stderr: &stderr, Stdin: func() ([]byte, error) { return []byte("from: stdin\n"), nil }},
		Hook: ctx, Host: testHost{s.store.Dir}}).Run()
	return code, strings.TrimSuffix(stdout.String(), "\n"), strings.TrimSuffix(stderr.String(), "\n")
}

type toolTest struct {
	line string
	code int
	out  string // stdout if the code is 0, else part of stderr
}

func (s *toolsSuite) check(c *C, ctx *hook.Context, tests ...toolTest) {
	for _, t := range tests {
		code, out, errOut := s.run(ctx, t.line)
		comment := Commentf("%s: %s %s", t.line, out, errOut)
		c.Check(code, Equals, t.code, comment)
		if t.code == 0 {
			c.Check(out, Equals, t.out, comment)
			continue
		}
		c.Check(strings.HasPrefix(errOut, "ERROR ") && strings.Contains(errOut, t.out), Equals, true, comment)
	}
}

// TestExitCodes pins exit codes and outputs as Juju 4.0.15 has them.
func (s *toolsSuite) TestExitCodes(c *C) {
	s.check(c, s.context("app/0", ""),
		toolTest{"config-get unset", 0, ""},
		toolTest{"config-get nothing", 0, ""},
		toolTest{"config-get --format=json nothing", 0, "null"},
		toolTest{"config-get --format=json", 0, `{"count":3,"empty":"","on":true,"word":"hi"}`},
		toolTest{"config-get --format=json --all", 0, `{"count":3,"empty":"","on":true,"unset":null,"word":"hi"}`},
		toolTest{"config-get on", 0, "True"},
		toolTest{"config-get --format xml", 2, `unknown format "xml"`},
		toolTest{"is-leader", 0, "True"},
		toolTest{"is-leader --format json", 0, "true"},
		toolTest{"relation-ids --format=json web", 0, `["web:0"]`},
		toolTest{"relation-ids --format=json nothing", 0, "[]"},
		toolTest{"relation-ids", 2, "no endpoint name"},
		toolTest{"relation-get -r web:99 - web/0", 2, "relation not found"},
		toolTest{"relation-list -r web:99", 2, "relation not found"},
		toolTest{"relation-set -r web:99 a=b", 2, "relation not found"},
		toolTest{"relation-list", 2, "no relation id"},
		toolTest{"relation-get -r web:0", 2, "no unit or app specified"},
		toolTest{"relation-list -r=web:0 --format=json", 0, `["web/0"]`}, // gnuflag gives "=web:0"
		toolTest{"relation-list -r 0 --app", 0, "web"},
		toolTest{"relation-get -r web:0 port web/0", 0, "1"},
		toolTest{"relation-get -r web:0 --format=json nothing web/0", 0, "null"},
		toolTest{"relation-get -r web:0 --format=json - web/0", 0, `{"host":"h","port":"1"}`},
		toolTest{"relation-get -r web:0 - web/7", 1, "relation unit not found"},
		toolTest{"secret-get secret:d0erdgfmp25c762i8np0", 1, "not found"},
		toolTest{"secret-get", 2, "require either a secret URI or label"},
		toolTest{"secret-ids --format=json", 0, "null"},
		toolTest{"secret-add a=1", 2, `key "a" not valid`},
		toolTest{"secret-add", 2, "missing secret value"},
		toolTest{"resource-get nothing", 1, "not found"},
		toolTest{"resource-get absent", 1, "not found"},
		toolTest{"resource-get here", 0, filepath.Join(s.store.Dir, "agents/unit-app-0/resources/here.txt")},
		toolTest{"storage-get -s data/99", 2, "storage not found"},
		toolTest{"storage-list --format=json", 0, `["data/0"]`},
		toolTest{"storage-list --format=json nothing", 0, "[]"},
		toolTest{"storage-get -s data/0 location", 0, filepath.Join(s.store.Dir, "storage/m/data/0")},
		toolTest{"state-get nothing", 0, ""},
		toolTest{"state-get --strict nothing", 1, "not found"},
		toolTest{"status-set bogus", 2, "invalid status"},
		toolTest{"status-set error", 2, "invalid status"},
		toolTest{"status-set unknown", 2, "invalid status"},
		toolTest{"status-set terminated", 2, "invalid status"},
		toolTest{"status-set active a b", 2, "unrecognized args"},
		toolTest{"status-set --application waiting", 0, ""},
		toolTest{"open-port 99999", 2, "[1, 65535]"},
		toolTest{"open-port 80-90/tcp", 0, ""},
		toolTest{"open-port 80-90", 0, ""},
		toolTest{"open-port 85/tcp", 1, "port range conflicts"},
		toolTest{"close-port 7/udp", 0, ""},
		toolTest{"opened-ports --format=json", 0, `["80-90/tcp"]`},
		toolTest{"network-get nothing", 1, "no network config found"},
		toolTest{"network-get web --ingress-address", 0, "10.0.0.7"},
		toolTest{"network-get web --format=json", 0, `{"bind-addresses":[{"mac-address":"02:00","interface-name":"eth0","addresses":[{"hostname":"","value":"10.0.0.7","cidr":"10.0.0.0/24","address":"10.0.0.7"}]}],"egress-subnets":["10.0.0.7/32"],"ingress-addresses":["10.0.0.7"]}`},
		toolTest{"action-get", 1, "not running an action"},
		toolTest{"action-set a=b", 1, "not running an action"},
		toolTest{"action-fail", 1, "not running an action"},
		toolTest{"action-log x", 1, "not running an action"},
		toolTest{"juju-log -l BOGUS x", 0, ""},
		toolTest{"juju-log --level INFO x", 2, "--level"},
		toolTest{"credential-get", 1, "permission denied"},
		toolTest{"unit-get private-address", 0, "10.0.0.7"},
		toolTest{"unit-get nothing", 2, "unknown setting"},
		toolTest{"juju-reboot", 1, "does not reproduce"},
		toolTest{"no-such-tool", 2, "unknown command"},
	)
	c.Check(s.logs[len(s.logs)-1], Equals, "unit.app/0.juju-log INFO x")
	s.check(c, s.context("app/1", ""),
		toolTest{"status-set --application active", 1, "not the leader"},
		toolTest{"relation-get -r web:0 --app - app", 1, "permission denied"},
		toolTest{"relation-set -r web:0 --app a=b", 1, "not the leader"},
		toolTest{"secret-add key=value", 1, "not the leader"},
		toolTest{"storage-list --format=json", 0, `[]`}, // not yet told of it
	)
}

func (s *toolsSuite) flush(c *C, ctx *hook.Context) {
	err := s.store.Change(func(w *state.World) error {
		m := w.Models["m"]
		a, u, err := m.Unit(ctx.UnitName)
		if err != nil {
			return err
		}
		return ctx.Flush(hook.Scene{World: w, Model: m, App: a, Unit: u})
	})
	c.Assert(err, IsNil)
}

// TestKeptBack makes sure that reads see the run's own changes, and that others
// see them once they are flushed.
func (s *toolsSuite) TestKeptBack(c *C) {
	ctx := s.context("app/0", "")
	writes := []string{"state-set a=1 b=2", "state-delete b", "relation-set -r 0 x=y", "open-port 80", "relation-set -r 0 --app all=us",
		"relation-set -r 0 --file -"}
	reads := []toolTest{
		{"state-get --format json", 0, `{"a":"1"}`},
		{"opened-ports", 0, "80/tcp"},
		{"relation-get -r 0 --format=json - app/0", 0, `{"from":"stdin","x":"y"}`},
		{"relation-get -r 0 --format=json --app - app", 0, `{"all":"us"}`},
	}
	before := []toolTest{
		{"state-get --format json", 0, `{}`},
		{"opened-ports --format json", 0, "[]"},
		{"relation-get -r 0 --format=json - app/0", 0, `{}`},
		{"relation-get -r 0 --format=json --app - app", 0, `{}`},
	}
	for _, w := range writes {
		s.check(c, ctx, toolTest{w, 0, ""})
	}
	s.check(c, ctx, reads...)
	s.check(c, s.context("app/0", ""), before...)
	s.flush(c, ctx)
	s.check(c, s.context("app/0", ""), reads...)
	s.check(c, s.context("web/0", ""), toolTest{"relation-get -r 0 x app/0", 0, "y"}, toolTest{"relation-get -r 0 --app all app", 0, "us"})
	again := s.context("app/0", "")
	s.check(c, again, toolTest{"relation-set -r 0 x=", 0, ""}, toolTest{"relation-get -r 0 --format=json x app/0", 0, "null"})
}

// TestStatusGet pins that the status is read once a run.
func (s *toolsSuite) TestStatusGet(c *C) {
	ctx := s.context("app/0", "")
	s.check(c, ctx,
		toolTest{"status-set active fine", 0, ""},
		toolTest{"status-get", 0, "active"},
		toolTest{"status-set waiting for%20it", 0, ""},
		toolTest{"status-get", 0, "active"},
		toolTest{"status-get --format=json", 0, `{"message":"fine","status":"active","status-data":{}}`})
	s.check(c, s.context("app/0", ""), toolTest{"status-get --include-data --format=json", 0, `{"message":"for it","status":"waiting","status-data":{}}`})
}

func (s *toolsSuite) TestAction(c *C) {
	c.Assert(s.store.Change(func(w *state.World) error {
		w.Models["m"].Tasks["2"] = &state.Task{ID: "2", Unit: "app/0", Params: map[string]any{"a": map[string]any{"b": "c"}, "n": 3}}
		return nil
	}), IsNil)
	ctx := s.context("app/0", "2")
	s.check(c, ctx,
		toolTest{"action-get --format=json", 0, `{"a":{"b":"c"},"n":3}`},
		toolTest{"action-get a.b", 0, "c"},
		toolTest{"action-get --format=json nothing", 0, "null"},
		toolTest{"action-set Bad=x", 2, "lowercase"},
		toolTest{"action-set x.y=1 z=2", 0, ""},
		toolTest{"action-log half%20way", 0, ""},
		toolTest{"action-fail because", 0, ""},
		toolTest{"config-get word", 0, "hi"})
	results, failed, message := ctx.Outcome()
	c.Check(fmt.Sprint(results, failed, message), Equals, "map[x:map[y:1] z:2] truebecause")
}

// What network-get makes of the machine where the model asks for it.
func (s *toolsSuite) TestNetworkSetting(c *C) {
	set := func(value string) {
		c.Assert(s.store.Change(func(w *state.World) error {
			return w.Models["m"].SetConfig(map[string]string{state.NetworkSetting: value}, nil)
		}), IsNil)
	}
	set("bridges")
	s.check(c, s.context("app/0", ""),
		toolTest{"network-get web --ingress-address", 0, "172.17.0.1"},
		toolTest{"network-get web --egress-subnets --format=json", 0, `["172.17.0.1/32","10.0.0.7/32"]`},
		toolTest{"unit-get private-address", 0, "10.0.0.7"},
	)
	set("missing")
	s.check(c, s.context("app/0", ""), toolTest{"network-get web", 1, `no network config found for binding "web"`})
}
