package commands

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// deployFlags are what `juju deploy` takes and localjuju heeds.
type deployFlags struct {
	config, storage, resources, attach, to list
	units                                  int
	trust                                  bool
	base, channel                          string
}

func (c *call) deployFlags() *deployFlags {
	f := &deployFlags{}
	c.Flags.Var(&f.config, "config", "Either a path to yaml-formatted application config file or a key=value pair")
	c.Flags.Var(&f.storage, "storage", "Charm storage directives")
	c.Flags.Var(&f.resources, "resource", "Resource to be uploaded to the controller")
	c.Flags.Var(&f.attach, "attach-storage", "Existing storage to attach to the deployed unit")
	c.Flags.Var(&f.to, "to", "The machine and/or container to deploy the unit in")
	c.Flags.IntVar(&f.units, "n", 1, "Number of application units to deploy")
	c.Flags.IntVar(&f.units, "num-units", 1, "")
	c.Flags.BoolVar(&f.trust, "trust", false, "Allows charm to run hooks that require access credentials")
	c.Flags.StringVar(&f.base, "base", "", "The base on which to deploy")
	c.Flags.StringVar(&f.channel, "channel", "", "Channel to use when deploying from Charmhub")
	c.ignore("force")
	return f
}

func deploy(c *call) error {
	f := c.deployFlags()
	c.modelFlag()
	if err := c.Parse(1, 2, "no charm or bundle specified"); err != nil {
		return err
	}
	if err := f.refuse(c.Args[0]); err != nil {
		return err
	}
	d, err := c.deployment(f)
	if err != nil {
		return err
	}
	return c.change(func(w *state.World, m *state.Model) error {
		a, err := w.Deploy(m, d, time.Now())
		if err != nil {
			return err
		}
		base := d.Charm.Bases[0]
		c.Warn("Located local charm %q, revision %d", d.Charm.Meta.Name, a.CharmRev)
		c.Warn("Deploying %q from local charm %q, revision %d on %s@%s", d.Name, d.Charm.Meta.Name, a.CharmRev, base.Name, base.Channel)
		return nil
	})
}

// refuse names what localjuju does not do.
func (f *deployFlags) refuse(charm string) error {
	switch {
	case f.channel != "":
		return fmt.Errorf("localjuju does not reproduce --channel: it deploys packed local charms only")
	case !strings.ContainsAny(charm, "/") && !strings.HasSuffix(charm, ".charm"):
		return fmt.Errorf("localjuju does not reproduce Charmhub: give the path of a packed charm, such as ./%s.charm", charm)
	case f.units < 1:
		return cmdline.Usage("--num-units must be a positive integer")
	}
	return nil
}

func (c *call) deployment(f *deployFlags) (d state.Deployment, err error) {
	path := c.Path(c.Args[0])
	if d.Charm, err = charmfile.Open(path); err != nil {
		return d, err
	}
	if d.Name = c.Arg(1); d.Name == "" {
		d.Name = d.Charm.Meta.Name
	}
	if d.Config, err = c.appConfig(d.Name, d.Charm, f.config); err != nil {
		return d, err
	}
	if d.Directives, err = directives(f.storage); err != nil {
		return d, err
	}
	if d.To, err = placement(f.to); err != nil {
		return d, err
	}
	d.Attach = split(f.attach)
	d.Units, d.Trusted = f.units, f.trust
	if len(d.To) > d.Units {
		return d, cmdline.Usage("--to names %d machines for %d units", len(d.To), d.Units)
	}
	if d.CharmFile, err = c.keep(path, "charms", ".charm"); err != nil {
		return d, err
	}
	d.Resources, err = c.keepResources(f.resources)
	return d, err
}

