package commands

import (
	"fmt"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func addUnit(c *call) error {
	c.modelFlag()
	var to, attach list
	var n int
	c.Flags.IntVar(&n, "n", 1, "Number of units to add")
	c.Flags.IntVar(&n, "num-units", 1, "")
	c.Flags.Var(&to, "to", "The machine and/or container to deploy the unit in")
	c.Flags.Var(&attach, "attach-storage", "Existing storage to attach to the deployed unit")
	if err := c.Parse(1, 1, "no application specified"); err != nil {
		return err
	}
	if n < 1 {
		return cmdline.Usage("--num-units must be a positive integer")
	}
	machines, err := placement(to)
	if err != nil {
		return err
	}
	return c.change(func(w *state.World, m *state.Model) error {
		a, err := m.App(c.Args[0])
		if err != nil {
			return err
		}
		_, err = w.AddUnits(m, a, n, machines, split(attach), time.Now())
		return err
	})
}

func removeUnit(c *call) error {
	c.modelFlag()
	c.ignore("no-prompt", "y", "yes", "no-wait")
	force := c.Flags.Bool("force", false, "Completely remove an unit and all its dependencies")
	destroy := c.Flags.Bool("destroy-storage", false, "Destroy storage attached to the unit")
	count := c.Flags.Int("num-units", 0, "Number of units to remove (k8s models only)")
	if err := c.Parse(1, -1, "no units specified"); err != nil {
		return err
	}
	if *count > 0 {
		return cmdline.Usage("--num-units is for Kubernetes models: name the units")
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		for _, name := range c.Args {
			a, u, err := m.Unit(name)
			if err != nil {
				return err
			}
			m.RemoveUnit(a, u, state.Removal{DestroyStorage: *destroy, Force: *force, At: time.Now()})
			c.Warn("will remove unit %s", u.Name)
		}
		return nil
	})
}

func removeApplication(c *call) error {
	c.modelFlag()
	c.ignore("no-prompt", "y", "yes", "no-wait")
	force := c.Flags.Bool("force", false, "Completely remove an application and all its dependencies")
	destroy := c.Flags.Bool("destroy-storage", false, "Destroy storage attached to application units")
	if err := c.Parse(1, -1, "no application specified"); err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		for _, name := range c.Args {
			if _, err := m.App(name); err != nil {
				return err
			}
		}
		for _, name := range c.Args {
			c.Warn("will remove application %s", name)
			for _, u := range m.Apps[name].UnitNames() {
				c.Warn("- will remove unit %s", u)
			}
			m.RemoveApplication(m.Apps[name], state.Removal{DestroyStorage: *destroy, Force: *force, At: time.Now()})
		}
		return nil
	})
}

func resolve(c *call) error {
	c.modelFlag()
	noRetry := c.Flags.Bool("no-retry", false, "Do not re-execute failed hooks on the unit")
	all := c.Flags.Bool("all", false, "Marks all units in error as resolved")
	if err := c.Parse(0, -1, ""); err != nil {
		return err
	}
	if (len(c.Args) == 0) != *all {
		return cmdline.Usage("specify either units or --all")
	}
	how := "retry"
	if *noRetry {
		how = "skip"
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		for _, a := range m.Apps {
			for name, u := range a.Units {
				if *all && u.Hook != nil && u.Hook.Step == state.Failed {
					c.Args = append(c.Args, name)
				}
			}
		}
		for _, name := range c.Args {
			_, u, err := m.Unit(name)
			if err != nil {
				return err
			}
			if u.Hook == nil || u.Hook.Step != state.Failed {
				return fmt.Errorf("unit %q is not in an error state", u.Name)
			}
			u.Resolve = how
		}
		return nil
	})
}
