package gateway

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"gopkg.in/check.v1"
)

// fill leaves no room in a directory, and returns what gives it back.
func fill(c *check.C, dir string) (free func()) {
	var made []string
	for i := 0; ; i++ {
		path := filepath.Join(dir, "full-"+strconv.Itoa(i))
		err := os.WriteFile(path, make([]byte, 4096), 0o600)
		if _, failed := os.Stat(path); failed == nil {
			made = append(made, path)
		}
		if err != nil {
			c.Assert(errors.Is(err, syscall.ENOSPC), check.Equals, true, check.Commentf("%v", err))
			return func() {
				for _, path := range made {
					c.Check(os.Remove(path), check.IsNil)
				}
			}
		}
	}
}

// With the unit's folder full a gateway starts and serves from what is stored,
// and writes the rest when there is room.
func (s *processSuite) TestStartsInAFullDirectory(c *check.C) {
	if os.Getuid() != 0 {
		c.Skip("only root can mount a small file system")
	}
	for _, test := range []struct{ summary, options string }{
		{"no space", "size=64k,nr_inodes=100"},
		{"no inodes", "size=1m,nr_inodes=12"},
	} {
		s.dir, s.address = c.MkDir(), freeAddress(c)
		s.state.Listen = []string{s.address}
		err := syscall.Mount("gateway-test", s.dir, "tmpfs", 0, test.options)
		if errors.Is(err, syscall.EPERM) {
			c.Skip("this root may not mount")
		}
		c.Assert(err, check.IsNil)
		dir := s.dir
		s.end = append(s.end, func() { c.Check(syscall.Unmount(dir, syscall.MNT_DETACH), check.IsNil) })
		s.inAFullDirectory(c, test.summary)
	}
}

func (s *processSuite) inAFullDirectory(c *check.C, summary string) {
	p := s.start(c, "p")
	await(c, s.dir, "p")
	set(c, Dial(s.dir), s.state)
	p.end(c, syscall.SIGTERM) // which takes its socket away
	free := fill(c, s.dir)
	p = s.start(c, "p")
	defer func() { p.end(c, syscall.SIGTERM) }()
	s.awaitServed(c, summary)
	if summary == "no space" { // an empty file and a link take none
		other := s.state
		other.BasePath = "/elsewhere"
		_, err := Dial(s.dir).Set(context.Background(), other)
		c.Check(errors.Is(err, ErrNoSpace), check.Equals, true, check.Commentf("%v", err))
		c.Check(err, check.ErrorMatches, "cannot set the gateway: no space is left: cannot store the state: .*")
		set(c, Dial(s.dir), s.state) // what is stored already needs none
	}
	time.Sleep(100 * time.Millisecond)
	body, err := s.ask()
	c.Check(err, check.IsNil)
	c.Check(body, check.Equals, "a")
	free()
	c.Check(await(c, s.dir, "p").State, check.DeepEquals, s.state, check.Commentf(summary))
	s.state.BasePath = "/team/"
	set(c, Dial(s.dir), s.state)
	s.state.BasePath = ""
}

func (s *processSuite) awaitServed(c *check.C, summary string) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if body, err := s.ask(); err == nil && body == "a" {
			return
		}
	}
	c.Fatalf("%s: nobody is served", summary)
}
