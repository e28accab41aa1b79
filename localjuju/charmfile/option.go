package charmfile

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

var secretURI = regexp.MustCompile(`^secret:(//[0-9a-f-]+/)?[0-9a-v]{20}$`)

// Parse turns the words of a command line into a value of the option's type.
func (o Option) Parse(name, text string) (any, error) {
	switch o.Type {
	case "int":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, o.mismatch(name, text)
		}
		return n, nil
	case "float":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, o.mismatch(name, text)
		}
		return f, nil
	case "boolean":
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, o.mismatch(name, text)
		}
		return b, nil
	}
	return o.Check(name, text)
}

// Check makes sure that a value has the option's type, and brings numbers into one form.
func (o Option) Check(name string, value any) (any, error) {
	switch v := value.(type) {
	case string:
		if o.Type == "string" || (o.Type == "secret" && (v == "" || secretURI.MatchString(v))) {
			return v, nil
		}
	case bool:
		if o.Type == "boolean" {
			return v, nil
		}
	case int:
		return o.Check(name, int64(v))
	case int64:
		if o.Type == "int" {
			return v, nil
		}
		if o.Type == "float" {
			return float64(v), nil
		}
	case float64:
		if o.Type == "float" {
			return v, nil
		}
		if o.Type == "int" && v == math.Trunc(v) {
			return int64(v), nil
		}
	}
	return nil, o.mismatch(name, value)
}

func (o Option) mismatch(name string, value any) error {
	switch o.Type {
	case "string", "int", "float", "boolean", "secret":
		return fmt.Errorf("option %q expected %s, got %#v", name, o.Type, value)
	}
	return fmt.Errorf("option %q has unknown type %q", name, o.Type)
}
