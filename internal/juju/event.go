// Package juju is the charm's side of Juju: the event that woke it, the hook
// tools, and a log writer to juju-log.
package juju

import (
	"fmt"
	"path"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Event is why Juju runs the charm.
type Event struct {
	Hook    string // "config-changed"; "" in an action
	Action  string // "get-url"; "" in a hook
	Unit    string // "application/0"
	Model   string // name of the model
	UUID    string // of the model
	Dir     string // charm directory
	Broken  string // id of the relation that ends, in its last hook
	Storage string // mount point of the storage that a storage hook is about
	Proxy   notebook.Proxy
}

// ParseEvent reads the environment that Juju gives to a hook or an action.
// A program called without it gets an error.
func ParseEvent(getenv func(string) string) (Event, error) {
	e := Event{
		Unit: getenv("JUJU_UNIT_NAME"), Model: getenv("JUJU_MODEL_NAME"),
		UUID: getenv("JUJU_MODEL_UUID"), Dir: getenv("JUJU_CHARM_DIR"), Storage: getenv("JUJU_STORAGE_LOCATION"),
		Proxy: notebook.Proxy{HTTP: getenv("JUJU_CHARM_HTTP_PROXY"), HTTPS: getenv("JUJU_CHARM_HTTPS_PROXY"), No: getenv("JUJU_CHARM_NO_PROXY")},
	}
	if e.Unit == "" || e.UUID == "" {
		return Event{}, fmt.Errorf("cannot run outside a Juju hook: JUJU_UNIT_NAME or JUJU_MODEL_UUID is not set")
	}
	kind, name := path.Split(getenv("JUJU_DISPATCH_PATH"))
	switch {
	case getenv("JUJU_ACTION_NAME") != "" && getenv("JUJU_ACTION_NAME") != "juju-exec":
		e.Action = getenv("JUJU_ACTION_NAME")
	case strings.TrimSuffix(kind, "/") == "hooks":
		e.Hook = name
	default:
		e.Hook = getenv("JUJU_HOOK_NAME")
	}
	if strings.HasSuffix(e.Hook, "-relation-broken") {
		e.Broken = getenv("JUJU_RELATION_ID")
	}
	if e.Hook == "" && e.Action == "" {
		return Event{}, fmt.Errorf("cannot tell the hook: JUJU_DISPATCH_PATH and JUJU_HOOK_NAME are empty")
	}
	return e, nil
}
