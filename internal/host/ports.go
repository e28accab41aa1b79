package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// PortPair is how many driver ports a unit has: a block for each of its two
// slots.
const PortPair = 2 * 24

// Range is a range of ports.
type Range struct{ First, Last int }

// Reservation is what a unit wants of the machine's ports.
type Reservation struct {
	Option int                 // where to look from, of the option driver-ports; 0 gives up what the unit has
	Held   int                 // the first port of the pair that a container of the unit fixes already, without a reservation; 0 for none
	Taken  []Range             // what other containers have
	Free   func(port int) bool // reports whether no program listens on the port
}

// ErrNoPorts says that no pair of blocks is free.
var ErrNoPorts = errors.New("no ports are free")

// portEntry is a unit's reservation in the file.
type portEntry struct {
	Option int `json:"option"`
	First  int `json:"first"`
}

// Reserve returns the first of a unit's PortPair driver ports, the same in every
// hook while the option is. key names the unit's directory below root; a unit
// whose directory is gone has given its ports up. The error is an ErrNoPorts when
// all are taken. The file is locked for as long as Free takes; the kernel frees
// it when the hook ends, however it does.
func Reserve(ctx context.Context, root, key string, want Reservation) (first int, err error) {
	if want.Option == 0 {
		return 0, freePorts(ctx, root, key)
	}
	if err := (Unit{Dir: filepath.Join(root, key)}).Make(); err != nil {
		return 0, err
	}
	err = changePorts(ctx, root, func(entries map[string]portEntry) error {
		if own := entries[key]; own.Option == want.Option {
			first = own.First
			return nil
		}
		delete(entries, key)
		if first = want.find(entries); first == 0 {
			return fmt.Errorf("cannot reserve %d ports from %d on: %w", PortPair, want.Option, ErrNoPorts)
		}
		entries[key] = portEntry{want.Option, first}
		return nil
	})
	return first, err
}

// freePorts gives up what a unit has.
func freePorts(ctx context.Context, root, key string) error {
	return changePorts(ctx, root, func(entries map[string]portEntry) error {
		delete(entries, key)
		return nil
	})
}

// changePorts lets change have the entries of the units that there are, and keeps
// what it makes of them.
func changePorts(ctx context.Context, root string, change func(map[string]portEntry) error) error {
	release, err := lock(ctx, root)
	if errors.Is(err, fs.ErrNotExist) { // no unit has been here
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	file, entries := filepath.Join(root, "ports.json"), map[string]portEntry{}
	if _, err := readJSON(file, &entries); err != nil {
		entries = map[string]portEntry{} // cut off by a power cut, say: what programs and containers have is passed over
	}
	before := maps.Clone(entries)
	for key := range entries {
		if _, err := os.Lstat(filepath.Join(root, key)); errors.Is(err, fs.ErrNotExist) {
			delete(entries, key)
		}
	}
	if err := change(entries); err != nil || maps.Equal(before, entries) {
		return err
	}
	return writeJSON(file, entries)
}

// find returns the first of the ports, 0 when none are free.
func (want Reservation) find(entries map[string]portEntry) int {
	if want.Held != 0 {
		return want.Held
	}
	for first := want.Option; first+PortPair-1 <= 65535; first += PortPair {
		if want.free(Range{first, first + PortPair - 1}, entries) {
			return first
		}
	}
	return 0
}

func (want Reservation) free(pair Range, entries map[string]portEntry) bool {
	taken := slices.Clone(want.Taken)
	for _, e := range entries {
		taken = append(taken, Range{e.First, e.First + PortPair - 1})
	}
	for _, t := range taken {
		if pair.First <= t.Last && t.First <= pair.Last {
			return false
		}
	}
	for port := pair.First; port <= pair.Last; port++ {
		if !want.Free(port) {
			return false
		}
	}
	return true
}

// lock waits until no other hook of this machine holds the directory.
func lock(ctx context.Context, path string) (release func(), err error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	for {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { dir.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			dir.Close()
			return nil, fmt.Errorf("cannot lock %s: %v", path, err)
		}
		select {
		case <-ctx.Done():
			dir.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", path, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
