package notebook

import "strings"

// Image is what an image says of itself.
type Image struct {
	ID         string
	User       string
	Home       string // of its user: from its environment, else from its passwd file
	Env        []string
	Entrypoint []string
	Cmd        []string
}

// lookup finds a variable in a list of NAME=value.
func lookup(env []string, name string) string {
	for _, pair := range env {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value
		}
	}
	return ""
}

// Home finds the home directory of an image's user: in the environment, else
// in the text of its passwd file, else by the custom of each.
func Home(env []string, user, passwd string) string {
	if home := lookup(env, "HOME"); home != "" {
		return home
	}
	name, _, _ := strings.Cut(user, ":")
	if name == "" {
		name = "root"
	}
	for _, line := range strings.Split(passwd, "\n") {
		f := strings.Split(line, ":")
		if len(f) >= 6 && (f[0] == name || f[2] == name) && f[5] != "" {
			return f[5]
		}
	}
	if name == "root" || name == "0" {
		return "/root"
	}
	return "/"
}
