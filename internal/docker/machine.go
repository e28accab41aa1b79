package docker

import (
	"context"
	"slices"
)

// Machine is what the engine says of where it runs.
type Machine struct {
	CPUs          int
	CgroupVersion string // "1" or "2"; "" of an engine too old to say, which knows 1 alone
	UserNS        bool   // the engine maps the users of containers to others (userns-remap)
}

// Machine asks the engine about its machine.
func (e *Engine) Machine(ctx context.Context) (Machine, error) {
	info, err := e.cli.Info(ctx)
	if err != nil {
		return Machine{}, failure(err, "cannot ask the engine about its machine")
	}
	return Machine{
		CPUs: info.NCPU, CgroupVersion: info.CgroupVersion,
		UserNS: slices.Contains(info.SecurityOptions, "name=userns"),
	}, nil
}
