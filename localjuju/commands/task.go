package commands

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/output"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// finish waits for the tasks and prints what came of them.
func (c *call) finish(f *taskFlags, ids []string) error {
	first, _ := strconv.Atoi(ids[0])
	c.Warn("Running operation %d with %d %s", first-1, len(ids), plural("task", len(ids)))
	if err := c.read(func(m *state.Model) error {
		for _, id := range ids {
			c.Warn("  - task %s on %s", id, receiver(m.Tasks[id]))
		}
		return nil
	}); err != nil {
		return err
	}
	c.Warn("")
	if f.background {
		c.Warn("Check operation status with 'juju show-task'")
		return nil
	}
	for _, id := range ids {
		c.Warn("Waiting for task %s...", id)
	}
	if err := c.awaitTasks(f.wait, ids); err != nil {
		return err
	}
	return c.read(func(m *state.Model) error { return c.report(m, ids) })
}

func plural(word string, n int) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

func (c *call) awaitTasks(timeout time.Duration, ids []string) error {
	err := c.await(timeout, func(w *state.World) bool {
		m, err := w.Model(c.model)
		if err != nil {
			return true
		}
		return !slices.ContainsFunc(ids, func(id string) bool {
			t := m.Tasks[id]
			return t != nil && t.Unfinished()
		})
	})
	if errors.Is(err, errTimeout) {
		return fmt.Errorf("timed out waiting for results from: %s", strings.Join(ids, ", "))
	}
	return err
}

func (c *call) report(m *state.Model, ids []string) error {
	views := map[string]any{}
	var failed []string
	for _, id := range ids {
		t := m.Tasks[id]
		if t == nil {
			return fmt.Errorf("task %s is gone", id)
		}
		views[receiver(t)] = taskView(t)
		if t.ReturnCode != 0 || t.Status == "aborted" || (t.Status == "failed" && t.Results["return-code"] == nil) {
			failed = append(failed, fmt.Sprintf(" - id %q with return code %d", id, t.ReturnCode))
		}
	}
	if err := c.printTasks(m, ids, views); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("the following %s failed:\n%s\n\nuse 'juju show-task' to inspect the failure", plural("task", len(failed)), strings.Join(failed, "\n"))
	}
	return nil
}

func (c *call) printTasks(m *state.Model, ids []string, views map[string]any) error {
	if c.Format() != "plain" {
		return c.Print(views)
	}
	for _, id := range ids {
		t := m.Tasks[id]
		if len(ids) > 1 {
			fmt.Fprintf(c.Stdout, "%s:\n", receiver(t))
		}
		if err := c.printPlain(t); err != nil {
			return err
		}
	}
	return nil
}

// printPlain prints stdout and stderr of an exec as they are, else the results.
func (c *call) printPlain(t *state.Task) error {
	for _, line := range t.Log {
		fmt.Fprintf(c.Stdout, "%s %s\n", line.Time.Format("15:04:05"), line.Message)
	}
	if t.Status == "failed" && t.Message != "" {
		c.Warn("Action id %s failed: %s", t.ID, t.Message)
	}
	results := maps.Clone(t.Results)
	delete(results, "return-code")
	for key, w := range map[string]io.Writer{"stdout": c.Stdout, "stderr": c.Stderr} {
		if text, ok := results[key].(string); ok {
			fmt.Fprint(w, text)
		}
		delete(results, key)
	}
	if len(results) == 0 {
		return nil
	}
	return output.Write(c.Stdout, "yaml", results)
}

// receiver is the unit or machine of a task.
func receiver(t *state.Task) string {
	if t.Unit == "" {
		return t.Machine
	}
	return t.Unit
}

// taskView is a task as 4.0 prints it.
func taskView(t *state.Task) map[string]any {
	view := map[string]any{"id": t.ID, "status": t.Status, "timing": timing(t)}
	if t.Unit != "" {
		view["unit"] = t.Unit
	} else {
		view["machine"] = t.Machine
	}
	if t.Message != "" {
		view["message"] = t.Message
	}
	if len(t.Results) > 0 {
		view["results"] = t.Results
	}
	var lines []string
	for _, line := range t.Log {
		lines = append(lines, line.Time.UTC().Format("2006-01-02 15:04:05 +0000 UTC")+" "+line.Message)
	}
	if lines != nil {
		view["log"] = lines
	}
	return view
}

func timing(t *state.Task) map[string]string {
	times := map[string]string{}
	for name, at := range map[string]time.Time{"enqueued": t.Enqueued, "started": t.Started, "completed": t.Completed} {
		if !at.IsZero() {
			times[name] = at.UTC().Format("2006-01-02 15:04:05 +0000 UTC")
		}
	}
	return times
}

// cancelTask takes back tasks that wait, and asks for the end of those that run.
func cancelTask(c *call) error {
	c.modelFlag()
	c.Formats("yaml", "json")
	if err := c.Parse(1, -1, "no task IDs specified"); err != nil {
		return err
	}
	var cancelled []map[string]any
	err := c.change(func(_ *state.World, m *state.Model) error {
		for _, id := range c.Args {
			t := m.Tasks[id]
			if t == nil {
				c.Warn("WARNING The following tasks could not be canceled:\ntask: %s, error: action %q not found", id, id)
				continue
			}
			t.Cancel(time.Now())
			at := "n/a"
			if !t.Completed.IsZero() {
				at = t.Completed.UTC().Format(time.DateTime)
			}
			cancelled = append(cancelled, map[string]any{"id": id, "action": t.Action, "unit": receiver(t), "status": t.Status, "completed at": at})
		}
		return nil
	})
	if err != nil || cancelled == nil {
		return err
	}
	return c.Print(map[string]any{"actions": cancelled})
}

func showTask(c *call) error {
	c.modelFlag()
	c.Formats("yaml", "json", "plain")
	wait := c.Flags.Duration("wait", 0, "Maximum wait time for a task to complete")
	if err := c.Parse(1, 1, "no task ID specified"); err != nil {
		return err
	}
	if *wait > 0 {
		if err := c.awaitTasks(*wait, c.Args); err != nil {
			return err
		}
	}
	return c.read(func(m *state.Model) error {
		t := m.Tasks[c.Args[0]]
		if t == nil {
			return fmt.Errorf("task %q not found", c.Args[0])
		}
		return c.Print(taskView(t))
	})
}
