package main

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// lifecycleHooks are those that Juju 3.6 and 4.0 run on every machine charm.
// They differ in others, of which the charm wants none.
var lifecycleHooks = []string{
	"install", "config-changed", "start", "stop", "remove", "upgrade-charm", "update-status", "leader-elected",
	"secret-changed", "secret-expired", "secret-remove", "secret-rotate",
}

var (
	relationEvents = []string{"created", "joined", "changed", "departed", "broken"}
	storageEvents  = []string{"attached", "detaching"}
)

// hookNames lists, sorted, every hook that the charm of this metadata.yaml can get.
func hookNames(metadataFile string) ([]string, error) {
	data, err := os.ReadFile(metadataFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read metadata: %w", err)
	}
	var metadata struct {
		Provides, Requires, Peers, Storage map[string]any
	}
	if err := yaml.Unmarshal(data, &metadata); err != nil {
		return nil, fmt.Errorf("cannot parse %s: %w", metadataFile, err)
	}
	names := slices.Clone(lifecycleHooks)
	for _, endpoints := range []map[string]any{metadata.Provides, metadata.Requires, metadata.Peers} {
		names = appendEvents(names, endpoints, "-relation-", relationEvents)
	}
	names = appendEvents(names, metadata.Storage, "-storage-", storageEvents)
	slices.Sort(names)
	return names, nil
}

func appendEvents(names []string, of map[string]any, infix string, events []string) []string {
	for name := range maps.Keys(of) {
		for _, event := range events {
			names = append(names, name+infix+event)
		}
	}
	return names
}
