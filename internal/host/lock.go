package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// LockPorts waits until no other unit of this machine chooses ports. The kernel
// frees the lock when its holder ends, however it does.
func LockPorts(ctx context.Context) (release func(), err error) {
	if err := os.MkdirAll(Root, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make %s: %v", Root, err)
	}
	dir, err := os.Open(Root)
	if err != nil {
		return nil, fmt.Errorf("cannot lock %s: %v", Root, err)
	}
	for {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { dir.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			dir.Close()
			return nil, fmt.Errorf("cannot lock %s: %v", Root, err)
		}
		select {
		case <-ctx.Done():
			dir.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", Root, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
