package commands

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// taskFlags are those of run and exec.
type taskFlags struct {
	background bool
	wait       time.Duration
}

func (c *call) taskFlags() *taskFlags {
	f := &taskFlags{}
	c.modelFlag()
	c.Formats("plain", "json", "yaml")
	c.Flags.BoolVar(&f.background, "background", false, "Run the task in the background")
	c.Flags.DurationVar(&f.wait, "wait", 0, "Maximum wait time for a task to complete")
	c.ignore("color", "no-color", "utc")
	return f
}

func run(c *call) error {
	f := c.taskFlags()
	params := c.Flags.String("params", "", "Path to yaml-formatted params file")
	raw := c.Flags.Bool("string-args", false, "Use raw string values of CLI args")
	if err := c.Parse(1, -1, "no unit specified"); err != nil {
		return err
	}
	units, rest := targets(c.Args)
	if len(units) == 0 {
		return cmdline.Usage("no unit specified")
	}
	if len(rest) == 0 {
		return cmdline.Usage("no action specified")
	}
	given, err := c.params(*params, rest[1:], *raw)
	if err != nil {
		return err
	}
	var ids []string
	err = c.change(func(_ *state.World, m *state.Model) error {
		ids, err = queueAction(m, units, rest[0], given)
		return err
	})
	if err != nil {
		return err
	}
	return c.finish(f, ids)
}

// targets are the leading words that name units.
func targets(words []string) (units, rest []string) {
	for i, word := range words {
		if !strings.Contains(word, "/") {
			return units, words[i:]
		}
		units = append(units, word)
	}
	return units, nil
}

// params reads key=value words, over the YAML of a file; dots nest, and values
// are YAML unless they are to be strings.
func (c *call) params(file string, words []string, raw bool) (map[string]any, error) {
	params := map[string]any{}
	if file != "" {
		data, err := c.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(data, &params); err != nil {
			return nil, fmt.Errorf("cannot parse %s: %v", file, err)
		}
	}
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		if !ok {
			return nil, cmdline.Usage("argument %q must be of the form key.key.key...=value", word)
		}
		var value any = text
		if !raw {
			if err := yaml.Unmarshal([]byte(text), &value); err != nil {
				return nil, cmdline.Usage("cannot parse the value of %q: %v", key, err)
			}
		}
		nest(params, strings.Split(key, "."), value)
	}
	return params, nil
}

func nest(at map[string]any, keys []string, value any) {
	for _, key := range keys[:len(keys)-1] {
		inner, ok := at[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			at[key] = inner
		}
		at = inner
	}
	at[keys[len(keys)-1]] = value
}

func queueAction(m *state.Model, units []string, action string, given map[string]any) ([]string, error) {
	var tasks []*state.Task
	for _, name := range units {
		a, u, err := m.Unit(name)
		if err != nil {
			return nil, err
		}
		spec, ok := a.Charm.Actions[action]
		if !ok {
			return nil, fmt.Errorf("failed to schedule any tasks: action %q not defined on unit %q (not found)", action, u.Name)
		}
		params, err := spec.Params(given)
		if err != nil {
			return nil, fmt.Errorf("failed to schedule any tasks: validation failed: (root) : %w", err)
		}
		tasks = append(tasks, &state.Task{Unit: u.Name, Action: action, Params: params, Parallel: spec.Parallel, Group: spec.Group})
	}
	return queue(m, tasks), nil
}

// queue gives the tasks their numbers: one for the operation, then theirs.
func queue(m *state.Model, tasks []*state.Task) (ids []string) {
	m.Next.Task++
	for _, t := range tasks {
		m.Next.Task++
		t.ID, t.Status, t.Enqueued = strconv.Itoa(m.Next.Task), "pending", time.Now()
		m.Tasks[t.ID] = t
		ids = append(ids, t.ID)
	}
	return ids
}

func listActions(c *call) error {
	c.modelFlag()
	c.Formats("yaml", "json")
	c.ignore("schema")
	if err := c.Parse(1, 1, "no application name specified"); err != nil {
		return err
	}
	return c.read(func(m *state.Model) error {
		a, err := m.App(c.Args[0])
		if err != nil {
			return err
		}
		descriptions := map[string]string{}
		for name, action := range a.Charm.Actions {
			descriptions[name] = action.Description
		}
		return c.Print(descriptions)
	})
}
