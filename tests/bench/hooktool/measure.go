package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// measure runs a command and prints what it cost, as JSON. The memory is the
// most that the command or one of its children held. A child begins with its
// parent's figure, which is why this is done by a program as small as this one.
func measure(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: measure COMMAND [ARGUMENT...]")
		return 2
	}
	command := exec.Command(args[0], args[1:]...)
	begin := time.Now()
	output, err := command.CombinedOutput()
	seconds := time.Since(begin).Seconds()
	if command.ProcessState == nil {
		fmt.Fprintf(os.Stderr, "cannot run %s: %v\n", args[0], err)
		return 1
	}
	cost := map[string]any{"Seconds": seconds, "ExitCode": command.ProcessState.ExitCode(), "Output": string(output)}
	if usage, known := command.ProcessState.SysUsage().(*syscall.Rusage); known {
		cost["PeakKiB"] = usage.Maxrss
		cost["CPU"] = time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
	}
	if err := json.NewEncoder(os.Stdout).Encode(cost); err != nil {
		return 1
	}
	return 0
}
