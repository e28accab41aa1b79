package notebook

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// Paths inside a notebook's container. They lie outside every HOME, since start
// scripts of images change owners there.
const (
	ConfigDir = "/jupyter-docker/config"
	SecretDir = "/jupyter-docker/secret"
	DataDir   = "/jupyter-docker/work"
	// RuntimeDir is a tmpfs. It lies in /dev, which is made anew at each start:
	// over a directory that is there already, runc gives a tmpfs the mode of that
	// one, so that elsewhere a restarted server could not write there (runc 1.1.5).
	RuntimeDir = "/dev/jupyter-docker"
)

// JupyterPort is where Jupyter listens on a network of its own.
const JupyterPort = 8888

// Image is what an image says of itself.
type Image struct {
	ID         string
	User       string
	Home       string // of its user: from its environment, else from its passwd file
	Env        []string
	Entrypoint []string
	Cmd        []string
}

// Slot is one of the two places of a unit's notebook.
type Slot string

// The two slots.
const (
	SlotA Slot = "a"
	SlotB Slot = "b"
)

// Other is the slot that s is not.
func (s Slot) Other() Slot {
	if s == SlotA {
		return SlotB
	}
	return SlotA
}

// Place is where a container of a slot goes on the host.
type Place struct {
	Slot       Slot
	Port       int    // on the host's loopback
	DriverPort int    // the first of its driver's ports, 0 when nobody calls it
	Dir        string // the slot's directory, with config and secret in it
}

// Mount is a bind mount.
type Mount struct {
	Source, Target string
	ReadOnly       bool
}

// Container is a container to be created.
type Container struct {
	Entrypoint []string
	Cmd        []string
	Env        []string
	Mounts     []Mount
	Tmpfs      map[string]string
	Ports      []int    // of the driver, published under the same number
	Hosts      []string // name:address, beyond what its name servers know
}

// Address is where Jupyter has to listen: on its own network everywhere, for
// the engine publishes it on the host's loopback; on the host's network there.
func Address(mode string, p Place) (ip string, port int) {
	if mode == NetworkHost {
		return "127.0.0.1", p.Port
	}
	return "0.0.0.0", JupyterPort
}

// Compose says how a container of the image is created in the place. found is
// the Spark in the image.
func Compose(spec Spec, img Image, found spark.Image, p Place) Container {
	s := spec.Serve
	c := Container{
		Env:   environ(spec, img),
		Ports: sparkPorts(spec, p),
		Hosts: sparkHosts(spec),
		Mounts: []Mount{
			{Source: p.Dir + "/config", Target: ConfigDir, ReadOnly: true},
			{Source: p.Dir + "/secret", Target: SecretDir, ReadOnly: true},
			{Source: s.Data, Target: DataDir},
			{Source: s.Data, Target: Work(s, img)},
		},
		Tmpfs: map[string]string{RuntimeDir: "mode=1777,size=64m"},
	}
	c.Mounts = append(c.Mounts, sparkMounts(found, p)...)
	c.Entrypoint, c.Cmd = CommandLine(s, img)
	return c
}

// Work is where the notebooks are in the home of the image's user, unless the
// server steps down to another: its settings find out.
func Work(s Serve, img Image) string {
	home := img.Home
	if own := s.Environment["HOME"]; own != "" {
		home = own
	}
	return path.Join(home, "work")
}

// CommandLine is what the container runs. The option command replaces the
// image's own, and an entry point as well that starts Jupyter itself: else
// nothing could mend its flags.
func CommandLine(s Serve, img Image) (entrypoint, cmd []string) {
	if len(s.Command) == 0 {
		return img.Entrypoint, img.Cmd
	}
	for _, word := range img.Entrypoint {
		if strings.HasPrefix(path.Base(word), "jupyter") || strings.Contains(word, "jupyter ") {
			return nil, s.Command
		}
	}
	return img.Entrypoint, s.Command
}

// environ is the container's environment beyond the image's: the proxy of the
// model, the option environment over it, and what the charm needs over both.
func environ(spec Spec, img Image) []string {
	s := spec.Serve
	env := sparkEnviron(spec.Spark, img)
	for name, value := range map[string]string{"HTTP_PROXY": s.Proxy.HTTP, "HTTPS_PROXY": s.Proxy.HTTPS} {
		if value != "" {
			env[name], env[strings.ToLower(name)] = value, value
			env["NO_PROXY"], env["no_proxy"] = s.Proxy.No, s.Proxy.No
		}
	}
	maps.Copy(env, s.Environment)
	theirs := s.Environment["JUPYTER_CONFIG_PATH"]
	if theirs == "" {
		theirs = lookup(img.Env, "JUPYTER_CONFIG_PATH")
	}
	env["JUPYTER_CONFIG_PATH"] = strings.TrimSuffix(ConfigDir+":"+theirs, ":")
	env["JUPYTER_NO_CONFIG"] = "" // any other value, and Jupyter passes over ours as well
	env["JUPYTER_RUNTIME_DIR"] = RuntimeDir + "/jupyter"
	env["JUPYTERLAB_SETTINGS_DIR"] = DataDir + "/.jupyter/lab/user-settings"
	env["JUPYTERLAB_WORKSPACES_DIR"] = DataDir + "/.jupyter/lab/workspaces"
	out := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
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
