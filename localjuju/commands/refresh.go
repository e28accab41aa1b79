package commands

import (
	"fmt"
	"maps"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func refresh(c *call) error {
	c.modelFlag()
	var configs, resources, storage list
	path := c.Flags.String("path", "", "Refresh to a charm located at path")
	c.Flags.Var(&configs, "config", "Either a path to yaml-formatted application config file or a key=value pair")
	c.Flags.Var(&resources, "resource", "Resource to be uploaded to the controller")
	c.Flags.Var(&storage, "storage", "Charm storage directives")
	base := c.Flags.String("base", "", "Select a different base than what is currently running")
	trusted := c.Flags.Bool("trust", false, "Allows charm to run hooks that require access credentials")
	channel := c.Flags.String("channel", "", "Channel to use when getting the charm from Charmhub")
	c.ignore("force", "force-base", "force-units")
	if err := c.Parse(1, 1, "no application specified"); err != nil {
		return err
	}
	if *base != "" || *channel != "" || len(storage) > 0 {
		return fmt.Errorf("localjuju does not reproduce --base, --channel and --storage of refresh")
	}
	if *path == "" {
		return fmt.Errorf("localjuju refreshes from a packed charm only: use --path")
	}
	return c.refresh(c.Path(*path), configs, resources, *trusted)
}

func (c *call) refresh(path string, configs, resources []string, trusted bool) error {
	charm, err := charmfile.Open(path)
	if err != nil {
		return err
	}
	file, err := c.keep(path, "charms", ".charm")
	if err != nil {
		return err
	}
	kept, err := c.keepResources(resources)
	if err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		a, err := m.App(c.Args[0])
		if err != nil {
			return err
		}
		values, err := c.appConfig(a.Name, charm, configs)
		if err != nil {
			return err
		}
		if err := m.Refresh(a, charm, file); err != nil {
			return err
		}
		c.Warn("Added local charm %q, revision %d, to the model", charm.Meta.Name, a.CharmRev)
		maps.Copy(a.Resources, kept)
		a.Trusted = a.Trusted || trusted
		applyConfig(a, values, nil)
		return nil
	})
}

func attachResource(c *call) error {
	c.modelFlag()
	if err := c.Parse(2, 2, "missing application name or resource"); err != nil {
		return err
	}
	name, file, ok := strings.Cut(c.Args[1], "=")
	if !ok {
		return cmdline.Usage("expected name=filename, got %q", c.Args[1])
	}
	kept, err := c.keep(c.Path(file), "resources", "")
	if err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		a, err := m.App(c.Args[0])
		if err != nil {
			return err
		}
		if _, ok := a.Charm.Meta.Resources[name]; !ok {
			return fmt.Errorf("resource %q not found", name)
		}
		a.Resources[name] = kept
		a.CharmEpoch++
		return nil
	})
}
