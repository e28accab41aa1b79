package host

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
	s.unit = Unit{Dir: filepath.Join(c.MkDir(), "root", "unit"), Group: group}
	c.Assert(s.unit.Make(), IsNil)
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

// as runs a shell's line as another user, in that one group. It comes to the
// unit's directory as a container does, past the root's alone.
func (s *filesSuite) as(uid, gid int, line string) error {
	dir, err := os.Open(s.unit.Dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	cmd := exec.Command("sh", "-c", strings.ReplaceAll(line, s.unit.Dir, "/proc/self/fd/3"))
	cmd.ExtraFiles = []*os.File{dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid), Groups: []uint32{uint32(gid)}}}
	return cmd.Run()
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
	c.Check(s.as(1000, 1000, read), NotNil)
	c.Check(s.as(1000, group, read), IsNil)
	c.Assert(s.unit.AdmitToSecret("a", []int{1000}), IsNil)
	c.Check(s.as(1000, 1000, read), IsNil)
	c.Check(s.as(1001, 1001, read), NotNil)
	c.Check(s.unit.SecretUsers("a"), DeepEquals, []int{1000})
}

// TestARotatedTokenKeepsItsReaders: the file is a new one then.
func (s *filesSuite) TestARotatedTokenKeepsItsReaders(c *C) {
	c.Assert(s.unit.WriteSlot("a", nil, Secret{Token: "t", CookieSecret: "k"}), IsNil)
	c.Assert(s.unit.AdmitToSecret("a", []int{1000}), IsNil)
	c.Assert(s.unit.WriteSlot("a", nil, Secret{Token: "u", CookieSecret: "l"}), IsNil)
	c.Check(aclUsers(s.unit.Slot("a")+"/secret/token", accessACL), DeepEquals, []int{1000})
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
		left, err := s.unit.RemoveAllButData(context.Background())
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
	s.adopt(c, filepath.Join(s.unit.Dir, "notebooks"), nil)
	for range 2 {
		left, err := s.unit.RemoveAllButData(context.Background())
		c.Assert(err, IsNil)
		c.Check(left, Equals, "")
	}
	_, err := os.Stat(s.unit.Dir)
	c.Check(os.IsNotExist(err), Equals, true)
}

// TestTheRootIsClosed, whoever makes it: local users have the uids of servers
// that stepped down (fault 19).
func (s *filesSuite) TestTheRootIsClosed(c *C) {
	u := Unit{Dir: filepath.Join(c.MkDir(), "lib", "root", "unit"), Group: group}
	root := filepath.Dir(u.Dir)
	for summary, make := range map[string]func() error{
		"settings": func() error { return u.WriteSlot("a", nil, Secret{Token: "t"}) },
		"gateway":  func() error { return u.MakeGatewayDir(65532) },
		"record":   func() error { return u.WriteRecord("refused", 1) },
		"ports": func() error {
			_, err := Reserve(context.Background(), root, "unit", Reservation{Option: 28000, Free: allFree})
			return err
		},
		"notebooks": func() error {
			_, err := u.Adopt(context.Background(), u.Dir+"/notebooks", nil, walkLimit)
			return err
		},
	} {
		c.Assert(os.RemoveAll(root), IsNil)
		c.Assert(make(), IsNil, Commentf(summary))
		c.Check(stat(c, root), Equals, owned{fs.ModeDir | 0o700, 0, 0}, Commentf(summary))
		c.Check(stat(c, u.Dir), Equals, owned{fs.ModeDir | 0o711, 0, 0}, Commentf(summary))
	}
	c.Assert(os.Chmod(root, 0o755), IsNil) // as the charm of before made it
	c.Assert(u.Make(), IsNil)
	c.Check(stat(c, root).mode, Equals, fs.ModeDir|0o700)
}

func (s *filesSuite) TestRemoveAllButDataFreesPorts(c *C) {
	root, key := filepath.Dir(s.unit.Dir), filepath.Base(s.unit.Dir)
	put(c, s.unit.Dir+"/notebooks/a", 0o644, 1000)
	_, err := Reserve(context.Background(), root, key, Reservation{Option: 28000, Free: allFree})
	c.Assert(err, IsNil)
	_, err = s.unit.RemoveAllButData(context.Background())
	c.Assert(err, IsNil)
	text, err := os.ReadFile(root + "/ports.json")
	c.Assert(err, IsNil)
	c.Check(string(text), Equals, "{}\n")
}
