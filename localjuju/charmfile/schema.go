package charmfile

import (
	"fmt"
	"math"
	"reflect"
	"sort"
)

// Params checks the parameters of an action against its schema, and gives them
// with the schema's defaults filled in.
func (a Action) Params(given map[string]any) (map[string]any, error) {
	params := map[string]any{}
	for _, name := range sortedKeys(given) {
		schema, known := a.Properties[name].(map[string]any)
		if !known && !a.Additional {
			return nil, fmt.Errorf("additional property %q is not allowed, given %v", name, given[name])
		}
		if known {
			if err := checkValue(name, schema, given[name]); err != nil {
				return nil, err
			}
		}
		params[name] = given[name]
	}
	for _, name := range a.Required {
		if _, ok := params[name]; !ok {
			return nil, fmt.Errorf("required property %q is missing", name)
		}
	}
	fillDefaults(a.Properties, params)
	return params, nil
}

func fillDefaults(properties, params map[string]any) {
	for name, s := range properties {
		schema, _ := s.(map[string]any)
		value, set := params[name]
		if d, ok := schema["default"]; ok && !set {
			params[name] = d
			continue
		}
		inner, _ := schema["properties"].(map[string]any)
		if object, ok := value.(map[string]any); ok && inner != nil {
			fillDefaults(inner, object)
		}
	}
}

func checkValue(name string, schema map[string]any, value any) error {
	if want, ok := schema["type"].(string); ok && !hasType(want, value) {
		return fmt.Errorf("property %q must be of type %s, given %v", name, want, value)
	}
	if err := checkEnum(name, schema, value); err != nil {
		return err
	}
	if n, ok := number(value); ok {
		return checkNumber(name, schema, n)
	}
	switch v := value.(type) {
	case string:
		return checkLength(name, schema, "minLength", "maxLength", len([]rune(v)))
	case []any:
		return checkItems(name, schema, v)
	case map[string]any:
		return checkObject(name, schema, v)
	}
	return nil
}

func checkEnum(name string, schema map[string]any, value any) error {
	allowed, ok := schema["enum"].([]any)
	if !ok {
		return nil
	}
	for _, a := range allowed {
		if reflect.DeepEqual(a, value) {
			return nil
		}
		x, isx := number(a)
		if y, isy := number(value); isx && isy && x == y {
			return nil
		}
	}
	return fmt.Errorf("property %q must be one of %v, given %v", name, allowed, value)
}

func checkNumber(name string, schema map[string]any, n float64) error {
	if least, ok := number(schema["minimum"]); ok && n < least {
		return fmt.Errorf("property %q must be greater than or equal to %v, given %v", name, least, n)
	}
	if most, ok := number(schema["maximum"]); ok && n > most {
		return fmt.Errorf("property %q must be less than or equal to %v, given %v", name, most, n)
	}
	return nil
}

func checkLength(name string, schema map[string]any, low, high string, n int) error {
	if least, ok := number(schema[low]); ok && float64(n) < least {
		return fmt.Errorf("property %q: %s is %v, given %d", name, low, least, n)
	}
	if most, ok := number(schema[high]); ok && float64(n) > most {
		return fmt.Errorf("property %q: %s is %v, given %d", name, high, most, n)
	}
	return nil
}

func checkItems(name string, schema map[string]any, list []any) error {
	item, _ := schema["items"].(map[string]any)
	for i, v := range list {
		if err := checkValue(fmt.Sprintf("%s[%d]", name, i), item, v); err != nil {
			return err
		}
	}
	return checkLength(name, schema, "minItems", "maxItems", len(list))
}

func checkObject(name string, schema, object map[string]any) error {
	properties, _ := schema["properties"].(map[string]any)
	for _, key := range sortedKeys(object) {
		inner, known := properties[key].(map[string]any)
		if allowed, set := schema["additionalProperties"].(bool); !known && set && !allowed {
			return fmt.Errorf("additional property %q is not allowed", name+"."+key)
		}
		if err := checkValue(name+"."+key, inner, object[key]); err != nil {
			return err
		}
	}
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := object[fmt.Sprint(key)]; !ok {
			return fmt.Errorf("required property %q is missing", name+"."+fmt.Sprint(key))
		}
	}
	return nil
}

func hasType(want string, value any) bool {
	n, isNumber := number(value)
	switch v := value.(type) {
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	case nil:
		return want == "null"
	default:
		_ = v
	}
	return isNumber && (want == "number" || (want == "integer" && n == math.Trunc(n)))
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
