package notebook

import (
	"math"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/go-units"
	"github.com/google/shlex"
)

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

// segment matches what may stand between two slashes of a base URL. A plus or a
// dollar sign has a meaning in Jupyter's routes: under /c++/ it answers 404 or ends.
var segment = regexp.MustCompile(`^[A-Za-z0-9._~@%-]+$`)

func (p *parser) baseURL(name string) string {
	value := p.text(name)
	if value == "" || value == "/" {
		return "/"
	}
	for _, part := range strings.Split(strings.Trim(value, "/"), "/") {
		if _, err := url.PathUnescape(part); err != nil || !segment.MatchString(part) || part == "." || part == ".." {
			p.reject(name, "must be a path such as /team/jupyter/, of letters, digits and . _ ~ @ %% -")
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

// pids is a limit of processes. The least is what a server and a kernel need.
func (p *parser) pids(name string) int64 {
	if n, ok := p.raw[name].(float64); ok && n != 0 && n < 128 {
		p.reject(name, "must be 0 for no limit, or a whole number from 128 to %d", pidsMax)
		return 0
	}
	return int64(p.number(name, 0, pidsMax))
}

// pidsMax is the most processes that a 64-bit kernel has.
const pidsMax = 4194304
