package juju

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Runner runs a hook tool and returns what it printed.
type Runner interface {
	Run(ctx context.Context, tool string, args ...string) ([]byte, error)
	// RunHidden is Run with arguments that no process list may show.
	RunHidden(ctx context.Context, tool string, args ...string) ([]byte, error)
}

// ToolError is a hook tool's refusal. Its text holds no argument, since an
// argument may be a secret.
type ToolError struct {
	Tool   string
	Code   int
	Stderr string
}

func (e *ToolError) Error() string {
	return fmt.Sprintf("cannot run %s: exit status %d: %s", e.Tool, e.Code, strings.TrimPrefix(e.Stderr, "ERROR "))
}

// Exec runs the hook tools that are on PATH, or inside the agent what is hidden.
type Exec struct{ Agent Agent }

// RunHidden implements Runner.
func (e Exec) RunHidden(ctx context.Context, tool string, args ...string) ([]byte, error) {
	return e.Agent.Run(ctx, tool, args...)
}

// Run implements Runner.
func (Exec) Run(ctx context.Context, tool string, args ...string) ([]byte, error) {
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "\x00", "") // which no program takes
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, &ToolError{Tool: tool, Code: exit.ExitCode(), Stderr: strings.TrimSpace(stderr.String())}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", tool, err)
	}
	return stdout.Bytes(), nil
}
