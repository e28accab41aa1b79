// Package run runs a notebook inside its container by nbclient, which comes with
// Jupyter: Supervise is the program there, and Order and State are what it and the
// charm say to each other.
package run

import (
	_ "embed"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Script runs the cells. It is Python that every Jupyter's interpreter can read.
//
//go:embed run_notebook.py
var Script string

// Order is what Supervise reads first from its standard input.
type Order struct {
	ID       string `json:"id"`
	Path     string `json:"path"`     // of the notebook, from the folder that the server shows
	Seconds  int    `json:"seconds"`  // until the cell that runs is interrupted
	Detached bool   `json:"detached"` // it goes on when standard input ends
	Server   Server `json:"server"`

	AnyGroups bool `json:"anyGroups"` // it may lack groups that the server has beside its own
}

// Server is the process of the Jupyter server, whose interpreter, user and
// environment a run has.
type Server struct {
	PID    int      `json:"pid"` // as the container counts
	Args   []string `json:"args"`
	Exe    string   `json:"exe"` // its program
	Dir    string   `json:"dir"` // its working directory
	UID    int      `json:"uid"`
	GID    int      `json:"gid"`
	Groups []int    `json:"groups"` // beside that
	Umask  int      `json:"umask"`
	Env    []string `json:"env"`
}

// Phase is how far a run has come.
type Phase string

// The phases of a run.
const (
	Starting  Phase = "starting"
	Running   Phase = "running"
	Completed Phase = "completed"
	Failed    Phase = "failed"
	Other     Phase = "other" // none was made: the program is not who the server is
)

// State is how a run is: a line of what Supervise prints, and the file that it keeps.
type State struct {
	ID      string    `json:"id"`
	Path    string    `json:"path"`
	Phase   Phase     `json:"phase"`
	Message string    `json:"message,omitempty"` // why it failed
	Say     string    `json:"say,omitempty"`     // which cell runs
	Copy    string    `json:"copy,omitempty"`    // path of the copy with the outputs
	Cells   int       `json:"cells"`             // that are to be run
	Done    int       `json:"done"`              // of them, those that ran to their end
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`
}

// mostText bounds what is taken of a text of a run, in bytes.
const mostText = 4096

// Of is what a container's user, who can write what he likes in a run's place, said of
// the run with that id and path: the texts short, and without what moves a terminal.
func (s State) Of(id, path string) State {
	s.ID, s.Path = id, path
	s.Phase = Phase(plain(string(s.Phase)))
	s.Message, s.Say, s.Copy = plain(s.Message), plain(s.Say), plain(s.Copy)
	return s
}

// plain is a text without control characters other than ends of lines.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text[:min(mostText, len(text))], ""))
}

// Over reports whether the run has ended.
func (s State) Over() bool { return s.Phase == Completed || s.Phase == Failed }

// Seconds is how long the run has taken until now, or took.
func (s State) Seconds(now time.Time) float64 {
	if s.Over() {
		now = s.Ended
	}
	return now.Sub(s.Began).Seconds()
}

var python = regexp.MustCompile(`^(python|pypy)[0-9.]*$`)

// interpreter is the server's Python as its command line names it: that of a virtual
// environment is a link to one without its packages. look finds a name on a PATH.
func interpreter(s Server, look func(name, searched string) string) string {
	name := s.Exe
	if len(s.Args) > 0 && python.MatchString(path.Base(s.Args[0])) {
		name = s.Args[0]
	}
	switch {
	case path.IsAbs(name):
		return name
	case strings.Contains(name, "/"):
		return path.Join(s.Dir, name)
	}
	return look(name, value(s.Env, "PATH"))
}

// value is that of a variable, "" for none.
func value(env []string, name string) string {
	for _, pair := range env {
		if v, ok := strings.CutPrefix(pair, name+"="); ok {
			return v
		}
	}
	return ""
}

var tokenIn = regexp.MustCompile(`;token=([^;]+)`)

// withoutToken hides the token of Spark Connect's address in a text: what a run says
// goes to Juju, where more people read it than may work in the notebook.
func withoutToken(text, remote string) string {
	if found := tokenIn.FindStringSubmatch(remote); found != nil {
		return strings.ReplaceAll(text, found[1], "***")
	}
	return text
}

// withRemote adds where Spark Connect is, as the charm's settings of the server do for
// kernels, unless the environment says it itself.
func withRemote(env []string, remote string) []string {
	if remote == "" || slices.ContainsFunc(env, func(pair string) bool { return strings.HasPrefix(pair, "SPARK_REMOTE=") }) {
		return env
	}
	return append(slices.Clone(env), "SPARK_REMOTE="+remote)
}
