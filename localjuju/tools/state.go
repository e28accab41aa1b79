package tools

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
)

func stateGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	strict := c.Flags.Bool("strict", false, "Return an error if the requested key does not exist")
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	if key := c.Arg(0); key != "" && key != "-" {
		value, found, err := c.Hook.StateValue(key)
		if err != nil {
			return err
		}
		if !found && *strict {
			return fmt.Errorf("%q not found", key)
		}
		return c.Print(value)
	}
	values, err := c.Hook.State()
	if err != nil {
		return err
	}
	return c.Print(values)
}

func stateSet(c *Call) error {
	var file string
	c.Flags.StringVar(&file, "file", "", "file containing key-value pairs")
	if err := c.Parse(0, -1, ""); err != nil {
		return err
	}
	values, err := c.keyValues(file)
	if err != nil {
		return err
	}
	for k, v := range values {
		c.Hook.SetState(k, &v)
	}
	return nil
}

func stateDelete(c *Call) error {
	if err := c.Parse(1, 1, "no key specified"); err != nil {
		return err
	}
	c.Hook.SetState(c.Args[0], nil)
	return nil
}

// keyValues reads key=value words, over the YAML of a file.
func (c *Call) keyValues(file string) (map[string]string, error) {
	values := map[string]string{}
	if file != "" {
		data, err := c.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(data, &values); err != nil {
			return nil, fmt.Errorf("cannot read %s: %v", file, err)
		}
	}
	given, err := cmdline.KeyValues(c.Args)
	if err != nil {
		return nil, err
	}
	for k, v := range given {
		values[k] = v
	}
	return values, nil
}
