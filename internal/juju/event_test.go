package juju_test

import (
	"testing"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

func TestPackage(t *testing.T) { TestingT(t) }

type eventSuite struct{}

var _ = Suite(&eventSuite{})

// hookEnv is what Juju sets for every hook, with changes over it.
func hookEnv(changes map[string]string) func(string) string {
	env := map[string]string{
		"JUJU_UNIT_NAME": "nb/0", "JUJU_MODEL_NAME": "lab", "JUJU_MODEL_UUID": "7b29c3f0-1111-4222-8333-444455556666",
		"JUJU_CHARM_DIR": "/charm",
	}
	for k, v := range changes {
		env[k] = v
	}
	return func(name string) string { return env[name] }
}

var eventTests = []struct {
	summary      string
	env          map[string]string
	hook, action string
	err          string
}{{
	summary: "a hook through dispatch",
	env:     map[string]string{"JUJU_DISPATCH_PATH": "hooks/config-changed", "JUJU_HOOK_NAME": "config-changed"},
	hook:    "config-changed",
}, {
	summary: "a relation hook keeps its endpoint",
	env:     map[string]string{"JUJU_DISPATCH_PATH": "hooks/website-relation-joined", "JUJU_HOOK_NAME": "website-relation-joined"},
	hook:    "website-relation-joined",
}, {
	summary: "a hook without a dispatch path",
	env:     map[string]string{"JUJU_HOOK_NAME": "start"},
	hook:    "start",
}, {
	summary: "an action, whose hook name is set but empty",
	env:     map[string]string{"JUJU_DISPATCH_PATH": "actions/get-url", "JUJU_ACTION_NAME": "get-url", "JUJU_HOOK_NAME": ""},
	action:  "get-url",
}, {
	summary: "juju exec, which names the hook that it wants",
	env:     map[string]string{"JUJU_DISPATCH_PATH": "hooks/update-status", "JUJU_ACTION_NAME": "juju-exec"},
	hook:    "update-status",
}, {
	summary: "juju exec without a hook",
	env:     map[string]string{"JUJU_ACTION_NAME": "juju-exec"},
	err:     "cannot tell the hook: .*",
}, {
	summary: "no unit",
	env:     map[string]string{"JUJU_UNIT_NAME": "", "JUJU_HOOK_NAME": "start"},
	err:     "cannot run outside a Juju hook: .*",
}, {
	summary: "no model",
	env:     map[string]string{"JUJU_MODEL_UUID": "", "JUJU_HOOK_NAME": "start"},
	err:     "cannot run outside a Juju hook: .*",
}, {
	summary: "nothing that names an event",
	err:     "cannot tell the hook: .*",
}}

func (eventSuite) TestParseEvent(c *C) {
	for _, test := range eventTests {
		e, err := ParseEvent(hookEnv(test.env))
		if test.err != "" {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
			continue
		}
		c.Assert(err, IsNil, Commentf(test.summary))
		c.Check([]string{e.Hook, e.Action}, DeepEquals, []string{test.hook, test.action}, Commentf(test.summary))
		c.Check([]string{e.Unit, e.Model, e.Dir}, DeepEquals, []string{"nb/0", "lab", "/charm"}, Commentf(test.summary))
	}
}

func (eventSuite) TestTheRelationThatEnds(c *C) {
	for hook, want := range map[string]string{"website-relation-broken": "website:3", "website-relation-departed": ""} {
		e, err := ParseEvent(hookEnv(map[string]string{"JUJU_HOOK_NAME": hook, "JUJU_RELATION_ID": "website:3"}))
		c.Assert(err, IsNil)
		c.Check(e.Broken, Equals, want)
	}
}

func (eventSuite) TestProxySettingsAreTheModels(c *C) {
	e, err := ParseEvent(hookEnv(map[string]string{
		"JUJU_HOOK_NAME": "start", "JUJU_CHARM_HTTP_PROXY": "http://p:1", "JUJU_CHARM_HTTPS_PROXY": "http://p:2",
		"JUJU_CHARM_NO_PROXY": "127.0.0.1,localhost,::1", "http_proxy": "http://legacy:3",
	}))
	c.Assert(err, IsNil)
	c.Check(e.Proxy, Equals, notebook.Proxy{HTTP: "http://p:1", HTTPS: "http://p:2", No: "127.0.0.1,localhost,::1"})
}
