package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	. "gopkg.in/check.v1"
)

type made struct {
	Image string
	Tries int
}

func (s *filesSuite) TestRecords(c *C) {
	var got made
	found, err := s.unit.ReadRecord("refused", &got)
	c.Assert(err, IsNil)
	c.Check(found, Equals, false)
	c.Assert(s.unit.WriteRecord("refused", made{"sha256:1", 2}), IsNil)
	c.Check(stat(c, s.unit.Dir+"/refused.json"), Equals, owned{0o600, 0, 0})
	found, err = s.unit.ReadRecord("refused", &got)
	c.Assert(err, IsNil)
	c.Check(found, Equals, true)
	c.Check(got, Equals, made{"sha256:1", 2})
	for range 2 {
		c.Assert(s.unit.RemoveRecord("refused"), IsNil)
	}
	found, err = s.unit.ReadRecord("refused", &got)
	c.Assert(err, IsNil)
	c.Check(found, Equals, false)
}

// TestWhatCannotBeReadIsNotNothing.
func (s *filesSuite) TestWhatCannotBeReadIsNotNothing(c *C) {
	c.Assert(os.WriteFile(s.unit.Dir+"/refused.json", []byte("{"), 0o600), IsNil)
	_, err := s.unit.ReadRecord("refused", &made{})
	c.Check(err, ErrorMatches, "cannot read .*/refused.json: unexpected end of JSON input")
}

// TestWhatAKilledHookLeftIsReplaced.
func (s *filesSuite) TestWhatAKilledHookLeftIsReplaced(c *C) {
	put(c, s.unit.Dir+"/.new-refused.json", 0o666, 1000)
	c.Assert(s.unit.WriteRecord("refused", 1), IsNil)
	entries, err := os.ReadDir(s.unit.Dir)
	c.Assert(err, IsNil)
	c.Check(entries, HasLen, 1)
	c.Check(stat(c, s.unit.Dir+"/refused.json"), Equals, owned{0o600, 0, 0})
}

// TestFullDisk: what is there stays and is used, and what cannot be written is an
// ErrNoSpace, for space and inodes alike (fault 20).
func (s *filesSuite) TestFullDisk(c *C) {
	for _, limit := range []string{"size=128k", "nr_inodes=20"} {
		root := c.MkDir()
		c.Assert(syscall.Mount("none", root, "tmpfs", 0, limit), IsNil)
		u := Unit{Dir: filepath.Join(root, "unit"), Group: group}
		secret, settings := Secret{Token: "t", CookieSecret: "k"}, map[string]string{"a.py": "1"}
		c.Assert(u.WriteSlot("a", settings, secret), IsNil)
		c.Assert(u.MakeGatewayDir(65532), IsNil)
		c.Assert(u.WriteRecord("made", made{"old", 1}), IsNil)
		for _, name := range []string{"a-0", "b-0"} {
			c.Assert(u.MakeRunDir(name), IsNil)
		}
		c.Assert(os.WriteFile(filepath.Join(u.RunDir("a-0"), "sock"), nil, 0o600), IsNil)
		c.Check(u.CanServe("b-0", "sock"), IsNil)
		fill(c, root)
		c.Check(u.CanServe("a-0", "sock"), IsNil)
		c.Check(errors.Is(u.CanServe("b-0", "sock"), ErrNoSpace), Equals, strings.HasPrefix(limit, "nr_inodes")) // a socket has no blocks
		before, err := os.ReadDir(u.Dir)
		c.Assert(err, IsNil)

		c.Check(u.WriteSlot("a", settings, secret), IsNil, Commentf(limit)) // as it is
		c.Check(u.WriteRecord("made", made{"old", 1}), IsNil, Commentf(limit))
		big := made{strings.Repeat("new", 10000), 2}
		secret.Spark = map[string]string{"spark.conf": big.Image}
		for what, err := range map[string]error{
			"record": u.WriteRecord("made", big), "new record": u.WriteRecord("refused", big),
			"secret": u.WriteSlot("a", settings, secret), "cache": u.Cache("x", []byte(big.Image)),
		} {
			c.Check(errors.Is(err, ErrNoSpace), Equals, true, Commentf("%s, %s: %v", limit, what, err))
		}
		_, err = Reserve(context.Background(), root, "unit", Reservation{Option: 28000, Free: allFree})
		c.Check(errors.Is(err, ErrNoSpace), Equals, true, Commentf("%s: %v", limit, err))
		if strings.HasPrefix(limit, "nr_inodes") { // a tmpfs counts no space for directories
			_, joined := u.WriteSlot("b", settings, secret).(interface{ Unwrap() []error })
			c.Check(joined, Equals, false) // with what could not be made in a folder that is not there
			c.Check(errors.Is(u.MakeRunDir("a-1"), ErrNoSpace), Equals, true)
		}
		var got made
		_, err = u.ReadRecord("made", &got)
		c.Check(err, IsNil)
		c.Check(got, Equals, made{"old", 1})
		after, err := os.ReadDir(u.Dir)
		c.Assert(err, IsNil)
		c.Check(len(after) <= len(before)+1, Equals, true, Commentf("%v", after)) // a cache's directory
		c.Check(left(c, u.Dir), HasLen, 0)
		c.Assert(syscall.Unmount(root, 0), IsNil)
	}
}

// fill makes files until no more fit.
func fill(c *C, dir string) {
	for i := range 1000 {
		f, err := os.OpenFile(filepath.Join(dir, strings.Repeat("f", i+1)[:min(i+1, 200)]), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err == nil {
			_, err = f.Write(make([]byte, 4096))
			f.Close()
		}
		if err != nil {
			c.Assert(errors.Is(err, syscall.ENOSPC), Equals, true, Commentf("%v", err))
			return
		}
	}
	c.Fatal("the disk takes everything")
}

// left are temporary files below a directory.
func left(c *C, dir string) (out []string) {
	c.Assert(eachBelow(dir, func(name string) error {
		if strings.HasPrefix(filepath.Base(name), ".new-") {
			out = append(out, name)
		}
		return nil
	}), IsNil)
	return out
}
