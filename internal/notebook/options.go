// Package notebook turns what a hook has read into what should run. It is pure
// and knows no container engine.
package notebook

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
)

// When a switch that an operator asked for is made.
const (
	WhenNow    = "now"
	WhenIdle   = "idle"
	WhenManual = "manual"
)

// Network modes of a notebook's container.
const (
	NetworkBridge = "bridge"
	NetworkHost   = "host"
)

// Options are the charm's options, validated and in their own types.
type Options struct {
	Image        string // normalised reference, with tag or digest
	Port         int
	BaseURL      string // begins and ends with a slash
	Command      []string
	Environment  map[string]string
	Memory       int64 // bytes, 0 for no limit
	CPU          float64
	ShmSize      int64 // bytes, 0 for the engine's default
	NetworkMode  string
	SwitchWhen   string
	StartTimeout int // seconds
	PullTimeout  int // seconds
	CullMinutes  int
	IdleMinutes  int
	Pids         int64 // processes and threads, 0 for no limit
	AllowSudo    bool
	LogLevel     string
	Spark        SparkOptions
}

// BadOption is an option whose value cannot be used. The reason holds no value
// that could be a secret.
type BadOption struct {
	Name   string
	Value  string
	Reason string
}

// secret are the options in which people put passwords, though the descriptions warn of it.
var secret = []string{"command", "environment", "spark-conf", "spark-remote"}

// Secret reports whether the value of an option must not be logged.
func Secret(option string) bool { return slices.Contains(secret, option) }

// parser collects what is wrong with a set of options.
type parser struct {
	raw map[string]any
	bad []BadOption
}

// ParseOptions reads the values that config-get gave. It returns every option
// that cannot be used, sorted by name; then the options must not be applied.
func ParseOptions(raw map[string]any) (Options, []BadOption) {
	p := &parser{raw: raw}
	o := Options{
		Image:        p.image("jupyter-image"),
		Port:         p.number("port", 1, 65535),
		BaseURL:      p.baseURL("base-url"),
		Command:      p.command("command"),
		Environment:  p.environment("environment"),
		Memory:       p.size("memory-limit", 6<<20),
		CPU:          p.cpu("cpu-limit"),
		ShmSize:      p.size("shm-size", 1),
		NetworkMode:  p.oneOf("network-mode", NetworkBridge, NetworkHost),
		SwitchWhen:   p.oneOf("switch-when", WhenNow, WhenIdle, WhenManual),
		StartTimeout: p.number("start-timeout", 10, 3600),
		PullTimeout:  p.number("pull-timeout", 60, 86400),
		CullMinutes:  p.number("idle-cull-minutes", 0, 525600),
		IdleMinutes:  p.number("idle-minutes", 0, 525600),
		Pids:         p.pids("pids-limit"),
		AllowSudo:    p.raw["allow-sudo"] == true,
		LogLevel:     p.logLevel("log-level"),
		Spark:        p.spark(),
	}
	sort.Slice(p.bad, func(i, j int) bool { return p.bad[i].Name < p.bad[j].Name })
	return o, p.bad
}

func (p *parser) reject(name, format string, args ...any) {
	p.bad = append(p.bad, BadOption{Name: name, Value: fmt.Sprint(p.raw[name]), Reason: fmt.Sprintf(format, args...)})
}

func (p *parser) text(name string) string {
	s, _ := p.raw[name].(string)
	return strings.TrimSpace(s)
}

func (p *parser) number(name string, low, high int) int {
	f, ok := p.raw[name].(float64)
	if !ok || f != math.Trunc(f) || f < float64(low) || f > float64(high) {
		p.reject(name, "must be a whole number from %d to %d", low, high)
		return 0
	}
	return int(f)
}

func (p *parser) oneOf(name string, allowed ...string) string {
	got := p.text(name)
	for _, a := range allowed {
		if got == a {
			return a
		}
	}
	p.reject(name, "must be %s", strings.Join(allowed, ", "))
	return ""
}
