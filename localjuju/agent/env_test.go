package agent

import (
	"slices"
	"strings"
	"testing"

	gc "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func Test(t *testing.T) { gc.TestingT(t) }

type envSuite struct{}

var _ = gc.Suite(&envSuite{})

// always is what each hook, action and command has; nothing else is inherited.
const always = `APT_LISTCHANGES_FRONTEND=none
CHARM_DIR=/s/agents/unit-app-0/charm
CLOUD_API_VERSION=
DEBIAN_FRONTEND=noninteractive
JUJU_AGENT_SOCKET_ADDRESS=/s/hooks.socket
JUJU_AGENT_SOCKET_NETWORK=unix
JUJU_API_ADDRESSES=127.0.0.1:17070
JUJU_AVAILABILITY_ZONE=
JUJU_CHARM_DIR=/s/agents/unit-app-0/charm
JUJU_CHARM_FTP_PROXY=
JUJU_CHARM_HTTPS_PROXY=
JUJU_CHARM_HTTP_PROXY=
JUJU_CHARM_NO_PROXY=127.0.0.1,localhost,::1
JUJU_CHARM_TRACE_CONFIG_CA_CERT=
JUJU_CHARM_TRACE_CONFIG_GRPC=
JUJU_CHARM_TRACE_CONFIG_HTTP=
JUJU_CONTEXT_ID=id
JUJU_MACHINE_ID=4
JUJU_MODEL_NAME=m
JUJU_MODEL_UUID=uuid
JUJU_PRINCIPAL_UNIT=
JUJU_UNIT_NAME=app/0
JUJU_VERSION=4.0.15
LANG=C.UTF-8
PATH=/s/tools/unit-app-0:/usr/bin:/bin
TERM=tmux-256color`

func environ(settings map[string]string, h *state.Hook, t *state.Task) []string {
	r := run{Model: &state.Model{Name: "m", UUID: "uuid", Config: settings}, Unit: &state.Unit{Name: "app/0", Machine: "4"},
		Hook: h, Task: t, ContextID: "id", CharmDir: "/s/agents/unit-app-0/charm", ToolsDir: "/s/tools/unit-app-0",
		Socket: "/s/hooks.socket", Path: "/usr/bin:/bin", StorageDir: "/s/storage/m/data/0"}
	return r.environ()
}

func (*envSuite) TestEnvironment(c *gc.C) {
	for _, t := range []struct {
		summary string
		hook    *state.Hook
		task    *state.Task
		more    string
	}{
		{"a hook", &state.Hook{Name: "install"}, nil, "JUJU_DISPATCH_PATH=hooks/install JUJU_HOOK_NAME=install"},
		{"an action", nil, &state.Task{ID: "3", Action: "go"},
			"JUJU_ACTION_NAME=go JUJU_ACTION_TAG=action-3 JUJU_ACTION_UUID=3 JUJU_HOOK_NAME= JUJU_DISPATCH_PATH=actions/go"},
		{"exec", nil, &state.Task{ID: "3", Action: "juju-exec", Command: "x"},
			"JUJU_ACTION_NAME=juju-exec JUJU_ACTION_TAG=action-3 JUJU_ACTION_UUID=3 JUJU_HOOK_NAME="},
		{"juju-exec", nil, nil, "JUJU_HOOK_NAME="},
		{"relation-created", &state.Hook{Name: "web-relation-created", Endpoint: "web", RelationID: 2, RemoteApp: "b"}, nil,
			"JUJU_DISPATCH_PATH=hooks/web-relation-created JUJU_HOOK_NAME=web-relation-created JUJU_RELATION=web JUJU_RELATION_ID=web:2 JUJU_REMOTE_APP=b JUJU_REMOTE_UNIT="},
		{"relation-departed", &state.Hook{Name: "web-relation-departed", Endpoint: "web", RelationID: 2, RemoteApp: "b", RemoteUnit: "b/1", DepartingUnit: "b/1"}, nil,
			"JUJU_DISPATCH_PATH=hooks/web-relation-departed JUJU_HOOK_NAME=web-relation-departed JUJU_RELATION=web JUJU_RELATION_ID=web:2 JUJU_REMOTE_APP=b JUJU_REMOTE_UNIT=b/1 JUJU_DEPARTING_UNIT=b/1"},
		{"storage", &state.Hook{Name: "data-storage-attached", StorageID: "data/0"}, nil,
			"JUJU_DISPATCH_PATH=hooks/data-storage-attached JUJU_HOOK_NAME=data-storage-attached JUJU_STORAGE_ID=data/0 JUJU_STORAGE_KIND=filesystem JUJU_STORAGE_LOCATION=/s/storage/m/data/0"},
		{"secret-changed", &state.Hook{Name: "secret-changed", SecretID: "x", SecretLabel: "pass"}, nil,
			"JUJU_DISPATCH_PATH=hooks/secret-changed JUJU_HOOK_NAME=secret-changed JUJU_SECRET_ID=secret:x JUJU_SECRET_LABEL=pass"},
		{"secret-remove", &state.Hook{Name: "secret-remove", SecretID: "x", SecretLabel: "pass", Revision: 2}, nil,
			"JUJU_DISPATCH_PATH=hooks/secret-remove JUJU_HOOK_NAME=secret-remove JUJU_SECRET_ID=secret:x JUJU_SECRET_LABEL=pass JUJU_SECRET_REVISION=2"},
	} {
		wanted := slices.Sorted(slices.Values(append(strings.Split(always, "\n"), strings.Fields(t.more)...)))
		c.Check(slices.Sorted(slices.Values(environ(nil, t.hook, t.task))), gc.DeepEquals, wanted, gc.Commentf(t.summary))
	}
}

func (*envSuite) TestProxies(c *gc.C) {
	env := environ(map[string]string{"juju-http-proxy": "http://j", "http-proxy": "http://p", "no-proxy": "x"}, nil, nil)
	for _, word := range []string{"JUJU_CHARM_HTTP_PROXY=http://j", "http_proxy=http://p", "HTTP_PROXY=http://p", "no_proxy=x", "NO_PROXY=x"} {
		c.Check(slices.Contains(env, word), gc.Equals, true, gc.Commentf(word))
	}
	c.Check(strings.Contains(strings.Join(env, "\n"), "https_proxy"), gc.Equals, false)
}
