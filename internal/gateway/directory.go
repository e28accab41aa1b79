package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

const (
	stateName   = "state.json"
	controlName = "control.sock" // a link to the socket of the gateway in charge
	// sharedMode lets the directory's group in: a gateway for a port below
	// 1024 runs as root without the capability to pass over permissions, and
	// must get on with what one that ran as another user left.
	sharedMode = 0o660
	// maxRetired bounds the memory of gateways that were replaced.
	maxRetired = 16
)

// record is the content of state.json: the State in force and who may serve it.
type record struct {
	State
	// Owner is the gateway in charge; the Retired ones were before it and
	// must not come back when the engine restarts them.
	Owner   string   `json:"owner,omitempty"`
	Retired []string `json:"retired,omitempty"`
}

func (r record) retired(instance string) bool { return slices.Contains(r.Retired, instance) }

// ownedBy is the record after instance has taken charge.
func (r record) ownedBy(instance string) record {
	retired := slices.DeleteFunc(slices.Clone(r.Retired), func(s string) bool { return s == instance || s == r.Owner })
	if r.Owner != "" && r.Owner != instance {
		retired = append(retired, r.Owner)
	}
	r.Retired = retired[max(0, len(retired)-maxRetired):]
	r.Owner = instance
	return r
}

// directory is the folder that gateways of one unit and its charm share.
type directory struct {
	path string
	file *os.File
}

func openDirectory(path string) (*directory, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return &directory{path: path, file: file}, nil
}

func (d *directory) join(name string) string { return filepath.Join(d.path, name) }

// socket is a path of a socket that fits into the kernel's 108 bytes.
func (d *directory) socket(name string) string {
	if path := d.join(name); len(path) < 100 {
		return path
	}
	return filepath.Join("/proc/self/fd", strconv.Itoa(int(d.file.Fd())), name)
}

func (d *directory) dial(ctx context.Context, name string) (*net.UnixConn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", d.socket(name))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("%w in %s", ErrNotRunning, d.path)
		}
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// lock lets one gateway at a time start. The kernel frees it when its holder ends.
func (d *directory) lock(ctx context.Context) (unlock func(), err error) {
	for {
		file, err := os.OpenFile(d.path, os.O_RDONLY|syscall.O_DIRECTORY, 0)
		if err != nil {
			return nil, err
		}
		if err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return func() { file.Close() }, nil
		}
		file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// load reads the record; a missing one is empty.
func (d *directory) load() (record, error) {
	var r record
	content, err := os.ReadFile(d.join(stateName))
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return record{}, fmt.Errorf("cannot read %s: %v", stateName, err)
	}
	return r, nil
}

// save replaces the record so that a power cut leaves the old or the new one.
// One that is stored already takes no room.
func (d *directory) save(r record) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	content = append(content, '\n')
	if stored, err := os.ReadFile(d.join(stateName)); err == nil && bytes.Equal(stored, content) {
		return nil
	}
	temporary := d.join(stateName + ".new")
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeSynced(temporary, content); err != nil {
		_ = os.Remove(temporary) // half a file takes room that may be short
		return err
	}
	if err := os.Rename(temporary, d.join(stateName)); err != nil {
		return err
	}
	return d.file.Sync()
}

func writeSynced(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, sharedMode)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Chmod(sharedMode); err != nil { // the umask took bits off
		return err
	}
	if _, err := file.Write(content); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return file.Close()
}

// listen makes a socket under a name of this gateway's own.
func (d *directory) listen(name string) (*net.UnixListener, error) {
	if err := os.Remove(d.join(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", d.socket(name))
	if err != nil {
		return nil, err
	}
	socket := l.(*net.UnixListener)
	socket.SetUnlinkOnClose(false)
	return socket, os.Chmod(d.join(name), sharedMode)
}

// publish makes a socket the one that the charm talks to.
func (d *directory) publish(name string) error {
	if target, err := os.Readlink(d.join(controlName)); err == nil && target == name {
		return nil
	}
	temporary := d.join(controlName + ".new")
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(name, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, d.join(controlName))
}

// withdraw removes a gateway's socket, and the charm's link to it if it still points there.
func (d *directory) withdraw(name string) {
	if target, err := os.Readlink(d.join(controlName)); err == nil && target == name {
		_ = os.Remove(d.join(controlName)) // a dead link says the same: nobody answers
	}
	_ = os.Remove(d.join(name))
}

// sockets lists the gateways' own sockets, live and dead.
func (d *directory) sockets() []string {
	paths, _ := filepath.Glob(d.join("gateway-*.sock")) // the pattern is well-formed
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	return paths
}

// ReadState reads what a gateway stored in dir, for when none answers there. A
// directory without a stored State gives an empty one.
func ReadState(dir string) (State, error) {
	r, err := (&directory{path: dir}).load()
	if err != nil {
		return State{}, fmt.Errorf("cannot read the gateway's state: %v", err)
	}
	return r.State, nil
}
