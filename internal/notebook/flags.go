package notebook

import (
	"path"
	"strings"
)

// Wanted is what the charm's settings give Jupyter; a flag on a command line
// that says otherwise wins over them.
type Wanted struct {
	BaseURL string
	Work    string // where the notebooks are mounted in the user's home; "" when not known
}

// traits names a setting by the last part of its flag, with the values that do
// no harm.
var traits = map[string]func(Wanted, string) bool{
	"token":            never,
	"password":         never,
	"hashed_password":  never,
	"port":             func(_ Wanted, v string) bool { return v == "8888" }, // servers end over another beside a socket
	"sock":             func(_ Wanted, v string) bool { return v == "" || v == socketPath },
	"sock_mode":        func(_ Wanted, v string) bool { return v == "0660" },
	"base_url":         func(w Wanted, v string) bool { return path.Clean("/"+v) == path.Clean(w.BaseURL) },
	"certfile":         never,
	"keyfile":          never,
	"root_dir":         inData,
	"notebook_dir":     inData,
	"cookie_secret":    never,
	"config_file":      never, // read instead of ours
	"config_file_name": never,
}

// aliases are the short forms of Jupyter's flags.
var aliases = map[string]string{
	"port": "port", "certfile": "certfile", "keyfile": "keyfile", "notebook-dir": "notebook_dir",
	"sock": "sock", "sock-mode": "sock_mode", "config": "config_file",
}

func never(Wanted, string) bool { return false }

// inData reports whether what is saved below a directory is kept.
func inData(w Wanted, v string) bool {
	v = path.Clean(v) + "/"
	return strings.HasPrefix(v, DataDir+"/") || w.Work != "" && strings.HasPrefix(v, w.Work+"/")
}

// FixedFlags names the flags of the Jupyter server in a command line that would
// win over the charm's settings. Those of other programs in it do not count.
func FixedFlags(w Wanted, args []string) (out []string) {
	for _, words := range commands(args) {
		if first := jupyterArgs(words); first >= 0 {
			out = append(out, fixed(w, words[first:])...)
		}
	}
	return out
}

// fixed names the flags among the arguments of a Jupyter server.
func fixed(w Wanted, words []string) (out []string) {
	for i, word := range words {
		flag, value, inline := strings.Cut(word, "=")
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
	if !strings.HasSuffix(class, "App") && !strings.HasSuffix(class, "IdentityProvider") || traits[trait] == nil {
		return ""
	}
	return trait
}
