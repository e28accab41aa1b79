package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// logs keeps a file of JSON lines for each model, for debug-log to read.
type logs struct {
	store *state.Store
	mu    sync.Mutex
}

// write keeps the message if the model's logging-config wants it.
func (l *logs) write(model, unit, module, level, message string) {
	wanted := false
	l.store.Read(func(w *state.World) {
		if m := w.Models[model]; m != nil {
			wanted = m.Logs(module, level)
		}
	})
	if !wanted {
		return
	}
	line := state.LogLine{Time: time.Now(), Entity: "unit-" + strings.ReplaceAll(unit, "/", "-"),
		Level: level, Module: module, Message: message}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.add(model, line); err != nil {
		fmt.Fprintf(os.Stderr, "cannot write the log of model %s: %v\n", model, err)
	}
}

func (l *logs) add(model string, line state.LogLine) error {
	name := l.store.LogFile(model)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	return json.NewEncoder(f).Encode(line)
}
