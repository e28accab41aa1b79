package host

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "gopkg.in/check.v1"
)

const walkLimit = 30 * time.Second

func (s *filesSuite) adopt(c *C, data string, users []int) {
	left, err := s.unit.Adopt(context.Background(), data, users, walkLimit)
	c.Assert(err, IsNil)
	c.Assert(left, Equals, Left{})
}

func (s *filesSuite) reopen(c *C, data string) {
	left, err := s.unit.Reopen(context.Background(), data, walkLimit)
	c.Assert(err, IsNil)
	c.Assert(left, Equals, Left{})
}

func (s *filesSuite) TestAdoptOpensOldFilesToTheGroup(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	file, script, deep := filepath.Join(data, "old", "a.ipynb"), filepath.Join(data, "run.sh"), filepath.Join(data, "old")
	put(c, file, 0o644, 1000)
	put(c, script, 0o755, 1000)
	c.Assert(os.Chown(deep, 1000, 1000), IsNil)
	c.Assert(os.Symlink("/etc/passwd", filepath.Join(data, "link")), IsNil)
	passwd := stat(c, "/etc/passwd")

	s.adopt(c, data, nil)

	c.Check(stat(c, data), Equals, owned{fs.ModeDir | fs.ModeSetgid | 0o770, 0, group})
	// The group's bits of a mode show the mask: what the unit's group may do at most.
	c.Check(stat(c, file), Equals, owned{0o664, 1000, 1000})
	c.Check(stat(c, script), Equals, owned{0o775, 1000, 1000})
	c.Check(stat(c, deep), Equals, owned{fs.ModeDir | 0o775, 1000, 1000})
	c.Check(stat(c, "/etc/passwd"), Equals, passwd)

	c.Check(s.as(4321, group, "echo y >"+file), IsNil)
	c.Check(s.as(4321, group, "umask 077; echo y >"+deep+"/new"), IsNil)
	c.Check(s.as(1000, group, "echo y >"+deep+"/new"), IsNil)
	c.Check(s.as(4321, 4321, "echo y >"+script), NotNil)
	c.Check(s.as(4321, 4321, "ls "+data), NotNil)
}

func (s *filesSuite) TestAdoptWalksOnce(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	put(c, filepath.Join(data, "a"), 0o644, 1000)
	s.adopt(c, data, nil)
	later := filepath.Join(data, "b")
	put(c, later, 0o644, 1000) // copied in with its mode: a walk would open it
	c.Assert(syscall.Removexattr(later, accessACL), IsNil)
	c.Assert(os.Chmod(later, 0o644), IsNil)
	before := changed(c, data)
	s.adopt(c, data, nil)
	c.Check(stat(c, later).mode, Equals, fs.FileMode(0o644))
	c.Check(changed(c, data), Equals, before)
}

// TestReopen: what a program closed is opened again, and nothing out of the tree.
func (s *filesSuite) TestReopen(c *C) {
	data, outside := filepath.Join(s.unit.Dir, "notebooks"), filepath.Join(s.unit.Dir, "outside")
	put(c, filepath.Join(outside, "file"), 0o644, 1000)
	s.adopt(c, data, nil)
	put(c, filepath.Join(data, "table", "part"), 0o644, 1000)
	c.Assert(os.Chmod(filepath.Join(data, "table"), 0o755), IsNil)
	c.Assert(os.Symlink(outside, filepath.Join(data, "link")), IsNil)
	c.Assert(syscall.Mkfifo(filepath.Join(data, "pipe"), 0o600), IsNil)
	c.Assert(s.as(4321, group, "rm -r "+data+"/table"), NotNil)
	before, beside := changed(c, data), changed(c, filepath.Join(outside, "file"))

	s.reopen(c, data)

	c.Check(changed(c, data), Equals, before)
	c.Check(changed(c, filepath.Join(outside, "file")), Equals, beside)
	first := changed(c, filepath.Join(data, "table", "part"))
	s.reopen(c, data)
	c.Check(changed(c, filepath.Join(data, "table", "part")), Equals, first)
	c.Check(s.as(4321, group, "rm -r "+data+"/table"), IsNil)
}

func changed(c *C, path string) time.Time {
	s := syscall.Stat_t{}
	c.Assert(syscall.Stat(path, &s), IsNil)
	return time.Unix(s.Ctim.Sec, s.Ctim.Nsec)
}

