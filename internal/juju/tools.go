package juju

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Tools are the hook tools of the running hook, in Go's types.
type Tools struct {
	run Runner
	ctx context.Context
}

// NewTools returns the hook tools that r runs, for as long as ctx lives.
func NewTools(ctx context.Context, r Runner) *Tools {
	return &Tools{run: r, ctx: ctx}
}

func (t *Tools) call(tool string, args ...string) error {
	_, err := t.run.Run(t.ctx, tool, args...)
	return err
}

// read decodes a tool's JSON into out; nothing printed leaves out as it was.
func (t *Tools) read(out any, tool string, args ...string) error {
	text, err := t.run.Run(t.ctx, tool, append([]string{"--format=json"}, args...)...)
	if err != nil {
		return err
	}
	if len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("cannot read what %s printed: %v", tool, err)
	}
	return nil
}

// Config returns the application's options.
func (t *Tools) Config() (out map[string]any, err error) {
	return out, t.read(&out, "config-get")
}

// IsLeader reports whether this unit leads for the next thirty seconds.
func (t *Tools) IsLeader() (out bool, err error) {
	return out, t.read(&out, "is-leader")
}

// Life is what goal-state says of a unit of this application: "dying" once it is
// to be removed.
func (t *Tools) Life(unit string) (string, error) {
	var goal struct {
		Units map[string]struct {
			Status string `json:"status"`
		} `json:"units"`
	}
	err := t.read(&goal, "goal-state")
	return goal.Units[unit].Status, err
}

// SetStatus sets the unit's workload status, at once.
func (t *Tools) SetStatus(s Status) error {
	return t.call("status-set", s.Status, s.Message)
}

// Status is a workload status with its message.
type Status struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// Status returns the unit's workload status as it was before this hook.
func (t *Tools) Status() (out Status, err error) {
	return out, t.read(&out, "status-get", "--include-data")
}

// SetVersion says what workload the application runs.
func (t *Tools) SetVersion(version string) error {
	return t.call("application-version-set", version)
}

// Ports are the ports that the unit has opened, such as "8888/tcp".
func (t *Tools) Ports() (out []string, err error) {
	return out, t.read(&out, "opened-ports")
}

// OpenPort asks Juju to let others reach a port or a range, given as
// opened-ports prints them: "8888/tcp", "28000-28015/tcp".
func (t *Tools) OpenPort(port string) error {
	return t.call("open-port", port)
}

// ClosePort takes back what OpenPort asked, given as opened-ports printed it.
func (t *Tools) ClosePort(port string) error {
	return t.call("close-port", port)
}

// noAddress is what network-get says of a binding whose space has no address on
// the machine; its exit status says no more than failed.
const noAddress = "no network config found for binding"

// Network returns the addresses of an endpoint's binding. Names and link-local
// addresses are left out: nobody could listen there by them alone.
func (t *Tools) Network(endpoint string) (n notebook.Network, err error) {
	var raw struct {
		Bind []struct {
			Interface string `json:"interface-name"`
			Addresses []struct {
				Value string `json:"value"`
			} `json:"addresses"`
		} `json:"bind-addresses"`
		Ingress []string `json:"ingress-addresses"`
	}
	if err := t.read(&raw, "network-get", endpoint); err != nil {
		n.Missing = strings.Contains(err.Error(), noAddress)
		if n.Missing {
			err = nil
		}
		return n, err
	}
	n.Ingress = raw.Ingress
	for _, b := range raw.Bind {
		for _, a := range b.Addresses {
			if ip, err := netip.ParseAddr(a.Value); err == nil && !ip.IsLinkLocalUnicast() {
				n.Addresses = append(n.Addresses, notebook.Address{Value: a.Value, Interface: b.Interface})
			}
		}
	}
	return n, nil
}

// PrivateAddress returns the address that Juju takes for the unit's own.
func (t *Tools) PrivateAddress() (out string, err error) {
	return out, t.read(&out, "unit-get", "private-address")
}

// Storage returns the mount point of the storage of that name, "" when none is
// attached.
func (t *Tools) Storage(name string) (string, error) {
	var ids []string
	if err := t.read(&ids, "storage-list", name); err != nil || len(ids) == 0 {
		return "", err
	}
	var location string
	return location, t.read(&location, "storage-get", "-s", ids[0], "location")
}

// Relations returns the ids of an endpoint's relations.
func (t *Tools) Relations(endpoint string) (out []string, err error) {
	return out, t.read(&out, "relation-ids", endpoint)
}

// RemoteUnits returns the units at the other side of a relation.
func (t *Tools) RemoteUnits(id string) (out []string, err error) {
	return out, t.read(&out, "relation-list", "-r", id)
}

// Bag reads the databag of a unit in a relation.
func (t *Tools) Bag(id, unit string) (out map[string]string, err error) {
	return out, t.read(&out, "relation-get", "-r", id, "-", unit)
}

// SetBag writes keys of this unit's databag; an empty value takes a key away.
func (t *Tools) SetBag(id string, values map[string]string) error {
	return t.call("relation-set", append([]string{"-r", id}, pairs(values)...)...)
}

// SetAppBag writes keys of the application's databag. Only the leader may.
func (t *Tools) SetAppBag(id string, values map[string]string) error {
	return t.call("relation-set", append([]string{"-r", id, "--app"}, pairs(values)...)...)
}

func pairs(values map[string]string) (out []string) {
	for _, k := range slices.Sorted(maps.Keys(values)) {
		out = append(out, k+"="+values[k])
	}
	return out
}

// Log writes a line to the model's log.
func (t *Tools) Log(level, message string) error {
	return t.call("juju-log", "-l", level, "--", message)
}

// Parameters reads the parameters of the action, which Juju has checked against
// actions.yaml and completed with its defaults, into a struct.
func (t *Tools) Parameters(out any) error {
	return t.read(out, "action-get")
}

// SetResults stores results of the action.
func (t *Tools) SetResults(values map[string]string) error {
	return t.call("action-set", pairs(values)...)
}

// SetSecretResults stores results that hold a secret: the tool itself would have
// them in its arguments, for every user of the machine to see.
func (t *Tools) SetSecretResults(values map[string]string) error {
	_, err := t.run.RunHidden(t.ctx, "action-set", pairs(values)...)
	return err
}

// Progress writes a line to the action's log, shown while it runs.
func (t *Tools) Progress(message string) error {
	return t.call("action-log", message)
}

// Fail marks the action as failed.
func (t *Tools) Fail(message string) error {
	return t.call("action-fail", message)
}
