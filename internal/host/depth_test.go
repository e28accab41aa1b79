package host

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	. "gopkg.in/check.v1"
)

// nest makes folders in one another; their path is too long for one call.
func nest(c *C, top string, depth int) {
	c.Assert(os.MkdirAll(top, 0o755), IsNil)
	dir, err := os.Open(top)
	c.Assert(err, IsNil)
	for range depth {
		c.Assert(syscall.Mkdirat(int(dir.Fd()), "d", 0o755), IsNil)
		below, err := openAt(dir, "d", syscall.O_RDONLY|syscall.O_DIRECTORY)
		c.Assert(err, IsNil)
		dir.Close()
		dir = below
	}
	dir.Close()
}

// TestDeepFolders: a walk by paths took 5 s for 2,000 folders in one another, and
// a hundred times that for ten times as many (fault 17).
func (s *filesSuite) TestDeepFolders(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	nest(c, data, 20000)
	defer func() { c.Check(removeAll(data), IsNil) }()
	put(c, filepath.Join(data, "z"), 0o644, 1000)
	start := time.Now()
	left, err := s.unit.Adopt(context.Background(), data, nil, walkLimit)
	c.Assert(err, IsNil)
	c.Check(time.Since(start) < time.Second, Equals, true, Commentf("%v", time.Since(start)))
	c.Check(left.Count, Equals, 1)
	c.Check(left.Err, Equals, errDeep)
	c.Check(left.Path, Matches, `d/d/d/.*\.\.\..*/d/d/d`)
	c.Check(len(left.Path) <= maxPath, Equals, true)
	c.Check(stat(c, filepath.Join(data, "z")).mode, Equals, fs.FileMode(0o664))
}

// TestRemoveDeepFolders: a notebook's user may nest more of them in his run
// directory than a process may open files, and the unit can be removed.
func (s *filesSuite) TestRemoveDeepFolders(c *C) {
	var limit syscall.Rlimit
	c.Assert(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit), IsNil)
	fewer := syscall.Rlimit{Cur: 1024, Max: limit.Max}
	c.Assert(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &fewer), IsNil)
	defer func() { c.Check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit), IsNil) }()
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	for _, name := range []string{"a-1", "b-1"} {
		c.Assert(s.unit.MakeRunDir(name), IsNil)
		nest(c, s.unit.RunDir(name)+"/one", 1500)
		nest(c, s.unit.RunDir(name)+"/two", 1500)
	}
	c.Assert(s.unit.RemoveRunDirs([]string{"b-1"}), IsNil)
	c.Check(exists(s.unit.RunDir("a-1")), Equals, false)
	_, err := s.unit.RemoveAllButData(context.Background())
	c.Assert(err, IsNil)
	c.Check(exists(s.unit.Dir), Equals, false)
}
