package host

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	. "gopkg.in/check.v1"
)

func TestPackage(t *testing.T) { TestingT(t) }

// group is the unit's group; nobody's, like all ids here.
const group = 77001

// filesSuite works on real directories, as root: who owns a file is the point.
type filesSuite struct {
	unit Unit
}

var _ = Suite(&filesSuite{})

func (s *filesSuite) SetUpTest(c *C) {
	if os.Getuid() != 0 {
		c.Fatal("this suite changes owners of files: run it as root")
	}
	top := c.MkDir()
	for dir := top; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		c.Assert(os.Chmod(dir, 0o755), IsNil) // other users have to come this far
	}
	s.unit = Unit{Dir: filepath.Join(top, "unit"), Group: group}
}

type owned struct {
	mode     fs.FileMode
	uid, gid uint32
}

func stat(c *C, path string) owned {
	info, err := os.Lstat(path)
	c.Assert(err, IsNil)
	s := info.Sys().(*syscall.Stat_t)
	return owned{info.Mode(), s.Uid, s.Gid}
}

// put makes a file of an owner as if another program had.
func put(c *C, path string, mode fs.FileMode, uid int) {
	c.Assert(os.MkdirAll(filepath.Dir(path), 0o755), IsNil)
	c.Assert(os.WriteFile(path, []byte("x"), 0o600), IsNil)
	c.Assert(os.Chmod(path, mode), IsNil)
	c.Assert(os.Chown(path, uid, uid), IsNil)
}

