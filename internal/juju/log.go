package juju

import (
	"fmt"
	"os"

	"github.com/juju/loggo"
)

// LogWriter sends loggo's entries to juju-log.
type LogWriter struct {
	tools *Tools
}

// NewLogWriter returns a writer for loggo.
func NewLogWriter(t *Tools) *LogWriter { return &LogWriter{tools: t} }

// Write implements loggo.Writer. What juju-log does not take goes to stderr,
// which Juju logs too.
func (w *LogWriter) Write(e loggo.Entry) {
	level := e.Level.String()
	if e.Level >= loggo.CRITICAL {
		level = "CRITICAL"
	}
	if err := w.tools.Log(level, e.Message); err != nil {
		fmt.Fprintf(os.Stderr, "%s %s (%v)\n", level, e.Message, err)
	}
}
