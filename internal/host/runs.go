package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Runs is the directory in which the runs of notebooks in one container say how they
// are. It is the container's user's: the machine follows nothing in it, and believes it
// as it believes what his server says of kernels.
type Runs struct {
	dir  *os.File
	held []*os.File
}

// runsName is its name in a run directory.
const runsName = "runs"

// RunsAt opens, and makes where it is missing, the one in a run directory as the
// container sees that. The caller closes it.
func RunsAt(runDir string) (*Runs, error) {
	path := filepath.Join(runDir, runsName)
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, cannot("make", path, err)
	}
	parent, err := os.Open(runDir)
	if err != nil {
		return nil, cannot("open", path, err)
	}
	defer parent.Close()
	return openRuns(parent)
}

// Runs opens the one of a run directory of the machine. The error is an
// fs.ErrNotExist where none was made.
func (u Unit) Runs(name string) (*Runs, error) {
	all, err := u.openRun()
	if err != nil {
		return nil, fmt.Errorf("cannot open the runs in %s: %w", name, err)
	}
	defer all.Close()
	parent, err := openAt(all, name, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, fmt.Errorf("cannot open the runs in %s: %w", name, err)
	}
	defer parent.Close()
	return openRuns(parent)
}

func openRuns(parent *os.File) (*Runs, error) {
	dir, err := openAt(parent, runsName, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, fmt.Errorf("cannot open the runs: %w", err)
	}
	return &Runs{dir: dir}, nil
}

// Close closes the directory, and lets go what is held in it.
func (r *Runs) Close() {
	for _, f := range r.held {
		_ = os.Remove(throughFD(r.dir.Fd()) + "/" + f.Name()) // nothing lives by that name any more
		_ = f.Close()
	}
	_ = r.dir.Close()
}

// open opens a regular file in the directory, and waits for nobody.
func (r *Runs) open(name string) (*os.File, error) {
	f, err := openAt(r.dir, name, syscall.O_RDONLY|syscall.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, errors.New("it is no regular file")
	}
	return f, nil
}

// create opens a file that is not there yet.
func (r *Runs) create(name string) (*os.File, error) {
	if strings.Contains(name, "/") {
		return nil, cannot("write", name, syscall.EINVAL) // it would lead elsewhere
	}
	fd, err := syscall.Openat(int(r.dir.Fd()), name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, cannot("write", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Hold says that a new run lives, until the directory is closed or this process ends.
func (r *Runs) Hold(id string) error {
	if holds(r.dir, id+".json") || holds(r.dir, id+".lock") {
		return fmt.Errorf("cannot write %s.lock: %w", id, syscall.EEXIST)
	}
	f, err := r.create(id + ".lock")
	if err != nil {
		return err
	}
	r.held = append(r.held, f)
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// Live reports whether a process holds the run.
func (r *Runs) Live(id string) bool {
	f, err := r.open(id + ".lock")
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// Write keeps how a run is, as a whole.
func (r *Runs) Write(id string, state any) error {
	b, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("cannot write the run %s: %v", id, err)
	}
	path := throughFD(r.dir.Fd()) + "/" + id
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return cannot("write", id, err)
	}
	if err := os.Rename(path+".new", path+".json"); err != nil {
		return cannot("write", id, err)
	}
	return nil
}

// mostState bounds what is read of a run, in bytes.
const mostState = 1 << 16

// Read reads how a run is.
func (r *Runs) Read(id string, out any) error {
	f, err := r.open(id + ".json")
	if err != nil {
		return fmt.Errorf("cannot read the run %s: %v", id, err)
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, mostState)).Decode(out); err != nil {
		return fmt.Errorf("cannot read the run %s: %v", id, err)
	}
	return nil
}

// mostRuns bounds how many runs are looked at, and mostNames the files for that: each
// run that has ended leaves one.
const (
	mostRuns  = 3000
	mostNames = 100000
)

// IDs are the runs that may live.
func (r *Runs) IDs() (out []string, err error) {
	dir, err := openAt(r.dir, ".", syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, fmt.Errorf("cannot list the runs: %v", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(mostNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("cannot list the runs: %v", withoutPath(err))
	}
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, ".lock"); ok && len(out) < mostRuns {
			out = append(out, id)
		}
	}
	return out, nil
}

// Ask asks a run to end.
func (r *Runs) Ask(id string) error {
	if r.Asked(id) {
		return nil
	}
	f, err := r.create(id + ".stop")
	if err != nil {
		return err
	}
	return f.Close()
}

// Asked reports whether somebody asked a run to end.
func (r *Runs) Asked(id string) bool {
	return holds(r.dir, id+".stop")
}

// programName is the charm's program in a slot's settings, which the container sees
// and cannot change.
const programName = "run-notebook"

// WriteRunner puts the charm's program and a script where the container of a slot
// sees them, and returns their names there.
func (u Unit) WriteRunner(slot, program, script string) (names [2]string, err error) {
	names = [2]string{programName, programName + ".py"}
	b, err := os.ReadFile(program)
	if err != nil {
		return names, fmt.Errorf("cannot read this program: %v", err)
	}
	dir := filepath.Join(u.Slot(slot), "config")
	return names, errors.Join(writeFile(filepath.Join(dir, names[0]), b, 0, 0o755), writeFile(filepath.Join(dir, names[1]), []byte(script), 0, 0o644))
}
