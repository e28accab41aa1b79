package commands

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// onMachines runs the commands on this host, at once: they wait for no hook.
func (c *call) onMachines(f *taskFlags, machines []string, all bool, commands string) error {
	var ids []string
	err := c.change(func(_ *state.World, m *state.Model) error {
		if all {
			machines = state.ByNumber(sortedNames(m.Machines))
		}
		var tasks []*state.Task
		for _, id := range machines {
			if m.Machines[id] == nil {
				return fmt.Errorf("machine %s not found", id)
			}
			tasks = append(tasks, &state.Task{Machine: id, Action: "juju-exec", Command: commands})
		}
		ids = queue(m, tasks)
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		go c.onMachine(id, commands)
	}
	return c.finish(f, ids)
}

// onMachine is the machine agent, which runs commands as the user ubuntu.
func (c *call) onMachine(id, commands string) {
	var out, errOut bytes.Buffer
	cmd := &exec.Cmd{Path: "/bin/bash", Args: []string{"/bin/bash", "-s"}, Stdin: strings.NewReader(commands),
		Stdout: &out, Stderr: &errOut, WaitDelay: 200 * time.Millisecond}
	err := c.asUbuntu(cmd)
	if err == nil {
		err = cmd.Run()
	}
	results := map[string]any{"return-code": 0}
	status, message, code := "completed", "", 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
		results["return-code"] = code
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		status, message, code = "failed", err.Error(), 1
	}
	if out.Len() > 0 {
		results["stdout"] = out.String()
	}
	if errOut.Len() > 0 {
		results["stderr"] = errOut.String()
	}
	c.endTask(id, status, message, code, results)
}

func (c *call) endTask(id, status, message string, code int, results map[string]any) {
	c.change(func(_ *state.World, m *state.Model) error {
		t := m.Tasks[id]
		t.Status, t.Message, t.ReturnCode, t.Results = status, message, code, results
		t.Started, t.Completed = t.Enqueued, time.Now()
		return nil
	})
}

// SudoDir is the folder of localjuju's own sudo, in the state folder.
const SudoDir = "tools/machine"

// capabilities that let localjuju's sudo become root, and give no right besides.
const (
	capSetGID = 6
	capSetUID = 7
)

// asUbuntu makes the command one of the user ubuntu, or of nobody where there is no
// such user: what wants root's rights has to ask sudo for them, as on a machine of
// Juju's. An agent that is not root has the rights of its user alone, and no sudo.
func (c *call) asUbuntu(cmd *exec.Cmd) error {
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("ubuntu")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return fmt.Errorf("cannot run commands on the machine: it has neither a user ubuntu nor nobody: %v", err)
	}
	credential, err := credentialOf(u)
	if err != nil {
		return fmt.Errorf("cannot run commands on the machine as %s: %v", u.Username, err)
	}
	sudo := c.host.Place(SudoDir)
	if err := openToAll(sudo); err != nil {
		return fmt.Errorf("cannot run commands on the machine as %s: %v", u.Username, err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, AmbientCaps: []uintptr{capSetGID, capSetUID}}
	cmd.Env = []string{"PATH=" + sudo + ":" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + u.HomeDir, "USER=" + u.Username, "LOGNAME=" + u.Username}
	if _, err := os.Stat(u.HomeDir); err == nil {
		cmd.Dir = u.HomeDir
	}
	return nil
}

func credentialOf(u *user.User) (*syscall.Credential, error) {
	var ids []uint32
	groups, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	for _, text := range append([]string{u.Uid, u.Gid}, groups...) {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, err
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, nil
}

// openToAll says which folder on the way keeps other users out.
func openToAll(dir string) error {
	for ; dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if info.Mode()&0o001 == 0 {
			return fmt.Errorf("other users may not enter %s, where localjuju is: chmod o+x", dir)
		}
	}
	return nil
}
