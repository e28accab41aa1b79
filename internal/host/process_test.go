package host

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	. "gopkg.in/check.v1"
)

type processSuite struct{}

var _ = Suite(&processSuite{})

// TestProcesses has a server that started a kernel, which computes in a child.
func (processSuite) TestProcesses(c *C) {
	server := exec.Command("sh", "-c", `setsid sh -c 'sleep 1000 & wait' & wait`)
	server.Env = []string{"PATH=" + os.Getenv("PATH"), "JPY_PARENT_PID=7"}
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: &syscall.Credential{Uid: 1234, Gid: 1235, Groups: []uint32{group}}}
	c.Assert(server.Start(), IsNil)
	var found []Process
	for deadline := time.Now().Add(5 * time.Second); len(found) < 3 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var err error
		found, err = Processes(server.Process.Pid)
		c.Assert(err, IsNil)
	}
	defer func() {
		for _, p := range found {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
		_ = server.Wait()
		_, err := Processes(server.Process.Pid)
		c.Check(errors.Is(err, fs.ErrNotExist), Equals, true)
	}()
	c.Assert(found, HasLen, 3)
	first, kernel, job := found[0], found[1], found[2]
	c.Check(first.PID, Equals, server.Process.Pid)
	c.Check(first.Parent, Equals, os.Getpid())
	c.Check(first.UID, Equals, 1234)
	c.Check(first.Groups, DeepEquals, []int{1235, group})
	c.Check(first.Args[0], Equals, "sh")
	mask := syscall.Umask(0)
	syscall.Umask(mask)
	c.Check([]int{first.Umask, first.Inside}, DeepEquals, []int{mask, first.PID})
	program, dir := first.Where()
	here, err := os.Getwd()
	c.Assert(err, IsNil)
	c.Check(program, Matches, "/.*sh")
	c.Check(dir, Equals, here)
	c.Check(first.Leader, Equals, false)
	c.Check(kernel.Parent, Equals, first.PID)
	c.Check(kernel.Leader, Equals, true)
	c.Check(kernel.Terminal(), Equals, false)
	c.Check(job.Args, DeepEquals, []string{"sleep", "1000"})
	env, err := job.Environ()
	c.Assert(err, IsNil)
	c.Check(strings.Join(env, "\n"), Matches, `(?s).*JPY_PARENT_PID=7.*`)
	c.Check(HasChild(found, kernel.PID), Equals, true)
	c.Check(HasChild(found, job.PID), Equals, false)
}

// fakeProc writes what proc(5) says of processes, by the fields of stat from the
// state on.
func fakeProc(c *C, stats map[int]string) string {
	dir := c.MkDir()
	for pid, stat := range stats {
		at := filepath.Join(dir, strconv.Itoa(pid))
		c.Assert(os.Mkdir(at, 0o755), IsNil)
		for name, text := range map[string]string{
			"stat": strconv.Itoa(pid) + " (a) b\n(c) " + stat, "cmdline": "bash\x00-l\x00\x00", "environ": "",
			"status": "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n",
		} {
			c.Assert(os.WriteFile(filepath.Join(at, name), []byte(text), 0o644), IsNil)
		}
	}
	c.Assert(os.Mkdir(filepath.Join(dir, "self"), 0o755), IsNil)
	return dir
}

func (processSuite) TestStat(c *C) {
	proc := fakeProc(c, map[int]string{
		10: "S 1 10 10 0 -1", 20: "S 10 20 20 34816 20", 21: "Z 20 21 20 34816 20", 30: "S 10 30 30 34817 31",
		31: "R 30 31 30 34817 31", 40: "S 1 40 40 0 -1",
	})
	c.Assert(os.Remove(filepath.Join(proc, "40", "stat")), IsNil) // it ended meanwhile
	c.Assert(os.Mkdir(filepath.Join(proc, "41"), 0o755), IsNil)
	found, err := processes(proc, 10)
	c.Assert(err, IsNil)
	c.Assert(found, HasLen, 4)
	byID := map[int]Process{}
	for _, p := range found {
		byID[p.PID] = p
	}
	c.Check(byID[20].Terminal(), Equals, true)
	c.Check(HasChild(found, 20), Equals, false) // it waits for its shell alone
	c.Check(byID[30].Terminal(), Equals, true)
	c.Check(HasChild(found, 30), Equals, true)
	c.Check(byID[31].Terminal(), Equals, false)
	c.Check(byID[31].TTY, Equals, true)
	c.Check(byID[31].UID, Equals, 4)
	c.Check(byID[31].Groups, DeepEquals, []int{8, 9, 10})
	c.Check(byID[31].Args, DeepEquals, []string{"bash", "-l", ""})
}

// TestNoCircle: an id that was used again may lead back.
func (processSuite) TestNoCircle(c *C) {
	found, err := processes(fakeProc(c, map[int]string{10: "S 11 10 10 0 -1", 11: "S 10 11 11 0 -1"}), 10)
	c.Assert(err, IsNil)
	c.Check(len(found) <= 3, Equals, true)
}

func (processSuite) TestStatThatCannotBeRead(c *C) {
	proc := fakeProc(c, map[int]string{10: "S x 10 10 0 -1"})
	_, err := processes(proc, 10)
	c.Check(err, ErrorMatches, `cannot read process 10: .*`)
	_, err = processes(proc+"/none", 10)
	c.Check(err, ErrorMatches, `cannot list processes: .*`)
}

func (processSuite) TestBusy(c *C) {
	for load, want := range map[string]bool{"2.01 0.0 0.0 1/2 3\n": true, "2.00 9.0 9.0 1/2 3\n": false} {
		got, err := busy(load, 2)
		c.Assert(err, IsNil)
		c.Check(got, Equals, want)
	}
	_, err := busy("", 2)
	c.Check(err, ErrorMatches, "cannot read the load: .*")
	_, err = Busy()
	c.Check(err, IsNil)
}
