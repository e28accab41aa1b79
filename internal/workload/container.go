package workload

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// stop ends a container. Its programs may have closed to others what they made
// until then.
func (a *application) stop(ctx context.Context, c *plan.Container) error {
	before := uid(c.PID)
	if err := a.Engine.Stop(ctx, c.ID, stopGrace); err != nil {
		return err
	}
	c.Running, c.Healthy, c.DataOther = false, false, false
	if now := a.o.Find(a.o.Gateway.Container); now != nil && now.ID != c.ID && otherUser(uid(now.PID), before) {
		a.reopen(ctx, c.Serve.Data)
	}
	return nil
}

// otherUser reports whether two users differ, as far as they are known.
func otherUser(a, b int) bool { return a != b || a < 0 }

// reopen gives to the next user what programs of the one before closed to others.
func (a *application) reopen(ctx context.Context, data string) {
	left, err := a.Files.Reopen(ctx, data, walkLimit)
	warn(err)
	a.warnLeft(left)
}

// warnLeft logs what was left, once: a switch walks over the same files twice.
func (a *application) warnLeft(left host.Left) {
	if left.Path != a.left.Path || left.Count != a.left.Count {
		a.left = left
		warn(leftError(left))
	}
}

// leftError is nil where nothing was left.
func leftError(left host.Left) error {
	if left.Count == 0 {
		return nil
	}
	return &LeftError{Path: left.Path, Others: left.Count - 1, Reason: left.Err.Error()}
}

// remove removes a container and what was made for it alone.
func (a *application) remove(ctx context.Context, c *plan.Container) error {
	if err := a.Engine.Remove(ctx, c.ID); err != nil {
		return err
	}
	a.o.Notebooks = slices.DeleteFunc(a.o.Notebooks, func(other *plan.Container) bool { return other.ID == c.ID })
	if a.made[c.Slot] != nil && a.made[c.Slot].ID == c.ID {
		delete(a.made, c.Slot)
	}
	a.removeRuns()
	if _, aside := a.o.Notes.Aside[c.ID]; aside {
		delete(a.o.Notes.Aside, c.ID)
		a.saveNotes()
	}
	r, recorded := a.o.Records[c.Slot]
	if !recorded || r.ID == c.ID || r.ID == "" && r.Request.Run == c.Run { // else the slot's files are of use
		a.forget(c.Slot, c.Serve.Data)
	}
	return nil
}

// removeRuns removes the directories of sockets of containers that are gone.
func (a *application) removeRuns() {
	a.keepRuns()
	var runs []string
	for _, c := range a.o.Notebooks {
		runs = append(runs, c.Run)
	}
	warn(a.Files.RemoveRunDirs(runs))
}

// forget removes the record of a container that is gone, after the files of its slot,
// unless another container has them.
func (a *application) forget(s notebook.Slot, data string) {
	if !slices.ContainsFunc(a.o.Notebooks, func(other *plan.Container) bool { return other.Slot == s }) {
		warn(a.Files.ForgetUsers(string(s), data))
		warn(a.Files.RemoveSlot(string(s)))
	}
	if _, ok := a.o.Records[s]; ok {
		delete(a.o.Records, s)
		warn(a.Files.RemoveRecord(recordName(s)))
	}
}

// setAside stops a container for good. It is noted before: half set aside, it
// would be taken for one that somebody stopped.
func (a *application) setAside(ctx context.Context, c *plan.Container, cause string) error {
	before := a.o.Notes.Aside
	a.o.Notes.Aside = map[string]string{c.ID: cause}
	maps.Copy(a.o.Notes.Aside, before)
	unsaved := a.Files.WriteRecord(notesName, a.o.Notes) // one that opened is stopped all the same
	if err := a.Engine.SetAside(ctx, c.ID); err != nil {
		if gone := a.refresh(ctx, c); gone != nil { // else it may have got as far as the stop
			a.o.Notes.Aside = before
			a.saveNotes()
		}
		return err
	}
	c.Running, c.Healthy, c.Kept = false, false, false
	if end := "-aside-" + c.ID[:min(8, len(c.ID))]; !strings.Contains(c.Name, end) {
		c.Name += end // as the engine's name is now
	}
	return unsaved
}

func (a *application) saveNotes() { warn(a.Files.WriteRecord(notesName, a.o.Notes)) }
