package workload_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	. "gopkg.in/check.v1"
)

// Variables of a process that stands in for a container's Jupyter.
const (
	processRoot = "WORKLOAD_TEST_ROOT"
	processUser = "WORKLOAD_TEST_USER"
)

// TestMain makes this binary such a process, so that there are real ones to read.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "jupyter-lab" {
		os.Exit(m.Run())
	}
	if root := os.Getenv(processRoot); root != "" {
		must(syscall.Chroot(root))
	}
	if user, err := strconv.Atoi(os.Getenv(processUser)); err == nil {
		must(syscall.Setgroups(nil))
		must(syscall.Setgid(user))
		must(syscall.Setuid(user))
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until it is ended
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// configured is an environment in which Jupyter reads the charm's settings.
const configured = "JUPYTER_CONFIG_PATH=/jupyter-docker/config"

// process starts a Jupyter's process, and returns its id.
func (w *world) process(env []string, flags ...string) int {
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: append([]string{"jupyter-lab"}, flags...), Env: append([]string{"A=1"}, env...)}
	_, err := cmd.StdinPipe()
	w.c.Assert(err, IsNil)
	out, err := cmd.StdoutPipe()
	w.c.Assert(err, IsNil)
	w.c.Assert(cmd.Start(), IsNil)
	said, err := bufio.NewReader(out).ReadString('\n')
	w.c.Assert(err, IsNil)
	w.c.Assert(said, Equals, "ready\n")
	w.ends = append(w.ends, func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// terminal starts a shell on a terminal of its own, which runs a line.
func (w *world) terminal(line string) {
	c := w.c
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		c.Skip("no terminal can be had: " + err.Error())
	}
	var number, unlock uint32
	for request, to := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		_, _, failed := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(to)))
		c.Assert(failed, Equals, syscall.Errno(0))
	}
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		c.Skip("no terminal can be had: " + err.Error())
	}
	defer slave.Close()
	cmd := exec.Command("/bin/sh", "-c", line)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	c.Assert(cmd.Start(), IsNil)
	said, err := bufio.NewReader(master).ReadString('\n')
	c.Assert(err, IsNil)
	c.Assert(strings.TrimSpace(said), Equals, "ready")
	w.ends = append(w.ends, func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		master.Close()
	})
}
