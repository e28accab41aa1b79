package charm

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/run"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

// runAsked are the parameters of the action run-notebook.
type runAsked struct {
	Path    string `json:"path"`
	Timeout int    `json:"timeout"`
	Wait    bool   `json:"wait"`
	ID      string `json:"id"`
	Stop    bool   `json:"stop"`
}

// check refuses parameters that do not go together.
func (a runAsked) check() error {
	switch {
	case a.ID == "" && a.Path == "":
		return errors.New("cannot run a notebook: give its path, or the id of a run to be told its state")
	case a.ID != "" && a.Path != "":
		return errors.New("cannot run a notebook: give its path or the id of a run, not both")
	case a.ID == "" && a.Stop:
		return errors.New("cannot stop a run: give its id, which list-runs has")
	}
	return nil
}

// runNotebook runs a notebook in the container that serves, beside its users' kernels,
// or says how one runs.
func (c *Charm) runNotebook(ctx context.Context) error {
	asked := runAsked{Wait: true}
	if err := c.Tools.Parameters(&asked); err != nil {
		return err
	}
	if err := asked.check(); err != nil {
		return err
	}
	if asked.ID != "" {
		return c.tellRun(ctx, asked)
	}
	file, err := notebookPath(asked.Path)
	if err != nil {
		return fmt.Errorf("cannot run %q: %w", asked.Path, err)
	}
	ctx, stop := cancellable(ctx)
	defer stop()
	at, err := c.serving(ctx)
	if err != nil {
		return err
	}
	return c.startRun(ctx, at, run.Order{ID: newRunID(), Path: file, Seconds: asked.Timeout, Detached: !asked.Wait})
}

// startRun makes a run, and tells what came of it.
func (c *Charm) startRun(ctx context.Context, at *plan.Container, o run.Order) error {
	show := c.showing()
	got, err := c.work.Run(ctx, at, o, func(s run.State) {
		if s.Say != "" {
			show.say(s.Say)
		}
	})
	if err == nil && got.Phase == run.Failed {
		err = errors.New(got.Message)
	}
	if got.Copy == "" && err != nil {
		return fmt.Errorf("cannot run %s: %w", o.Path, err)
	}
	if err != nil {
		if !got.Over() {
			got.Ended = c.Clock.Now()
		}
		got.Phase = run.Failed
		err = fmt.Errorf("cannot run %s to its end: %w; see %s", o.Path, err, got.Copy)
	}
	return errors.Join(err, c.Tools.SetResults(c.runResults("", got)))
}

// notebookPath is a notebook's path from the notebooks' root, tidied. Paths that
// lead out of there are refused.
func notebookPath(text string) (string, error) {
	switch {
	case path.IsAbs(text):
		return "", errors.New("it must be relative to the folder of the notebooks")
	case strings.Contains(text, `\`):
		return "", errors.New("it must have no backslash: a slash parts its folders")
	case strings.Contains(text, "\x00"):
		return "", errors.New("it must have no null character")
	case slices.Contains(strings.Split(text, "/"), ".."):
		return "", errors.New("it must not lead out of the folder of the notebooks")
	case path.Ext(text) != ".ipynb" || path.Base(text) == ".ipynb":
		return "", errors.New("it must end in .ipynb")
	}
	return path.Clean(text), nil
}

// newRunID is random. It begins with a letter: juju run takes digits for a number,
// which is no id.
func newRunID() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "r" + hex.EncodeToString(b[:])
}

// runResults are what an action says of a run, each name behind the prefix.
func (c *Charm) runResults(prefix string, s run.State) map[string]string {
	out := map[string]string{
		"id": s.ID, "path": s.Path, "state": string(s.Phase), "output": s.Copy, "cells": strconv.Itoa(s.Cells),
		"cells-done": strconv.Itoa(s.Done), "seconds": fmt.Sprintf("%.1f", s.Seconds(c.Clock.Now())), "message": s.Message,
	}
	named := map[string]string{}
	for name, value := range out {
		if value != "" {
			named[prefix+name] = value
		}
	}
	return named
}

// tellRun says how a run is, and ends it first where that is asked for.
func (c *Charm) tellRun(ctx context.Context, asked runAsked) error {
	all, err := c.work.Runs()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(k workload.KeptRun) bool { return k.ID == asked.ID })
	if i < 0 {
		return fmt.Errorf("cannot find the run %q: see the action list-runs", asked.ID)
	}
	state := all[i].State
	if asked.Stop && !state.Over() {
		if state, err = c.work.EndRun(ctx, all[i]); err != nil {
			return err
		}
	}
	return c.Tools.SetResults(c.runResults("", state))
}

// listRuns says how all runs are that are known, by their ids.
func (c *Charm) listRuns(context.Context) error {
	all, err := c.work.Runs()
	if err != nil {
		return err
	}
	results, running := map[string]string{}, 0
	for _, k := range all {
		if !k.Over() {
			running++
		}
		for name, value := range c.runResults("runs."+k.ID+".", k.State) {
			if !strings.HasSuffix(name, ".id") {
				results[name] = value
			}
		}
	}
	results["running"] = strconv.Itoa(running)
	return c.Tools.SetResults(results)
}
