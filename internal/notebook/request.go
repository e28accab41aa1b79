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

// Jupyter listens at SocketName in RunDir alone. Who can connect there is decided
// by the host's directory behind it.
const (
	RunDir     = "/jupyter-docker/run"
	SocketName = "jupyter.sock"

	socketPath = RunDir + "/" + SocketName
)

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
	Slot    Slot
	Dir     string // the slot's directory, with config/ and secret/ in it
	Run     string // name of the directory of its socket, made for this container alone
	RunDir  string // path of that directory
	Drivers int    // the first of its driver's ports, 0 when nobody calls it
	Link    string // path by which the notebooks are mounted, "" for that of their folder
}

// Mount is a bind mount.
type Mount struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	ReadOnly bool   `json:"readOnly,omitempty"`
}

// Request is the whole of what a container is created with, and holds no secret.
// It is kept as JSON beside the container, which can be made anew from it alone.
type Request struct {
	Serve        Serve             `json:"serve"`
	Image        string            `json:"image"` // id
	Slot         Slot              `json:"slot"`
	Run          string            `json:"run"`
	Drivers      int               `json:"drivers,omitempty"`
	StartTimeout int               `json:"startTimeout"` // seconds within which it must answer
	Entrypoint   []string          `json:"entrypoint"`   // nil for the image's own
	Cmd          []string          `json:"cmd"`
	Env          []string          `json:"env"`
	Mounts       []Mount           `json:"mounts"`
	Tmpfs        map[string]string `json:"tmpfs"`
	Ports        []int             `json:"ports,omitempty"` // of the driver, published under the same number
	Hosts        []string          `json:"hosts,omitempty"` // name:address, beyond what its name servers know
	Limits       Limits            `json:"limits"`
	Sudo         bool              `json:"sudo,omitempty"` // programs in it may gain privileges
}

// Compose says how a container of the image is created in the place. found is
// the Spark in the image.
func Compose(spec Spec, img Image, found spark.Installation, p Place) Request {
	s := spec.Serve
	r := Request{
		Serve: s, Image: img.ID, Slot: p.Slot, Run: p.Run, Drivers: p.Drivers, StartTimeout: spec.StartTimeout,
		Env: environ(spec, img), Ports: sparkPorts(spec, p), Hosts: sparkHosts(spec),
		Limits: spec.Limits, Sudo: s.Sudo,
		Mounts: []Mount{
			{Source: p.Dir + "/config", Target: ConfigDir, ReadOnly: true},
			{Source: p.Dir + "/secret", Target: SecretDir, ReadOnly: true},
			{Source: p.RunDir, Target: RunDir},
			{Source: or(p.Link, s.Data), Target: DataDir},
			{Source: or(p.Link, s.Data), Target: Work(s, img)},
		},
		Tmpfs: map[string]string{RuntimeDir: "mode=1777,size=64m"},
	}
	r.Mounts = append(r.Mounts, sparkMounts(found, p)...)
	r.Entrypoint, r.Cmd = CommandLine(s, img)
	return r
}

// Again is the request for the same container with another directory for its
// socket: each container has one of its own.
func (r Request) Again(run, runDir string) Request {
	r.Run = run
	r.Mounts = slices.Clone(r.Mounts)
	for i, m := range r.Mounts {
		if m.Target == RunDir {
			r.Mounts[i].Source = runDir
		}
	}
	return r
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

// environ is the container's environment beyond the image's: the proxy of the
// model and where JupyterLab keeps its settings, the option environment over them,
// and what the charm needs over all.
func environ(spec Spec, img Image) []string {
	s := spec.Serve
	env := sparkEnviron(spec.Spark, img)
	for name, value := range map[string]string{"HTTP_PROXY": s.Proxy.HTTP, "HTTPS_PROXY": s.Proxy.HTTPS} {
		if value != "" {
			env[name], env[strings.ToLower(name)] = value, value
			env["NO_PROXY"], env["no_proxy"] = s.Proxy.No, s.Proxy.No
		}
	}
	env["JUPYTERLAB_SETTINGS_DIR"] = DataDir + "/.jupyter/lab/user-settings"
	env["JUPYTERLAB_WORKSPACES_DIR"] = DataDir + "/.jupyter/lab/workspaces"
	maps.Copy(env, s.Environment)
	theirs := s.Environment["JUPYTER_CONFIG_PATH"]
	if theirs == "" {
		theirs = lookup(img.Env, "JUPYTER_CONFIG_PATH")
	}
	env["JUPYTER_CONFIG_PATH"] = strings.TrimSuffix(ConfigDir+":"+theirs, ":")
	env["JUPYTER_NO_CONFIG"] = "" // any other value, and Jupyter passes over ours as well
	env["JUPYTER_RUNTIME_DIR"] = RuntimeDir + "/jupyter"
	out := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}
