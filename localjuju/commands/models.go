package commands

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

const (
	controllerName = "localjuju"
	controllerUUID = "10ca10ca-4a4a-4a4a-8a4a-10ca10ca10ca"
	cloudName      = "localhost"
)

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func addModel(c *call) error {
	var configs list
	c.Flags.Var(&configs, "config", "Specify the path to a YAML model configuration file or individual configuration options")
	noSwitch := c.Flags.Bool("no-switch", false, "Choose not to switch to the newly created model")
	for _, name := range []string{"c", "controller", "credential", "owner"} {
		c.Flags.String(name, "", "")
	}
	if err := c.Parse(1, 2, "model name is required"); err != nil {
		return err
	}
	values, err := cmdline.KeyValues(configs)
	if err != nil {
		return err
	}
	name := c.Args[0]
	if err := c.store.Change(func(w *state.World) error {
		m, err := w.AddModel(name, values, time.Now())
		if err == nil && (!*noSwitch || w.Current == "") {
			w.Current = m.Name
		}
		return err
	}); err != nil {
		return err
	}
	c.Warn("Added '%s' model on %s/%s with credential 'localhost' for user 'admin'", name, cloudName, cloudName)
	return nil
}

func switchModel(c *call) error {
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	return c.store.Change(func(w *state.World) error {
		if c.Arg(0) != "" && strings.TrimSuffix(c.Arg(0), ":") != controllerName {
			m, err := w.Model(c.Args[0])
			if err != nil {
				return err
			}
			w.Current = m.Name
		}
		_, err := fmt.Fprintf(c.Stdout, "%s:admin/%s\n", controllerName, w.Current)
		return err
	})
}

// destroyModel removes all applications, waits until their units are gone, and
// removes the model.
func destroyModel(c *call) error {
	c.ignore("no-prompt", "y", "yes", "no-wait")
	force := c.Flags.Bool("force", false, "Force destroy model ignoring any errors")
	release := c.Flags.Bool("release-storage", false, "Release all storage instances from the model")
	destroy := c.Flags.Bool("destroy-storage", false, "Destroy all storage instances in the model")
	timeout := c.Flags.Duration("timeout", 0, "Timeout before model destruction is aborted")
	c.Flags.Duration("t", 0, "")
	if err := c.Parse(1, 1, "no model specified"); err != nil {
		return err
	}
	c.model = c.Args[0]
	if err := c.change(func(_ *state.World, m *state.Model) error {
		if len(m.Storage) > 0 && !*release && !*destroy {
			return fmt.Errorf("cannot destroy model %q: it has storage; use --destroy-storage or --release-storage", m.Name)
		}
		for _, a := range m.Apps {
			m.RemoveApplication(a, state.Removal{DestroyStorage: *destroy, Force: *force, At: time.Now()})
		}
		return nil
	}); err != nil {
		return err
	}
	err := c.await(*timeout, func(w *state.World) bool {
		m, err := w.Model(c.model)
		return err != nil || len(m.Apps) == 0
	})
	if errors.Is(err, errTimeout) {
		return fmt.Errorf("timeout waiting for model %q to be destroyed", c.model)
	}
	if err != nil {
		return err
	}
	return c.forgetModel(*destroy)
}

func (c *call) forgetModel(destroyStorage bool) error {
	var gone []string
	err := c.change(func(w *state.World, m *state.Model) error {
		gone = append(gone, filepath.Join("log", m.Name+".log"))
		if destroyStorage {
			gone = append(gone, filepath.Join("storage", m.Name))
		}
		delete(w.Models, m.Name)
		if w.Current == m.Name {
			w.Current = ""
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range gone {
		if err := os.RemoveAll(c.host.Place(name)); err != nil {
			return fmt.Errorf("cannot remove %s: %v", name, err)
		}
	}
	c.Warn("Model destroyed.")
	return nil
}

func models(c *call) error {
	c.Formats("tabular", "json", "yaml")
	c.Flags.String("c", "", "")
	c.Flags.String("controller", "", "")
	c.ignore("all", "uuid", "exact-time")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	var err error
	c.store.Read(func(w *state.World) {
		var views []map[string]any
		rows := [][]string{{"Model", "Cloud/Region", "Type", "Status", "Machines", "Units", "Access"}}
		for _, name := range sortedNames(w.Models) {
			m := w.Models[name]
			views = append(views, modelInfo(m))
			shown := name
			if name == w.Current {
				shown += "*"
			}
			rows = append(rows, []string{shown, cloudName + "/" + cloudName, "lxd", "available",
				fmt.Sprint(len(m.Machines)), fmt.Sprint(unitCount(m)), "admin"})
		}
		if c.Format() == "tabular" {
			_, err = fmt.Fprintf(c.Stdout, "Controller: %s\n\n%s", controllerName, table(rows))
			return
		}
		err = c.Print(map[string]any{"models": views, "current-model": w.Current})
	})
	return err
}

func unitCount(m *state.Model) (n int) {
	for _, a := range m.Apps {
		n += len(a.Units)
	}
	return n
}

func showModel(c *call) error {
	c.modelFlag()
	c.Formats("yaml", "json")
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	if c.Arg(0) != "" {
		c.model = c.Args[0]
	}
	return c.read(func(m *state.Model) error { return c.Print(map[string]any{m.Name: modelInfo(m)}) })
}

func modelInfo(m *state.Model) map[string]any {
	machines := map[string]any{}
	for id := range m.Machines {
		machines[id] = map[string]any{"cores": runtime.NumCPU()}
	}
	return map[string]any{
		"name": "admin/" + m.Name, "short-name": m.Name, "model-uuid": m.UUID, "model-type": "iaas",
		"controller-uuid": controllerUUID, "controller-name": controllerName, "is-controller": false,
		"cloud": cloudName, "region": cloudName, "type": "lxd", "life": state.Alive,
		"status":        map[string]any{"current": "available", "since": m.Created.UTC().Format(time.RFC3339)},
		"users":         map[string]any{"admin": map[string]any{"display-name": "admin", "access": "admin", "last-connection": "just now"}},
		"machines":      machines,
		"agent-version": state.Version,
		"credential":    map[string]any{"name": "localhost", "owner": "admin", "cloud": cloudName, "validity-check": "valid"},
	}
}

func version(c *call) error {
	c.Formats("smart", "json", "yaml")
	all := c.Flags.Bool("all", false, "Prints all version information")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	full := state.Version + "-" + osName() + "-" + runtime.GOARCH
	if !*all {
		return c.Print(full)
	}
	return c.Print(map[string]any{"version": full, "git-commit": "localjuju", "git-tree-state": "clean", "compiler": runtime.Compiler})
}

// osName is how Juju names the host's system in versions.
func osName() string {
	if id, _ := hostBase(); id == "ubuntu" {
		return "ubuntu"
	}
	return "genericlinux"
}

// hostBase is the host's distribution, from /etc/os-release.
func hostBase() (id, release string) {
	data, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "linux", ""
	}
	for _, line := range strings.Split(string(data), "\n") {
		key, value, _ := strings.Cut(line, "=")
		switch key {
		case "ID":
			id = strings.Trim(value, `"`)
		case "VERSION_ID":
			release = strings.Trim(value, `"`)
		}
	}
	return id, release
}
