package workload

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/parallel"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

// notesName and recordName are files in the unit's folder.
const notesName = "notes"

func recordName(s notebook.Slot) string { return "record-" + string(s) }

// Observe reads what there is: on the engine, in the gateway, in the unit's folder
// and in Jupyter. The error is the engine's; what else cannot be read is logged, and
// is not known.
func (w *Workload) Observe(ctx context.Context) (plan.Observed, error) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	var seen plan.Observed // the gateway is asked at the same time
	var o plan.Observed
	err := parallel.Run(
		func() (err error) { o, err = w.Engine.Observe(ctx); return err },
		func() error { w.observeGateway(ctx, &seen); return nil },
	)
	if err != nil {
		return o, err
	}
	o.Gateway, o.Now = seen.Gateway, w.Clock.Now()
	o.Records = map[notebook.Slot]plan.Record{}
	w.readFiles(&o)
	o.Loaded, err = host.Busy()
	warn(err)
	w.observeNotebooks(ctx, &o, seen.Gateway.Loads)
	return o, nil
}

// Remember writes down what only repeated looks can tell, and tidies up what a hook
// that was ended left in the unit's folder. Actions that only read do not.
func (w *Workload) Remember(o *plan.Observed) {
	w.forgetGone(o)
	w.linkStorage(o.Records)
	w.note(o)
}

// linkStorage lets the engine mount the storage that is there.
func (w *Workload) linkStorage(records map[notebook.Slot]plan.Record) {
	for _, r := range records {
		if data := r.Request.Serve.Data; w.isStorage(data) && !r.DataGone {
			warn(w.Files.LinkStorage(data))
		}
	}
}

// isStorage reports whether a folder of notebooks is Juju storage.
func (w *Workload) isStorage(data string) bool {
	return data != "" && !strings.HasPrefix(data, w.Files.Dir+"/")
}

// forgetGone removes the files of slots whose container is gone while the gateway
// names another one: a hook was ended in between.
func (w *Workload) forgetGone(o *plan.Observed) {
	serving := plan.FindServing(*o)
	for _, slot := range []notebook.Slot{notebook.SlotA, notebook.SlotB} {
		_, recorded := o.Records[slot]
		_, none := os.Lstat(w.Files.Slot(string(slot)))
		used := slices.ContainsFunc(o.Notebooks, func(c *plan.Container) bool { return c.Slot == slot })
		if used || !serving.Named || !recorded && none != nil {
			continue
		}
		delete(o.Records, slot)
		warn(w.Files.ForgetUsers(string(slot), serving.Serve.Data))
		warn(w.Files.RemoveSlot(string(slot)))
		warn(w.Files.RemoveRecord(recordName(slot)))
	}
}

// readFiles reads what the unit's folder says of the slots. What cannot be read is
// as if it were not there.
func (w *Workload) readFiles(o *plan.Observed) {
	_, err := w.Files.ReadRecord(notesName, &o.Notes)
	warn(err)
	for _, slot := range []notebook.Slot{notebook.SlotA, notebook.SlotB} {
		var r plan.Record
		found, err := w.Files.ReadRecord(recordName(slot), &r)
		warn(err)
		if found {
			r.DataGone = w.dataGone(r)
			o.Records[slot] = r
		}
	}
}

// observeGateway reads what the gateway in charge says, or has stored, and what
// the gateways before it still forward.
func (w *Workload) observeGateway(ctx context.Context, o *plan.Observed) {
	status, err := w.Gateway.Status(ctx)
	if err == nil {
		o.Gateway = plan.GatewayState{
			Answers: true, Open: status.Open, Unbound: status.Unbound, Variant: status.Program, Listen: status.Listen, Trusted: status.Trusted,
			Upstream: status.Upstream, Container: status.Container, ID: containerOf(status),
		}
	} else {
		o.Gateway.Lost = errors.Is(err, gateway.ErrNotRunning)
		stored, err := gateway.ReadState(w.Files.GatewayDir())
		warn(err)
		o.Gateway.Listen, o.Gateway.Trusted = stored.Listen, stored.Trusted
		o.Gateway.Upstream, o.Gateway.Container = stored.Upstream, stored.Container
	}
	o.Gateway.Draining, o.Gateway.Loads = map[string]int{}, map[string]int{}
	replaced, err := w.Gateway.Replaced(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // as before the first gateway
		warn(err)
		o.Gateway.Lost, o.Gateway.Draining = false, nil // one may drain that could not be asked
	}
	for _, r := range replaced {
		o.Gateway.Draining[containerOf(r)] += r.Connections
	}
	for _, s := range append(replaced, status) {
		for upstream, load := range s.Loads {
			o.Gateway.Loads[upstream] += load.Requests
		}
	}
}

