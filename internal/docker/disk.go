package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/go-units"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
)

// space is a part of a disk.
type space struct {
	bytes int64
	files int64 // inodes
}

// pullNeeds is the free space below which no pull is begun.
var pullNeeds = space{bytes: 1 << 30, files: 10000}

// fullBelow is the free space below which a disk is the cause of what failed.
var fullBelow = space{bytes: 16 << 20, files: 64}

// folder is a directory that the engine writes to: as the engine names it, and as
// this process reaches it.
type folder struct {
	name, path string
}

// lacks says what the disks of images have less of than is needed, "" when there is
// enough.
func (e *Engine) lacks(ctx context.Context, need space) string {
	images, _ := e.folders(ctx)
	return lacking(images, need)
}

// isFull says which of the engine's disks is full, "" for none.
func (e *Engine) isFull(ctx context.Context) string {
	images, root := e.folders(ctx)
	return lacking(append(images, root), fullBelow)
}

// folders are those of images, and the engine's own. What cannot be known is no
// reason to refuse anything.
func (e *Engine) folders(ctx context.Context) (images []folder, root folder) {
	info, err := e.cli.Info(ctx)
	if err == nil {
		images, err = imageFolders(info)
	}
	if err != nil {
		logger.Warningf("cannot see how much room there is for images: %v", err)
	}
	return images, folder{info.DockerRootDir, info.DockerRootDir}
}

// lacking says which folder has less than is needed. Root's reserve counts: the
// engine is root.
func lacking(folders []folder, need space) string {
	for _, f := range folders {
		var s syscall.Statfs_t
		if err := syscall.Statfs(f.path, &s); err != nil {
			continue
		}
		free := int64(s.Bfree) * s.Bsize
		switch {
		case free < need.bytes:
			return fmt.Sprintf("%s has only %s left", f.name, units.HumanSize(float64(free)))
		case s.Files > 0 && int64(s.Ffree) < need.files: // some file systems do not count
			return fmt.Sprintf("%s has only %d inodes left", f.name, s.Ffree)
		}
	}
	return ""
}

// inContainerd is what an engine says whose images are kept by containerd.
var inContainerd = [2]string{"driver-type", "io.containerd.snapshotter.v1"}

// imageFolders are where the engine keeps images: packed, unpacked, and what it
// knows of them. An engine's own containerd has its root below the engine's;
// another may have it anywhere.
func imageFolders(info system.Info) ([]folder, error) {
	if !slices.Contains(info.DriverStatus, inContainerd) {
		return []folder{{info.DockerRootDir, info.DockerRootDir}}, nil
	}
	if info.Containerd == nil {
		return nil, errors.New("the engine does not say where its containerd is")
	}
	pid, root, err := containerdRoot(info.Containerd.Address)
	if err != nil {
		return nil, err
	}
	var out []folder
	for _, name := range []string{root, root + "/io.containerd.content.v1.content", root + "/io.containerd.snapshotter.v1." + info.Driver} {
		out = append(out, folder{name, host.InProcess(pid, name)}) // it may see other mounts
	}
	return out, nil
}

// containerdRoot is the directory of the containerd that listens at a socket, and
// its process: it holds the database there open, whatever its settings are.
func containerdRoot(socket string) (pid int, root string, err error) {
	if pid, err = host.Listener(socket); err != nil {
		return 0, "", err
	}
	root, err = host.OpenBelow(pid, "/io.containerd.metadata.v1.bolt/meta.db")
	return pid, root, err
}
