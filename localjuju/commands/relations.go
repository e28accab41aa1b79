package commands

import (
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

func integrate(c *call) error {
	c.modelFlag()
	via := c.Flags.String("via", "", "for cross model relations, specify the egress subnets for outbound traffic")
	if err := c.Parse(2, 2, "a relation must involve two applications"); err != nil {
		return err
	}
	if *via != "" || strings.ContainsAny(c.Args[0]+c.Args[1], "/.") {
		return cmdline.Usage("localjuju does not reproduce cross-model relations")
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		_, err := m.Integrate(c.Args[0], c.Args[1], time.Now())
		return err
	})
}

func removeRelation(c *call) error {
	c.modelFlag()
	c.ignore("force", "no-wait")
	if err := c.Parse(2, 2, "a relation must involve two applications"); err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		r, err := m.FindRelation(c.Args[0], c.Args[1])
		if err == nil {
			m.RemoveRelation(r)
		}
		return err
	})
}
