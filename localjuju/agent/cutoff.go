package agent

import (
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// watchCutOff forgets the unit when its time is over, though its hook runs: that goes
// on without an agent. Call done once it has ended.
func (w *worker) watchCutOff(c *liveContext) (done func()) {
	over, left := make(chan struct{}), make(chan []string, 1)
	go func() {
		defer close(left)
		if w.awaitCutOff(over) {
			w.close(c)
			folders, _ := w.forget()
			w.log("juju.worker.uniter", "ERROR", "unit %s was removed while a hook of it ran", w.unit)
			left <- folders
		}
	}()
	return func() {
		close(over)
		for folders := range left {
			w.removeFolders(folders)
		}
	}
}

// awaitCutOff reports whether the unit's time is over before the hook is.
func (w *worker) awaitCutOff(over <-chan struct{}) bool {
	for {
		changed := w.agent.Store.Changed()
		var end time.Time
		w.agent.Store.Read(func(world *state.World) {
			if s, ok := w.scene(world); ok {
				end = s.Model.CutOff(s.Unit)
			}
		})
		var alarm <-chan time.Time
		if !end.IsZero() {
			alarm = time.After(time.Until(end))
		}
		select {
		case <-over:
			return false
		case <-changed:
		case <-alarm:
			return true
		}
	}
}