// as runs a shell's line as another user, in that one group.
func as(uid, gid int, line string) error {
	cmd := exec.Command("sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid), Groups: []uint32{uint32(gid)}}}
	return cmd.Run()
}

func (s *filesSuite) TestAdoptOpensOldFilesToTheGroup(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	file, script, deep := filepath.Join(data, "old", "a.ipynb"), filepath.Join(data, "run.sh"), filepath.Join(data, "old")
	put(c, file, 0o644, 1000)
	put(c, script, 0o755, 1000)
	c.Assert(os.Chown(deep, 1000, 1000), IsNil)
	c.Assert(os.Symlink("/etc/passwd", filepath.Join(data, "link")), IsNil)
	passwd := stat(c, "/etc/passwd")

	c.Assert(s.unit.Adopt(data, nil), IsNil)

	c.Check(stat(c, data), Equals, owned{fs.ModeDir | fs.ModeSetgid | 0o770, 0, group})
	// The group's bits of a mode show the mask: what the unit's group may do at most.
	c.Check(stat(c, file), Equals, owned{0o664, 1000, 1000})
	c.Check(stat(c, script), Equals, owned{0o775, 1000, 1000})
	c.Check(stat(c, deep), Equals, owned{fs.ModeDir | 0o775, 1000, 1000})
	c.Check(stat(c, "/etc/passwd"), Equals, passwd)

	c.Check(as(4321, group, "echo y >"+file), IsNil)
	c.Check(as(4321, group, "umask 077; echo y >"+deep+"/new"), IsNil)
	c.Check(as(1000, group, "echo y >"+deep+"/new"), IsNil)
	c.Check(as(4321, 4321, "echo y >"+script), NotNil)
	c.Check(as(4321, 4321, "ls "+data), NotNil)
}

func (s *filesSuite) TestAdoptWalksOnce(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	put(c, filepath.Join(data, "a"), 0o644, 1000)
	c.Assert(s.unit.Adopt(data, nil), IsNil)
	later := filepath.Join(data, "b")
	put(c, later, 0o644, 1000) // copied in with its mode: a walk would open it
	c.Assert(syscall.Removexattr(later, accessACL), IsNil)
	c.Assert(os.Chmod(later, 0o644), IsNil)
	before := changed(c, data)
	c.Assert(s.unit.Adopt(data, nil), IsNil)
	c.Check(stat(c, later).mode, Equals, fs.FileMode(0o644))
	c.Check(changed(c, data), Equals, before)
}

// TestReopen: what a program closed is opened again, and nothing out of the tree.
func (s *filesSuite) TestReopen(c *C) {
	data, outside := filepath.Join(s.unit.Dir, "notebooks"), filepath.Join(s.unit.Dir, "outside")
	put(c, filepath.Join(outside, "file"), 0o644, 1000)
	c.Assert(s.unit.Adopt(data, nil), IsNil)
	put(c, filepath.Join(data, "table", "part"), 0o644, 1000)
	c.Assert(os.Chmod(filepath.Join(data, "table"), 0o755), IsNil)
	c.Assert(os.Symlink(outside, filepath.Join(data, "link")), IsNil)
	c.Assert(syscall.Mkfifo(filepath.Join(data, "pipe"), 0o600), IsNil)
	c.Assert(as(4321, group, "rm -r "+data+"/table"), NotNil)
	before, beside := changed(c, data), changed(c, filepath.Join(outside, "file"))

	c.Assert(s.unit.Reopen(data), IsNil)

	c.Check(changed(c, data), Equals, before)
	c.Check(changed(c, filepath.Join(outside, "file")), Equals, beside)
	first := changed(c, filepath.Join(data, "table", "part"))
	c.Assert(s.unit.Reopen(data), IsNil)
	c.Check(changed(c, filepath.Join(data, "table", "part")), Equals, first)
	c.Check(as(4321, group, "rm -r "+data+"/table"), IsNil)
}

func changed(c *C, path string) time.Time {
	s := syscall.Stat_t{}
	c.Assert(syscall.Stat(path, &s), IsNil)
	return time.Unix(s.Ctim.Sec, s.Ctim.Nsec)
}

// TestAdoptAgainAfterAKill: the default ACL of the top marks the pass as done,
// so it must not be there before.
func (s *filesSuite) TestAdoptAgainAfterAKill(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	file := filepath.Join(data, "a")
	put(c, file, 0o644, 1000)
	c.Assert(setACL(data, accessACL, acl(7, 7, 0, Readers{Group: group}, 7)), IsNil)
	c.Assert(s.unit.Adopt(data, nil), IsNil)
	c.Check(stat(c, file).mode, Equals, fs.FileMode(0o664))
}

func (s *filesSuite) TestAdoptKeepsUsersThatWereLetIn(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	c.Assert(os.Mkdir(s.unit.Dir, 0o711), IsNil)
	c.Assert(s.unit.Adopt(data, []int{1001}), IsNil)
	c.Assert(s.unit.Adopt(data, []int{1000}), IsNil)
	c.Check(aclUsers(data, defaultACL), DeepEquals, []int{1000, 1001})
	c.Assert(as(1001, 1001, "echo x >"+data+"/a"), IsNil)
	c.Check(as(1000, 1000, "echo y >>"+data+"/a"), IsNil)
	before := changed(c, data)
	c.Assert(s.unit.Adopt(data, nil), IsNil)
	c.Check(changed(c, data), Equals, before)
}

// TestAdoptWithoutACLs has one of the few file systems that keep none. The group
// gets what a mode can give.
func (s *filesSuite) TestAdoptWithoutACLs(c *C) {
	data := c.MkDir()
	c.Assert(syscall.Mount("none", data, "ramfs", 0, ""), IsNil)
	defer func() { c.Check(syscall.Unmount(data, 0), IsNil) }()
	put(c, filepath.Join(data, "a"), 0o644, 1000)
	c.Check(s.unit.Adopt(data, nil), Equals, ErrNoACL)
	c.Check(stat(c, data), Equals, owned{fs.ModeDir | fs.ModeSetgid | 0o770, 0, group})
}

func (s *filesSuite) TestWriteSlotModes(c *C) {
	secret := Secret{Token: "t", CookieSecret: "k"}
	old := syscall.Umask(0o077)
	err := s.unit.WriteSlot("a", map[string]string{"jupyter_server_config.py": "c = 1\n"}, secret)
	syscall.Umask(old)
	c.Assert(err, IsNil)
	slot := s.unit.Slot("a")
	for path, want := range map[string]owned{
		s.unit.Dir:                     {fs.ModeDir | 0o711, 0, 0},
		slot:                           {fs.ModeDir | 0o711, 0, 0},
		slot + "/config":               {fs.ModeDir | 0o755, 0, 0},
		slot + "/secret":               {fs.ModeDir | 0o750, 0, group},
		slot + "/secret/token":         {0o440, 0, group},
		slot + "/secret/cookie_secret": {0o440, 0, group},
		slot + "/config/jupyter_server_config.py": {0o644, 0, 0},
	} {
		c.Check(stat(c, path), Equals, want, Commentf(path))
	}
	token, err := s.unit.Token("a")
	c.Assert(err, IsNil)
	c.Check(token, Equals, "t")
	token, err = s.unit.Token("b")
	c.Assert(err, IsNil)
	c.Check(token, Equals, "")
}

func (s *filesSuite) TestOnlyWhoWasLetInReadsTheSecret(c *C) {
	c.Assert(s.unit.WriteSlot("a", nil, Secret{Token: "t", CookieSecret: "k"}), IsNil)
	read := "cat " + s.unit.Slot("a") + "/secret/token"
	c.Check(as(1000, 1000, read), NotNil)
	c.Check(as(1000, group, read), IsNil)
	c.Assert(s.unit.AdmitToSecret("a", []int{1000}), IsNil)
	c.Check(as(1000, 1000, read), IsNil)
	c.Check(as(1001, 1001, read), NotNil)
	c.Check(s.unit.SecretUsers("a"), DeepEquals, []int{1000})
}

// TestARotatedTokenKeepsItsReaders: the file is a new one then.
func (s *filesSuite) TestARotatedTokenKeepsItsReaders(c *C) {
	c.Assert(s.unit.WriteSlot("a", nil, Secret{Token: "t", CookieSecret: "k"}), IsNil)
	c.Assert(s.unit.AdmitToSecret("a", []int{1000}), IsNil)
	c.Assert(s.unit.WriteSlot("a", nil, Secret{Token: "u", CookieSecret: "l"}), IsNil)
	c.Check(aclUsers(s.unit.Slot("a")+"/secret/token", accessACL), DeepEquals, []int{1000})
}

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

func (s *filesSuite) TestGatewayDir(c *C) {
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	c.Check(stat(c, s.unit.GatewayDir()), Equals, owned{fs.ModeDir | fs.ModeSetgid | 0o770, 0, 65532})
}

func (s *filesSuite) TestRemoveAllButData(c *C) {
	c.Assert(s.unit.WriteSlot("a", nil, Secret{Token: "t", CookieSecret: "k"}), IsNil)
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	data := filepath.Join(s.unit.Dir, "notebooks")
	put(c, filepath.Join(data, "a.ipynb"), 0o644, 1000)
	for range 2 { // a killed hook comes again
		left, err := s.unit.RemoveAllButData()
		c.Assert(err, IsNil)
		c.Check(left, Equals, data)
	}
	entries, err := os.ReadDir(s.unit.Dir)
	c.Assert(err, IsNil)
	c.Assert(entries, HasLen, 1)
	_, err = os.Stat(filepath.Join(data, "a.ipynb"))
	c.Check(err, IsNil)
}

func (s *filesSuite) TestRemoveAllWhenThereAreNoNotebooks(c *C) {
	c.Assert(s.unit.WriteSlot("a", nil, Secret{Token: "t", CookieSecret: "k"}), IsNil)
	c.Assert(s.unit.Adopt(filepath.Join(s.unit.Dir, "notebooks"), nil), IsNil)
	for range 2 {
		left, err := s.unit.RemoveAllButData()
		c.Assert(err, IsNil)
		c.Check(left, Equals, "")
	}
	_, err := os.Stat(s.unit.Dir)
	c.Check(os.IsNotExist(err), Equals, true)
}
