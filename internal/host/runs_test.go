package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	. "gopkg.in/check.v1"
)

// said is what a run says in these tests.
type said struct {
	Text string `json:"text"`
}

func (s *filesSuite) TestRuns(c *C) {
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	_, err := s.unit.Runs("a-1")
	c.Check(errors.Is(err, fs.ErrNotExist), Equals, true) // the container is gone
	c.Assert(s.unit.MakeRunDir("a-1"), IsNil)
	_, err = s.unit.Runs("a-1")
	c.Check(errors.Is(err, fs.ErrNotExist), Equals, true) // it had no run

	inside, err := RunsAt(s.unit.RunDir("a-1"))
	c.Assert(err, IsNil)
	c.Assert(inside.Hold("1"), IsNil)
	c.Assert(inside.Write("1", said{"first"}), IsNil)
	c.Assert(inside.Write("1", said{"second"}), IsNil)
	outside, err := s.unit.Runs("a-1")
	c.Assert(err, IsNil)
	defer outside.Close()
	var got said
	c.Check(outside.Read("1", &got), IsNil)
	ids, err := outside.IDs()
	c.Check([]any{got.Text, ids, err}, DeepEquals, []any{"second", []string{"1"}, nil})
	c.Check(outside.Live("1"), Equals, true)
	c.Check(inside.Asked("1"), Equals, false)
	c.Check(outside.Ask("1"), IsNil)
	c.Check(outside.Ask("1"), IsNil) // again
	c.Check(inside.Asked("1"), Equals, true)
	c.Check(inside.Hold("1"), ErrorMatches, "cannot write 1.lock: file exists")
	inside.Close()
	c.Check(outside.Live("1"), Equals, false)
	c.Check(outside.Live("none"), Equals, false)
}

// madeRun makes the run directory of the container a-1, and returns where its runs go.
func (s *filesSuite) madeRun(c *C) (runs string) {
	c.Assert(s.unit.MakeGatewayDir(65532), IsNil)
	c.Assert(s.unit.MakeRunDir("a-1"), IsNil)
	return filepath.Join(s.unit.RunDir("a-1"), runsName)
}

// TestRunsOfAnEnemy: the directory is the notebook's user's, who can put anything there.
func (s *filesSuite) TestRunsOfAnEnemy(c *C) {
	dir := s.madeRun(c)
	elsewhere := c.MkDir()
	c.Assert(os.WriteFile(elsewhere+"/1.json", []byte(`{"text":"root's"}`), 0o600), IsNil)
	c.Assert(os.Symlink(elsewhere, dir), IsNil)
	_, err := s.unit.Runs("a-1")
	c.Check(err, ErrorMatches, "cannot open the runs: .*")
	c.Assert(os.Remove(dir), IsNil)
	c.Assert(os.Mkdir(dir, 0o777), IsNil)
	runs, err := s.unit.Runs("a-1")
	c.Assert(err, IsNil)
	defer runs.Close()
	for _, make := range []func(path string) error{
		func(path string) error { return os.Symlink(elsewhere+"/1.json", path) },
		func(path string) error { return syscall.Mkfifo(path, 0o666) },
		func(path string) error { return os.Mkdir(path, 0o777) },
		func(path string) error { return os.WriteFile(path, []byte("{"), 0o666) },
	} {
		for _, name := range []string{"1.json", "1.lock", "1.stop"} {
			c.Assert(make(filepath.Join(dir, name)), IsNil)
		}
		var got said
		c.Check(runs.Read("1", &got), ErrorMatches, "cannot read the run 1: .*")
		c.Check(got.Text, Equals, "")
		c.Check(runs.Live("1"), Equals, false)
		c.Check(runs.Ask("1"), IsNil) // as if it was asked
		c.Assert(os.RemoveAll(dir), IsNil)
		c.Assert(os.Mkdir(dir, 0o777), IsNil)
		runs.Close()
		runs, err = s.unit.Runs("a-1")
		c.Assert(err, IsNil)
	}
}

// TestRunsStayInTheirDirectory whatever id a container's user gives one.
func (s *filesSuite) TestRunsStayInTheirDirectory(c *C) {
	dir := s.madeRun(c)
	runs, err := RunsAt(s.unit.RunDir("a-1"))
	c.Assert(err, IsNil)
	defer runs.Close()
	elsewhere := c.MkDir()
	for _, name := range []string{"x.json", "x.stop"} {
		c.Assert(os.WriteFile(filepath.Join(elsewhere, name), []byte(`{"text":"root's"}`), 0o600), IsNil)
	}
	out, err := filepath.Rel(dir, elsewhere)
	c.Assert(err, IsNil)
	var got said
	c.Check(runs.Read(out+"/x", &got), ErrorMatches, "cannot read the run .*: invalid argument")
	c.Check(got.Text, Equals, "")
	c.Check(runs.Asked(out+"/x"), Equals, false)
	c.Check(runs.Ask(out+"/y"), ErrorMatches, "cannot write .*: invalid argument")
	c.Check(runs.Hold(out+"/y"), ErrorMatches, "cannot write .*: invalid argument")
	left, err := os.ReadDir(elsewhere)
	c.Assert(err, IsNil)
	c.Check(left, HasLen, 2)
}

// TestManyRuns: a run is found among thousands that have ended.
func (s *filesSuite) TestManyRuns(c *C) {
	dir := s.madeRun(c)
	over, err := RunsAt(s.unit.RunDir("a-1"))
	c.Assert(err, IsNil)
	for id := range 7000 {
		c.Assert(os.WriteFile(filepath.Join(dir, strconv.Itoa(id)+".json"), nil, 0o600), IsNil)
	}
	c.Assert(over.Hold("over"), IsNil)
	over.Close()
	runs, err := RunsAt(s.unit.RunDir("a-1"))
	c.Assert(err, IsNil)
	defer runs.Close()
	c.Check(runs.Hold("17"), ErrorMatches, "cannot write 17.lock: file exists") // its state is another's
	c.Assert(runs.Hold("live"), IsNil)
	ids, err := runs.IDs()
	c.Check([]any{ids, err}, DeepEquals, []any{[]string{"live"}, nil})
}

func (s *filesSuite) TestWriteRunner(c *C) {
	c.Assert(s.unit.WriteSlot("a", nil, Secret{}), IsNil)
	program := filepath.Join(c.MkDir(), "dispatch")
	c.Assert(os.WriteFile(program, []byte("program"), 0o600), IsNil)
	names, err := s.unit.WriteRunner("a", program, "script")
	c.Assert(err, IsNil)
	config := filepath.Join(s.unit.Slot("a"), "config")
	c.Check(stat(c, filepath.Join(config, names[0])), Equals, owned{0o755, 0, 0})
	c.Check(stat(c, filepath.Join(config, names[1])), Equals, owned{0o644, 0, 0})
	_, err = s.unit.WriteRunner("a", program+"x", "script")
	c.Check(err, ErrorMatches, "cannot read this program: .*")
}
