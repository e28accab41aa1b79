// Package client is the program that people and charms start: it brings the call
// to the agent, which it starts where there is none.
package client

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/jupyter-docker/jupyter-docker/localjuju/agent"
	"github.com/jupyter-docker/jupyter-docker/localjuju/jujuc"
	"github.com/jupyter-docker/jupyter-docker/localjuju/tools"
	"github.com/jupyter-docker/jupyter-docker/localjuju/wire"
)

// Main acts by the name it was started under: a hook tool, juju-exec, or (any
// other) the command line.
func Main(name string, args []string) int {
	if name == "juju-exec" {
		return jujuExec(args)
	}
	if name == "sudo" {
		return report(sudo(args[1:]))
	}
	for _, tool := range tools.Names() {
		if name == tool {
			return hookTool(name, args[1:])
		}
	}
	if len(args) == 2 && args[1] == agentCommand {
		return report(runAgent())
	}
	return commandLine(args[1:])
}

// agentCommand makes the program the agent; it is not for people.
const agentCommand = "__agent"

func report(err error) int {
	if err != nil {
		fmt.Fprintf(os.Stderr, "ERROR %v\n", err)
		return 1
	}
	return 0
}

func hookTool(name string, args []string) int {
	code, err := jujuc.Run(name, args, os.Getenv)
	if err != nil {
		return report(err)
	}
	return code
}

// jujuExec reaches the agent by the address in its environment, else by the place
// of its own name: tools/UNIT/juju-exec in the state folder.
func jujuExec(args []string) int {
	if id := os.Getenv("JUJU_CONTEXT_ID"); id != "" {
		return report(fmt.Errorf("juju-exec cannot be called from within a hook, have context %q", id))
	}
	path, err := exec.LookPath(args[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return report(fmt.Errorf("cannot find the agent: %v", err))
	}
	unitDir := filepath.Dir(path)
	state := filepath.Dir(filepath.Dir(unitDir))
	if socket := os.Getenv("JUJU_AGENT_SOCKET_ADDRESS"); socket != "" {
		state = filepath.Dir(socket)
	}
	return call(agent.Socket(state), wire.Request{Kind: wire.Exec, Args: args[1:],
		Env: map[string]string{"LOCALJUJU_UNIT_DIR": filepath.Base(unitDir)}})
}

func call(socket string, r wire.Request) int {
	code, err := send(socket, r)
	if err != nil {
		return report(err)
	}
	return code
}

func send(socket string, r wire.Request) (int, error) {
	r.Cwd, _ = os.Getwd()
	return wire.Call(socket, r, os.Stdin, os.Stdout, os.Stderr)
}

func stateDir() (string, error) {
	dir := os.Getenv("LOCALJUJU_DIR")
	if dir == "" {
		dir = "/var/lib/localjuju"
	}
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("cannot make the state folder: %v", err)
	}
	return dir, nil
}

func commandLine(args []string) int {
	dir, err := stateDir()
	if err != nil {
		return report(err)
	}
	if len(args) > 0 && args[0] == "kill-agent" {
		return killAgent(dir)
	}
	r := wire.Request{Kind: wire.Command, Args: args, Env: map[string]string{"JUJU_MODEL": os.Getenv("JUJU_MODEL")}}
	if isTerminal(os.Stdout) {
		r.Env["TERMINAL"] = "yes"
	}
	for range 2 { // an agent without models may end between the two
		if err = ensureAgent(dir); err != nil {
			return report(err)
		}
		code, e := send(agent.Socket(dir), r)
		if e == nil {
			return code
		}
		if err = e; !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOENT) {
			break
		}
	}
	return report(err)
}

func isTerminal(f *os.File) bool {
	var settings syscall.Termios
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&settings)))
	return errno == 0
}

// runAgent is the agent's process.
func runAgent() error {
	dir, err := stateDir()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	identity, err := identify(program)
	if err != nil {
		return err
	}
	os.Chdir("/")
	syscall.Umask(0o022)
	return agent.Run(dir, program, identity)
}

// identify names a program file: another build gives another name.
func identify(program string) (string, error) {
	info, err := os.Stat(program)
	if err != nil {
		return "", fmt.Errorf("cannot identify %s: %v", program, err)
	}
	return fmt.Sprintf("%d %s", info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano)), nil
}

// ensureAgent starts the agent if none answers, and replaces one of another build
// if it is idle.
func ensureAgent(dir string) error {
	socket := agent.Socket(dir)
	program, err := os.Executable()
	if err != nil {
		return err
	}
	identity, err := identify(program)
	if err != nil {
		return err
	}
	if running, err := hello(socket); err == nil && running == identity {
		return nil
	}
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	running, err := hello(socket) // another command may have been quicker
	if err == nil && running == identity {
		return nil
	}
	if err == nil {
		if _, err := wire.Call(socket, wire.Request{Kind: wire.Stop}, nil, io.Discard, io.Discard); err != nil {
			return err
		}
		for i := 0; i < 100; i++ {
			if _, err = hello(socket); err != nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if err == nil {
			fmt.Fprintln(os.Stderr, "localjuju: a hook is running, so that the agent of the earlier build goes on for now")
			return nil
		}
	}
	return startAgent(dir, program)
}

// lock lets one command at a time replace the agent: a second one would stop the
// agent that the first has just started.
func lock(dir string) (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "agent.start"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot start the agent: %v", err)
	}
	return f.Close, nil
}

func hello(socket string) (string, error) {
	var out strings.Builder
	_, err := wire.Call(socket, wire.Request{Kind: wire.Hello}, nil, &out, io.Discard)
	return strings.TrimSpace(out.String()), err
}

func startAgent(dir, program string) error {
	log, err := os.OpenFile(filepath.Join(dir, "agent.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot start the agent: %v", err)
	}
	defer log.Close()
	cmd := exec.Command(program, agentCommand)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LOCALJUJU_DIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start the agent: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := hello(agent.Socket(dir)); err == nil {
			return nil
		}
		select {
		case <-ended: // another one may have been quicker
			if _, err := hello(agent.Socket(dir)); err == nil {
				return nil
			}
		default:
		}
	}
	return fmt.Errorf("cannot start the agent: it does not answer; see %s", log.Name())
}

// killAgent ends the agent, as a stop of Juju's service would: running hooks are
// ended and queued again.
func killAgent(dir string) int {
	code, err := wire.Call(agent.Socket(dir), wire.Request{Kind: wire.Stop, Args: []string{"now"}}, nil, os.Stdout, os.Stderr)
	if err != nil {
		return 0 // there is none
	}
	if err := agent.AwaitEnd(dir); err != nil {
		return report(err)
	}
	return code
}
