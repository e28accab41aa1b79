package client

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// sudo runs a command as root, for a process that may become root: the commands of
// `exec --machine` have that right, and nobody else has it by this.
func sudo(args []string) error {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		flag := args[0]
		args = args[1:]
		if flag == "--" {
			break
		}
		if flag != "-n" && flag != "-E" && flag != "-H" {
			return fmt.Errorf("localjuju's sudo knows the options -n, -E and -H, not %s", flag)
		}
	}
	if len(args) == 0 {
		return errors.New("sudo: no command specified")
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(0), syscall.Setuid(0)); err != nil {
		return fmt.Errorf("sudo: cannot become root: %v", err)
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return fmt.Errorf("sudo: %v", err)
	}
	env := append(os.Environ(), "SUDO_USER="+os.Getenv("USER"), "HOME=/root", "USER=root", "LOGNAME=root")
	return fmt.Errorf("sudo: %s: %v", args[0], syscall.Exec(path, args, dedupe(env)))
}

// dedupe keeps the last value of each name.
func dedupe(env []string) []string {
	last := map[string]string{}
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		last[name] = entry
	}
	var out []string
	for _, entry := range last {
		out = append(out, entry)
	}
	return out
}
