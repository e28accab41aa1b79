package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	. "gopkg.in/check.v1"
)

type portsSuite struct{ root string }

var _ = Suite(&portsSuite{})

func (s *portsSuite) SetUpTest(c *C) { s.root = filepath.Join(c.MkDir(), "root") }

func allFree(int) bool { return true }

func (s *portsSuite) reserve(c *C, key string, want Reservation) int {
	if want.Free == nil {
		want.Free = allFree
	}
	first, err := Reserve(context.Background(), s.root, key, want)
	c.Assert(err, IsNil)
	return first
}

var reserveTests = []struct {
	summary string
	want    Reservation
	first   int
}{
	{"nobody has any", Reservation{Option: 28000}, 28000},
	{"a container has one of the pair", Reservation{Option: 28000, Taken: []Range{{28047, 28060}}}, 28096},
	{"a container has the port after it", Reservation{Option: 28000, Taken: []Range{{28048, 28060}}}, 28000},
	{"a program listens", Reservation{Option: 28000, Free: func(p int) bool { return p != 28024 }}, 28048},
	{"a container of the unit fixes its pair", Reservation{Option: 28000, Held: 28048, Free: func(int) bool { return false }}, 28048},
	{"the last that there are", Reservation{Option: 65488}, 65488},
}

func (s *portsSuite) TestReserve(c *C) {
	for i, test := range reserveTests {
		s.root = filepath.Join(c.MkDir(), string(rune('a'+i)))
		c.Check(s.reserve(c, "nb-0", test.want), Equals, test.first, Commentf(test.summary))
	}
}

func (s *portsSuite) TestNoneAreFree(c *C) {
	for _, want := range []Reservation{{Option: 65489, Free: allFree}, {Option: 28000, Free: func(int) bool { return false }}} {
		_, err := Reserve(context.Background(), s.root, "nb-0", want)
		c.Check(errors.Is(err, ErrNoPorts), Equals, true)
		c.Check(err, ErrorMatches, `cannot reserve 48 ports from \d+ on: no ports are free`)
	}
	c.Check(s.reserve(c, "nb-0", Reservation{Option: 28000}), Equals, 28000)
}

// TestAUnitKeepsItsPorts while the option is the same, whoever listens there: its
// own notebook does.
func (s *portsSuite) TestAUnitKeepsItsPorts(c *C) {
	c.Check(s.reserve(c, "nb-0", Reservation{Option: 28000}), Equals, 28000)
	c.Check(s.reserve(c, "nb-1", Reservation{Option: 28000}), Equals, 28048)
	file, err := os.Stat(s.root + "/ports.json")
	c.Assert(err, IsNil)
	busy := Reservation{Option: 28000, Taken: []Range{{28000, 28095}}, Free: func(int) bool { return false }}
	c.Check(s.reserve(c, "nb-0", busy), Equals, 28000)
	again, err := os.Stat(s.root + "/ports.json")
	c.Assert(err, IsNil)
	c.Check(os.SameFile(file, again), Equals, true)                          // nothing was written
	c.Check(s.reserve(c, "nb-0", Reservation{Option: 28040}), Equals, 28136) // 28048 is nb-1's
	c.Check(s.reserve(c, "nb-2", Reservation{Option: 28000}), Equals, 28000)
}

// TestPortsAreFreeAgain when their unit's directory is gone, or gives them up.
func (s *portsSuite) TestPortsAreFreeAgain(c *C) {
	c.Check(s.reserve(c, "nb-0", Reservation{}), Equals, 0)
	c.Check(exists(s.root), Equals, false)
	c.Check(s.reserve(c, "nb-0", Reservation{Option: 28000}), Equals, 28000)
	c.Assert(os.RemoveAll(s.root+"/nb-0"), IsNil)
	c.Check(s.reserve(c, "nb-1", Reservation{Option: 28000}), Equals, 28000)
	c.Check(s.reserve(c, "nb-1", Reservation{}), Equals, 0)
	c.Check(s.reserve(c, "nb-2", Reservation{Option: 28000}), Equals, 28000)
}

func (s *portsSuite) TestUnitsAtTheSameTime(c *C) {
	var wait sync.WaitGroup
	firsts := make([]int, 8)
	for i := range firsts {
		wait.Add(1)
		go func() {
			defer wait.Done()
			firsts[i], _ = Reserve(context.Background(), s.root, string(rune('a'+i)), Reservation{Option: 28000, Free: allFree})
		}()
	}
	wait.Wait()
	seen := map[int]bool{}
	for _, first := range firsts {
		c.Check(first >= 28000 && first < 28000+8*PortPair, Equals, true)
		c.Check(seen[first], Equals, false)
		seen[first] = true
	}
}

func (s *portsSuite) TestTheLockIsWaitedFor(c *C) {
	s.reserve(c, "nb-0", Reservation{Option: 28000})
	release, err := lock(context.Background(), s.root)
	c.Assert(err, IsNil)
	defer release()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = Reserve(ctx, s.root, "nb-1", Reservation{Option: 28000, Free: allFree})
	c.Check(err, ErrorMatches, "cannot lock .*: context deadline exceeded")
}

// TestAFileThatCannotBeRead is no hook error of every unit of the machine.
func (s *portsSuite) TestAFileThatCannotBeRead(c *C) {
	s.reserve(c, "nb-0", Reservation{Option: 28000})
	c.Assert(os.WriteFile(s.root+"/ports.json", []byte("{"), 0o600), IsNil)
	first, err := Reserve(context.Background(), s.root, "nb-0", Reservation{Option: 28000, Free: allFree})
	c.Check(err, IsNil)
	c.Check(first, Equals, 28000)
}
