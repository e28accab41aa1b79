package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// grant gives the readers all of a tree: each file as its owner has it, each
// directory with a default for what is made there. Owners stay. lowered takes
// only what its maker closed again to a group. Symbolic links are not followed,
// and whoever works there meanwhile cannot lead the walk out of the tree.
func grant(top string, r Readers, lowered bool) error {
	root, err := os.OpenRoot(top)
	if err != nil {
		return fmt.Errorf("cannot walk the notebooks: %v", err)
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody works there
		}
		if err != nil {
			return fmt.Errorf("cannot walk the notebooks: %v", err)
		}
		if name == "." || !d.IsDir() && !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && lowered && open(info.Mode()) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read the mode of %s: %v", name, err)
		}
		return grantOne(root, name, r)
	})
}

// wanted are the permissions that the readers get.
func wanted(mode fs.FileMode) uint16 {
	if mode.IsDir() {
		return 7
	}
	return 6 | uint16(mode.Perm())>>6&1
}

// open tells whether the mode, whose middle is the mask of an ACL, lets the
// readers do what they may.
func open(mode fs.FileMode) bool {
	return uint16(mode.Perm())>>3&wanted(mode) == wanted(mode)
}

// grantOne opens the file first, and changes what it has opened.
func grantOne(root *os.Root, name string, r Readers) error {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) {
		return nil // it is another by now
	}
	if err != nil {
		return fmt.Errorf("cannot open %s of the notebooks: %v", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return err
	}
	bits := uint16(info.Mode().Perm())
	path := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	if err := setACL(path, accessACL, acl(bits>>6&7, bits>>3&7, bits&7, r, wanted(info.Mode()))); err != nil || !info.IsDir() {
		return err
	}
	return setACL(path, defaultACL, acl(7, 7, 0, r, 7))
}
