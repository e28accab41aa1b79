// Package notebook turns what a hook has read into what should run. It is pure
// and knows no container engine.
package notebook

import (
	"fmt"
	"math"
	"net/url"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/go-units"
	"github.com/google/shlex"
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

func (p *parser) logLevel(name string) string {
	p.raw = withUpper(p.raw, name)
	return p.oneOf(name, "TRACE", "DEBUG", "INFO", "WARNING", "ERROR")
}

func withUpper(raw map[string]any, name string) map[string]any {
	out := make(map[string]any, len(raw))
	for k, v := range raw {
		out[k] = v
	}
	if s, ok := out[name].(string); ok {
		out[name] = strings.ToUpper(s)
	}
	return out
}

func (p *parser) image(name string) string {
	value := p.text(name)
	if value == "" {
		p.reject(name, "must name an image")
		return ""
	}
	ref, err := reference.ParseNormalizedNamed(value)
	if err != nil {
		p.reject(name, "is not an image reference: %v", err)
		return ""
	}
	return reference.TagNameOnly(ref).String()
}

// segment is what may stand between two slashes of a base URL: Jupyter takes
// more, but proxies in front of it do not agree on more.
var segment = regexp.MustCompile(`^[A-Za-z0-9._~@%+-]+$`)

func (p *parser) baseURL(name string) string {
	value := p.text(name)
	if value == "" || value == "/" {
		return "/"
	}
	for _, part := range strings.Split(strings.Trim(value, "/"), "/") {
		if _, err := url.PathUnescape(part); err != nil || !segment.MatchString(part) || part == "." || part == ".." {
			p.reject(name, "must be a path such as /team/jupyter/")
			return ""
		}
	}
	return path.Clean("/"+value) + "/"
}

func (p *parser) command(name string) []string {
	words, err := shlex.Split(p.text(name))
	if err != nil {
		p.reject(name, "cannot be split into words: %v", err)
	}
	return words
}

func (p *parser) size(name string, least int64) int64 {
	value := p.text(name)
	if value == "" || value == "0" {
		return 0
	}
	n, err := units.RAMInBytes(value)
	if err != nil || n < least {
		p.reject(name, "must be a size such as 512m or 4g, at least %s", units.BytesSize(float64(least)))
		return 0
	}
	return n
}

func (p *parser) cpu(name string) float64 {
	value := p.text(name)
	if value == "" || value == "0" {
		return 0
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(n) || n < 0.01 || n > 4096 {
		p.reject(name, "must be a number of CPUs such as 2 or 1.5, at least 0.01")
		return 0
	}
	return math.Round(n*1e5) / 1e5 // what an engine keeps
}
