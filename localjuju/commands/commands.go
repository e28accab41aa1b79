// Package commands holds the command line: juju's own commands, one file a
// command or a family of them. They run inside the agent.
package commands

import (
	"fmt"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
	"github.com/jupyter-docker/jupyter-docker/localjuju/tools"
	"github.com/jupyter-docker/jupyter-docker/localjuju/wire"
)

// call is one command.
type call struct {
	*cmdline.Call
	store *state.Store
	host  tools.Host
	model string // of -m
}

var commands = map[string]func(*call) error{
	"add-model":          addModel,
	"add-relation":       integrate,
	"add-secret":         addSecret,
	"add-storage":        addStorage,
	"add-unit":           addUnit,
	"actions":            listActions,
	"attach-resource":    attachResource,
	"attach-storage":     attachStorage,
	"cancel-task":        cancelTask,
	"config":             config,
	"debug-log":          debugLog,
	"deploy":             deploy,
	"destroy-model":      destroyModel,
	"detach-storage":     detachStorage,
	"exec":               execute,
	"expose":             expose,
	"grant-secret":       grantSecret,
	"integrate":          integrate,
	"list-models":        models,
	"list-secrets":       secrets,
	"model-config":       modelConfig,
	"models":             models,
	"refresh":            refresh,
	"relate":             integrate,
	"remove-application": removeApplication,
	"remove-relation":    removeRelation,
	"remove-secret":      removeSecret,
	"remove-storage":     removeStorage,
	"remove-unit":        removeUnit,
	"resolve":            resolve,
	"resolved":           resolve,
	"revoke-secret":      revokeSecret,
	"run":                run,
	"secrets":            secrets,
	"show-application":   showApplication,
	"show-model":         showModel,
	"show-secret":        showSecret,
	"show-task":          showTask,
	"show-unit":          showUnit,
	"status":             status,
	"storage":            storage,
	"switch":             switchModel,
	"trust":              trust,
	"unexpose":           unexpose,
	"update-secret":      updateSecret,
	"version":            version,
}

// refused are commands of juju's that have no meaning here, with the reason.
var refused = map[string]string{
	"bootstrap": "there is no controller to make", "ssh": "use exec", "scp": "every machine is this host: use cp",
	"add-machine": "every unit gets a machine that is this host", "offer": "there is one controller and no cross-model relation",
	"consume": "there is one controller and no cross-model relation", "bind": "there are no spaces",
	"add-cloud": "there is no cloud", "add-credential": "there is no cloud", "login": "there are no users",
	"debug-hooks": "use exec", "debug-code": "use exec", "upgrade-model": "there is one version",
}

// Run runs one command and gives its exit code.
func Run(s *wire.Session, store *state.Store, host tools.Host) int {
	c := &call{Call: &cmdline.Call{Context: s, Cwd: s.Cwd, Env: s.Env, Stdin: s.Stdin,
		Stdout: s.Stdout(), Stderr: s.Stderr()}, store: store, host: host}
	if len(s.Args) == 0 || s.Args[0] == "help" || s.Args[0] == "--help" || s.Args[0] == "-h" {
		return overview(c)
	}
	c.Name, c.Args = s.Args[0], s.Args[1:]
	c.Start()
	command, ok := commands[c.Name]
	if reason := refused[c.Name]; reason != "" {
		return c.End(fmt.Errorf("localjuju does not reproduce %q: %s", c.Name, reason))
	}
	if !ok {
		return c.End(cmdline.Usage("juju: %q is not a juju command. See \"juju --help\".", c.Name))
	}
	return c.End(command(c))
}

func overview(c *call) int {
	fmt.Fprintln(c.Stdout, "A stand-in for Juju "+state.Version+", without a controller. Commands:")
	for _, name := range sortedNames(commands) {
		fmt.Fprintln(c.Stdout, "  "+name)
	}
	return 0
}

// modelFlag adds -m and --model.
func (c *call) modelFlag() {
	c.Flags.StringVar(&c.model, "m", c.Env["JUJU_MODEL"], "Model to operate in. Accepts [<controller name>:]<model name>|<model UUID>")
	c.Flags.StringVar(&c.model, "model", c.Env["JUJU_MODEL"], "")
}

// ignore adds flags that change nothing here.
func (c *call) ignore(names ...string) {
	for _, name := range names {
		c.Flags.Bool(name, false, "")
	}
}

// read shows the model to f.
func (c *call) read(f func(m *state.Model) error) (err error) {
	c.store.Read(func(w *state.World) {
		var m *state.Model
		if m, err = w.Model(c.model); err == nil {
			err = f(m)
		}
	})
	return err
}

// change lets f change the model.
func (c *call) change(f func(w *state.World, m *state.Model) error) error {
	return c.store.Change(func(w *state.World) error {
		m, err := w.Model(c.model)
		if err != nil {
			return err
		}
		return f(w, m)
	})
}

// await waits until f says that it is so, the caller goes, or the time is over.
func (c *call) await(timeout time.Duration, f func(w *state.World) bool) error {
	var alarm <-chan time.Time
	if timeout > 0 {
		alarm = time.After(timeout)
	}
	for {
		changed, so := c.store.Changed(), false
		c.store.Read(func(w *state.World) { so = f(w) })
		if so {
			return nil
		}
		select {
		case <-changed:
		case <-alarm:
			return errTimeout
		case <-c.Done():
			return cmdline.ErrSilent
		}
	}
}

var errTimeout = fmt.Errorf("timed out")

// list is a flag that can be given several times.
type list []string

func (l *list) Set(s string) error { *l = append(*l, s); return nil }
func (l *list) String() string     { return strings.Join(*l, " ") }

// lines writes rows as a table with two spaces between columns.
func table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
