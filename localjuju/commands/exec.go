package commands

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func execute(c *call) error {
	f := c.taskFlags()
	var machines, units, apps list
	all := c.Flags.Bool("all", false, "Run the commands on all the machines")
	c.Flags.Var(&machines, "machine", "One or more machine ids")
	c.Flags.Var(&units, "u", "One or more unit ids")
	c.Flags.Var(&units, "unit", "")
	c.Flags.Var(&apps, "a", "One or more application names")
	c.Flags.Var(&apps, "app", "")
	c.Flags.Var(&apps, "application", "")
	task := state.Task{Action: "juju-exec"}
	c.Flags.BoolVar(&task.Parallel, "parallel", true, "Run the commands in parallel without first acquiring a lock")
	c.Flags.StringVar(&task.Group, "execution-group", "", "Commands in the same execution group are run sequentially")
	if err := c.ParseFirst(1, -1, "no commands specified"); err != nil {
		return err
	}
	task.Command = cmdline.CommandLine(c.Args)
	if machines = split(machines); *all || len(machines) > 0 {
		if !task.Parallel || task.Group != "" {
			return fmt.Errorf("localjuju does not reproduce locks of commands on machines: leave --parallel and --execution-group out")
		}
		return c.onMachines(f, machines, *all, task.Command)
	}
	return c.onUnits(f, split(units), split(apps), task)
}

// onUnits queues a task like this one for each unit.
func (c *call) onUnits(f *taskFlags, units, apps []string, like state.Task) error {
	var ids []string
	err := c.change(func(_ *state.World, m *state.Model) (err error) {
		names, err := execTargets(m, units, apps)
		if err != nil {
			return err
		}
		var tasks []*state.Task
		for _, name := range names {
			t := like
			t.Unit = name
			tasks = append(tasks, &t)
		}
		ids = queue(m, tasks)
		return nil
	})
	if err != nil {
		return err
	}
	return c.finish(f, ids)
}

func execTargets(m *state.Model, units, apps []string) (names []string, err error) {
	for _, name := range units {
		_, u, err := m.Unit(name)
		if err != nil {
			return nil, err
		}
		names = append(names, u.Name)
	}
	for _, name := range apps {
		a, err := m.App(name)
		if err != nil {
			return nil, err
		}
		names = append(names, a.UnitNames()...)
	}
	if len(names) == 0 {
		return nil, cmdline.Usage("You must specify a target, either through --all, --machine, --application or --unit")
	}
	return names, nil
}

// onMachines runs the commands on this host, at once: they wait for no hook.
func (c *call) onMachines(f *taskFlags, machines []string, all bool, commands string) error {
	var ids []string
	err := c.change(func(_ *state.World, m *state.Model) error {
		if all {
			machines = state.ByNumber(sortedNames(m.Machines))
		}
		var tasks []*state.Task
		for _, id := range machines {
			if m.Machines[id] == nil {
				return fmt.Errorf("machine %s not found", id)
			}
			tasks = append(tasks, &state.Task{Machine: id, Action: "juju-exec", Command: commands})
		}
		ids = queue(m, tasks)
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		go c.onMachine(id, commands)
	}
	return c.finish(f, ids)
}

// onMachine is the machine agent: its commands see PATH and LANG only.
func (c *call) onMachine(id, commands string) {
	var out, errOut bytes.Buffer
	cmd := &exec.Cmd{Path: "/bin/bash", Args: []string{"/bin/bash", "-s"}, Dir: "/", Stdin: strings.NewReader(commands),
		Stdout: &out, Stderr: &errOut, Env: []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"},
		WaitDelay: 200 * time.Millisecond}
	err := cmd.Run()
	results := map[string]any{"return-code": 0}
	status, message, code := "completed", "", 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
		results["return-code"] = code
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		status, message, code = "failed", err.Error(), 1
	}
	if out.Len() > 0 {
		results["stdout"] = out.String()
	}
	if errOut.Len() > 0 {
		results["stderr"] = errOut.String()
	}
	c.endTask(id, status, message, code, results)
}

func (c *call) endTask(id, status, message string, code int, results map[string]any) {
	c.change(func(_ *state.World, m *state.Model) error {
		t := m.Tasks[id]
		t.Status, t.Message, t.ReturnCode, t.Results = status, message, code, results
		t.Started, t.Completed = t.Enqueued, time.Now()
		return nil
	})
}
