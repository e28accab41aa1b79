// Package tools holds the hook tools, one file a tool or a family of them. They
// run inside the agent; the program of the tool's name only brings its arguments.
package tools

import (
	"maps"
	"slices"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/hook"
)

// Host is what tools ask of the machine.
type Host interface {
	// Network describes the address that units are reached at.
	Network() Network
	// Bridges describes the bridges that are up, in the order of their addresses.
	Bridges() []Network
	// Place gives the absolute path of a name in the state folder.
	Place(name string) string
}

// Network is the host's main interface and its address.
type Network struct {
	Interface string
	MAC       string
	Address   string
	CIDR      string
	Hostname  string
}

// Call is one run of a hook tool.
type Call struct {
	*cmdline.Call
	Hook *hook.Context
	Host Host
}

var tools = map[string]func(*Call) error{
	"action-fail":             actionFail,
	"action-get":              actionGet,
	"action-log":              actionLog,
	"action-set":              actionSet,
	"application-version-set": versionSet,
	"close-port":              closePort,
	"config-get":              configGet,
	"credential-get":          credentialGet,
	"goal-state":              goalState,
	"is-leader":               isLeader,
	"juju-log":                jujuLog,
	"juju-reboot":             reboot,
	"network-get":             networkGet,
	"open-port":               openPort,
	"opened-ports":            openedPorts,
	"relation-get":            relationGet,
	"relation-ids":            relationIDs,
	"relation-list":           relationList,
	"relation-model-get":      relationModelGet,
	"relation-set":            relationSet,
	"resource-get":            resourceGet,
	"secret-add":              secretAdd,
	"secret-get":              secretGet,
	"secret-grant":            secretGrant,
	"secret-ids":              secretIDs,
	"secret-info-get":         secretInfoGet,
	"secret-remove":           secretRemove,
	"secret-revoke":           secretRevoke,
	"secret-set":              secretSet,
	"state-delete":            stateDelete,
	"state-get":               stateGet,
	"state-set":               stateSet,
	"status-get":              statusGet,
	"status-set":              statusSet,
	"storage-add":             storageAdd,
	"storage-get":             storageGet,
	"storage-list":            storageList,
	"unit-get":                unitGet,
}

// Names are the hook tools of Juju 4.0.
func Names() []string { return slices.Sorted(maps.Keys(tools)) }

// Run runs the tool that the call names, and gives its exit code.
func (c *Call) Run() int {
	c.Start()
	tool, ok := tools[c.Name]
	if !ok {
		return c.End(cmdline.Usage("bad request: unknown command %q", c.Name))
	}
	return c.End(tool(c))
}
