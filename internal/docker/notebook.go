package docker

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Start starts a container.
func (e *Engine) Start(ctx context.Context, id string) error {
	return e.refusal(ctx, e.cli.ContainerStart(ctx, id, container.StartOptions{}), "cannot start the notebook")
}

// Stop lets a container end by itself for the grace, in whole seconds, and ends it
// then; none is fine.
func (e *Engine) Stop(ctx context.Context, id string, grace time.Duration) error {
	seconds := int(grace.Seconds())
	return e.stop(ctx, id, container.StopOptions{Timeout: &seconds})
}

func (e *Engine) stop(ctx context.Context, id string, how container.StopOptions) error {
	err := e.cli.ContainerStop(ctx, id, how)
	if errdefs.IsNotFound(err) {
		return nil
	}
	return e.refusal(ctx, err, "cannot stop the notebook")
}

// Kill ends a container at once: it should not serve for a moment. One that does
// not run, or is none, is fine.
func (e *Engine) Kill(ctx context.Context, id string) error {
	err := e.cli.ContainerKill(ctx, id, "KILL")
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
		return nil
	}
	return failure(err, "cannot stop the notebook")
}

// Resume lets a container that somebody paused go on; one that is not paused is
// fine.
func (e *Engine) Resume(ctx context.Context, id string) error {
	err := e.cli.ContainerUnpause(ctx, id)
	if err == nil {
		return nil
	}
	if now, ask := e.State(ctx, id); ask == nil && !now.Paused {
		return nil // the engine has no class for it
	}
	return failure(err, "cannot resume the notebook")
}

// Keep makes the engine start a container again whenever it ends.
func (e *Engine) Keep(ctx context.Context, id string) error {
	return e.setRestart(ctx, id, container.RestartPolicyUnlessStopped)
}

func (e *Engine) setRestart(ctx context.Context, id string, policy container.RestartPolicyMode) error {
	_, err := e.cli.ContainerUpdate(ctx, id, container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: policy}})
	return e.refusal(ctx, err, "cannot set the restart policy")
}

// SetAside stops a container for good and keeps it for a person to read, under a
// name that says so. It may be called again after it failed midway.
func (e *Engine) SetAside(ctx context.Context, id string) error {
	if err := e.setRestart(ctx, id, container.RestartPolicyDisabled); err != nil {
		return err
	}
	if err := e.stop(ctx, id, container.StopOptions{}); err != nil {
		return err
	}
	c, err := e.cli.ContainerInspect(ctx, id)
	if err != nil {
		return failure(err, "cannot inspect the notebook")
	}
	end := "-aside-" + c.ID[:8]
	name := strings.TrimPrefix(c.Name, "/")
	if strings.Contains(name, end) {
		return nil
	}
	err = e.cli.ContainerRename(ctx, id, name+end)
	if errdefs.IsConflict(err) {
		err = e.cli.ContainerRename(ctx, id, name+end+"-"+suffix())
	}
	return e.refusal(ctx, err, "cannot rename the notebook")
}

// State is how a container is now.
type State struct {
	Running  bool // also while it is paused, but not while the engine waits to start it again
	Paused   bool
	OOM      bool // its memory was not enough; newer engines also say so of a process in one that goes on
	ExitCode int
	PID      int       // of its first process, as the host counts; 0 for none
	Started  time.Time // last; long ago when never
	Restarts int       // by the engine, since it was created
}

// State reads how a container is now.
func (e *Engine) State(ctx context.Context, id string) (State, error) {
	c, err := e.cli.ContainerInspect(ctx, id)
	if err != nil {
		return State{}, failure(err, "cannot inspect the notebook")
	}
	return state(c), nil
}

func state(c container.InspectResponse) State {
	out := State{
		Running: c.State.Running && !c.State.Restarting, Paused: c.State.Paused, OOM: c.State.OOMKilled,
		ExitCode: c.State.ExitCode, PID: c.State.Pid, Restarts: c.RestartCount,
	}
	out.Started, _ = time.Parse(time.RFC3339Nano, c.State.StartedAt) // the zero time is long ago
	return out
}

// Logs are the last lines that a container wrote, and apart those that it wrote to
// its standard error: what came first of two at once is not known.
func (e *Engine) Logs(ctx context.Context, id string, lines int) (all, errs string, err error) {
	body, err := e.cli.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: strconv.Itoa(lines)})
	if err != nil {
		return "", "", failure(err, "cannot read the notebook's log")
	}
	defer body.Close()
	var out, complaints bytes.Buffer
	_, err = stdcopy.StdCopy(&out, io.MultiWriter(&out, &complaints), io.LimitReader(body, 1<<20))
	return out.String(), complaints.String(), err
}
