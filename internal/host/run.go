package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// RunDir is the directory that a notebook's container has alone, where its
// server's socket is. A name is used for one container.
func (u Unit) RunDir(name string) string { return filepath.Join(u.GatewayDir(), "run", name) }

// openRun opens the directory of the run directories, for which MakeGatewayDir
// has to have been called. The gateway's group may write beside it, so that it is
// reached without following a link. The caller closes it.
func (u Unit) openRun() (*os.File, error) {
	path := filepath.Join(u.GatewayDir(), "run")
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), throughFD(uintptr(fd))), nil
}

// MakeRunDir makes a run directory for a container that is to be created: the
// unit's group may write there. One of that name must not be there.
func (u Unit) MakeRunDir(name string) error {
	path := u.RunDir(name)
	var gateway syscall.Stat_t
	if err := syscall.Stat(u.GatewayDir(), &gateway); err != nil {
		return cannot("make", path, err)
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return cannot("make", path, err)
	}
	run, err := u.openRun()
	if err != nil {
		return cannot("make", path, err)
	}
	defer run.Close()
	if err := errors.Join(run.Chown(0, int(gateway.Gid)), run.Chmod(0o750)); err != nil {
		return cannot("set up", filepath.Dir(path), err)
	}
	if err := syscall.Mkdirat(int(run.Fd()), name, 0o700); err != nil {
		return cannot("make", path, err)
	}
	dir, err := openAt(run, name, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return cannot("make", path, err)
	}
	defer dir.Close()
	if err := errors.Join(dir.Chown(0, u.Group), dir.Chmod(fs.ModeSetgid|0o770)); err != nil {
		return cannot("set up", path, err)
	}
	return nil
}

// AdmitToRun lets these users and no others have their socket in a run
// directory, for servers that stepped down and gave the unit's group away.
func (u Unit) AdmitToRun(name string, users []int) error {
	run, err := u.openRun()
	if err != nil {
		return cannot("let users into", u.RunDir(name), err)
	}
	defer run.Close()
	dir, err := openAt(run, name, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return cannot("let users into", u.RunDir(name), err)
	}
	defer dir.Close()
	if err := putACL(throughFD(dir.Fd()), accessACL, acl(7, 7, 0, Readers{Group: u.Group, Users: users}, 7)); err != nil {
		return cannot("let users into", u.RunDir(name), err)
	}
	return nil
}

// RemoveRunDirs removes all run directories but these. One that cannot be removed
// does not keep the others.
func (u Unit) RemoveRunDirs(keep []string) error {
	run, err := u.openRun()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot remove run directories: %v", err)
	}
	defer run.Close()
	names, err := run.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("cannot remove run directories: %v", withoutPath(err))
	}
	var errs []error
	for _, name := range names {
		if slices.Contains(keep, name) {
			continue
		}
		if err := removeAll(filepath.Join(run.Name(), name)); err != nil {
			errs = append(errs, fmt.Errorf("cannot remove %s: %v", u.RunDir(name), err))
		}
	}
	return errors.Join(errs...)
}

// runNames are the run directories that there are.
func (u Unit) runNames() []string {
	run, err := u.openRun()
	if err != nil {
		return nil
	}
	defer run.Close()
	names, _ := run.Readdirnames(-1)
	return names
}

// CanServe is an ErrNoSpace where the server in a run directory has no socket of that
// name yet, and the disk no inode for it.
func (u Unit) CanServe(name, socket string) error {
	run, err := u.openRun()
	if err != nil {
		return cannot("open", u.RunDir(name), err)
	}
	defer run.Close()
	dir, err := openAt(run, name, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return cannot("open", u.RunDir(name), err)
	}
	defer dir.Close()
	var disk syscall.Statfs_t
	if err := syscall.Fstatfs(int(dir.Fd()), &disk); err != nil {
		return cannot("ask for the space of", u.RunDir(name), err)
	}
	if disk.Files > 0 && disk.Ffree == 0 && !holds(dir, socket) { // some file systems do not count
		return cannot("serve at", u.RunDir(name), syscall.ENOSPC)
	}
	return nil
}
