package notebook

import (
	"path"
	"regexp"
	"strings"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// ours are the variables that the charm sets itself, with the option to use
// instead where there is one.
var ours = map[string]string{
	"JUPYTER_TOKEN":       "the charm makes the token: see the action get-token",
	"JUPYTER_TOKEN_FILE":  "the charm makes the token: see the action get-token",
	"JUPYTER_RUNTIME_DIR": "the charm keeps it on a tmpfs",
	"JUPYTER_PORT":        "use the option port",
}

// environment reads lines of KEY=VALUE: blank lines and lines that begin with
// # are left out, the value is what follows the first equals sign, unchanged. A byte
// order mark, as some editors put before a file, is not part of the first name.
// Source: docker's reference of --env-file.
func (p *parser) environment(name string) map[string]string {
	raw, _ := p.raw[name].(string)
	raw = strings.TrimPrefix(raw, "\ufeff")
	out := map[string]string{}
	for i, line := range strings.Split(raw, "\n") {
		line = strings.TrimSuffix(line, "\r")
		trimmed := strings.TrimLeft(line, " \t")
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		key, value, found := strings.Cut(trimmed, "=")
		switch {
		case !found:
			p.reject(name, "line %d is not KEY=VALUE", i+1)
		case !envName.MatchString(key):
			p.reject(name, "line %d: the name before = is not that of a variable", i+1)
		case strings.ContainsRune(value, 0):
			p.reject(name, "line %d holds a zero byte", i+1)
		case key == "HOME" && !isHome(value):
			p.reject(name, "line %d: HOME must be an absolute path outside of /proc, /sys, /dev and /jupyter-docker", i+1)
		case ours[key] != "":
			p.reject(name, "line %d: %s cannot be set: %s", i+1, key, ours[key])
		default:
			out[key] = value
		}
	}
	return out
}

// isHome reports whether the notebooks can be mounted below a home.
func isHome(value string) bool {
	clean := path.Clean(value)
	for _, taken := range []string{"/proc", "/sys", "/dev", "/jupyter-docker"} {
		if clean == taken || strings.HasPrefix(clean, taken+"/") {
			return false
		}
	}
	return path.IsAbs(value)
}
