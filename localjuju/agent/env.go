package agent

import (
	"fmt"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// run says what a hook's environment is made from.
type run struct {
	Model      *state.Model
	Unit       *state.Unit
	Hook       *state.Hook // nil for an action, exec or command
	Task       *state.Task // nil for a hook
	ContextID  string
	CharmDir   string
	ToolsDir   string
	Socket     string
	Path       string // of the agent
	StorageDir string
}

// environ is the whole environment of a hook: nothing is inherited but PATH.
func (r run) environ() []string {
	env := []string{
		"APT_LISTCHANGES_FRONTEND=none",
		"CHARM_DIR=" + r.CharmDir,
		"CLOUD_API_VERSION=",
		"DEBIAN_FRONTEND=noninteractive",
		"JUJU_AGENT_SOCKET_ADDRESS=" + r.Socket,
		"JUJU_AGENT_SOCKET_NETWORK=unix",
		"JUJU_API_ADDRESSES=127.0.0.1:17070",
		"JUJU_AVAILABILITY_ZONE=",
		"JUJU_CHARM_DIR=" + r.CharmDir,
		"JUJU_CHARM_FTP_PROXY=" + r.Model.Setting("juju-ftp-proxy"),
		"JUJU_CHARM_HTTPS_PROXY=" + r.Model.Setting("juju-https-proxy"),
		"JUJU_CHARM_HTTP_PROXY=" + r.Model.Setting("juju-http-proxy"),
		"JUJU_CHARM_NO_PROXY=" + r.Model.Setting("juju-no-proxy"),
		"JUJU_CHARM_TRACE_CONFIG_CA_CERT=",
		"JUJU_CHARM_TRACE_CONFIG_GRPC=",
		"JUJU_CHARM_TRACE_CONFIG_HTTP=",
		"JUJU_CONTEXT_ID=" + r.ContextID,
		"JUJU_MACHINE_ID=" + r.Unit.Machine,
		"JUJU_MODEL_NAME=" + r.Model.Name,
		"JUJU_MODEL_UUID=" + r.Model.UUID,
		"JUJU_PRINCIPAL_UNIT=",
		"JUJU_UNIT_NAME=" + r.Unit.Name,
		"JUJU_VERSION=" + state.Version,
		"LANG=C.UTF-8",
		"PATH=" + r.ToolsDir + ":" + r.Path,
		"TERM=tmux-256color",
	}
	env = append(env, r.proxies()...)
	if r.Task != nil {
		return append(env, r.actionEnv()...)
	}
	return append(env, r.hookEnv()...)
}

// proxies are the variables of the model's legacy proxy settings, where it has any.
func (r run) proxies() []string {
	var env []string
	for _, name := range []string{"http-proxy", "https-proxy", "ftp-proxy"} {
		if value := r.Model.Setting(name); value != "" {
			env = append(env, both(name, value)...)
		}
	}
	if len(env) > 0 {
		env = append(env, both("no-proxy", r.Model.Setting("no-proxy"))...)
	}
	return env
}

func both(name, value string) []string {
	name = strings.ReplaceAll(name, "-", "_")
	return []string{name + "=" + value, strings.ToUpper(name) + "=" + value}
}

func (r run) actionEnv() []string {
	env := []string{
		"JUJU_ACTION_NAME=" + r.Task.Action,
		"JUJU_ACTION_TAG=action-" + r.Task.ID,
		"JUJU_ACTION_UUID=" + r.Task.ID,
		"JUJU_HOOK_NAME=",
	}
	if r.Task.Command == "" {
		env = append(env, "JUJU_DISPATCH_PATH=actions/"+r.Task.Action)
	}
	return env
}

func (r run) hookEnv() []string {
	h := r.Hook
	if h == nil {
		return []string{"JUJU_HOOK_NAME="}
	}
	env := []string{"JUJU_DISPATCH_PATH=hooks/" + h.Name, "JUJU_HOOK_NAME=" + h.Name}
	if h.Endpoint != "" {
		env = append(env, "JUJU_RELATION="+h.Endpoint, fmt.Sprintf("JUJU_RELATION_ID=%s:%d", h.Endpoint, h.RelationID),
			"JUJU_REMOTE_APP="+h.RemoteApp, "JUJU_REMOTE_UNIT="+h.RemoteUnit)
	}
	if h.DepartingUnit != "" {
		env = append(env, "JUJU_DEPARTING_UNIT="+h.DepartingUnit)
	}
	if h.StorageID != "" {
		env = append(env, "JUJU_STORAGE_ID="+h.StorageID, "JUJU_STORAGE_KIND=filesystem", "JUJU_STORAGE_LOCATION="+r.StorageDir)
	}
	if h.SecretID != "" {
		env = append(env, "JUJU_SECRET_ID=secret:"+h.SecretID, "JUJU_SECRET_LABEL="+h.SecretLabel)
	}
	if h.Revision > 0 {
		env = append(env, fmt.Sprintf("JUJU_SECRET_REVISION=%d", h.Revision))
	}
	return env
}
