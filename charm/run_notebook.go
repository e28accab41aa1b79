package charm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/jupyter"
)

// runNotebook runs a notebook in the notebook's server, beside those of users.
func (c *Charm) runNotebook(ctx context.Context) error {
	var asked struct {
		Path    string `json:"path"`
		Timeout int    `json:"timeout"`
	}
	if err := c.Tools.Parameters(&asked); err != nil {
		return err
	}
	path, err := jupyter.NotebookPath(asked.Path)
	if err != nil {
		return fmt.Errorf("cannot run %q: %w", asked.Path, err)
	}
	ctx, stop := cancellable(ctx)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(asked.Timeout)*time.Second)
	defer cancel()
	server, err := c.serving(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	got, err := server.RunNotebook(ctx, path, began, c.showing().say)
	if got.Copy != "" {
		err = errors.Join(err, c.Tools.SetResults(map[string]string{
			"output": got.Copy, "cells": strconv.Itoa(got.Cells), "cells-done": strconv.Itoa(got.Done),
			"seconds": fmt.Sprintf("%.1f", time.Since(began).Seconds()),
		}))
	}
	return ranTo(path, got, err)
}

// ranTo says how far a notebook ran that did not end well, and where its outputs
// are.
func ranTo(path string, got jupyter.Executed, err error) error {
	if err == nil {
		return nil
	}
	var cell *jupyter.CellError
	if errors.As(err, &cell) {
		cell.Err = inWords(cell.Err)
	}
	if got.Copy == "" {
		return err
	}
	return fmt.Errorf("cannot run %s to its end: %w; see %s", path, err, got.Copy)
}
