package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	unixPrefix = "unix:" // of an Upstream that is a socket
	runName    = "run"   // the folder of the notebooks' folders
	socketName = "jupyter.sock"
	// connectLimit bounds a connection's making; the upstream is near.
	connectLimit = 3 * time.Second
	// pathOnly is O_PATH, which package syscall lacks; the same on amd64 and arm64.
	pathOnly = 0x200000
)

// errNoSocket means that something else than a socket stands in its place.
var errNoSocket = errors.New("it is no socket")

// identity tells one listening socket from the next one at the same path: a
// server that starts again makes a new file. It is zero for an address.
type identity struct {
	device, inode uint64
	changed       syscall.Timespec // as inode numbers are used again
}

// DialNotebook connects to the notebook's socket run/NAME/jupyter.sock of a
// gateway's directory. It follows no symbolic link below dir: people can put
// anything into their notebook's folder. Where nobody listens, the error is an
// os.ErrNotExist or a syscall.ECONNREFUSED.
func DialNotebook(ctx context.Context, dir, name string) (net.Conn, error) {
	conn, _, err := dialNotebook(ctx, dir, name)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the notebook: %w", err)
	}
	return conn, nil
}

func dialNotebook(ctx context.Context, dir, name string) (net.Conn, identity, error) {
	if err := checkRun(name); err != nil {
		return nil, identity{}, err
	}
	place := &net.UnixAddr{Name: filepath.Join(runName, name, socketName), Net: "unix"}
	fd, id, err := openNotebook(dir, name)
	if err != nil {
		return nil, identity{}, &net.OpError{Op: "dial", Net: "unix", Addr: place, Err: err}
	}
	defer syscall.Close(fd)
	conn, err := connectTo(ctx, "/proc/self/fd/"+strconv.Itoa(fd))
	var op *net.OpError
	if errors.As(err, &op) {
		op.Addr = place // a descriptor's number says nothing
	}
	return conn, id, err
}

// checkRun refuses a name that is not that of a folder right inside run.
func checkRun(name string) error {
	if !filepath.IsLocal(name) || name == "." || strings.ContainsAny(name, "/\x00") {
		return fmt.Errorf("%q is not the name of a notebook's folder", name)
	}
	return nil
}

// openNotebook finds the socket step by step, with a descriptor that stands for
// the file and opens nothing.
func openNotebook(dir, name string) (int, identity, error) {
	fd, err := syscall.Open(dir, pathOnly|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	for _, step := range []string{runName, name, socketName} {
		if err != nil {
			return -1, identity{}, err
		}
		flags := pathOnly | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
		if step != socketName {
			flags |= syscall.O_DIRECTORY
		}
		next, failure := syscall.Openat(fd, step, flags, 0)
		syscall.Close(fd)
		fd, err = next, failure
	}
	if err != nil {
		return -1, identity{}, err
	}
	var stat syscall.Stat_t
	err = syscall.Fstat(fd, &stat)
	if err == nil && stat.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		err = errNoSocket
	}
	if err != nil {
		syscall.Close(fd)
		return -1, identity{}, err
	}
	return fd, identity{device: stat.Dev, inode: stat.Ino, changed: stat.Ctim}, nil
}

// connectTo waits while the server's queue is full, as the kernel does for TCP:
// for a Unix socket it says EAGAIN at once.
func connectTo(ctx context.Context, path string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}
