// Package output writes values as Juju's commands do: smart, json or yaml.
package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// JSON gives the value on one line, without escaping of <, > and &.
func JSON(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("cannot write JSON: %v", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// YAML gives the value as YAML; the keys are those of its JSON form.
func YAML(value any) ([]byte, error) {
	data, err := JSON(value)
	if err != nil {
		return nil, err
	}
	var n yaml.Node // JSON is YAML: decoding it so keeps key order and number form
	if err := yaml.Unmarshal(data, &n); err != nil {
		return nil, fmt.Errorf("cannot write YAML: %v", err)
	}
	blockStyle(&n)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(&n); err != nil {
		return nil, fmt.Errorf("cannot write YAML: %v", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// blockStyle takes away the braces and quotes of JSON, where YAML needs none.
func blockStyle(n *yaml.Node) {
	switch {
	case n.Kind != yaml.ScalarNode:
		n.Style = 0
	case n.Style == yaml.DoubleQuotedStyle:
		n.Style = stringStyle(n.Value)
	}
	for _, c := range n.Content {
		blockStyle(c)
	}
}

// stringStyle asks the encoder, which knows the words that YAML 1.1 takes for
// booleans: it treats strings with more care than nodes.
func stringStyle(value string) yaml.Style {
	data, err := yaml.Marshal(value)
	switch {
	case err != nil || bytes.HasPrefix(data, []byte(`"`)):
		return yaml.DoubleQuotedStyle
	case bytes.HasPrefix(data, []byte("'")):
		return yaml.SingleQuotedStyle
	case bytes.HasPrefix(data, []byte("|")):
		return yaml.LiteralStyle
	}
	return 0
}

// Smart gives strings as they are, booleans as True and False, lists of strings
// a line each, nothing for nil, and YAML for the rest.
func Smart(value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(v), nil
	case bool:
		if v {
			return []byte("True"), nil
		}
		return []byte("False"), nil
	case []string:
		return []byte(strings.Join(v, "\n")), nil
	case map[string]any:
		if len(v) == 0 {
			return []byte("{}"), nil
		}
	}
	return YAML(value)
}

// Write writes the value in the named format, with a newline unless it is empty.
func Write(w io.Writer, format string, value any) error {
	forms := map[string]func(any) ([]byte, error){"smart": Smart, "json": JSON, "yaml": YAML}
	form, ok := forms[format]
	if !ok {
		return fmt.Errorf("unknown format %q", format)
	}
	data, err := form(value)
	if err != nil || len(data) == 0 {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}
