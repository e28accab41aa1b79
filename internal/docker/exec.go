package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Exec runs a program in a container as a user, "" for the container's own, with in
// as its standard input, whose end it sees. It returns when the program has ended,
// which is an error unless it ended with 0, or, leaving it alone, when ctx ends or out
// takes no more.
func (e *Engine) Exec(ctx context.Context, id, user string, command []string, in io.Reader, out io.Writer) error {
	made, err := e.cli.ContainerExecCreate(ctx, id, container.ExecOptions{
		User: user, Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return failure(err, "cannot run a program in the notebook")
	}
	stream, err := e.cli.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return failure(err, "cannot run a program in the notebook")
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, stream.Close)()
	go func() {
		_, _ = io.Copy(stream.Conn, in) // the program has ended: that is told below
		_ = stream.CloseWrite()
	}()
	var complaints head
	if _, err := stdcopy.StdCopy(out, &complaints, stream.Reader); err != nil {
		return fmt.Errorf("cannot hear the program in the notebook: %w", err)
	}
	ended, err := e.cli.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		return failure(err, "cannot tell how a program in the notebook ended")
	}
	said := bytes.TrimSpace(complaints.Bytes())
	switch {
	case ended.ExitCode == 0:
		return nil
	case len(said) == 0:
		return fmt.Errorf("cannot run a program in the notebook: exit status %d, without a word", ended.ExitCode)
	}
	return fmt.Errorf("cannot run a program in the notebook: exit status %d: %.300s", ended.ExitCode, said)
}

// head keeps the beginning of what is written to it: whoever writes may not end.
type head struct{ bytes.Buffer }

const mostHead = 4096

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	h.Buffer.Write(p[:min(len(p), mostHead-h.Len())])
	return len(p), nil
}
