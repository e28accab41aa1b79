package agent

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// errMissing says that the charm has no such hook or action.
var errMissing = errors.New("not in the charm")

// errKilled says that the process was ended by SIGTERM or SIGKILL.
var errKilled = errors.New("terminated")

// findProgram gives what runs a hook or action: dispatch if the charm has it,
// else the file of that name. The name is not resolved: a link keeps its own.
func findProgram(charmDir, name string) (string, error) {
	dispatch := filepath.Join(charmDir, "dispatch")
	if info, err := os.Stat(dispatch); err == nil && info.Mode()&0o111 != 0 {
		return dispatch, nil
	}
	path := filepath.Join(charmDir, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", errMissing
	}
	return path, nil
}

// process is one program to run, with what becomes of its output.
type process struct {
	path    string
	args    []string
	stdin   io.Reader
	dir     string
	env     []string
	stdout  func(line string)
	stderr  func(line string)
	started func(pid int)
	// keep holds on to the whole output as well.
	keep     bool
	out, err bytes.Buffer
}

// run runs the program to its end, and gives its exit code. A process that it
// left behind may keep its output open: that is not waited for.
func (p *process) run() (code int, err error) {
	cmd := &exec.Cmd{Path: p.path, Args: append([]string{p.path}, p.args...), Dir: p.dir, Env: p.env, Stdin: p.stdin,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true}}
	var readers sync.WaitGroup
	outEnd, err := p.pipe(&readers, &cmd.Stdout, p.stdout, &p.out)
	if err != nil {
		return -1, err
	}
	errEnd, err := p.pipe(&readers, &cmd.Stderr, p.stderr, &p.err)
	if err != nil {
		return -1, err
	}
	err = cmd.Start()
	outEnd.own.Close()
	errEnd.own.Close()
	if err == nil {
		if p.started != nil {
			p.started(cmd.Process.Pid)
		}
		err = cmd.Wait()
	}
	finish(&readers, outEnd.read, errEnd.read)
	return outcome(cmd, err)
}

func outcome(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	if status.Signaled() && (status.Signal() == syscall.SIGTERM || status.Signal() == syscall.SIGKILL) {
		return -1, errKilled
	}
	return exit.ExitCode(), exit
}

type pipeEnds struct{ read, own *os.File }

func (p *process) pipe(readers *sync.WaitGroup, to *io.Writer, line func(string), whole *bytes.Buffer) (pipeEnds, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return pipeEnds{}, err
	}
	*to = w
	readers.Add(1)
	go func() {
		defer readers.Done()
		p.scan(r, line, whole)
	}()
	return pipeEnds{r, w}, nil
}

func (p *process) scan(r io.Reader, line func(string), whole *bytes.Buffer) {
	b := bufio.NewReader(r)
	for {
		text, err := b.ReadString('\n')
		if p.keep {
			whole.WriteString(text)
		}
		if text = string(bytes.TrimRight([]byte(text), "\r\n")); text != "" && line != nil {
			line(text)
		}
		if err != nil {
			return
		}
	}
}

// finish gives the readers a moment for what is still in the pipes.
func finish(readers *sync.WaitGroup, files ...*os.File) {
	done := make(chan struct{})
	go func() {
		readers.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(200 * time.Millisecond):
	}
	for _, f := range files {
		f.Close()
	}
	<-done
}
