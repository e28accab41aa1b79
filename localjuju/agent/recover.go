package agent

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jupyter-docker/jupyter-docker/localjuju/commands"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
	"github.com/jupyter-docker/jupyter-docker/localjuju/tools"
)

// recover puts right what an agent left that was killed: hooks that were running
// are ended and queued again; a running action or exec has failed.
func (a *Agent) recover() error {
	return a.Store.Change(func(w *state.World) error {
		for _, m := range w.Models {
			for _, app := range m.Apps {
				for _, u := range app.Units {
					requeue(u.Hook)
				}
			}
			for _, t := range m.Tasks {
				if t.Status == "running" || t.Status == "aborting" {
					t.Status, t.Message = "failed", "action terminated"
				}
			}
		}
		return nil
	})
}

func requeue(h *state.Hook) {
	if h == nil || h.Step != state.Running {
		return
	}
	if belongs(h.PID, h.ContextID) {
		syscall.Kill(-h.PID, syscall.SIGKILL)
	}
	h.Step, h.PID, h.ContextID = state.Queued, 0, ""
}

// belongs makes sure that the process is the hook still, not another by its number.
func belongs(pid int, contextID string) bool {
	if pid <= 1 || contextID == "" {
		return false
	}
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return err == nil && bytes.Contains(env, []byte("JUJU_CONTEXT_ID="+contextID+"\x00"))
}

// installTools copies the program into the state folder, for the hook tools to
// outlive the one that was started.
func installTools(dir, program string) error {
	target := toolsProgram(dir)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("cannot install hook tools: %v", err)
	}
	in, err := os.Open(program)
	if err != nil {
		return fmt.Errorf("cannot install hook tools: %v", err)
	}
	defer in.Close()
	tmp := target + ".new"
	out, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return fmt.Errorf("cannot install hook tools: %v", err)
	}
	_, err = io.Copy(out, in)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp, target)
	}
	if err != nil {
		return fmt.Errorf("cannot install hook tools: %v", err)
	}
	return link(filepath.Join(dir, commands.SudoDir), "sudo")
}

func toolsProgram(dir string) string { return filepath.Join(dir, "tools", "localjuju") }

// linkTools gives a unit its folder of hook tools.
func linkTools(dir, unitDir string) error {
	return link(filepath.Join(dir, "tools", unitDir), append(tools.Names(), "juju-exec")...)
}

// link makes a folder beside the program, with the program under these names.
func link(folder string, names ...string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("cannot make tools: %v", err)
	}
	for _, name := range names {
		to := filepath.Join(folder, name)
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		if err := os.Symlink("../localjuju", to); err != nil {
			return fmt.Errorf("cannot make tools: %v", err)
		}
	}
	return nil
}
