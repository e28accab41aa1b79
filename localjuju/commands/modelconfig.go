package commands

import (
	"fmt"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func modelConfig(c *call) error {
	c.modelFlag()
	c.Formats("tabular", "json", "yaml")
	var reset list
	c.Flags.Var(&reset, "reset", "Reset the provided comma delimited keys")
	if err := c.Parse(0, -1, ""); err != nil {
		return err
	}
	if len(c.Args) == 0 && len(reset) == 0 || len(c.Args) == 1 && !strings.Contains(c.Args[0], "=") {
		return c.showModelConfig(c.Arg(0))
	}
	values, err := cmdline.KeyValues(c.Args)
	if err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error { return m.SetConfig(values, split(reset)) })
}

func (c *call) showModelConfig(key string) error {
	return c.read(func(m *state.Model) error {
		if key != "" {
			if _, ok := state.ModelDefaults[key]; !ok {
				return fmt.Errorf("key %q not found in %q model", key, m.Name)
			}
			_, err := fmt.Fprintln(c.Stdout, m.Setting(key))
			return err
		}
		views := map[string]any{}
		rows := [][]string{{"Attribute", "From", "Value"}}
		for _, name := range sortedNames(state.ModelDefaults) {
			source := "default"
			if _, ok := m.Config[name]; ok {
				source = "model"
			}
			views[name] = map[string]any{"Value": settingValue(name, m.Setting(name)), "Source": source}
			rows = append(rows, []string{name, source, m.Setting(name)})
		}
		if c.Format() == "tabular" {
			_, err := fmt.Fprint(c.Stdout, table(rows))
			return err
		}
		return c.Print(views)
	})
}

func settingValue(name, value string) any {
	if name == "automatically-retry-hooks" {
		return value == "true"
	}
	return value
}
