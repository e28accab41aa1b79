// Command hooktool helps to measure a charm apart from its agent. Under the name
// of a hook tool it runs the real one and keeps what it answered. Under the name
// measure it runs a command and says what it cost.
//
// HOOKTOOL_REAL is the folder of the real tools, HOOKTOOL_DIR that of the record.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	tool, args := filepath.Base(os.Args[0]), os.Args[1:]
	if tool == "measure" {
		os.Exit(measure(args))
	}
	code, err := record(tool, args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR", err)
		code = 1
	}
	os.Exit(code)
}

// record runs the real tool, passes its answer on and keeps it: one file a call,
// in the form that the benchmark reads.
func record(tool string, args []string) (int, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command(filepath.Join(os.Getenv("HOOKTOOL_REAL"), tool), args...)
	command.Stdin = os.Stdin
	command.Stdout, command.Stderr = io.MultiWriter(os.Stdout, &stdout), io.MultiWriter(os.Stderr, &stderr)
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("cannot run %s: %w", tool, err)
	}
	code := command.ProcessState.ExitCode()
	call, err := json.Marshal(map[string]any{
		"Tool": tool, "Args": args, "Stdout": stdout.String(), "Stderr": stderr.String(), "Code": code,
	})
	if err != nil {
		return 0, err
	}
	file, err := os.CreateTemp(os.Getenv("HOOKTOOL_DIR"), "call-*.json")
	if err != nil {
		return 0, fmt.Errorf("cannot record: %w", err)
	}
	_, err = file.Write(call)
	return code, errors.Join(err, file.Close())
}
