package run

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
)

// Place is where things are in a notebook's container.
type Place struct {
	Runs   string // directory of the server's socket, below which a run keeps its state
	Remote string // file that says where Spark Connect is
	Script string // file of the text Script
}

// grace is how long a run that is to end may take to interrupt its cell, end its
// kernel and save its copy.
const grace = 45 * time.Second

// What is said of a run that was ended.
const (
	cancelled = "the action was cancelled"
	signalled = "a signal of a process in the notebook asked it to end"
	tooLong   = "not done within its time: give a larger timeout"
	endedFrom = "it was ended by run-notebook stop=true"
)

// Supervise makes the run that in orders and prints a State at each step; where it is
// not who the server is, it says only that. Unless the run is detached it ends when in
// ends. No process that the run began is left behind.
func Supervise(in io.Reader, out io.Writer, p Place) error {
	signal.Ignore(syscall.SIGPIPE)
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	if err := adoptOrphans(); err != nil {
		return err
	}
	input := json.NewDecoder(in)
	s := supervisor{out: json.NewEncoder(out), place: p, stops: make(chan string, 4), killed: host.OOMKills(os.Getpid())}
	if err := input.Decode(&s.order); err != nil {
		return fmt.Errorf("cannot read what to run: %v", err)
	}
	s.state = State{ID: s.order.ID, Path: s.order.Path, Phase: Starting, Began: time.Now().UTC()}
	if s.state.Message = s.order.lacks(); s.state.Message != "" {
		s.state.Phase = Other
		return s.out.Encode(s.state)
	}
	runs, err := host.RunsAt(p.Runs)
	if err != nil {
		return err
	}
	defer runs.Close()
	s.runs = runs
	switch err := runs.Hold(s.order.ID); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("cannot run %s: a run with the id %s is there", s.order.Path, s.order.ID)
	case err != nil:
		return fmt.Errorf("cannot run %s: %w", s.order.Path, err)
	}
	syscall.Umask(s.order.Server.Umask)
	s.tell()
	ctx, done := context.WithCancel(context.Background())
	defer done()
	go s.watch(ctx, io.MultiReader(input.Buffered(), in), terminate)
	s.finish(s.python())
	return nil
}

// adoptOrphans makes what the run's programs leave a child of this process, and not
// of the container's first. Source: prctl(2), PR_SET_CHILD_SUBREAPER.
func adoptOrphans() error {
	const setChildSubreaper = 36
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		return fmt.Errorf("cannot look after what a run leaves: %v", errno)
	}
	return nil
}

// lacks says what of the server this process is not, "" for nothing. More groups do no
// harm: they are the unit's own, which a server that stepped down gave away.
func (o Order) lacks() string {
	groups, err := os.Getgroups()
	switch {
	case err != nil:
		return fmt.Sprintf("its groups cannot be read: %v", err)
	case os.Getuid() != o.Server.UID:
		return fmt.Sprintf("the user %d, which the server is", o.Server.UID)
	case os.Getgid() != o.Server.GID:
		return fmt.Sprintf("the group %d, which the server has", o.Server.GID)
	}
	for _, id := range o.Server.Groups {
		if !slices.Contains(groups, id) && id != o.Server.GID && !o.AnyGroups {
			return fmt.Sprintf("the group %d, which the server has", id)
		}
	}
	return ""
}

type supervisor struct {
	order  Order
	place  Place
	state  State
	out    *json.Encoder
	runs   *host.Runs
	stops  chan string // why the run is to end
	remote string      // of Spark Connect; it may hold a token
	killed int         // processes for memory, before
	ending string      // why it was to end, "" while it is not
}

// watch passes on why the run is to end.
func (s *supervisor) watch(ctx context.Context, in io.Reader, terminate <-chan os.Signal) {
	if !s.order.Detached {
		go func() {
			_, _ = io.Copy(io.Discard, in) // its end, or its failure, is the news
			s.stops <- cancelled
		}()
	}
	late := time.After(time.Duration(s.order.Seconds) * time.Second)
	look := time.NewTicker(500 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-terminate:
			s.stops <- signalled
		case <-late:
			s.stops <- tooLong
		case <-look.C:
			if s.runs.Asked(s.order.ID) {
				s.stops <- endedFrom
				return
			}
		}
	}
}

