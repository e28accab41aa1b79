package notebook

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// CommandLine is what the container runs. The option command replaces the image's
// own, and of an entry point the Jupyter server in it: else nothing could mend its
// flags. What comes before that, such as a wrapper script, stays; where nothing does,
// [""] is none to an engine, to which nil is the image's own.
func CommandLine(s Serve, img Image) (entrypoint, cmd []string) {
	if len(s.Command) == 0 {
		return img.Entrypoint, img.Cmd
	}
	switch first := serverFrom(img.Entrypoint); first {
	case -1:
		return img.Entrypoint, s.Command
	case 0:
		return []string{""}, s.Command
	default:
		return img.Entrypoint[:first], s.Command
	}
}

// serverFrom returns where the command of a Jupyter server begins in a command line:
// at its own word, or at the shell in whose script it is; -1 for none.
func serverFrom(args []string) int {
	for i := range args {
		if serverAt(args, i) > 0 {
			return i
		}
		if i == 0 || !shellFlag.MatchString(args[i-1]) {
			continue
		}
		inScript := func(words []string) bool { return jupyterArgs(words) >= 0 }
		if slices.ContainsFunc(commands(args[i-1:i+1]), inScript) {
			return max(i-2, 0)
		}
	}
	return -1
}

// IsJupyter reports whether a process with this command line is a Jupyter server
// itself, and not what started it or what it started.
func IsJupyter(args []string) bool {
	return len(args) > 0 && serverAt(args, 0) > 0
}

// launchers are the start scripts of Docker Stacks that give their arguments to
// Jupyter. Source: https://jupyter-docker-stacks.readthedocs.io/en/latest/using/common.html.
var launchers = regexp.MustCompile(`^start-(notebook|singleuser)(\.py|\.sh)?$`)

// jupyterArgs returns where the arguments of the Jupyter server begin in a command,
// -1 where it starts none.
func jupyterArgs(words []string) int {
	for i, word := range words {
		if launchers.MatchString(path.Base(word)) {
			return i + 1
		}
		if next := serverAt(words, i); next > 0 {
			return next
		}
	}
	return -1
}

// servers are Jupyter's subcommands that serve, which are programs and Python
// modules as well.
var servers = []string{"lab", "notebook", "server", "nbclassic", "labhub", "retro", "tree"}

var pythonProgram = regexp.MustCompile(`^(python|pypy)[0-9.]*$`)

// serverAt returns where the arguments of a Jupyter server begin that the word at
// i starts, 0 where that starts none.
func serverAt(words []string, i int) int {
	base := path.Base(words[i])
	_, program, _ := strings.Cut("/"+base, "/jupyter-")
	following := func(j int) string {
		if j < len(words) {
			return words[j]
		}
		return ""
	}
	switch {
	case base == "jupyterhub-singleuser", slices.Contains(servers, program):
		return i + 1
	case base == "jupyter" && slices.Contains(servers, following(i+1)):
		return i + 2
	case !pythonProgram.MatchString(base):
		return 0
	}
	for j := i + 1; j < len(words); j++ {
		switch word := words[j]; {
		case word == "-m":
			return module(following(j+1), j+2)
		case word == "-W" || word == "-X":
			j++
		case !strings.HasPrefix(word, "-"):
			return serverAt(words, j)
		}
	}
	return 0
}

// module returns next where a Python module of that name is a Jupyter server, else 0.
func module(name string, next int) int {
	name, _, _ = strings.Cut(name, ".")
	if name == "jupyterlab" || name == "notebook" || name == "nbclassic" || name == "jupyter_server" {
		return next
	}
	return 0
}

var (
	shellFlag   = regexp.MustCompile(`^-[a-z]*c$`)
	redirection = regexp.MustCompile(`[0-9]*>&[0-9-]*|&>>?`)
	separator   = regexp.MustCompile(`&&|\|\||[;&|\n]`)
)

// commands are the commands of a command line, each as its words: those of a
// shell's script apart.
func commands(args []string) (out [][]string) {
	out = append(out, nil)
	for i, arg := range args {
		if i == 0 || !shellFlag.MatchString(args[i-1]) {
			out[len(out)-1] = append(out[len(out)-1], arg)
			continue
		}
		for _, command := range separator.Split(redirection.ReplaceAllString(arg, " "), -1) {
			var words []string
			for _, word := range strings.Fields(command) {
				words = append(words, strings.Trim(word, `"'(){}`))
			}
			out = append(out, words)
		}
		out = append(out, nil)
	}
	return out
}

// ClearedEnv reports whether a server with this environment does not read the
// charm's settings: an entry point cleared or replaced what names them, or told
// Jupyter to read none.
func ClearedEnv(environ []string) bool {
	first, _, _ := strings.Cut(lookup(environ, "JUPYTER_CONFIG_PATH"), ":")
	return path.Clean(first) != ConfigDir || lookup(environ, "JUPYTER_NO_CONFIG") != ""
}
