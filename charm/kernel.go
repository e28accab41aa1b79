package charm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/jupyter"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/probe"
)

// ending is how long a program may take to end its Spark session: of that, a
// well-behaved one needs what it keeps of its time, and any other the rest.
const ending, kept = 15 * time.Second, 3 * time.Second

// cancellable ends with an action that is cancelled, to which Juju sends SIGTERM:
// it ends what it began.
func cancellable(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
}

// serving is the container of the notebook that serves.
func (c *Charm) serving(ctx context.Context) (*plan.Container, error) {
	out, err := c.observe(ctx)
	if err != nil {
		return nil, err
	}
	if !out.up() {
		return nil, errNotServing
	}
	return out.serving().Container, nil
}

// sweep ends, now and then, what an action that was killed left in the notebook.
func (c *Charm) sweep(ctx context.Context, out Outcome) {
	if c.Event.Hook != "update-status" || !out.up() {
		return
	}
	server, err := c.work.Server(out.serving().Container)
	if err != nil {
		warn(err)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	server.Sweep(ctx)
}

// sweepLimit bounds the end of kernels that an action left.
const sweepLimit = time.Minute

// mostLog bounds how much of Spark's log is kept, in bytes.
const mostLog = 1 << 18

// program is Python for a kernel of the notebook. It gets the seconds that it
// has, and its lines add to found, a pointer.
type program struct {
	name  string
	code  func(seconds int) string
	found any
	more  func() // more was found; nil for nobody
}

// runProgram runs a program in a fresh kernel, for as many seconds as are left
// until the time. It keeps time itself, so that it can end its Spark session. The
// end of what Spark printed to standard error is its log.
func (c *Charm) runProgram(ctx context.Context, at *plan.Container, until time.Time, p program) (log string, err error) {
	ctx, cancel := context.WithDeadline(ctx, until.Add(ending))
	defer cancel()
	server, err := c.work.Server(at)
	if err != nil {
		return "", err
	}
	killed := host.OOMKills(at.PID)
	name, err := server.PythonKernel(ctx)
	if err != nil {
		return "", err
	}
	k, err := server.StartKernel(ctx, name, p.name)
	if err != nil {
		return "", err
	}
	defer k.Close(ctx)
	lines := probe.NewLines(p.found, func(text string) {
		c.showing().say(text)
		if p.more != nil {
			p.more()
		}
	})
	var unread error
	raised, err := k.Run(ctx, p.code(int((time.Until(until) - kept).Seconds())), func(o jupyter.Output) {
		printed := c.work.Censor(at.Slot, o.Printed())
		if o.Stdout() {
			unread = errors.Join(unread, lines.Add(printed))
		} else if log += printed; len(log) > mostLog {
			log = log[len(log)-mostLog/2:]
		}
	})
	if err == nil && raised != nil {
		err = fmt.Errorf("%s failed: %s", p.name, c.work.Censor(at.Slot, raised.Error()))
	}
	if errors.Is(err, jupyter.ErrDied) && host.OOMKills(at.PID) > killed {
		err = fmt.Errorf("%w: the notebook's memory was not enough", err)
	}
	return log, errors.Join(inWords(err), unread)
}

// inWords says in words that a context has ended.
func inWords(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("the action was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("not done within its time: give a larger timeout")
	}
	return err
}
