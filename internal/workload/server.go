package workload

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/jupyter"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// Server is the container's Jupyter, with the token that it was given.
func (w *Workload) Server(c *plan.Container) (*jupyter.Server, error) {
	token, err := w.Files.Token(string(c.Slot))
	if err != nil {
		return nil, err
	}
	return jupyter.New(w.dialer(c), c.Serve.BaseURL, token), nil
}

// dialer connects to the container as its gateway does.
func (w *Workload) dialer(c *plan.Container) func(context.Context) (net.Conn, error) {
	if c.Run != "" {
		return func(ctx context.Context) (net.Conn, error) {
			return gateway.DialNotebook(ctx, w.Files.GatewayDir(), c.Run)
		}
	}
	return func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)))
	}
}

// A running notebook may fail to answer for as long as patience: one that computes
// on all CPUs is not taken off the website. Nor is one that was verified and that
// the engine started again, as after a reboot, less than bootLimit ago.
const (
	patience  = 10 * time.Second
	bootLimit = time.Minute
)

// observeServer asks a running notebook how it is. What cannot be asked is not
// healthy, and its work is not known.
func (w *Workload) observeServer(ctx context.Context, c *plan.Container, seen map[string]time.Time) {
	server, err := w.Server(c)
	if err != nil {
		c.Reason = err.Error()
		warn(err)
		return
	}
	limit := max(patience, bootLimit-w.Clock.Now().Sub(c.Started))
	var health jupyter.Health
	_, err = w.poll(ctx, 200*time.Millisecond, limit, func() (bool, error) {
		_ = parallel.Run( // neither fails
			func() error { health = server.Check(ctx); return nil },
			func() error { c.Work = w.work(ctx, server, c, seen); return nil },
		)
		return health.Healthy || health.Open || w.over(ctx, c), nil
	})
	if err != nil {
		logger.Debugf("%v", err)
	}
	c.Open, c.Healthy, c.Version, c.Reason = health.Open, health.Healthy, short(health.Version), health.Reason
	if !c.Healthy {
		c.Work = plan.Work{}
	}
}

// over reports whether to ask a notebook that does not answer again is of no use:
// the plan waits for one that was never verified, and one that is stopping ends.
func (w *Workload) over(ctx context.Context, c *plan.Container) bool {
	if !c.Kept {
		return true
	}
	state, err := w.Engine.State(ctx, c.ID)
	if err != nil {
		return true
	}
	c.Running, c.Restarts, c.Started = state.Running, state.Restarts, state.Started
	return !c.Running
}

// work asks for the kernels and terminals of a notebook.
func (w *Workload) work(ctx context.Context, server *jupyter.Server, c *plan.Container, seen map[string]time.Time) plan.Work {
	running, err := server.Running(ctx)
	if err != nil {
		logger.Debugf("%v", err) // whoever needs to know takes it for busy
		return plan.Work{}
	}
	now := w.Clock.Now()
	out := plan.Work{Known: true, Items: w.runItems(c, now)}
	for _, k := range running.Kernels {
		busy := k.State == "busy"
		out.Items = append(out.Items, plan.Item{
			Kind: plan.Kernel, Name: short(k.Name) + "/" + k.ID[:min(8, len(k.ID))], Last: k.Last,
			Busy: busy, Starting: !busy && k.State != "idle" && k.State != "dead",
		})
	}
	if len(running.Terminals) == 0 {
		return out
	}
	busy, err := busyTerminals(c.PID, running.Terminals)
	if err != nil {
		logger.Debugf("%v", err)
		return plan.Work{}
	}
	for i, t := range running.Terminals {
		item := plan.Item{Kind: plan.Terminal, Name: short(t.Name), Last: t.Last, Busy: busy[i]}
		if t.Last.IsZero() {
			item.Last, item.Unknown = now, true
			if first, known := seen[seenKey(c, t.Name)]; known {
				item.Last = first
			}
		}
		out.Items = append(out.Items, item)
	}
	return out
}

// short is what a notebook's user chose, as far as a status can hold it.
func short(name string) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name[:min(200, len(name))])
	if all := []rune(printable); len(all) > 40 {
		return string(all[:37]) + "..."
	}
	return printable
}

// busyTerminals reports for each terminal whether its shell has a child. The
// server does not say which shell is whose: they are started in the order of
// their names. Where the numbers differ, any busy shell makes all busy.
func busyTerminals(pid int, terminals []jupyter.Terminal) ([]bool, error) {
	all, err := host.Processes(pid)
	if err != nil {
		return nil, err
	}
	var shells []bool
	any := false
	for _, p := range all {
		if p.Terminal() {
			child := host.HasChild(all, p.PID)
			shells, any = append(shells, child), any || child
		}
	}
	out := make([]bool, len(terminals))
	for i := range out {
		out[i] = any
		if len(shells) == len(terminals) {
			out[i] = shells[i]
		}
	}
	return out, nil
}

// uid is the user that the container's Jupyter runs as, -1 where that cannot be
// found out.
func uid(pid int) int {
	p, err := jupyterProcess(pid)
	if err != nil || p == nil {
		return -1
	}
	return p.UID
}

// jupyterProcess is the process of a container's Jupyter, nil while there is none.
// A start script bears its name too: then it is the script's child.
func jupyterProcess(pid int) (*host.Process, error) {
	all, err := host.Processes(pid)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b host.Process) int { return cmp.Compare(a.PID, b.PID) })
	var found *host.Process
	for i, p := range all {
		if notebook.IsJupyter(p.Args) && (found == nil || p.Parent == found.PID) {
			found = &all[i]
		}
	}
	return found, nil
}
