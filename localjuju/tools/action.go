package tools

import (
	"regexp"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
)

var resultKey = regexp.MustCompile(`^[a-z0-9](([a-z0-9-.]+)?[a-z0-9])?$`)

func actionGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	params, err := c.Hook.Params()
	if err != nil {
		return err
	}
	if c.Arg(0) == "" {
		return c.Print(params)
	}
	var at any = params
	for _, word := range strings.Split(c.Args[0], ".") {
		inner, _ := at.(map[string]any)
		at = inner[word]
	}
	return c.Print(at)
}

func actionSet(c *Call) error {
	if err := c.Parse(0, -1, ""); err != nil {
		return err
	}
	for _, word := range c.Args {
		key, _, ok := strings.Cut(word, "=")
		if !ok {
			return cmdline.Usage("argument %q must be of the form key...=value", word)
		}
		if !resultKey.MatchString(key) {
			return cmdline.Usage("key %q must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric, hyphens and periods", key)
		}
	}
	for _, word := range c.Args {
		key, value, _ := strings.Cut(word, "=")
		if err := c.Hook.SetResult(key, value); err != nil {
			return err
		}
	}
	return nil
}

func actionFail(c *Call) error {
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	message := c.Arg(0)
	if message == "" {
		message = "action failed without reason given, check action for errors"
	}
	return c.Hook.Fail(message)
}

func actionLog(c *Call) error {
	if err := c.Parse(1, -1, "no message specified"); err != nil {
		return err
	}
	return c.Hook.LogProgress(strings.Join(c.Args, " "))
}
