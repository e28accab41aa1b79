package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/jupyter"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// inspectEvery is how often the processes of a notebook that does not answer yet
// are looked at, and sayEvery how often people are told: that takes time from its
// boot.
const (
	inspectEvery = time.Second
	sayEvery     = 4 * time.Second
)

// restartsLimit is how often a container that was verified may end while it is
// waited for.
const restartsLimit = 3

// await waits until the container is healthy. One that ends, that serves without
// the token, or that cannot come up is not waited for.
func (a *application) await(ctx context.Context, c *plan.Container, limit time.Duration) error {
	server, err := a.Server(c)
	if err != nil {
		return err
	}
	img, err := a.Engine.Facts(ctx, c.ImageID)
	warn(err) // somebody may have removed the image; the container does not need it
	flags := notebook.Wanted{BaseURL: c.Serve.BaseURL, Work: notebook.Work(c.Serve, img)}
	var health jupyter.Health
	inspected, said := a.Clock.Now(), a.Clock.Now()
	ok, err := a.poll(ctx, 20*time.Millisecond, limit, func() (bool, error) {
		health = server.Check(ctx)
		if health.Open || health.Healthy {
			return true, nil
		}
		now := a.Clock.Now()
		if now.Sub(said) > sayEvery {
			said = now
			a.job.Progress("starting the notebook: " + health.Reason)
		}
		if now.Sub(inspected) > inspectEvery {
			inspected = now
			return false, a.inspect(ctx, c, flags)
		}
		return false, nil
	})
	switch {
	case err != nil:
		return err
	case health.Open:
		warn(a.Engine.Kill(ctx, c.ID))
		c.Running, c.Open = false, true
		a.o.Notes.Open = append(slices.Clone(a.o.Notes.Open), c.ID)
		a.saveNotes()
		return a.failed(ctx, c, health.Reason)
	case !ok:
		return a.late(ctx, c, limit, health.Reason)
	}
	return a.accept(ctx, c, server, health)
}

// late gives a container up that was not healthy within the limit.
func (a *application) late(ctx context.Context, c *plan.Container, limit time.Duration, reason string) error {
	reason = "not healthy within " + limit.String() + ": " + reason
	if p, err := jupyterProcess(c.PID); err == nil && p == nil {
		reason += ", and no Jupyter server was found in it"
	}
	return a.failed(ctx, c, reason)
}

// accept makes a container that was verified one that the engine keeps up.
func (a *application) accept(ctx context.Context, c *plan.Container, server *jupyter.Server, h jupyter.Health) error {
	if err := a.refresh(ctx, c); err != nil {
		return err
	}
	c.Healthy, c.Version, c.Reason = true, short(h.Version), ""
	c.Work = a.work(ctx, server, c, a.o.Notes.Seen)
	if !c.Kept {
		if now := a.o.Find(a.o.Gateway.Container); now != nil && otherUser(uid(now.PID), uid(c.PID)) {
			a.reopen(ctx, c.Serve.Data)
		}
		if err := a.Engine.Keep(ctx, c.ID); err != nil {
			return err
		}
		c.Kept = true
	}
	a.verify(c)
	if a.o.Notes.Answered == nil {
		a.o.Notes.Answered = map[string]time.Time{}
	}
	a.o.Notes.Answered[c.ID] = c.Started
	a.o.Notes.Refused = a.o.Notes.Refused.Without(a.o.Attempt(c))
	a.saveNotes()
	return nil
}

// inspect finds out whether the container can still come up: it has not ended, there
// is room for its socket, its server may read its token, and neither flags nor a cleared environment win over
// the settings.
func (a *application) inspect(ctx context.Context, c *plan.Container, wanted notebook.Wanted) error {
	state, err := a.Engine.State(ctx, c.ID)
	if err != nil {
		return err
	}
	c.PID, c.Running, c.Restarts = state.PID, state.Running, state.Restarts
	if !state.Running {
		if c.Kept && state.Restarts < restartsLimit {
			return nil // the engine starts it again
		}
		return a.failed(ctx, c, ended(state))
	}
	if c.Run != "" {
		if err := a.Files.CanServe(c.Run, notebook.SocketName); errors.Is(err, host.ErrNoSpace) {
			return err // it is not the image's fault, nor does time help
		}
	}
	p, err := jupyterProcess(state.PID)
	if err != nil || p == nil {
		return nil // it ends just now, or has not got that far
	}
	if fixed := notebook.FixedFlags(wanted, p.Args); len(fixed) > 0 {
		return a.refuse(c, &FlagError{fixed})
	}
	if env, err := p.Environ(); err == nil && notebook.ClearedEnv(env) {
		return a.refuse(c, &CandidateError{Reason: "its entry point clears the environment, so that Jupyter does not read the charm's settings: set the option command", Verified: c.Kept})
	}
	if p.UID != 0 && !slices.Contains(p.Groups, a.Files.Group) {
		return a.admit(ctx, c, p.UID)
	}
	return nil
}

func ended(s docker.State) string {
	if s.OOM {
		return "it ran out of memory"
	}
	return fmt.Sprintf("it ended with exit status %d", s.ExitCode)
}

// admit lets the user in that the server stepped down to, once: to the notebooks
// and its socket's directory first, for the server goes on when it has its token.
func (a *application) admit(ctx context.Context, c *plan.Container, uid int) error {
	known := a.Files.SecretUsers(string(c.Slot))
	if slices.Contains(known, uid) {
		return nil
	}
	logger.Infof("slot %s serves as uid %d, which is not in the unit's group: it is let in by name", c.Slot, uid)
	left, err := a.Files.Adopt(ctx, c.Serve.Data, []int{uid}, walkLimit)
	if err != nil {
		return err
	}
	a.warnLeft(left)
	if err := a.Files.AdmitToRun(c.Run, append(known, uid)); err != nil {
		return err
	}
	return a.Files.AdmitToSecret(string(c.Slot), append(known, uid))
}

// failed logs the container's last lines and gives the reason.
func (a *application) failed(ctx context.Context, c *plan.Container, reason string) error {
	text, errs, err := a.Engine.Logs(ctx, c.ID, 20)
	warn(err)
	text, errs = a.Censor(c.Slot, text), a.Censor(c.Slot, errs)
	if text != "" {
		logger.Warningf("the last lines of the notebook that did not come up:\n%s", text)
	}
	if errs == "" { // where programs say why they end
		errs = text
	}
	if last := lastLine(errs); last != "" {
		reason += fmt.Sprintf(" (%.80s)", last)
	}
	return a.refuse(c, &CandidateError{Reason: reason, Verified: c.Kept})
}

// lastLine is the last line of a text that says something.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