// TestReopenWhatCameFromElsewhere: a file that was moved in has its own group's
// mode, and no ACL.
func (s *filesSuite) TestReopenWhatCameFromElsewhere(c *C) {
	data, dir := filepath.Join(s.unit.Dir, "notebooks"), filepath.Join(s.unit.Dir, "elsewhere")
	s.adopt(c, data, []int{1001})
	put(c, dir+"/a", 0o664, 1000)
	c.Assert(os.Chmod(dir, 0o775), IsNil)
	c.Assert(os.Rename(dir, data+"/moved"), IsNil)
	c.Check(s.as(4321, group, "echo y >"+data+"/moved/a"), NotNil)
	s.reopen(c, data)
	c.Check(s.as(4321, group, "echo y >"+data+"/moved/a && rm "+data+"/moved/a && echo z >"+data+"/moved/b"), IsNil)
	c.Check(s.as(1001, 1001, "echo y >"+data+"/moved/b"), IsNil)
	before := changed(c, data+"/moved")
	s.reopen(c, data)
	c.Check(changed(c, data+"/moved"), Equals, before)
}

// TestAdoptAgainAfterAKill: the default ACL of the top marks the pass as done,
// so it must not be there before.
func (s *filesSuite) TestAdoptAgainAfterAKill(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	file := filepath.Join(data, "a")
	put(c, file, 0o644, 1000)
	c.Assert(setACL(data, accessACL, acl(7, 7, 0, Readers{Group: group}, 7)), IsNil)
	s.adopt(c, data, nil)
	c.Check(stat(c, file).mode, Equals, fs.FileMode(0o664))
}

func (s *filesSuite) TestAdoptKeepsUsersThatWereLetIn(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	s.adopt(c, data, []int{1001})
	s.adopt(c, data, []int{1000})
	c.Check(aclUsers(data, defaultACL), DeepEquals, []int{1000, 1001})
	c.Assert(s.as(1001, 1001, "echo x >"+data+"/a"), IsNil)
	c.Check(s.as(1000, 1000, "echo y >>"+data+"/a"), IsNil)
	before := changed(c, data)
	s.adopt(c, data, nil)
	c.Check(changed(c, data), Equals, before)
}

// spoiler makes entry, of the notebooks, one that cannot be changed, and returns
// what undoes it.
type spoiler func(c *C, entry string) (undo func())

func mounted(c *C, source, target, kind string, flags uintptr) func() {
	c.Assert(os.MkdirAll(target, 0o755), IsNil)
	c.Assert(syscall.Mount(source, target, kind, flags, ""), IsNil)
	return func() { c.Check(syscall.Unmount(target, 0), IsNil) }
}

var leftTests = []struct {
	summary string
	spoil   spoiler
	count   int
	err     string
	is      error
}{
	{"a file that is immutable", func(c *C, entry string) func() {
		put(c, entry, 0o644, 1000)
		c.Assert(exec.Command("chattr", "+i", entry).Run(), IsNil)
		return func() { c.Check(exec.Command("chattr", "-i", entry).Run(), IsNil) }
	}, 1, "b/fixed: operation not permitted", nil},
	{"a read-only mount", func(c *C, entry string) func() {
		source := c.MkDir()
		put(c, source+"/inside/file", 0o644, 1000)
		undo := mounted(c, source, entry, "", syscall.MS_BIND)
		c.Assert(syscall.Mount("", entry, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""), IsNil)
		return undo
	}, 1, "b/fixed: read-only file system", syscall.EROFS},
	{"a mount without ACLs", func(c *C, entry string) func() {
		undo := mounted(c, "none", entry, "ramfs", 0)
		put(c, entry+"/inside/file", 0o644, 1000)
		return undo
	}, 1, "b/fixed: the file system keeps no POSIX ACLs", ErrNoACL},
	{"a folder that is immutable, with two that are", func(c *C, entry string) func() {
		put(c, entry+"/x", 0o644, 1000)
		put(c, entry+"/y", 0o644, 1000)
		c.Assert(exec.Command("chattr", "-R", "+i", entry).Run(), IsNil)
		return func() { c.Check(exec.Command("chattr", "-R", "-i", entry).Run(), IsNil) }
	}, 3, "b/fixed and 2 more: operation not permitted", nil},
}

// TestOneEntryDoesNotStopTheWalk: what cannot be changed is named once, and is
// the only thing that is left (fault 16).
func (s *filesSuite) TestOneEntryDoesNotStopTheWalk(c *C) {
	for _, test := range leftTests {
		data := filepath.Join(c.MkDir(), "notebooks")
		for _, name := range []string{"a", "b/before", "b/later", "c/d"} {
			put(c, filepath.Join(data, name), 0o644, 1000)
		}
		undo := test.spoil(c, filepath.Join(data, "b", "fixed"))
		for range 2 { // the second finds the pass done
			left, err := s.unit.Adopt(context.Background(), data, nil, walkLimit)
			c.Check(err, IsNil, Commentf(test.summary))
			if left.Count != 0 {
				c.Check(left.Count, Equals, test.count, Commentf(test.summary))
				c.Check(left.String(), Equals, test.err, Commentf(test.summary))
			}
			if test.is != nil && left.Count != 0 {
				c.Check(left.Err, Equals, test.is, Commentf(test.summary))
			}
		}
		for _, name := range []string{"a", "b/before", "b/later", "c/d"} {
			c.Check(stat(c, filepath.Join(data, name)).mode, Equals, fs.FileMode(0o664), Commentf("%s: %s", test.summary, name))
		}
		left, err := s.unit.Reopen(context.Background(), data, walkLimit)
		c.Check(err, IsNil, Commentf(test.summary))
		c.Check(left.Count, Equals, test.count, Commentf(test.summary))
		undo()
	}
}

