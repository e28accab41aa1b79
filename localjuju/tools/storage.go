package tools

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/hook"
)

type storageFlag struct {
	hook     *hook.Context
	id       string
	location string
}

func (s *storageFlag) Set(id string) (err error) {
	s.location, err = s.hook.StorageLocation(id)
	s.id = id
	return err
}

func (s *storageFlag) String() string {
	if s == nil {
		return ""
	}
	return s.id
}

func storageGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	s := &storageFlag{hook: c.Hook}
	if h := c.Hook.Hook; h != nil && h.StorageID != "" {
		if err := s.Set(h.StorageID); err != nil {
			return err
		}
	}
	c.Flags.Var(s, "s", "Specify a storage instance by id")
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	if s.id == "" {
		return cmdline.Usage("no storage instance specified")
	}
	values := map[string]any{"kind": "filesystem", "location": c.Host.Place(s.location)}
	key := c.Arg(0)
	if key == "" {
		return c.Print(values)
	}
	if value, ok := values[key]; ok {
		return c.Print(value)
	}
	return fmt.Errorf("invalid storage attribute %q", key)
}

func storageList(c *Call) error {
	c.Formats("smart", "json", "yaml")
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	ids, err := c.Hook.Storage(c.Arg(0))
	if err != nil {
		return err
	}
	return c.Print(ids)
}

func storageAdd(c *Call) error {
	if err := c.Parse(1, -1, "storage add requires a storage directive"); err != nil {
		return err
	}
	for _, word := range c.Args {
		name, count, _ := strings.Cut(word, "=")
		n := 1
		if count != "" {
			var err error
			if n, err = strconv.Atoi(count); err != nil || n < 1 {
				return cmdline.Usage("localjuju reproduces a count only in a storage directive; got %q", word)
			}
		}
		if err := c.Hook.AddStorage(name, n); err != nil {
			return err
		}
	}
	return nil
}
