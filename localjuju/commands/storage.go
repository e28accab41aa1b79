package commands

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
	"github.com/jupyter-docker/jupyter-docker/localjuju/tools"
)

// storageView shows storage as `juju status` and `juju storage` do.
func storageView(m *state.Model, host tools.Host) map[string]any {
	instances, filesystems := map[string]any{}, map[string]any{}
	for id, s := range m.Storage {
		condition := map[string]any{"current": "detached", "since": since(s.Created)}
		instance := map[string]any{"kind": "filesystem", "life": s.Life, "status": condition, "persistent": false}
		filesystem := map[string]any{"provider-id": s.Location, "storage": id, "pool": "rootfs", "size": 0,
			"life": s.Life, "status": condition}
		if s.Owner != "" {
			place := host.Place(s.Location)
			condition["current"] = "attached"
			at := map[string]any{"machine": s.Machine, "location": place, "life": s.Life}
			instance["attachments"] = map[string]any{"units": map[string]any{s.Owner: at}}
			filesystem["attachments"] = map[string]any{"units": map[string]any{s.Owner: at},
				"machines": map[string]any{s.Machine: map[string]any{"mount-point": place, "read-only": false, "life": s.Life}}}
		}
		instances[id], filesystems[fmt.Sprint(state.NumberOf(id))] = instance, filesystem
	}
	return map[string]any{"storage": instances, "filesystems": filesystems}
}

func storage(c *call) error {
	c.modelFlag()
	c.Formats("tabular", "json", "yaml")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	return c.read(func(m *state.Model) error {
		if c.Format() != "tabular" {
			return c.Print(storageView(m, c.host))
		}
		rows := [][]string{{"Unit", "Storage ID", "Type", "Location", "Status"}}
		for _, id := range state.ByNumber(sortedNames(m.Storage)) {
			s := m.Storage[id]
			condition := "attached"
			if s.Owner == "" {
				condition = "detached"
			}
			rows = append(rows, []string{s.Owner, id, "filesystem", c.host.Place(s.Location), condition})
		}
		_, err := fmt.Fprint(c.Stdout, table(rows))
		return err
	})
}

// removeStorage removes detached storage with its files.
func removeStorage(c *call) error {
	c.modelFlag()
	c.ignore("force", "no-destroy")
	if err := c.Parse(1, -1, "remove-storage requires at least one storage ID"); err != nil {
		return err
	}
	var gone []string
	err := c.change(func(_ *state.World, m *state.Model) error {
		for _, id := range c.Args {
			s := m.Storage[id]
			if s == nil {
				return fmt.Errorf("storage %q not found", id)
			}
			if s.Owner != "" {
				return fmt.Errorf("failed to remove %s: storage is attached to %s", id, s.Owner)
			}
			gone = append(gone, s.Location)
			delete(m.Storage, id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, place := range gone {
		if err := os.RemoveAll(c.host.Place(place)); err != nil {
			return fmt.Errorf("cannot remove storage: %v", err)
		}
	}
	return nil
}

// addStorage makes an instance of a store for a unit.
func addStorage(c *call) error {
	c.modelFlag()
	if err := c.Parse(2, 2, "add-storage requires a unit and a storage directive"); err != nil {
		return err
	}
	name, _, _ := strings.Cut(c.Args[1], "=") // sizes and pools are not heeded
	return c.change(func(_ *state.World, m *state.Model) error {
		a, u, err := m.Unit(c.Args[0])
		if err != nil {
			return err
		}
		return m.AddStorage(a, u, name, 1, time.Now())
	})
}

// attachStorage attaches detached storage to a unit.
func attachStorage(c *call) error {
	c.modelFlag()
	if err := c.Parse(2, -1, "attach-storage requires a unit ID and at least one storage ID"); err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		a, u, err := m.Unit(c.Args[0])
		if err != nil {
			return err
		}
		return m.AttachStorage(a, u, c.Args[1:])
	})
}

// detachStorage takes storage from its units; it stays.
func detachStorage(c *call) error {
	c.modelFlag()
	c.ignore("force", "no-wait")
	if err := c.Parse(1, -1, "detach-storage requires at least one storage ID"); err != nil {
		return err
	}
	return c.change(func(_ *state.World, m *state.Model) error {
		for _, id := range c.Args {
			if err := m.DetachStorage(id); err != nil {
				return err
			}
		}
		return nil
	})
}