// TestAdoptWithoutACLs has one of the few file systems that keep none. The group
// gets what a mode can give.
func (s *filesSuite) TestAdoptWithoutACLs(c *C) {
	data := c.MkDir()
	defer mounted(c, "none", data, "ramfs", 0)()
	put(c, filepath.Join(data, "a"), 0o644, 1000)
	left, err := s.unit.Adopt(context.Background(), data, nil, walkLimit)
	c.Assert(err, IsNil)
	c.Check(left, Equals, Left{".", 1, ErrNoACL})
	c.Check(stat(c, data), Equals, owned{fs.ModeDir | fs.ModeSetgid | 0o770, 0, group})
}

func (*filesSuite) TestPathsForPeople(c *C) {
	for path, want := range map[string]string{
		"a/b c.ipynb": "a/b c.ipynb", "a\n\x1b[0m": "a??[0m", "é\xff": "é\uFFFD",
		strings.Repeat("é", 100): strings.Repeat("é", 29) + "..." + strings.Repeat("é", 29),
	} {
		c.Check(shorten(path), Equals, want)
	}
}

func (s *filesSuite) TestAdoptWhatIsReadOnly(c *C) {
	source, data := c.MkDir(), c.MkDir()
	defer mounted(c, source, data, "", syscall.MS_BIND)()
	c.Assert(syscall.Mount("", data, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""), IsNil)
	left, err := s.unit.Adopt(context.Background(), data, nil, walkLimit)
	c.Assert(err, IsNil)
	c.Check(left, Equals, Left{".", 1, syscall.EROFS})
}

// TestTimeIsOver: what is left for want of time is no error, and the pass counts
// as done; the end of the hook is one, and it does not.
func (s *filesSuite) TestTimeIsOver(c *C) {
	data := filepath.Join(s.unit.Dir, "notebooks")
	put(c, filepath.Join(data, "a", "b"), 0o644, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.unit.Adopt(ctx, data, nil, walkLimit)
	c.Check(err, ErrorMatches, "cannot walk the notebooks: context canceled")
	left, err := s.unit.Adopt(context.Background(), data, nil, 0)
	c.Assert(err, IsNil)
	c.Check(left, Equals, Left{"a", 1, errTime})
	s.adopt(c, data, nil)
	s.reopen(c, data)
	c.Check(stat(c, filepath.Join(data, "a", "b")).mode, Equals, fs.FileMode(0o664))
}

var privateTests = []struct {
	summary, name string
	opened        fs.FileMode // 0 for as it was
}{
	{"a private notebook", "mine", 0o660},
	{"one deep down", "a/b/mine", 0o660},
	{"a name with a dot", ".netrc", 0},
	{"what is in a folder whose name has one", ".ssh/id", 0},
	{"both deep down", "a/b/.config/c/mine", 0},
	{"a database", "db/PG_VERSION", 0},
	{"what is in one", "a/db/base/1/2619", 0},
}

// TestPrivateFiles: modes that have a meaning stay, at any depth (fault 18).
func (s *filesSuite) TestPrivateFiles(c *C) {
	for _, pass := range []string{"adopt", "reopen"} {
		data := filepath.Join(c.MkDir(), "notebooks")
		if pass == "reopen" {
			s.adopt(c, data, nil)
		}
		put(c, data+"/a/db/PG_VERSION", 0o600, 1000)
		for _, test := range privateTests {
			put(c, filepath.Join(data, test.name), 0o600, 1000)
		}
		for _, dir := range []string{".ssh", "db", "a/db"} {
			c.Assert(os.Chmod(filepath.Join(data, dir), 0o700), IsNil)
		}
		if pass == "adopt" {
			s.adopt(c, data, nil)
		} else {
			s.reopen(c, data)
		}
		for _, test := range privateTests {
			want := test.opened
			if want == 0 {
				want = 0o600
			}
			c.Check(stat(c, filepath.Join(data, test.name)).mode, Equals, want, Commentf("%s: %s", pass, test.summary))
		}
		for _, dir := range []string{".ssh", "db", "a/db"} {
			c.Check(stat(c, filepath.Join(data, dir)).mode.Perm(), Equals, fs.FileMode(0o700), Commentf("%s: %s", pass, dir))
		}
	}
}
