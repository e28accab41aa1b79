package commands

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func config(c *call) error {
	c.modelFlag()
	c.Formats("yaml", "json")
	var reset, file list
	c.Flags.Var(&reset, "reset", "Reset the provided comma delimited keys")
	c.Flags.Var(&file, "file", "path to yaml-formatted configuration file")
	if err := c.Parse(1, -1, "no application name specified"); err != nil {
		return err
	}
	words := c.Args[1:]
	setting := len(reset) > 0 || len(file) > 0
	for _, word := range words {
		setting = setting || strings.Contains(word, "=")
	}
	if !setting {
		return c.showConfig(c.Args[0], words)
	}
	return c.setConfig(c.Args[0], append(file, words...), split(reset))
}

func (c *call) showConfig(app string, keys []string) error {
	return c.read(func(m *state.Model) error {
		a, err := m.App(app)
		if err != nil {
			return err
		}
		switch len(keys) {
		case 0:
			return c.Print(configView(a))
		case 1:
		default:
			return cmdline.Usage("can only retrieve a single value, or all values")
		}
		if keys[0] == "trust" {
			fmt.Fprintln(c.Stdout, a.Trusted)
			return nil
		}
		value, known := a.Settings(true)[keys[0]]
		if !known {
			return fmt.Errorf("key %q not found in %q application config or charm settings", keys[0], app)
		}
		if value != nil {
			fmt.Fprintln(c.Stdout, value)
		}
		return nil
	})
}

func configView(a *state.Application) map[string]any {
	settings := map[string]any{}
	for name, option := range a.Charm.Options {
		entry := map[string]any{"description": option.Description, "type": option.Type, "source": "unset"}
		if option.Default != nil {
			entry["default"], entry["value"], entry["source"] = option.Default, option.Default, "default"
		}
		if value, ok := a.Config[name]; ok {
			entry["value"], entry["source"] = value, "user"
		}
		settings[name] = entry
	}
	trust := map[string]any{"default": false, "description": "Does this application have access to trusted credentials",
		"source": "default", "type": "bool", "value": a.Trusted}
	if a.Trusted {
		trust["source"] = "user"
	}
	return map[string]any{"application": a.Name, "application-config": map[string]any{"trust": trust},
		"charm": a.Charm.Meta.Name, "settings": settings}
}

// setConfig changes options. A bad one changes none, and prints what 4.0 prints.
func (c *call) setConfig(app string, words, reset []string) error {
	err := c.change(func(_ *state.World, m *state.Model) error {
		a, err := m.App(app)
		if err != nil {
			return err
		}
		values, err := c.appConfig(app, a.Charm, words)
		if err != nil {
			return err
		}
		for _, key := range reset {
			if _, ok := a.Charm.Options[key]; !ok {
				return fmt.Errorf("unknown option %q", key)
			}
			if _, ok := values[key]; ok {
				return cmdline.Usage("key %q cannot be both set and reset in the same command", key)
			}
		}
		applyConfig(a, values, reset)
		return nil
	})
	if err != nil && len(words) > 0 {
		fmt.Fprintln(c.Stdout, "{}")
	}
	return err
}

// applyConfig sets and resets options. Where several are set anew, config-changed
// will run twice; for what is reset alone it does not run, so that units find it with
// their next hook: both as Juju 4.0.15 was seen to do.
func applyConfig(a *state.Application, values map[string]any, reset []string) {
	for _, key := range reset {
		delete(a.Config, key)
	}
	before := a.Settings(true)
	for key, value := range values {
		a.Config[key] = value
	}
	changes := 0
	for key, value := range a.Settings(true) {
		if !reflect.DeepEqual(value, before[key]) {
			changes++
		}
	}
	switch {
	case changes == 1:
		a.ConfigEpoch++
	case changes > 1:
		a.ConfigEpoch += 2
		a.ConfigDouble = a.ConfigEpoch
	}
}

func trust(c *call) error {
	c.modelFlag()
	remove := c.Flags.Bool("remove", false, "Remove trusted access from a trusted application")
	c.Flags.String("scope", "", "")
	if err := c.Parse(1, 1, "no application name specified"); err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		a, err := m.App(c.Args[0])
		if err == nil && a.Trusted == *remove {
			a.Trusted = !*remove
			a.ConfigEpoch++
		}
		return err
	})
}

func expose(c *call) error   { return c.setExposed(true) }
func unexpose(c *call) error { return c.setExposed(false) }

func (c *call) setExposed(exposed bool) error {
	c.modelFlag()
	if err := c.Parse(1, 1, "no application name specified"); err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		a, err := m.App(c.Args[0])
		if err == nil {
			a.Exposed = exposed
		}
		return err
	})
}
