package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrNoSpace says that a disk has no room for a file: space, inodes or a quota
// are used up. The operator mends it.
var ErrNoSpace = errors.New("no space, inodes or quota are left")

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, ErrNoSpace)
}

// cannot is the error of what could not be done to a path.
func cannot(do, path string, err error) error {
	if isFull(err) {
		return fmt.Errorf("cannot %s %s: %w", do, path, ErrNoSpace)
	}
	return fmt.Errorf("cannot %s %s: %v", do, path, err)
}

// same reports whether a file of root has that content, group and mode already.
// Whoever may write beside it cannot make the hook wait or read elsewhere.
func same(path string, content []byte, gid int, mode fs.FileMode) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	var s syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &s); err != nil || s.Mode != syscall.S_IFREG|uint32(mode) || s.Uid != 0 || int(s.Gid) != gid || s.Size != int64(len(content)) {
		return false
	}
	have, err := io.ReadAll(f)
	return err == nil && bytes.Equal(have, content)
}

// writeFile replaces a file as a whole, when it differs. The bytes are there only
// once nobody else may read them. What a killed hook left half written is
// replaced, for one hook of a unit runs at a time.
func writeFile(path string, content []byte, gid int, mode fs.FileMode) error {
	if same(path, content, gid, mode) {
		return nil
	}
	temporary := filepath.Join(filepath.Dir(path), ".new-"+filepath.Base(path))
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cannot("write", path, err)
	}
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return cannot("write", path, err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chown(0, gid), f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		os.Remove(temporary)
		return cannot("write", path, err)
	}
	return nil
}

// syncDir makes sure that a file's new name outlives the machine's next crash.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return cannot("write", path, err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return cannot("write", path, err)
	}
	return nil
}
