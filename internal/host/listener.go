package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// Listener is the process that listens at a unix socket, as the kernel knows it.
func Listener(socket string) (pid int, err error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: strings.TrimPrefix(socket, "unix://")})
	if err != nil {
		return 0, fmt.Errorf("cannot ask who listens: %w", err)
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("cannot ask who listens at %s: %v", socket, err)
	}
	var peer *syscall.Ucred
	var refused error
	err = raw.Control(func(fd uintptr) {
		peer, refused = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err := errors.Join(err, refused); err != nil {
		return 0, fmt.Errorf("cannot ask who listens at %s: %v", socket, err)
	}
	if peer.Pid == 0 {
		return 0, fmt.Errorf("cannot see who listens at %s: it is in another namespace of processes", socket)
	}
	return int(peer.Pid), nil
}

// OpenBelow is the directory below which a process holds a file open, whose path
// from there is name; an fs.ErrNotExist when it holds none. The path is as the
// process sees it.
func OpenBelow(pid int, name string) (string, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	open, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("cannot list the open files of process %d: %w", pid, err)
	}
	for _, fd := range open {
		file, err := os.Readlink(dir + "/" + fd.Name())
		if root, found := strings.CutSuffix(file, name); err == nil && found {
			return root, nil
		}
	}
	return "", fmt.Errorf("cannot find %s among the open files of process %d: %w", name, pid, fs.ErrNotExist)
}