// containerOf is the id of the container that a gateway runs in.
func containerOf(s gateway.Status) string {
	_, id, _ := strings.Cut(s.Instance, "@")
	return id
}

func (w *Workload) observeNotebooks(ctx context.Context, o *plan.Observed, loads map[string]int) {
	var asks []func() error
	for _, c := range o.Notebooks {
		c.Transfers = loads[c.Upstream()]
		c.Cut = c.Running && w.cut(c)
		w.observeData(c, o.Records)
		if c.Running && !c.Paused && !c.Cut && o.Notes.Aside[c.ID] == "" {
			asks = append(asks, func() error { w.observeServer(ctx, c, o.Notes.Seen); return nil })
		}
	}
	_ = parallel.Run(asks...) // none of them fails
}

// cut reports whether the container's socket cannot be reached, since its directory
// is not there.
func (w *Workload) cut(c *plan.Container) bool {
	if c.Run == "" {
		return false
	}
	_, err := os.Lstat(w.Files.RunDir(c.Run))
	return errors.Is(err, fs.ErrNotExist)
}

// observeData finds out whether the container sees the folder of the notebooks
// that is there now.
func (w *Workload) observeData(c *plan.Container, records map[notebook.Slot]plan.Record) {
	if c.Running && c.PID != 0 {
		same, err := host.SameDir(host.InProcess(c.PID, notebook.DataDir), c.Serve.Data)
		if err != nil {
			logger.Debugf("%v", err) // it ends just now
		}
		c.DataOther = err == nil && !same
	}
	if r := records[c.Slot]; r.Request.Run == c.Run && c.Run != "" {
		c.DataGone = r.DataGone
	}
	c.DataOther = c.DataOther && !c.DataGone
}

// dataGone reports whether the storage of a record's notebooks is not there.
func (w *Workload) dataGone(r plan.Record) bool {
	data := r.Request.Serve.Data
	if !w.isStorage(data) {
		return false
	}
	mounted, err := host.Mounted(data)
	if err != nil {
		warn(err)
		return false
	}
	_, err = os.Stat(data)
	return errors.Is(err, fs.ErrNotExist) || mounted != r.Mounted
}

// note writes down what only repeated looks can tell, where it has changed.
func (w *Workload) note(o *plan.Observed) {
	n := o.Notes
	n.Paused, n.Open, n.Answered, n.Seen = nil, nil, map[string]time.Time{}, map[string]time.Time{}
	for _, c := range o.Notebooks {
		if c.Paused {
			n.Paused = append(n.Paused, c.ID)
		}
		if at, known := o.Notes.Answered[c.ID]; known {
			n.Answered[c.ID] = at
		}
		if c.Healthy {
			n.Answered[c.ID] = c.Started
		}
		c.Open = c.Open || slices.Contains(o.Notes.Open, c.ID) || o.Gateway.Open && c.ID == o.Gateway.Container
		if c.Open {
			n.Open = append(n.Open, c.ID)
		}
		for _, i := range c.Work.Items {
			if i.Unknown {
				n.Seen[seenKey(c, i.Name)] = i.Last
			}
		}
	}
	n.Aside = maps.Clone(o.Notes.Aside)
	maps.DeleteFunc(n.Aside, func(id, _ string) bool { return o.Find(id) == nil })
	if !same(n, o.Notes) {
		paused := o.Notes.Paused
		warn(w.Files.WriteRecord(notesName, n))
		o.Notes = n
		o.Notes.Paused = paused // as the hook before saw it
	}
}

func same(a, b plan.Notes) bool {
	times := func(x, y map[string]time.Time) bool { return maps.EqualFunc(x, y, time.Time.Equal) }
	return slices.Equal(a.Paused, b.Paused) && slices.Equal(a.Open, b.Open) && times(a.Answered, b.Answered) && times(a.Seen, b.Seen) && maps.Equal(a.Aside, b.Aside)
}

func seenKey(c *plan.Container, terminal string) string { return c.ID + "/" + terminal }

func warn(err error) {
	if err != nil {
		logger.Warningf("%v", err)
	}
}

// Detached notes which storage is taken away, "" for none.
func (w *Workload) Detached(storage string) error {
	var n plan.Notes
	if _, err := w.Files.ReadRecord(notesName, &n); err != nil || n.Detached == storage {
		return err
	}
	n.Detached = storage
	return w.Files.WriteRecord(notesName, n)
}
