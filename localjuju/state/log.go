package state

import (
	"path/filepath"
	"time"
)

// LogLine is one message of a model's log.
type LogLine struct {
	Time    time.Time
	Entity  string
	Level   string
	Module  string
	Message string
}

// LogFile is where the log of a model is kept.
func (s *Store) LogFile(model string) string { return filepath.Join(s.Dir, "log", model+".log") }
