package state

import (
	"fmt"
	"slices"
	"strings"
)

// Levels are log levels, the least first.
var Levels = []string{"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}

// ParseLevels reads a logging-config: "<root>=INFO;unit=DEBUG".
func ParseLevels(spec string) (map[string]string, error) {
	levels := map[string]string{}
	for _, word := range strings.FieldsFunc(spec, func(r rune) bool { return r == ';' || r == ' ' }) {
		module, level, ok := strings.Cut(word, "=")
		if !ok {
			module, level = "<root>", word
		}
		level = strings.ToUpper(level)
		if level == "WARN" {
			level = "WARNING"
		}
		if !slices.Contains(Levels, level) {
			return nil, fmt.Errorf("unknown severity level %q", level)
		}
		levels[module] = level
	}
	return levels, nil
}

// Logs tells whether a message of the module and level is kept.
func (m *Model) Logs(module, level string) bool {
	levels, err := ParseLevels(m.Setting("logging-config"))
	if err != nil {
		return true
	}
	for {
		if least, ok := levels[module]; ok {
			return slices.Index(Levels, level) >= slices.Index(Levels, least)
		}
		i := strings.LastIndex(module, ".")
		if i < 0 {
			break
		}
		module = module[:i]
	}
	least := levels["<root>"]
	if least == "" {
		least = "WARNING"
	}
	return slices.Index(Levels, level) >= slices.Index(Levels, least)
}
