package state

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// ModelDefaults are the model's settings that localjuju heeds, with their defaults.
var ModelDefaults = map[string]string{
	"automatically-retry-hooks":   "true",
	"logging-config":              "<root>=INFO",
	"update-status-hook-interval": "5m",
	"http-proxy":                  "",
	"https-proxy":                 "",
	"ftp-proxy":                   "",
	"no-proxy":                    "127.0.0.1,localhost,::1",
	"juju-http-proxy":             "",
	"juju-https-proxy":            "",
	"juju-ftp-proxy":              "",
	"juju-no-proxy":               "127.0.0.1,localhost,::1",
	NetworkSetting:                "",
	RemovalSetting:                "",
}

// NetworkSetting is a setting of localjuju's own, which no Juju has: what
// network-get makes of the machine. With "bridges" it lists the addresses of
// bridges first, as Juju does where it takes the machine's own interface for one
// of the same kind or a later one; with "missing" no binding has an address, as
// where its space has none on the machine.
const NetworkSetting = "localjuju-network"

// RemovalSetting is localjuju's own too: how long after remove-unit the last unit of a
// machine is forgotten, such as 12s, whatever hook runs then. A real controller was
// seen to do so 12 to 16 seconds after the command: `stop` ran to its end without an
// agent, and `remove` never.
const RemovalSetting = "localjuju-removal-limit"

// Setting is the model's setting, or its default.
func (m *Model) Setting(key string) string {
	if v, ok := m.Config[key]; ok {
		return v
	}
	return ModelDefaults[key]
}

// SetConfig changes settings and brings others back to their defaults; all or none.
func (m *Model) SetConfig(values map[string]string, reset []string) error {
	for key, value := range values {
		if slices.Contains(reset, key) {
			return fmt.Errorf("key %q cannot be both set and reset in the same command", key)
		}
		if err := checkSetting(key, value); err != nil {
			return err
		}
	}
	for _, key := range reset {
		if _, ok := ModelDefaults[key]; !ok {
			return fmt.Errorf("localjuju does not reproduce the model setting %q", key)
		}
	}
	for key, value := range values {
		m.Config[key] = value
	}
	for _, key := range reset {
		delete(m.Config, key)
	}
	return nil
}

func checkSetting(key, value string) error {
	if _, ok := ModelDefaults[key]; !ok {
		return fmt.Errorf("localjuju does not reproduce the model setting %q", key)
	}
	switch key {
	case "automatically-retry-hooks":
		if _, err := strconv.ParseBool(value); err != nil {
			return fmt.Errorf("%s: expected bool, got %q", key, value)
		}
	case NetworkSetting:
		if !slices.Contains([]string{"", "bridges", "missing"}, value) {
			return fmt.Errorf("%s: expected bridges, missing or nothing, got %q", key, value)
		}
	case RemovalSetting:
		if d, err := time.ParseDuration(value); value != "" && (err != nil || d <= 0) {
			return fmt.Errorf("%s: expected a time such as 12s, or nothing, got %q", key, value)
		}
	case "update-status-hook-interval":
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("invalid update status hook interval in model configuration: %v", err)
		}
		if d < time.Minute || d > time.Hour {
			return fmt.Errorf("update status hook frequency %v must be between 1m and 1h", d)
		}
	case "logging-config":
		if _, err := ParseLevels(value); err != nil {
			return err
		}
	}
	return nil
}

// UpdateStatusInterval is the time between two update-status hooks.
func (m *Model) UpdateStatusInterval() time.Duration {
	d, err := time.ParseDuration(m.Setting("update-status-hook-interval"))
	if err != nil {
		return 5 * time.Minute
	}
	return d
}

// RetriesHooks tells whether failed hooks are run again without being asked.
func (m *Model) RetriesHooks() bool {
	b, _ := strconv.ParseBool(m.Setting("automatically-retry-hooks"))
	return b
}
