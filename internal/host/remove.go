package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// RemoveAllButData removes the unit's directory except for its notebooks, and
// frees its reserved ports. It returns where the notebooks are, "" when there are
// none.
func (u Unit) RemoveAllButData(ctx context.Context) (string, error) {
	entries, err := os.ReadDir(u.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %v", u.Dir, err)
	}
	data := filepath.Join(u.Dir, "notebooks")
	for _, e := range entries {
		if path := filepath.Join(u.Dir, e.Name()); path != data {
			if err := removeAll(path); err != nil {
				return "", fmt.Errorf("cannot remove %s: %v", path, err)
			}
		}
	}
	if os.Remove(data) == nil { // only when it is empty
		return "", os.Remove(u.Dir)
	}
	if _, err := os.Stat(data); err == nil {
		return data, freePorts(ctx, filepath.Dir(u.Dir), filepath.Base(u.Dir))
	}
	return "", os.Remove(u.Dir)
}

// removeAll removes what is at a path, however deep somebody nested folders
// there: os.RemoveAll holds a descriptor a level, of which there are too few.
func removeAll(path string) error {
	const rounds = 100 // each takes the deepest out of a branch
	for range rounds {
		err := os.RemoveAll(path)
		if !errors.Is(err, syscall.EMFILE) {
			return withoutPath(err)
		}
		if err := flatten(path); err != nil {
			return err
		}
	}
	return errDeep
}

// flatten cuts the first branch of folders below a path into pieces, which it
// puts beside one another at its top.
func flatten(path string) error {
	const piece = 500
	top, err := os.Open(path)
	if err != nil {
		return withoutPath(err)
	}
	defer top.Close()
	dir, err := openAt(top, ".", syscall.O_RDONLY|syscall.O_DIRECTORY)
	for depth := 1; err == nil; depth++ {
		name := firstFolder(dir)
		if name == "" {
			return dir.Close()
		}
		var below *os.File
		below, err = openAt(dir, name, syscall.O_RDONLY|syscall.O_DIRECTORY)
		if err == nil && depth%piece == 0 {
			err = lift(dir, name, top)
		}
		dir.Close()
		dir = below
	}
	return err
}

// lift moves a folder to a new place in another directory.
func lift(dir *os.File, name string, top *os.File) error {
	place, err := os.MkdirTemp(throughFD(top.Fd()), ".piece-")
	if err != nil {
		return withoutPath(err)
	}
	return os.Rename(filepath.Join(throughFD(dir.Fd()), name), filepath.Join(place, "d"))
}

func firstFolder(dir *os.File) string {
	for {
		entries, err := dir.ReadDir(256)
		for _, e := range entries {
			if e.IsDir() {
				return e.Name()
			}
		}
		if err != nil {
			return ""
		}
	}
}