// keep copies a file of the caller into the state folder, under the name of its content.
func (c *call) keep(path, folder, ending string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("cannot read %s: %v", path, err)
	}
	sum := sha256.Sum256(data)
	name := filepath.Join(folder, hex.EncodeToString(sum[:8])+ending)
	target := c.host.Place(name)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", fmt.Errorf("cannot keep %s: %v", path, err)
	}
	if _, err := os.Stat(target); err == nil {
		return name, nil
	}
	// A name of its own: another command may keep the same file just now.
	f, err := os.CreateTemp(filepath.Dir(target), "new-*")
	if err != nil {
		return "", fmt.Errorf("cannot keep %s: %v", path, err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("cannot keep %s: %v", path, err)
	}
	return name, nil
}

func (c *call) keepResources(words []string) (map[string]string, error) {
	kept := map[string]string{}
	given, err := cmdline.KeyValues(words)
	if err != nil {
		return nil, err
	}
	for name, path := range given {
		if kept[name], err = c.keep(c.Path(path), "resources", ""); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// appConfig reads --config words: key=value, or the path of a YAML file with
// options, under the application's name or not.
func (c *call) appConfig(app string, charm *charmfile.Charm, words []string) (map[string]any, error) {
	values := map[string]any{}
	for _, word := range words {
		if !strings.Contains(word, "=") {
			if err := c.configFile(app, charm, word, values); err != nil {
				return nil, err
			}
		}
	}
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		if !ok {
			continue
		}
		if err := c.setOption(charm, values, key, text); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (c *call) configFile(app string, charm *charmfile.Charm, file string, values map[string]any) error {
	data, err := c.ReadFile(file)
	if err != nil {
		return fmt.Errorf("cannot read config: %v", err)
	}
	given := map[string]any{}
	if err := yaml.Unmarshal(data, &given); err != nil {
		return fmt.Errorf("cannot parse %s: %v", file, err)
	}
	if inner, ok := given[app].(map[string]any); ok {
		given = inner
	}
	for key, value := range given {
		option, ok := charm.Options[key]
		if !ok {
			return fmt.Errorf("unknown option %q", key)
		}
		if values[key], err = option.Check(key, value); err != nil {
			return err
		}
	}
	return nil
}

// setOption parses one key=value; @FILE as value is the content of a file.
func (c *call) setOption(charm *charmfile.Charm, values map[string]any, key, text string) error {
	option, ok := charm.Options[key]
	if !ok {
		return fmt.Errorf("unknown option %q", key)
	}
	if file, ok := strings.CutPrefix(text, "@"); ok {
		data, err := c.ReadFile(file)
		if err != nil {
			return fmt.Errorf("cannot read option from file %q: %v", file, err)
		}
		text = string(data)
	}
	value, err := option.Parse(key, text)
	if err != nil {
		return err
	}
	values[key] = value
	return nil
}

// directives reads --storage words: name=[pool,][count,][size] in any order.
func directives(words []string) (map[string]int, error) {
	counts := map[string]int{}
	for _, word := range words {
		name, rest, _ := strings.Cut(word, "=")
		counts[name] = 1
		for _, field := range strings.Split(rest, ",") {
			switch n, err := strconv.Atoi(field); {
			case field == "" || field == "rootfs" || isSize(field):
			case err == nil && n > 0:
				counts[name] = n
			default:
				return nil, fmt.Errorf("localjuju does not reproduce the storage pool %q, only rootfs", field)
			}
		}
	}
	return counts, nil
}

func isSize(s string) bool {
	number := strings.TrimRight(strings.TrimSuffix(s, "iB"), "MGTPEZYB")
	_, err := strconv.ParseFloat(number, 64)
	return err == nil && number != s
}

// placement reads --to: machine numbers; an empty word or "new" is a new machine.
func placement(words []string) ([]string, error) {
	var to []string
	for _, word := range split(words) {
		if _, err := strconv.Atoi(word); err != nil {
			return nil, fmt.Errorf("localjuju does not reproduce the placement %q, only machine numbers", word)
		}
		to = append(to, word)
	}
	return to, nil
}

func split(words []string) []string {
	return strings.FieldsFunc(strings.Join(words, ","), func(r rune) bool { return r == ',' || r == ' ' })
}
