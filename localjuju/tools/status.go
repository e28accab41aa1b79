package tools

import (
	"slices"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

var settable = []string{"maintenance", "blocked", "waiting", "active"}

func statusSet(c *Call) error {
	var application bool
	c.Flags.BoolVar(&application, "application", false, "Set this status for the application to which the unit belongs")
	if err := c.Parse(1, 2, "invalid args, require <status> [message]"); err != nil {
		return err
	}
	if !slices.Contains(settable, c.Args[0]) {
		return cmdline.Usage("invalid status %q, expected one of %q", c.Args[0], settable)
	}
	if application {
		return c.Hook.SetAppStatus(c.Args[0], c.Arg(1))
	}
	return c.Hook.SetStatus(c.Args[0], c.Arg(1))
}

func statusGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	var data, application bool
	c.Flags.BoolVar(&data, "include-data", false, "Print all status data")
	c.Flags.BoolVar(&application, "application", false, "Show status for the application")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	if application {
		return c.applicationStatus(data)
	}
	status, err := c.Hook.Status()
	if err != nil {
		return err
	}
	if !data && c.Format() == "smart" {
		return c.Print(status.Current)
	}
	return c.Print(details(status))
}

func (c *Call) applicationStatus(data bool) error {
	status, units, err := c.Hook.AppStatus()
	if err != nil {
		return err
	}
	if !data && c.Format() == "smart" {
		return c.Print(status.Current)
	}
	all := map[string]any{}
	for name, u := range units {
		all[name] = details(u)
	}
	app := details(status)
	app["units"] = all
	return c.Print(map[string]any{"application-status": app})
}

func details(s state.Status) map[string]any {
	return map[string]any{"status": s.Current, "message": s.Message, "status-data": map[string]any{}}
}
