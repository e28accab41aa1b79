package host

import (
	"io/fs"
	"os"
	"path/filepath"

	. "gopkg.in/check.v1"
)

func (s *filesSuite) TestRunDirs(c *C) {
	c.Check(s.unit.RemoveRunDirs(nil), IsNil) // there is none yet
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	for _, name := range []string{"a-1", "a-2", "b-1"} {
		c.Assert(s.unit.MakeRunDir(name), IsNil)
	}
	c.Check(stat(c, filepath.Dir(s.unit.RunDir("a-1"))), Equals, owned{fs.ModeDir | 0o750, 0, 65532})
	c.Check(stat(c, s.unit.RunDir("a-1")), Equals, owned{fs.ModeDir | fs.ModeSetgid | 0o770, 0, group})
	c.Check(s.unit.MakeRunDir("a-1"), ErrorMatches, "cannot make .*/gateway/run/a-1: file exists")

	put(c, s.unit.RunDir("a-2")+"/deep/file", 0o600, 1000)
	c.Assert(s.unit.RemoveRunDirs([]string{"a-1", "b-9"}), IsNil)
	left, err := filepath.Glob(s.unit.RunDir("*"))
	c.Assert(err, IsNil)
	c.Check(left, DeepEquals, []string{s.unit.RunDir("a-1")})
}

// TestAdmitToRun: a server that gave the group away makes its socket, and the
// socket is the group's.
func (s *filesSuite) TestAdmitToRun(c *C) {
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	c.Assert(s.unit.MakeRunDir("a-1"), IsNil)
	run := s.unit.RunDir("a-1")
	c.Assert(os.Chmod(filepath.Dir(run), 0o755), IsNil) // the container comes past it
	c.Assert(os.Chmod(s.unit.GatewayDir(), 0o755), IsNil)
	write := "umask 007; touch " + run + "/socket"
	c.Check(s.as(1000, 1000, write), NotNil)
	c.Assert(s.unit.AdmitToRun("a-1", []int{1000}), IsNil)
	c.Check(s.as(1000, 1000, write), IsNil)
	c.Check(stat(c, run+"/socket"), Equals, owned{0o660, 1000, group})
	c.Check(s.as(1001, 1001, write), NotNil)
	c.Check(s.as(1001, group, write), IsNil)
}

// TestNoLinkIsFollowed: the gateway's group may put one where root works.
func (s *filesSuite) TestNoLinkIsFollowed(c *C) {
	elsewhere := c.MkDir()
	put(c, elsewhere+"/a-1/file", 0o600, 0)
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	c.Assert(os.Symlink(elsewhere, s.unit.GatewayDir()+"/run"), IsNil)
	c.Check(s.unit.MakeRunDir("a-2"), ErrorMatches, "cannot make .*/run/a-2: .*not a directory")
	c.Check(s.unit.AdmitToRun("a-1", []int{1000}), ErrorMatches, "cannot let users into .*/run/a-1: .*not a directory")
	c.Check(s.unit.RemoveRunDirs(nil), ErrorMatches, "cannot remove run directories: .*not a directory")
	entries, err := os.ReadDir(elsewhere)
	c.Assert(err, IsNil)
	c.Check(entries, HasLen, 1)
	c.Check(aclUsers(elsewhere+"/a-1", accessACL), HasLen, 0)
}

// TestStorageLink: a notebook's user cannot decide what the engine mounts.
func (s *filesSuite) TestStorageLink(c *C) {
	u := s.unit
	u.Links = filepath.Join(c.MkDir(), "run", "nb-0")
	for _, data := range []string{"/storage/0", "/storage/0", "/storage/1"} {
		c.Assert(u.LinkStorage(data), IsNil)
		to, err := os.Readlink(u.StorageLink())
		c.Assert(err, IsNil)
		c.Check(to, Equals, data)
		c.Check(stat(c, u.Links), Equals, owned{fs.ModeDir | 0o700, 0, 0})
	}
	for range 2 {
		c.Assert(u.UnlinkStorage(), IsNil)
		c.Check(exists(u.Links), Equals, false)
	}
}

func (s *filesSuite) TestSameDir(c *C) {
	top := c.MkDir()
	one, two := filepath.Join(top, "one"), filepath.Join(top, "two")
	c.Assert(os.Mkdir(one, 0o755), IsNil)
	undo := mounted(c, one, two, "", 0x1000) // MS_BIND
	same, err := SameDir(one, two)
	c.Assert(err, IsNil)
	c.Check(same, Equals, true)
	undo()
	same, err = SameDir(one, two)
	c.Assert(err, IsNil)
	c.Check(same, Equals, false)
	_, err = SameDir(one, top+"/three")
	c.Check(err, ErrorMatches, "cannot compare directories: .*no such file or directory")
}

// TestForgetUsers: a server that stepped down takes its way in along, and that of
// another slot's stays (fault 19).
func (s *filesSuite) TestForgetUsers(c *C) {
	data := filepath.Join(c.MkDir(), "notebooks")
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	for slot, user := range map[string]int{"a": 1000, "b": 1001} {
		c.Assert(s.unit.WriteSlot(slot, nil, Secret{Token: "t"}), IsNil)
		c.Assert(s.unit.AdmitToSecret(slot, []int{user}), IsNil)
		c.Assert(s.unit.MakeRunDir(slot+"-1"), IsNil)
		c.Assert(s.unit.AdmitToRun(slot+"-1", []int{user}), IsNil)
		s.adopt(c, data, []int{user})
	}
	for range 2 {
		c.Assert(s.unit.ForgetUsers("a", data), IsNil)
		c.Check(s.unit.SecretUsers("a"), HasLen, 0)
		c.Check(aclUsers(s.unit.Slot("a")+"/secret/token", accessACL), HasLen, 0)
		c.Check(aclUsers(s.unit.RunDir("a-1"), accessACL), HasLen, 0)
		c.Check(aclUsers(data, accessACL), DeepEquals, []int{1001})
		c.Check(aclUsers(data, defaultACL), DeepEquals, []int{1001})
		c.Check(s.unit.SecretUsers("b"), DeepEquals, []int{1001})
		c.Check(aclUsers(s.unit.RunDir("b-1"), accessACL), DeepEquals, []int{1001})
	}
	c.Check(s.as(1000, 1000, "cat "+s.unit.Slot("a")+"/secret/token"), NotNil)
	c.Check(s.as(1000, group, "cat "+s.unit.Slot("a")+"/secret/token"), IsNil)
	before := changed(c, data)
	s.adopt(c, data, []int{1001})
	c.Check(changed(c, data), Equals, before)
}
