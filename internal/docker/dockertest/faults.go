package dockertest

import (
	"net/http"
	"strings"
)

// fault is a call that fails.
type fault struct {
	call   string
	nth    int // counts down to the call that fails; it goes on failing when always
	always bool
	done   bool // the engine does it all the same, and only its answer is lost
	answer Answer
}

// Fail makes the nth call from now on of a kind, such as "POST /containers/create"
// or "DELETE /containers/{id}", fail with an answer; 0 is each.
func (d *Daemon) Fail(call string, nth int, with Answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, &fault{call: call, nth: max(nth, 1), always: nth == 0, answer: with})
}

// Lose makes the engine do the nth such call, and loses its answer.
func (d *Daemon) Lose(call string, nth int, with Answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, &fault{call: call, nth: nth, answer: with, done: true})
}

// Gone answers that the container of a call is not there, since somebody removed it
// just before. Of other calls it says that what they name is not there.
func (d *Daemon) Gone(r *http.Request) (*http.Response, error) {
	if strings.Contains(kindOf(r), "/containers/{id}") {
		d.Vanish(part(r, 1))
	}
	return Refuses(404, "gone")(r)
}

// Mend ends all faults.
func (d *Daemon) Mend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

func (d *Daemon) failing(kind string) *fault {
	for _, f := range d.faults {
		if f.call != kind {
			continue
		}
		if f.nth--; f.nth == 0 || f.always {
			return f
		}
	}
	return nil
}
