package commands

import (
	"fmt"

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
