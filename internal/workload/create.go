package workload

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// create makes a slot's files and its container, from what should run. An image
// whose command line wins over the charm, or that does not match the cluster, is
// refused before.
func (a *application) create(ctx context.Context, s plan.Step) error {
	spec := s.Spec
	img, err := a.Engine.Facts(ctx, a.o.Wanted.ID())
	if err != nil {
		return err
	}
	found, err := a.job.Inspect(ctx, img.ID, spec.Serve.Environment)
	if err != nil {
		return err
	}
	if err := a.job.Judge(ctx, found); err != nil {
		return err
	}
	p, err := a.place(s.Slot, spec)
	if err != nil {
		return err
	}
	r := notebook.Compose(*spec, img, found, p)
	wanted := notebook.Wanted{BaseURL: spec.Serve.BaseURL, Work: notebook.Work(spec.Serve, img)}
	if fixed := notebook.FixedFlags(wanted, append(commandOf(r.Entrypoint), r.Cmd...)); len(fixed) > 0 {
		return a.remember(plan.AttemptOf(*spec, img.ID), &FlagError{fixed})
	}
	if err := a.share(ctx, spec); err != nil {
		return err
	}
	secret := host.Secret{
		Token: a.job.Credential.Token, CookieSecret: a.job.Credential.CookieSecret, Spark: notebook.SparkFiles(*spec, found, p),
	}
	if err := a.Files.WriteSlot(string(s.Slot), notebook.Settings(spec.Serve), secret); err != nil {
		return err
	}
	return a.make(ctx, plan.Record{Request: r})
}

// commandOf is an entry point without the empty one that stands for none.
func commandOf(entrypoint []string) []string {
	if len(entrypoint) == 1 && entrypoint[0] == "" {
		return nil
	}
	return append([]string(nil), entrypoint...)
}

// share gives the notebooks to the unit's group, and links storage, which a
// container is not started without.
func (a *application) share(ctx context.Context, spec *notebook.Spec) error {
	data := spec.Serve.Data
	if spec.Storage {
		if err := a.Files.LinkStorage(data); err != nil {
			return err
		}
	}
	left, err := a.Files.Adopt(ctx, data, nil, walkLimit)
	if errors.Is(err, host.ErrNoACL) {
		logger.Warningf("cannot share %s between users: %v; an image with another user may not be able to write there", data, err)
		err = nil
	}
	a.warnLeft(left)
	return err
}

func (a *application) place(s notebook.Slot, spec *notebook.Spec) (notebook.Place, error) {
	run, err := newRun(s)
	p := notebook.Place{
		Slot: s, Dir: a.Files.Slot(string(s)), Run: run, RunDir: a.Files.RunDir(run),
		Drivers: plan.DriverBlock(spec.Drivers, s),
	}
	if spec.Storage {
		p.Link = a.Files.StorageLink()
	}
	return p, err
}

// newRun names the directory of a socket, which no other container has or had.
func newRun(s notebook.Slot) (string, error) {
	var bits [6]byte
	if _, err := rand.Read(bits[:]); err != nil {
		return "", fmt.Errorf("cannot name the directory of a socket: %v", err)
	}
	return string(s) + "-" + hex.EncodeToString(bits[:]), nil
}

// recreate makes a container anew from its record; its secret is beside it. The
// record goes on naming what served until the new one was verified.
func (a *application) recreate(ctx context.Context, s plan.Step) error {
	run, err := newRun(s.Slot)
	if err != nil {
		return err
	}
	record := *s.Record // it goes on naming what served, should this hook be ended here
	record.Request = record.Request.Again(run, a.Files.RunDir(run))
	return a.make(ctx, record)
}

// make creates the container, with what it is made of written down before.
func (a *application) make(ctx context.Context, record plan.Record) error {
	r := record.Request
	a.removeRuns() // also of those that somebody else removed
	if err := a.Files.MakeGatewayDir(docker.GatewayGroup); err != nil {
		return err
	}
	if err := a.Files.MakeRunDir(r.Run); err != nil {
		return err
	}
	var err error
	if record.Mounted, err = host.Mounted(r.Serve.Data); err != nil {
		return err
	}
	if err := a.Files.WriteRecord(recordName(r.Slot), record); err != nil {
		return err
	}
	a.o.Records[r.Slot] = record
	id, err := a.Engine.Create(ctx, r)
	if err != nil {
		return err
	}
	c := &plan.Container{
		ID: id, Slot: r.Slot, Serve: r.Serve, Hash: r.Serve.Hash(), ImageID: r.Image, Run: r.Run, Drivers: r.Drivers,
		Limits: r.Limits, Created: a.Clock.Now(),
	}
	if r.Serve.NetworkMode == notebook.NetworkBridge {
		c.Network = a.o.Network
	}
	a.o.Notebooks = append(a.o.Notebooks, c)
	a.made[r.Slot] = c
	return nil
}

