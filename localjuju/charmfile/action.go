package charmfile

import (
	"archive/zip"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Action is one action of a charm.
type Action struct {
	Description string
	// Properties are the JSON schemas of the parameters, by name.
	Properties map[string]any
	Required   []string
	// Additional allows parameters that Properties does not name.
	Additional bool
	// Parallel actions run beside hooks and actions of other units of the machine,
	// those of a Group after each other.
	Parallel bool
	Group    string
}

// yaml11Bools are the plain scalars that Juju's YAML 1.1 parser takes for booleans.
var yaml11Bools = []string{"y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO",
	"on", "On", "ON", "off", "Off", "OFF", "true", "True", "TRUE", "false", "False", "FALSE"}

func (c *Charm) readActions(z *zip.Reader) error {
	data, err := entry(z, "actions.yaml")
	if err != nil || data == nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("actions.yaml: %v", err)
	}
	if err := checkKeys(&doc); err != nil {
		return fmt.Errorf("actions.yaml: %w", err)
	}
	specs := map[string]map[string]any{}
	if err := doc.Decode(&specs); err != nil {
		return fmt.Errorf("actions.yaml: %v", err)
	}
	for name, spec := range specs {
		action, err := newAction(spec)
		if err != nil {
			return fmt.Errorf("actions.yaml: action %q: %w", name, err)
		}
		c.Actions[name] = action
	}
	return nil
}

func newAction(spec map[string]any) (Action, error) {
	a := Action{Properties: map[string]any{}}
	a.Description, _ = spec["description"].(string)
	var ok bool
	if a.Parallel, ok = spec["parallel"].(bool); !ok && spec["parallel"] != nil {
		return a, fmt.Errorf("value for schema key \"parallel\" must be a bool")
	}
	if a.Group, ok = spec["execution-group"].(string); !ok && spec["execution-group"] != nil {
		return a, fmt.Errorf("value for schema key \"execution-group\" must be a string")
	}
	if params, ok := spec["params"].(map[string]any); ok {
		a.Properties = params
	}
	for name, schema := range a.Properties {
		if _, ok := schema.(map[string]any); !ok {
			return a, fmt.Errorf("parameter %q is not a schema", name)
		}
	}
	a.Additional, _ = spec["additionalProperties"].(bool)
	required, _ := spec["required"].([]any)
	for _, name := range required {
		a.Required = append(a.Required, fmt.Sprint(name))
	}
	return a, nil
}

func checkKeys(n *yaml.Node) error {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && notString(child) {
			return fmt.Errorf("map keyed with non-string value %q (line %d)", child.Value, child.Line)
		}
		if err := checkKeys(child); err != nil {
			return err
		}
	}
	return nil
}

func notString(key *yaml.Node) bool {
	if key.Style != 0 {
		return false
	}
	return key.Tag != "!!str" || slices.Contains(yaml11Bools, key.Value)
}
