package docker

import (
	"context"
	"fmt"
	"slices"
	"syscall"

	"github.com/docker/go-units"
)

// Machine is what the engine says of where it runs.
type Machine struct {
	CPUs          int
	Root          string // the engine's directory on the host
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
		CPUs: info.NCPU, Root: info.DockerRootDir, CgroupVersion: info.CgroupVersion,
		UserNS: slices.Contains(info.SecurityOptions, "name=userns"),
	}, nil
}

// space is a part of a disk.
type space struct {
	bytes int64
	files int64 // inodes
}

// pullNeeds is the free space below which no pull is begun.
var pullNeeds = space{bytes: 1 << 30, files: 10000}

// fullBelow is the free space below which a disk is the cause of what failed.
var fullBelow = space{bytes: 16 << 20, files: 64}

// lacks says what the engine's disk has less of than is needed, "" when there is
// enough, or when the disk cannot be seen from here. Root's reserve counts: the
// engine is root.
func (e *Engine) lacks(ctx context.Context, need space) string {
	machine, err := e.Machine(ctx)
	if err != nil {
		return ""
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(machine.Root, &s); err != nil {
		return ""
	}
	free := int64(s.Bfree) * s.Bsize
	switch {
	case free < need.bytes:
		return fmt.Sprintf("%s has only %s left", machine.Root, units.HumanSize(float64(free)))
	case s.Files > 0 && int64(s.Ffree) < need.files: // some file systems do not count
		return fmt.Sprintf("%s has only %d inodes left", machine.Root, s.Ffree)
	}
	return ""
}
