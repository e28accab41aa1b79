// Package charmfile reads packed charms: zip archives with metadata.yaml,
// manifest.yaml and, where the charm has them, config.yaml and actions.yaml.
package charmfile

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Charm is what a packed charm says of itself.
type Charm struct {
	Meta    Meta
	Options map[string]Option
	Actions map[string]Action
	Bases   []Base
	// Version is the content of the file `version`, first line; empty without.
	Version string
}

// Meta is metadata.yaml, as far as a machine charm uses it.
type Meta struct {
	Name        string              `yaml:"name"`
	Summary     string              `yaml:"summary"`
	Description string              `yaml:"description"`
	Subordinate bool                `yaml:"subordinate"`
	Provides    map[string]Endpoint `yaml:"provides"`
	Requires    map[string]Endpoint `yaml:"requires"`
	Peers       map[string]Endpoint `yaml:"peers"`
	Extra       map[string]any      `yaml:"extra-bindings"`
	Storage     map[string]Storage  `yaml:"storage"`
	Resources   map[string]Resource `yaml:"resources"`
	Containers  map[string]any      `yaml:"containers"`
	Devices     map[string]any      `yaml:"devices"`
}

// Endpoint is one relation endpoint of a charm.
type Endpoint struct {
	Interface string `yaml:"interface"`
	Scope     string `yaml:"scope"`
	Limit     int    `yaml:"limit"`
	Optional  bool   `yaml:"optional"`
}

// UnmarshalYAML takes the short form `name: interface` as well.
func (e *Endpoint) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		e.Interface = n.Value
		return nil
	}
	type plain Endpoint
	return n.Decode((*plain)(e))
}

// Storage is one store that a charm declares.
type Storage struct {
	Type     string `yaml:"type"`
	Location string `yaml:"location"`
	Shared   bool   `yaml:"shared"`
	ReadOnly bool   `yaml:"read-only"`
	Multiple struct {
		Range string `yaml:"range"`
	} `yaml:"multiple"`
}

// CountRange gives the least and the most instances of the store; -1 is no limit.
func (s Storage) CountRange() (least, most int) {
	r := s.Multiple.Range
	if r == "" {
		return 1, 1
	}
	low, high, isRange := strings.Cut(strings.TrimSuffix(r, "+"), "-")
	fmt.Sscan(low, &least)
	switch {
	case strings.HasSuffix(r, "+") || (isRange && high == ""):
		return least, -1
	case !isRange:
		return least, least
	}
	fmt.Sscan(high, &most)
	return least, most
}

// Resource is one resource that a charm declares.
type Resource struct {
	Type     string `yaml:"type"`
	Filename string `yaml:"filename"`
}

// Option is one configuration option.
type Option struct {
	Type        string `yaml:"type"`
	Default     any    `yaml:"default"`
	Description string `yaml:"description"`
}

// Base is an operating system that the charm says it runs on.
type Base struct {
	Name          string   `yaml:"name"`
	Channel       string   `yaml:"channel"`
	Architectures []string `yaml:"architectures"`
}

// Open reads the packed charm at path.
func Open(path string) (*Charm, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read charm: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("deploying from directory not supported")
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read charm %s: %v", path, err)
	}
	defer z.Close()
	c, err := read(&z.Reader)
	if err != nil {
		return nil, fmt.Errorf("cannot read charm %s: %w", path, err)
	}
	return c, nil
}

func read(z *zip.Reader) (*Charm, error) {
	c := &Charm{Options: map[string]Option{}, Actions: map[string]Action{}}
	if err := c.readMeta(z); err != nil {
		return nil, err
	}
	if err := c.readManifest(z); err != nil {
		return nil, err
	}
	if err := c.readOptions(z); err != nil {
		return nil, err
	}
	if err := c.readActions(z); err != nil {
		return nil, err
	}
	version, err := entry(z, "version")
	if err != nil {
		return nil, err
	}
	c.Version, _, _ = strings.Cut(strings.TrimSpace(string(version)), "\n")
	return c, c.check()
}

func (c *Charm) readMeta(z *zip.Reader) error {
	data, err := entry(z, "metadata.yaml")
	if err != nil {
		return err
	}
	if data == nil {
		return fmt.Errorf("metadata.yaml: file does not exist")
	}
	if err := yaml.Unmarshal(data, &c.Meta); err != nil {
		return fmt.Errorf("metadata.yaml: %v", err)
	}
	if c.Meta.Name == "" {
		return fmt.Errorf("metadata.yaml: name is missing")
	}
	return nil
}

func (c *Charm) readManifest(z *zip.Reader) error {
	data, err := entry(z, "manifest.yaml")
	if err != nil {
		return err
	}
	var manifest struct {
		Bases []Base `yaml:"bases"`
	}
	if err := yaml.Unmarshal(data, &manifest); err != nil {
		return fmt.Errorf("manifest.yaml: %v", err)
	}
	if len(manifest.Bases) == 0 {
		return fmt.Errorf("charm does not define any bases in manifest.yaml")
	}
	c.Bases = manifest.Bases
	return nil
}

func (c *Charm) readOptions(z *zip.Reader) error {
	data, err := entry(z, "config.yaml")
	if err != nil || data == nil {
		return err
	}
	var file struct {
		Options map[string]Option `yaml:"options"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("config.yaml: %v", err)
	}
	for name, option := range file.Options {
		if option.Type == "" {
			option.Type = "string"
		}
		if option.Default != nil {
			if option.Default, err = option.Check(name, option.Default); err != nil {
				return fmt.Errorf("config.yaml: default: %w", err)
			}
		}
		c.Options[name] = option
	}
	return nil
}

// check refuses what localjuju does not reproduce, and what Juju refuses.
func (c *Charm) check() error {
	switch {
	case c.Meta.Subordinate:
		return fmt.Errorf("localjuju does not reproduce subordinate charms")
	case len(c.Meta.Containers) > 0:
		return fmt.Errorf("localjuju does not reproduce Kubernetes charms (containers)")
	}
	for name, s := range c.Meta.Storage {
		if s.Type != "filesystem" {
			return fmt.Errorf("storage %q: localjuju does not reproduce type %q, only filesystem", name, s.Type)
		}
		if s.Location != "" || s.Shared {
			return fmt.Errorf("storage %q: localjuju does not reproduce location and shared", name)
		}
	}
	for name, r := range c.Meta.Resources {
		if r.Type != "" && r.Type != "file" {
			return fmt.Errorf("resource %q: localjuju does not reproduce type %q, only file", name, r.Type)
		}
	}
	return nil
}

// entry is the content of one file of the archive; nil if it is not there.
func entry(z *zip.Reader, name string) ([]byte, error) {
	for _, f := range z.File {
		if strings.TrimPrefix(f.Name, "./") != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %v", name, err)
		}
		defer r.Close()
		return io.ReadAll(r)
	}
	return nil, nil
}

// HasEndpoint tells whether the charm has the endpoint, with that interface.
func (c *Charm) HasEndpoint(name, iface string) bool {
	for _, ends := range []map[string]Endpoint{c.Meta.Provides, c.Meta.Requires, c.Meta.Peers} {
		if e, ok := ends[name]; ok && e.Interface == iface {
			return true
		}
	}
	return false
}
