package notebook

import (
	"path"
	"strconv"
	"strings"
)

// Wanted is what the charm's settings give Jupyter; a flag on a command line
// that says otherwise wins over them.
type Wanted struct {
	IP      string
	Port    int
	BaseURL string
	Work    string // where the notebooks are mounted in the user's home; "" when not known
}

// trait names a setting by the last part of its flag, with the values that do
// no harm.
var traits = map[string]func(Wanted, string) bool{
	"token":           never,
	"password":        never,
	"hashed_password": never,
	"ip":              sameIP,
	"port":            func(w Wanted, v string) bool { return v == strconv.Itoa(w.Port) },
	"base_url":        func(w Wanted, v string) bool { return path.Clean("/"+v) == path.Clean(w.BaseURL) },
	"sock":            never,
	"certfile":        never,
	"keyfile":         never,
	"root_dir":        inData,
	"notebook_dir":    inData,
	"cookie_secret":   never,
}

// aliases are the short forms of Jupyter's flags.
var aliases = map[string]string{
	"ip": "ip", "port": "port", "certfile": "certfile", "keyfile": "keyfile",
	"notebook-dir": "notebook_dir", "sock": "sock",
}

func never(Wanted, string) bool { return false }

// inData tells whether what is saved below a directory is kept.
func inData(w Wanted, v string) bool {
	v = path.Clean(v) + "/"
	return strings.HasPrefix(v, DataDir+"/") || w.Work != "" && strings.HasPrefix(v, w.Work+"/")
}

func sameIP(w Wanted, v string) bool {
	if w.IP == "0.0.0.0" {
		return v == "0.0.0.0" || v == "*" || v == "" || v == "::"
	}
	return v == w.IP || v == "localhost"
}

// FixedFlags names the flags in a command line that would win over the charm's
// settings. Words of a shell's script are looked at too.
func FixedFlags(w Wanted, args []string) []string {
	var words, out []string
	for _, a := range args {
		words = append(words, strings.Fields(a)...)
	}
	for i, word := range words {
		flag, value, inline := strings.Cut(strings.Trim(word, `"'`), "=")
		if !inline && i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
			value = words[i+1]
		}
		if name := flagTrait(flag); name != "" && !traits[name](w, strings.Trim(value, `"'`)) {
			out = append(out, flag)
		}
	}
	return out
}

// flagTrait is the setting that a flag is about, "" when none of ours.
func flagTrait(flag string) string {
	name, ok := strings.CutPrefix(flag, "--")
	if !ok {
		return ""
	}
	class, trait, dotted := strings.Cut(name, ".")
	if !dotted {
		return aliases[name]
	}
	if !strings.HasSuffix(class, "App") && !strings.HasSuffix(class, "IdentityProvider") {
		return ""
	}
	if traits[trait] == nil {
		return ""
	}
	return trait
}
