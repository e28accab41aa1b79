package charm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/jupyter"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// server is the slot's Jupyter, with the token that it was given.
func (a *application) server(s notebook.Slot) (*jupyter.Server, error) {
	token, err := a.dirs.Token(string(s))
	if err != nil {
		return nil, err
	}
	c := a.observed.Slots[s]
	return jupyter.New(c.Port, c.Serve.BaseURL, token), nil
}

// lookEvery is how often a slot that does not answer yet is looked at: that
// takes time from its boot.
const lookEvery = time.Second

// await waits until the slot is healthy. One that ends, or that serves without
// the token, is not waited for.
func (a *application) await(ctx context.Context, s notebook.Slot) error {
	server, err := a.server(s)
	if err != nil {
		return err
	}
	began := time.Now()
	looked := began
	limit := time.Duration(a.spec.Start) * time.Second
	ctx, cancel := context.WithTimeout(ctx, limit+stepLimit)
	defer cancel()
	c := a.observed.Slots[s]
	img, err := a.engine.Facts(ctx, c.ImageID)
	a.warn(err) // somebody may have removed the image; the container does not need it
	flags := wanted(c.Serve, img, a.place(s, c.Port))
	for said := began; ; time.Sleep(20 * time.Millisecond) {
		health := server.Check(ctx)
		switch {
		case health.Open:
			a.warn(a.engine.Kill(ctx, s))
			return a.refuse(ctx, s, health.Reason)
		case health.Healthy:
			return a.accept(ctx, s, server, health)
		}
		if time.Since(looked) > lookEvery {
			looked = time.Now()
			if err := a.look(ctx, s, flags); err != nil {
				return err
			}
		}
		if time.Since(began) > limit {
			return a.refuse(ctx, s, "not healthy within "+limit.String()+": "+health.Reason)
		}
		if time.Since(said) > 4*time.Second {
			said = time.Now()
			a.progress("starting the notebook: " + health.Reason)
		}
	}
}

func (a *application) accept(ctx context.Context, s notebook.Slot, server *jupyter.Server, h jupyter.Health) error {
	c := a.observed.Slots[s]
	kernels, err := count(ctx, server)
	a.warn(err)
	c.Running, c.Healthy, c.Version, c.Kernels = true, true, h.Version, kernels
	return a.engine.Keep(ctx, s)
}

// waiting is what the settings print when a server stepped down to a user that
// may not read its token.
var waiting = regexp.MustCompile(`jupyter-docker: uid (\d+) waits for its token`)

// look sees whether the slot can still come up: it has not ended, it may read
// its token, and no flag of its processes wins over the settings.
func (a *application) look(ctx context.Context, s notebook.Slot, wanted notebook.Wanted) error {
	how, ended, err := a.engine.Ended(ctx, s)
	if err != nil {
		return err
	}
	if ended {
		return a.refuse(ctx, s, how)
	}
	commands, err := a.engine.Commands(ctx, s)
	if err != nil {
		return nil // it ends just now, or the machine has no ps
	}
	for _, args := range commands {
		if fixed := notebook.FixedFlags(wanted, args); len(fixed) > 0 {
			return &flagError{fixed}
		}
	}
	return a.admit(ctx, s)
}

// admit lets the user in that the slot's server stepped down to, once: to the
// notebooks first, for the server goes on when it has its token.
func (a *application) admit(ctx context.Context, s notebook.Slot) error {
	text, _, err := a.engine.Logs(ctx, s, 50)
	if err != nil {
		return err
	}
	known := a.dirs.SecretUsers(string(s))
	for _, match := range waiting.FindAllStringSubmatch(text, -1) {
		uid, err := strconv.Atoi(match[1])
		if err != nil || slices.Contains(known, uid) {
			continue
		}
		logger.Infof("slot %s serves as uid %d, which is not in the unit's group: it is let in by name", s, uid)
		if err := a.adopt([]int{uid}); err != nil {
			return err
		}
		if err := a.dirs.AdmitToSecret(string(s), append(known, uid)); err != nil {
			return err
		}
	}
	return nil
}

// refuse logs the candidate's last lines and gives the reason.
func (a *application) refuse(ctx context.Context, s notebook.Slot, reason string) error {
	text, said, err := a.engine.Logs(ctx, s, 20)
	a.warn(err)
	if text != "" {
		logger.Warningf("the last lines of the notebook that did not come up:\n%s", a.censor(text))
	}
	if said == "" { // where programs say why they end
		said = text
	}
	if last := lastLine(a.censor(said)); last != "" {
		reason += fmt.Sprintf(" (%.80s)", last)
	}
	return a.refused(s, reason)
}

func (a *application) refused(s notebook.Slot, reason string) error {
	return &candidateError{reason: reason, old: a.observed.Slots[s].Port == a.observed.Gateway.Upstream}
}

// lastLine is the last line of a text that says something.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// abandon ends a plan that failed. A candidate is removed, unless it
// is the notebook that serves.
func (a *application) abandon(ctx context.Context, err error) error {
	candidate := a.plan.Candidate
	if candidate == "" || a.observed.Slots[candidate] == nil {
		return err
	}
	if a.observed.Slots[candidate].Port == a.observed.Gateway.Upstream {
		return err
	}
	delete(a.observed.Slots, candidate)
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	return errors.Join(err, a.engine.Remove(ctx, candidate))
}

// recount counts the kernels of a slot that is about to go. When one is busy,
// the gateway is turned back to it.
func (a *application) recount(ctx context.Context, s notebook.Slot) error {
	server, err := a.server(s)
	if err != nil {
		return err
	}
	now := a.observed.Slots[s]
	now.Kernels, err = count(ctx, server)
	a.warn(err)
	if now.Kernels.Known && now.Kernels.Busy == 0 {
		return nil
	}
	if a.observed.Gateway.Upstream != now.Port {
		if err := a.setGateway(ctx, now); err != nil {
			return err
		}
	}
	return &busyError{now.Kernels}
}

// named is a token as servers print it: the one that an image made for itself
// is a secret too.
var named = regexp.MustCompile(`token=[^\s&"']+`)

// censor takes the secrets out of a text.
func (a *application) censor(text string) string {
	text = strings.NewReplacer(a.in.Credential.Token, "(token)", a.in.Credential.CookieSecret, "(secret)").Replace(text)
	return named.ReplaceAllString(text, "token=(token)")
}
