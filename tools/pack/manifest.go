package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// base is one entry of a manifest's bases: where the charm runs.
type base struct {
	Name          string   `yaml:"name"`
	Channel       string   `yaml:"channel"`
	Architectures []string `yaml:"architectures,flow"`
}

// manifest renders manifest.yaml for one architecture, from charmcraft.yaml's
// platforms. Juju 4.0 refuses a charm whose manifest has no bases.
func manifest(charmcraftFile, arch string) ([]byte, error) {
	data, err := os.ReadFile(charmcraftFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read platforms: %w", err)
	}
	var project struct {
		Platforms map[string]any
	}
	if err := yaml.Unmarshal(data, &project); err != nil {
		return nil, fmt.Errorf("cannot parse %s: %w", charmcraftFile, err)
	}
	bases, err := basesOf(project.Platforms, arch)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(map[string]any{"bases": bases, "analysis": map[string]any{"attributes": []any{}}})
}

// basesOf reads platforms named as ubuntu@24.04:amd64.
func basesOf(platforms map[string]any, arch string) ([]base, error) {
	var bases []base
	for platform := range platforms {
		system, platformArch, _ := strings.Cut(platform, ":")
		name, channel, found := strings.Cut(system, "@")
		if !found || platformArch == "" {
			return nil, fmt.Errorf("cannot read platform %q: want SYSTEM@RELEASE:ARCHITECTURE", platform)
		}
		if platformArch == arch {
			bases = append(bases, base{Name: name, Channel: channel, Architectures: []string{arch}})
		}
	}
	if len(bases) == 0 {
		return nil, fmt.Errorf("cannot pack for %s: no platform has that architecture", arch)
	}
	slices.SortFunc(bases, func(a, b base) int { return strings.Compare(a.Name+a.Channel, b.Name+b.Channel) })
	return bases, nil
}
