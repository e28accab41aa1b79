package tools

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/hook"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// relationFlag is -r: an ID, with or without the endpoint's name before a colon.
// As in Juju it is cut at the last colon, so that -r=web:3 is read as well.
type relationFlag struct {
	hook *hook.Context
	id   int
	set  bool
}

func (r *relationFlag) Set(text string) error {
	number, name := text, ""
	if i := strings.LastIndex(text, ":"); i >= 0 {
		name, number = strings.TrimPrefix(text[:i], "="), text[i+1:]
	}
	id, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("invalid relation id")
	}
	if err := r.hook.HasRelation(name, id); err != nil {
		return err
	}
	r.id, r.set = id, true
	return nil
}

func (r *relationFlag) String() string {
	if r == nil || !r.set {
		return ""
	}
	return strconv.Itoa(r.id)
}

// relationFlag adds -r and --relation; the default is the hook's relation.
func (c *Call) relationFlag() *relationFlag {
	r := &relationFlag{hook: c.Hook}
	r.id, r.set = c.Hook.Relation()
	c.Flags.Var(r, "r", "Specify a relation by id")
	c.Flags.Var(r, "relation", "")
	return r
}

func (r *relationFlag) check() error {
	if !r.set {
		return cmdline.Usage("no relation id specified")
	}
	return nil
}

func relationIDs(c *Call) error {
	c.Formats("smart", "json", "yaml")
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	name := c.Arg(0)
	if name == "" {
		if _, ok := c.Hook.Relation(); !ok {
			return cmdline.Usage("no endpoint name specified")
		}
		name = c.Hook.Hook.Endpoint
	}
	ids, err := c.Hook.RelationIDs(name)
	if err != nil {
		return err
	}
	return c.Print(ids)
}

func relationList(c *Call) error {
	c.Formats("smart", "json", "yaml")
	app := c.Flags.Bool("app", false, "List remote application instead of participating units")
	r := c.relationFlag()
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	units, remote, err := c.Hook.Members(r.id)
	if err != nil {
		return err
	}
	if *app {
		return c.Print(remote)
	}
	return c.Print(units)
}

func relationGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	app := c.Flags.Bool("app", false, "Get the relation data for the overall application, not just a unit")
	r := c.relationFlag()
	if err := c.Parse(0, 2, ""); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	name := c.Arg(1)
	if name == "" && c.Hook.Hook != nil {
		name = c.Hook.Hook.RemoteUnit
		if *app {
			name = c.Hook.Hook.RemoteApp
		}
	}
	if name == "" {
		return cmdline.Usage("no unit or app specified")
	}
	values, err := c.bag(r.id, name, *app)
	if err != nil {
		return err
	}
	key := c.Arg(0)
	if key == "" || key == "-" {
		return c.Print(values)
	}
	if value, ok := values[key]; ok {
		return c.Print(value)
	}
	return c.Print(nil)
}

func (c *Call) bag(id int, name string, app bool) (map[string]string, error) {
	if !app {
		if state.AppOf(name) == "" {
			return nil, fmt.Errorf("%q is not a valid unit name", name)
		}
		return c.Hook.UnitBag(id, name)
	}
	if of := state.AppOf(name); of != "" {
		name = of
	}
	return c.Hook.AppBag(id, name)
}

func relationSet(c *Call) error {
	app := c.Flags.Bool("app", false, "pick whether you are setting \"application\" settings or \"unit\" settings")
	var file string
	c.Flags.StringVar(&file, "file", "", "file containing key-value pairs")
	c.Flags.String("format", "", "deprecated format option")
	r := c.relationFlag()
	if err := c.Parse(0, -1, ""); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	values, err := c.keyValues(file)
	if err != nil {
		return err
	}
	if *app {
		return c.Hook.SetAppBag(r.id, values)
	}
	c.Hook.SetUnitBag(r.id, values)
	return nil
}

func relationModelGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	r := c.relationFlag()
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	uuid, err := c.Hook.ModelUUID()
	if err != nil {
		return err
	}
	return c.Print(map[string]any{"uuid": uuid})
}
