// Package plan compares what should run with what does, and says what to do and
// why. It is pure: a plan can be printed before it is made.
//
// Upkeep plans from what is there alone: what served goes on serving. Change then
// plans towards what the operator wants.
package plan

import (
	"slices"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Observed is what there is, read once. All of it is the unit's own but for
// Drivers and EngineAddresses.
type Observed struct {
	Now             time.Time
	Loaded          bool   // more programs want to run than the machine has CPUs
	Network         string // id of the unit's bridge network, "" for none
	Notebooks       []*Container
	Gateways        []GatewayContainer
	Gateway         GatewayState
	Strays          []string // containers that looked into an image, and should be gone
	Drivers         []Ports  // driver ports of other units
	EngineAddresses []string // gateways of all the engine's networks
	Records         map[notebook.Slot]Record
	Notes           Notes
	Wanted          Reference
}

// Find returns the unit's container with an id, nil for none.
func (o Observed) Find(id string) *Container {
	for _, c := range o.Notebooks {
		if c.ID == id && id != "" {
			return c
		}
	}
	return nil
}

// Images are those that the unit's containers were made of.
func (o Observed) Images() (out []string) {
	for _, c := range o.Notebooks {
		out = append(out, c.ImageID)
	}
	return out
}

// Record is what the container of a slot was made of. It is written before the
// container is created, and kept until we remove it: from it the container is
// made anew when somebody else removed it.
type Record struct {
	Request  notebook.Request `json:"request"`
	ID       string           `json:"id,omitempty"`       // of the container, once it is created
	Verified bool             `json:"verified,omitempty"` // it answered, to the token alone
	Mounted  bool             `json:"mounted,omitempty"`  // something was mounted at the folder of its notebooks

	DataGone bool `json:"-"` // that folder is not there now
}

// Notes are what earlier hooks wrote down because the engine does not keep it.
type Notes struct {
	// Aside are containers that were replaced by one made anew from the same
	// image, with why. They are kept, stopped, until the action apply.
	Aside map[string]string `json:"aside,omitempty"`
	// Detached is the storage that Juju takes away: what sees it stays stopped.
	Detached string `json:"detached,omitempty"`
	// Paused are containers that a hook found paused.
	Paused []string `json:"paused,omitempty"`
	// Answered is, by container, the start since which it has answered.
	Answered map[string]time.Time `json:"answered,omitempty"`
	// Open are containers that served without the token, once.
	Open []string `json:"open,omitempty"`
	// Seen is, by container and terminal, when a hook first saw a terminal whose
	// server does not tell its last activity.
	Seen map[string]time.Time `json:"seen,omitempty"`
	// Refused are candidates that did not come up.
	Refused Refusals `json:"refused,omitempty"`
}

// Attempt is what of a candidate decides whether it comes up.
type Attempt struct {
	Hash         string          `json:"hash"`
	ImageID      string          `json:"image"`
	Limits       notebook.Limits `json:"limits"`
	StartTimeout int             `json:"startTimeout"` // seconds
}

// Attempt is that of a container which the request makes.
func (r Record) Attempt() Attempt {
	q := r.Request
	return Attempt{Hash: q.Serve.Hash(), ImageID: q.Image, Limits: q.Limits, StartTimeout: q.StartTimeout}
}

// AttemptOf is that of a container of the image that should run.
func AttemptOf(spec notebook.Spec, imageID string) Attempt {
	return Attempt{Hash: spec.Serve.Hash(), ImageID: imageID, Limits: spec.Limits, StartTimeout: spec.StartTimeout}
}

// Refusal is a candidate that did not come up: what it was, why it was refused,
// and when it may be tried again although nothing has changed.
type Refusal struct {
	Attempt
	Reason string    `json:"reason"`
	Times  int       `json:"times"`
	Until  time.Time `json:"until"`
}

// The first and the longest wait before a refused candidate is tried again.
const (
	firstRetry = 10 * time.Minute
	lastRetry  = 6 * time.Hour
)

// Refusals are the last candidates that did not come up, the latest last: what served
// and what should serve may both be among them.
type Refusals []Refusal

// mostRefusals bounds how many are kept.
const mostRefusals = 4

// Again returns the refusals after a candidate was refused for the reason: the same
// candidate waits twice as long each time.
func (r Refusals) Again(a Attempt, reason string, now time.Time) Refusals {
	next := Refusal{Attempt: a, Reason: reason, Times: 1}
	if before := r.Find(a); before != nil {
		next.Times = before.Times + 1
	}
	wait := lastRetry
	if shift := next.Times - 1; shift < 8 {
		wait = min(lastRetry, firstRetry<<shift)
	}
	next.Until = now.Add(wait)
	out := append(r.Without(a), next)
	return out[max(0, len(out)-mostRefusals):]
}

// Find returns the refusal of a candidate, nil for none.
func (r Refusals) Find(a Attempt) *Refusal {
	for i := range r {
		if r[i].Attempt == a {
			return &r[i]
		}
	}
	return nil
}

// Without returns the refusals but for that of a candidate.
func (r Refusals) Without(a Attempt) Refusals {
	return slices.DeleteFunc(slices.Clone(r), func(old Refusal) bool { return old.Attempt == a })
}

// Container is a container of one of the unit's notebooks.
type Container struct {
	ID, Name string
	Slot     notebook.Slot
	Serve    notebook.Serve // what it was created for
	Hash     string
	ImageID  string
	Run      string // name of its socket's directory; "" for one of a charm that published a port
	Port     int    // that port, on the host's loopback
	Drivers  int    // the first of its driver's ports, 0 for none
	Network  string // id of the network that it is on
	Running  bool
	Paused   bool
	OOM      bool
	Kept     bool      // the engine starts it again: it was verified
	Started  time.Time // when the engine started it last
	Created  time.Time
	Restarts int // how often the engine started it again since somebody started it
	PID      int // of its first process on this machine, 0 while it does not run
	Limits   notebook.Limits

	Healthy   bool   // it answers, refuses without the token and accepts with it
	Open      bool   // it serves without the token, or once did
	Reason    string // why it is not healthy
	Version   string // of the Jupyter server
	Work      Work
	Transfers int  // requests on their way through a gateway; WebSockets end with a switch
	DataGone  bool // its notebooks' storage is not there
	DataOther bool // it sees another folder than is there now
	Cut       bool // the directory of its socket was removed: nobody can reach it
}

// Upstream is the container's address as the gateway takes it.
func (c *Container) Upstream() string {
	return upstream(c.Run, c.Port)
}

// GatewayContainer is a container of one of our gateways.
type GatewayContainer struct {
	ID      string
	Variant string // its program and privileges
	Running bool
	Created int64 // seconds since 1970
}

// GatewayState is what the gateway says of itself, or has stored.
type GatewayState struct {
	Answers   bool
	Lost      bool              // none is there, as far as the gateway's directory tells
	Unbound   map[string]string // addresses that it was told and cannot listen on, with why
	Open      bool              // what it named served without the token: it forwards nothing there
	Variant   string
	Listen    []string
	Trusted   []string
	Upstream  string         // where it forwards to, "" for nowhere
	Container string         // id of the container there, "" where it was stored by a charm of before
	ID        string         // of its container
	Draining  map[string]int // connections of replaced gateways, by container; nil where they could not be asked
	Loads     map[string]int // requests on their way, by upstream
}

// Reference is the wanted image reference on this engine.
type Reference struct {
	Pulled string   // image that the charm pulled under this reference; ""
	Local  string   // image that the reference names now; ""
	Kept   int      // images that the charm pulled under any reference
	Same   []string // other images that run as that one does
}

// RunsAs reports whether a new container would run as one of the image does.
func (r Reference) RunsAs(image string) bool {
	return image == r.ID() || slices.Contains(r.Same, image)
}

// ID is the image that a new container would be made from, "" when it has to
// be pulled first.
func (r Reference) ID() string {
	if r.Pulled != "" {
		return r.Pulled
	}
	return r.Local
}
