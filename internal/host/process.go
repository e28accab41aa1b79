package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// Process is a program that runs, as the host sees it.
type Process struct {
	PID, Parent int
	UID         int   // with which it opens files
	Groups      []int // likewise: its group, and the supplementary ones
	TTY         bool  // it has a controlling terminal
	Leader      bool  // of its session
	Inside      int   // its id as its own container counts
	Umask       int
	Args        []string
	Environ     func() ([]string, error) // what it was started with
}

// Terminal reports whether it is the shell of a terminal.
func (p Process) Terminal() bool { return p.Leader && p.TTY }

// Where returns the process's program and working directory as its container names
// them, "" for what cannot be read.
func (p Process) Where() (program, dir string) {
	program, _ = os.Readlink(fmt.Sprintf("/proc/%d/exe", p.PID))
	dir, _ = os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.PID))
	return program, dir
}

// HasChild reports whether one of the processes is a child of pid. A terminal
// whose shell has none waits for somebody to type.
func HasChild(all []Process, pid int) bool {
	for _, p := range all {
		if p.Parent == pid {
			return true
		}
	}
	return false
}

// Processes are a process, such as the first of a container, and its
// descendants. Those that end meanwhile and those that wait to be reaped are left
// out; when the process itself is gone, the error is an fs.ErrNotExist.
func Processes(pid int) ([]Process, error) { return processes("/proc", pid) }

func processes(proc string, pid int) ([]Process, error) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, fmt.Errorf("cannot list processes: %v", err)
	}
	children, found := map[int][]Process{}, []Process{}
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		p, err := readStat(proc, id)
		if ended(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read process %d: %v", id, err)
		}
		if id == pid {
			found = append(found, p)
		}
		children[p.Parent] = append(children[p.Parent], p)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("cannot find process %d: %w", pid, fs.ErrNotExist)
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].PID]...)
		delete(children, found[i].PID) // an id that was used again makes no circle
	}
	return details(proc, found)
}

// details adds what only a process of interest is read for.
func details(proc string, found []Process) (out []Process, err error) {
	for _, p := range found {
		err := p.readDetails(filepath.Join(proc, strconv.Itoa(p.PID)))
		if ended(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read process %d: %v", p.PID, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// ended reports whether an error says that the process has ended.
func ended(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// readStat reads /proc/PID/stat, whose second field is a name in parentheses that
// may have any characters. Source: proc(5).
func readStat(proc string, pid int) (Process, error) {
	b, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "stat"))
	if err != nil {
		return Process{}, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 5 {
		return Process{}, errors.New("its stat is too short")
	}
	if f[0] == "Z" || f[0] == "X" {
		return Process{}, fs.ErrNotExist
	}
	var parent, session, tty int
	for i, to := range map[int]*int{1: &parent, 3: &session, 4: &tty} {
		if *to, err = strconv.Atoi(f[i]); err != nil {
			return Process{}, err
		}
	}
	return Process{PID: pid, Parent: parent, TTY: tty != 0, Leader: session == pid}, nil
}

func (p *Process) readDetails(dir string) error {
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return err
	}
	args, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return err
	}
	p.Args = zeroSeparated(args)
	p.Environ = func() ([]string, error) {
		b, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil {
			return nil, fmt.Errorf("cannot read what a process was started with: %w", err)
		}
		return zeroSeparated(b), nil
	}
	for line := range strings.Lines(string(status)) {
		name, rest, _ := strings.Cut(line, ":")
		switch f := strings.Fields(rest); {
		case name == "Uid" && len(f) == 4:
			p.UID, err = strconv.Atoi(f[3])
		case name == "Gid" && len(f) == 4:
			err = p.addGroups(f[3:])
		case name == "Groups":
			err = p.addGroups(f)
		case name == "NSpid" && len(f) > 0:
			p.Inside, err = strconv.Atoi(f[len(f)-1])
		case name == "Umask" && len(f) == 1:
			var mask int64
			mask, err = strconv.ParseInt(f[0], 8, 32)
			p.Umask = int(mask)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Process) addGroups(ids []string) error {
	for _, id := range ids {
		n, err := strconv.Atoi(id)
		if err != nil {
			return err
		}
		p.Groups = append(p.Groups, n)
	}
	return nil
}

func zeroSeparated(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
}

// Busy reports whether the machine has more to do than it has CPUs, over the last
// minute.
func Busy() (bool, error) {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return false, fmt.Errorf("cannot read the load: %v", err)
	}
	return busy(string(b), runtime.NumCPU())
}

func busy(loadavg string, cpus int) (bool, error) {
	minute, _, _ := strings.Cut(loadavg, " ")
	load, err := strconv.ParseFloat(minute, 64)
	if err != nil {
		return false, fmt.Errorf("cannot read the load: %v", err)
	}
	return load > float64(cpus), nil
}