// verify writes down that the container was verified.
func (a *application) verify(c *plan.Container) {
	record, ok := a.o.Records[c.Slot]
	if !ok || record.Request.Run != c.Run || record.Verified && record.ID == c.ID {
		return
	}
	record.ID, record.Verified = c.ID, true
	a.o.Records[c.Slot] = record
	warn(a.Files.WriteRecord(recordName(c.Slot), record)) // its restart policy says so too
}

// start starts a container. What the engine cannot run of it, such as a program
// that the image does not have, is the operator's to mend, and so is a port that
// another program took.
func (a *application) start(ctx context.Context, c *plan.Container) error {
	if err := a.mendCut(c); err != nil {
		return err
	}
	err := a.Engine.Start(ctx, c.ID)
	var refused *docker.Error
	switch {
	case err == nil:
		c.Running = true
		return a.refresh(ctx, c)
	case !errors.As(err, &refused):
		return err
	case refused.Kind == docker.Invalid:
		logger.Warningf("%v", err)
		return a.refuse(c, &CandidateError{Reason: "the engine cannot start it: see juju debug-log", Verified: c.Kept})
	case refused.Kind == docker.Unknown && c.Port != 0 && !docker.FreeAt("127.0.0.1", c.Port):
		logger.Warningf("%v", err)
		return &PortError{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)), Reason: "another program has the notebook's port"}
	case refused.Kind == docker.Unknown && c.Drivers != 0:
		if at := a.takenDriver(c); at != "" {
			logger.Warningf("%v", err)
			return &PortError{Address: at, Reason: "another program has that driver port: set the option driver-ports"}
		}
		if c.Serve.NetworkMode == notebook.NetworkBridge {
			logger.Warningf("%v", err)
			return &PortError{Address: c.Serve.Spark.Bind, Reason: "the engine cannot publish the driver's ports there: see juju debug-log, or set driver-ports"}
		}
	}
	return err
}

// mendCut makes the directory of the container's socket again where somebody removed
// it: the engine does not start the container without.
func (a *application) mendCut(c *plan.Container) error {
	if !a.cut(c) {
		return nil
	}
	if err := errors.Join(a.Files.MakeGatewayDir(docker.GatewayGroup), a.Files.MakeRunDir(c.Run)); err != nil {
		return err
	}
	if users := a.Files.SecretUsers(string(c.Slot)); len(users) > 0 {
		warn(a.Files.AdmitToRun(c.Run, users))
	}
	c.Cut = false
	return nil
}

// refresh reads again how the engine sees the container.
func (a *application) refresh(ctx context.Context, c *plan.Container) error {
	state, err := a.Engine.State(ctx, c.ID)
	if err != nil {
		return err
	}
	c.Running, c.Paused, c.PID = state.Running, state.Paused, state.PID
	c.Started, c.Restarts, c.OOM = state.Started, state.Restarts, state.OOM
	return nil
}

func (a *application) resume(ctx context.Context, c *plan.Container) error {
	if err := a.Engine.Resume(ctx, c.ID); err != nil {
		return err
	}
	return a.refresh(ctx, c)
}

// refuse remembers a candidate that did not come up, so that it is not tried again
// at once.
func (a *application) refuse(c *plan.Container, err error) error {
	if c.Kept {
		return err
	}
	return a.remember(a.o.Attempt(c), err)
}

func (a *application) remember(attempt plan.Attempt, err error) error {
	a.o.Notes.Refused = a.o.Notes.Refused.Again(attempt, err.Error(), a.Clock.Now())
	a.saveNotes()
	return err
}

// named is a token as servers print it: the one that an image made for itself
// is a secret too.
var named = regexp.MustCompile(`token=[^\s&"']+`)

// Censor takes the slot's secrets out of a text.
func (w *Workload) Censor(s notebook.Slot, text string) string {
	for _, secret := range w.Files.Secrets(string(s)) {
		text = strings.ReplaceAll(text, secret, "(secret)")
	}
	return named.ReplaceAllString(text, "token=(token)")
}
