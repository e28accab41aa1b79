package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"unicode"
)

// maxDepth bounds how deep a walk goes, for it holds a descriptor a level. Nobody
// nests notebooks that deep by hand.
const maxDepth = 200

// maxPath bounds the length of a path for people, in bytes.
const maxPath = 120

var (
	errDeep = errors.New("it lies too deep")
	errTime = errors.New("there are too many files for the time")
)

// Left is what a walk over the notebooks could not change. The zero value is
// nothing.
type Left struct {
	Path  string // of the first, from the folder of the notebooks; "." is that folder. For people: a long one has its middle left out
	Count int    // how many there are; a folder counts as one with what is in it where the walk did not enter
	Err   error  // of the first; an ErrNoACL or ErrNoSpace where it is that
}

// String is for people, such as "a/b.ipynb and 2 more: operation not permitted".
func (l Left) String() string {
	switch {
	case l.Count == 0:
		return "nothing"
	case l.Count == 1:
		return fmt.Sprintf("%s: %v", l.Path, l.Err)
	}
	return fmt.Sprintf("%s and %d more: %v", l.Path, l.Count-1, l.Err)
}

// walk gives the readers all of a tree: each file as its owner has it, each
// directory with a default for what is made there. Owners stay. What is private
// by its kind keeps its modes: names that begin with a dot, and the directories
// of a PostgreSQL, which does not start when others may read them.
//
// Each entry is reached by its directory's descriptor: whoever works there
// meanwhile cannot lead the walk out of the tree, and no path gets long.
type walk struct {
	readers Readers
	closed  bool // take only what is not open to the readers
	names   []string
	over    bool // the context has ended
	left    Left
}

// leave notes the entry that the walk is at, or the top.
func (w *walk) leave(err error) {
	if w.left.Count++; w.left.Count == 1 {
		w.left.Path, w.left.Err = shorten(path.Join(append([]string{"."}, w.names...)...)), err
	}
}

// shorten makes a path one for a line of text.
func shorten(path string) string {
	path = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, path)
	if len(path) <= maxPath {
		return path
	}
	half := maxPath/2 - 2
	return strings.ToValidUTF8(path[:half], "") + "..." + strings.ToValidUTF8(path[len(path)-half:], "")
}

// inside walks what is in a directory, until the context ends.
func (w *walk) inside(ctx context.Context, dir *os.File) {
	for {
		entries, err := dir.ReadDir(256)
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") {
				w.names = append(w.names, e.Name())
				w.entry(ctx, dir, e)
				w.names = w.names[:len(w.names)-1]
			}
			if w.over {
				return
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			w.leave(withoutPath(err))
			return
		}
	}
}

func (w *walk) entry(ctx context.Context, dir *os.File, e fs.DirEntry) {
	if ctx.Err() != nil {
		w.over = true
		w.leave(errTime)
		return
	}
	flags := oPath
	switch {
	case e.IsDir() && len(w.names) > maxDepth:
		w.leave(errDeep)
		return
	case e.IsDir():
		flags = syscall.O_RDONLY | syscall.O_DIRECTORY
	case !e.Type().IsRegular():
		return
	}
	f, err := openAt(dir, e.Name(), flags)
	if err != nil {
		if !another(err) {
			w.leave(err)
		}
		return
	}
	defer f.Close()
	if !e.IsDir() {
		w.grant(f)
	} else if !holds(f, "PG_VERSION") && w.grant(f) {
		w.inside(ctx, f)
	}
}

// grant gives the readers what is open, and reports whether what is in it may be
// changed: on a file system that takes no change, nothing is.
func (w *walk) grant(f *os.File) bool {
	var s syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &s); err != nil {
		w.leave(err)
		return false
	}
	isDir := s.Mode&syscall.S_IFMT == syscall.S_IFDIR
	if !isDir && s.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return false
	}
	perm := uint16(6 | s.Mode>>6&1)
	if isDir {
		perm = 7
	}
	at := throughFD(f.Fd())
	if w.closed && uint16(s.Mode>>3)&perm == perm && w.readers.in(at) { // the middle is the mask of an ACL
		return true
	}
	err := putACL(at, accessACL, acl(uint16(s.Mode>>6&7), uint16(s.Mode>>3&7), uint16(s.Mode&7), w.readers, perm))
	if err == nil && isDir {
		err = putACL(at, defaultACL, acl(7, 7, 0, w.readers, 7))
	}
	if err != nil {
		w.leave(err)
	}
	return !readOnly(err)
}

// readOnly reports whether an error holds for the whole of a file system.
func readOnly(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, ErrNoACL)
}

// oPath opens a file for its attributes alone: no device is opened by it.
// Source: include/uapi/asm-generic/fcntl.h of the kernel.
const oPath = 0o10000000

// another reports whether an error says that an entry is another by now.
func another(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

// openAt opens an entry of a directory, and follows no symbolic link.
func openAt(dir *os.File, name string, flags int) (*os.File, error) {
	if strings.Contains(name, "/") {
		return nil, syscall.EINVAL // it would lead elsewhere
	}
	fd, err := syscall.Openat(int(dir.Fd()), name, flags|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), throughFD(uintptr(fd))), nil
}

func throughFD(fd uintptr) string { return "/proc/self/fd/" + strconv.Itoa(int(fd)) }

func holds(dir *os.File, name string) bool {
	if strings.Contains(name, "/") {
		return false // it would lead elsewhere
	}
	_, err := os.Lstat(throughFD(dir.Fd()) + "/" + name)
	return err == nil
}

// withoutPath takes away a path that means nothing to people.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
