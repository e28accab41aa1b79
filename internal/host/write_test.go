package host

import (
	"os"
	"path/filepath"

	. "gopkg.in/check.v1"
)

func (s *filesSuite) TestWriteFileReplacesAsAWhole(c *C) {
	path := filepath.Join(c.MkDir(), "token")
	c.Assert(writeFile(path, []byte("one\n"), group, 0o440), IsNil)
	open, err := os.Open(path)
	c.Assert(err, IsNil)
	defer open.Close()
	c.Assert(writeFile(path, []byte("two\n"), group, 0o440), IsNil)
	b := make([]byte, 8)
	n, err := open.Read(b)
	c.Assert(err, IsNil)
	c.Check(string(b[:n]), Equals, "one\n") // whoever had it open never sees a mixture
	entries, err := os.ReadDir(filepath.Dir(path))
	c.Assert(err, IsNil)
	c.Check(entries, HasLen, 1)
	before := changed(c, path)
	c.Assert(writeFile(path, []byte("two\n"), group, 0o440), IsNil)
	c.Check(changed(c, path), Equals, before)
}

// TestWriteFileMendsWhoMayRead: the right content with a wrong mode is not the
// right file.
func (s *filesSuite) TestWriteFileMendsWhoMayRead(c *C) {
	path := filepath.Join(c.MkDir(), "token")
	put(c, path, 0o644, 1000)
	c.Assert(writeFile(path, []byte("x"), group, 0o440), IsNil)
	c.Check(stat(c, path), Equals, owned{0o440, 0, group})
}

func (s *filesSuite) TestWriteFileFailsWithoutLeavings(c *C) {
	dir := c.MkDir()
	c.Assert(os.Mkdir(filepath.Join(dir, "token"), 0o755), IsNil)
	c.Check(writeFile(filepath.Join(dir, "token"), []byte("x"), 0, 0o440), ErrorMatches, "cannot write .*token: .*")
	entries, err := os.ReadDir(dir)
	c.Assert(err, IsNil)
	c.Check(entries, HasLen, 1)
}