// tell says how the run is. Whoever listened may be gone.
func (s *supervisor) tell() {
	s.state.Message, s.state.Say = withoutToken(s.state.Message, s.remote), withoutToken(s.state.Say, s.remote)
	_ = s.out.Encode(s.state)
	kept := s.state
	kept.Say = ""
	_ = s.runs.Write(s.order.ID, kept) // a full disk does not end a run
	s.state.Say = ""
}

// python runs the script, and returns why it ended otherwise than in its own words.
func (s *supervisor) python() error {
	program := interpreter(s.order.Server, lookPath)
	if program == "" {
		return errors.New("the Jupyter server's Python cannot be found")
	}
	remote, _ := os.ReadFile(s.place.Remote) // most have none
	server := s.order.Server
	cmd := exec.Command(program, s.place.Script, s.order.Path, fmt.Sprint(server.PID))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Env, cmd.Dir = withRemote(server.Env, strings.TrimSpace(string(remote))), "/"
	s.remote = value(cmd.Env, "SPARK_REMOTE")
	var complaints tail
	cmd.Stderr, cmd.WaitDelay = &complaints, 5*time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start the Jupyter server's Python: %w", err)
	}
	s.follow(out, in)
	endChildren()
	ended := cmd.Wait()
	switch {
	case s.state.Over():
		return nil
	case s.ending != "":
		return errors.New(s.ending)
	}
	return wordless(ended, complaints.last())
}

// wordless says how the script ended that did not say it itself, by its last complaint.
func wordless(ended error, complaint string) error {
	how := "without a word"
	if ended != nil {
		how = fmt.Sprintf("(%v)", ended)
	}
	if complaint != "" {
		how += ": " + complaint
	}
	return fmt.Errorf("the program that ran it ended %s", how)
}

// follow takes in what the script says until it ends, and has it end in time.
func (s *supervisor) follow(out io.Reader, in io.Writer) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- append([]byte(nil), scanner.Bytes()...)
		}
	}()
	var kill <-chan time.Time
	for {
		select {
		case line, open := <-lines:
			if !open {
				return
			}
			if json.Unmarshal(line, &s.state) != nil {
				continue // it is none of ours
			}
			if s.state.Over() {
				return // the rest may hold the pipe
			}
			s.tell()
		case why := <-s.stops:
			if kill == nil {
				kill, s.ending = time.After(grace), why
				_, _ = io.WriteString(in, why+"\n") // one that is gone has said its last
			}
		case <-kill:
			endChildren()
		}
	}
}

// finish says how the run ended.
func (s *supervisor) finish(err error) {
	if err != nil {
		s.state.Phase, s.state.Message = Failed, err.Error()
	}
	if s.state.Phase == Failed && host.OOMKills(os.Getpid()) > s.killed {
		s.state.Message += "; the notebook's memory was not enough: its kernel or another of its processes was ended for that: raise memory-limit, or use less"
	}
	s.state.Ended = time.Now().UTC()
	s.tell()
}

// lookPath finds a program on a PATH, "" where it is on none.
func lookPath(name, searched string) string {
	for _, dir := range filepath.SplitList(searched) {
		found := filepath.Join(dir, name)
		if info, err := os.Stat(found); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return found
		}
	}
	return ""
}

// endChildren ends all that is left of what the run began.
func endChildren() {
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		all, err := host.Processes(os.Getpid())
		if err != nil || len(all) < 2 {
			return
		}
		for _, p := range all[1:] {
			_ = syscall.Kill(p.PID, syscall.SIGKILL) // one that is gone needs none
		}
	}
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

const mostTail = 4096

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-mostTail):]
	return len(p), nil
}

// last is the last line.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return lines[len(lines)-1]
}
