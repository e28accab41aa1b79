// Package probe holds the Python that the charm's actions run in a kernel of the
// notebook, and reads what it tells: how Spark computes there, and whether a
// cluster finds its way back. It is pure.
package probe

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed common.py
var common string

// mark begins the lines that are meant for the charm.
const mark = "jupyter-docker-probe "

// code is a program for a kernel, with what it is asked as the variable ask.
func code(asked any, parts ...string) string {
	text, _ := json.Marshal(asked)           // plain structs
	literal, _ := json.Marshal(string(text)) // which Python reads alike
	return "import json\nask = json.loads(" + string(literal) + ")\n" + common + strings.Join(parts, "\n")
}

// Lines gathers the marked lines of what a kernel prints, in pieces of any size,
// into found: a later line adds to an earlier one.
type Lines struct {
	rest  string
	found any
	tell  func(progress string)
}

// NewLines returns the gatherer of one program; found is a pointer.
func NewLines(found any, tell func(progress string)) *Lines { return &Lines{found: found, tell: tell} }

// Add takes what was printed next.
func (l *Lines) Add(text string) error {
	l.rest += text
	for {
		line, rest, whole := strings.Cut(l.rest, "\n")
		if !whole {
			return nil
		}
		l.rest = rest
		if err := l.line(line); err != nil {
			return err
		}
	}
}

func (l *Lines) line(line string) error {
	_, text, marked := strings.Cut(line, mark) // a library may have printed before it
	if !marked {
		return nil
	}
	var said struct {
		Progress string `json:"progress"`
	}
	for _, out := range []any{&said, l.found} {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			return fmt.Errorf("cannot read what the notebook's kernel told: %v", err)
		}
	}
	if said.Progress != "" {
		l.tell(said.Progress)
	}
	return nil
}
