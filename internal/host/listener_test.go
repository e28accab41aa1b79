package host

import (
	"errors"
	"io/fs"
	"net"
	"os"

	. "gopkg.in/check.v1"
)

type listenerSuite struct{}

var _ = Suite(&listenerSuite{})

func (listenerSuite) TestListener(c *C) {
	dir := c.MkDir()
	l, err := net.Listen("unix", dir+"/s")
	c.Assert(err, IsNil)
	pid, err := Listener("unix://" + dir + "/s")
	c.Assert(err, IsNil)
	c.Check(pid, Equals, os.Getpid())
	l.Close()
	_, err = Listener(dir + "/s")
	c.Check(err, ErrorMatches, "cannot ask who listens: .*")
}

func (listenerSuite) TestOpenBelow(c *C) {
	dir := c.MkDir()
	c.Assert(os.Mkdir(dir+"/sub", 0o700), IsNil)
	f, err := os.Create(dir + "/sub/file.db")
	c.Assert(err, IsNil)
	root, err := OpenBelow(os.Getpid(), "/sub/file.db")
	c.Assert(err, IsNil)
	c.Check(root, Equals, dir)
	f.Close()
	_, err = OpenBelow(os.Getpid(), "/sub/file.db")
	c.Check(errors.Is(err, fs.ErrNotExist), Equals, true)
	_, err = OpenBelow(1<<30, "/sub/file.db")
	c.Check(err, ErrorMatches, "cannot list the open files of process .*")
}
