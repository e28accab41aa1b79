package notebook

import (
	"fmt"
	"maps"
	"slices"
)

// Change is one difference between what a container was created with and what
// should run.
type Change struct {
	What  string // in words, without values that could be secret
	Asked bool   // by an operator, through an option or an action
}

// Changes lists what differs between two Serves, in the order of their fields.
func Changes(from, to Serve) []Change {
	var out []Change
	add := func(differs, asked bool, format string, args ...any) {
		if differs {
			out = append(out, Change{What: fmt.Sprintf(format, args...), Asked: asked})
		}
	}
	add(from.Image != to.Image, true, "jupyter-image is %s, was %s", to.Image, from.Image)
	add(!slices.Equal(from.Command, to.Command), true, "command changed")
	add(!maps.Equal(from.Environment, to.Environment), true, "environment changed")
	add(from.ShmSize != to.ShmSize, true, "shm-size changed")
	add(from.Sudo != to.Sudo, true, "allow-sudo is %t, was %t", to.Sudo, from.Sudo)
	add(from.NetworkMode != to.NetworkMode, true, "network-mode is %s, was %s", to.NetworkMode, from.NetworkMode)
	add(from.BaseURL != to.BaseURL, true, "base-url is %s, was %s", to.BaseURL, from.BaseURL)
	add(from.CullMinutes != to.CullMinutes, true, "idle-cull-minutes is %d, was %d", to.CullMinutes, from.CullMinutes)
	add(from.Credential != to.Credential, true, "the token was rotated")
	addSpark(add, from.Spark, to.Spark)
	add(from.Proxy != to.Proxy, false, "the model's proxy changed")
	add(from.Data != to.Data, false, "notebooks are in %s, were in %s", to.Data, from.Data)
	add(from.Group != to.Group, false, "the unit's group changed")
	add(from.Settings != to.Settings || from.Format != to.Format, false, "the charm was refreshed")
	return out
}

// addSpark adds what differs about Spark. Juju's addresses change by themselves.
func addSpark(add func(differs, asked bool, format string, args ...any), from, to SparkServe) {
	add(from.Master != to.Master, true, "spark-master is %s, was %s", or(to.Master, "local"), or(from.Master, "local"))
	add(from.Remote != to.Remote, true, "spark-remote changed")
	add(from.Conf != to.Conf, true, "spark-conf changed")
	add(from.Hadoop != to.Hadoop, true, "hadoop-conf changed")
	if from.Ports == 0 || to.Ports == 0 {
		return // what follows is of a driver that is called back
	}
	add(from.Python != to.Python, true, "executor-python is %s, was %s", to.Python, from.Python)
	add(from.Ports != to.Ports, true, "driver-ports is %d, was %d", to.Ports, from.Ports)
	add(from.Named != to.Named, true, "driver-host is %s, was %s", or(to.Named, "Juju's address"), or(from.Named, "Juju's address"))
	add(from.Host != to.Host && from.Named == to.Named, false, "the driver's address is %s, was %s", to.Host, from.Host)
	add(from.Bind != to.Bind, false, "the driver's ports are at %s, were at %s", to.Bind, from.Bind)
}
