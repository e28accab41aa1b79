package tools

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func jujuLog(c *Call) error {
	var level, ignored string
	var debug bool
	c.Flags.StringVar(&level, "l", "INFO", "Send log message at the given level")
	c.Flags.StringVar(&level, "log-level", "INFO", "")
	c.Flags.BoolVar(&debug, "debug", false, "log at debug level")
	c.Flags.StringVar(&ignored, "format", "", "deprecated format option")
	if err := c.Parse(1, -1, "no message specified"); err != nil {
		return err
	}
	if debug {
		level = "DEBUG"
	}
	level = strings.ToUpper(level)
	if !slices.Contains(state.Levels, level) {
		c.Hook.Log(c.logModule(), "WARNING", fmt.Sprintf("Specified log level of %q is not valid", level))
		level = "INFO"
	}
	prefix := ""
	if id, ok := c.Hook.Relation(); ok {
		prefix = fmt.Sprintf("%s:%d: ", c.Hook.Hook.Endpoint, id)
	}
	c.Hook.Log(c.logModule(), level, prefix+strings.Join(c.Args, " "))
	return nil
}

func (c *Call) logModule() string { return "unit." + c.Hook.UnitName + ".juju-log" }

func reboot(c *Call) error {
	c.Flags.Bool("now", false, "reboot immediately, killing the invoking process")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	return fmt.Errorf("localjuju does not reproduce juju-reboot: this host is not its own")
}

func credentialGet(c *Call) error {
	c.Formats("yaml", "json")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	trusted, err := c.Hook.Trusted()
	switch {
	case err != nil:
		return err
	case trusted:
		return fmt.Errorf("cannot access cloud credentials: localjuju has no cloud")
	}
	return fmt.Errorf("cannot access cloud credentials: permission denied")
}

func unitGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	if err := c.Parse(1, 1, "no setting specified"); err != nil {
		return err
	}
	if key := c.Args[0]; key != "private-address" && key != "public-address" {
		return cmdline.Usage("unknown setting %q", key)
	}
	return c.Print(c.Host.Network().Address)
}
