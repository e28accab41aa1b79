// Package state is what localjuju knows: models, applications, units, relations,
// secrets, storage and tasks, and the rules by which commands change them. It
// starts no process; it is saved as one JSON file.
package state

import (
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/charmfile"
)

// Version is the Juju whose behaviour is reproduced.
const Version = "4.0.15"

// Lives of applications, units and relations.
const (
	Alive = "alive"
	Dying = "dying"
	Dead  = "dead"
)

// World is everything.
type World struct {
	Current string
	Models  map[string]*Model
}

// Model is one model.
type Model struct {
	Name      string
	UUID      string
	Created   time.Time
	Config    map[string]string
	Apps      map[string]*Application
	Machines  map[string]*Machine
	Relations map[int]*Relation
	Secrets   map[string]*Secret
	Storage   map[string]*Storage
	Tasks     map[string]*Task
	Next      Sequences
	Gone      []string // folders of destroyed storage, not yet removed
}

// Sequences are the next numbers to be given away.
type Sequences struct {
	Machine, Relation, Storage, Task int
	Charm                            map[string]int
}

// Machine is a number in the model; each is this host.
type Machine struct {
	ID      string
	Created time.Time
}

// Status is one status with its time.
type Status struct {
	Current string
	Message string
	Since   time.Time
}

// Application is a deployed charm.
type Application struct {
	Name      string
	Life      string
	Charm     *charmfile.Charm
	CharmFile string // the packed charm, in the state folder
	CharmRev  int
	// CharmEpoch counts refreshes and attached resources.
	CharmEpoch int
	Config     map[string]any // what the operator set
	// ConfigEpoch counts changes; a change of several options counts twice, as
	// Juju then runs config-changed twice.
	ConfigEpoch int
	// ConfigDouble is the epoch that is reached by two runs of config-changed.
	ConfigDouble int
	Trusted      bool
	Exposed      bool
	Leader       string
	NextUnit     int
	Units        map[string]*Unit
	Status       *Status // what the leader set for the application
	Version      string
	Directives   map[string]int // storage instances wanted by each unit
	Resources    map[string]string
	Destroy      bool // its storage goes with it
}

// Unit is one unit and how far its agent came.
type Unit struct {
	Name    string
	Machine string
	// Dir is its name among agents and tools: unit-APP-N, with the model's name
	// where another model has such a unit.
	Dir             string
	Life            string
	DyingSince      time.Time
	Installed       bool
	Started         bool
	Stopped         bool
	LeaderSeen      bool
	CharmEpoch      int
	ConfigEpoch     int
	BootID          string
	Hook            *Hook // queued, running or failed
	Retries         int
	RetryAt         time.Time
	Resolve         string // what `juju resolve` asked for: retry or skip
	Workload        Status
	Agent           Status
	CharmSetStatus  bool
	WorkloadVersion string
	Ports           []PortRange
	State           map[string]string
	Storage         map[string]bool // storage whose attached hook ran
	Relations       map[int]*RelationSeen
	UpdateStatusAt  time.Time // when it ran last, or the unit started
	Removed         bool      // the remove hook is over
	DestroyStorage  bool
	Force           bool // it goes without waiting for failed hooks
}

// Hook steps.
const (
	Queued  = "queued"
	Running = "running"
	Failed  = "failed"
)

// Hook is one hook, with what its environment needs to know.
type Hook struct {
	Name          string // as in hooks/NAME
	Kind          string // the name without relation or storage
	Step          string
	PID           int    `json:",omitempty"`
	ContextID     string `json:",omitempty"`
	RelationID    int    `json:",omitempty"`
	Endpoint      string `json:",omitempty"`
	RemoteApp     string `json:",omitempty"`
	RemoteUnit    string `json:",omitempty"`
	DepartingUnit string `json:",omitempty"`
	StorageID     string `json:",omitempty"`
	SecretID      string `json:",omitempty"`
	SecretLabel   string `json:",omitempty"`
	Revision      int    `json:",omitempty"` // of the secret
	// Seen is the version of what the hook was run for: a databag, a charm, a
	// configuration; committing the hook records it.
	Seen int `json:",omitempty"`
}

// RelationSeen is what a unit knows of a relation.
type RelationSeen struct {
	Created bool
	Broken  bool
	App     int            // version of the remote application's databag
	Members map[string]int // joined units, with the version of their databags
}

// PortRange is an opened range of one endpoint; an empty endpoint is all.
type PortRange struct {
	Endpoint string
	Protocol string
	From, To int
}

// Relation ties two endpoints, or is the one endpoint of a peer relation.
type Relation struct {
	ID        int
	Life      string
	Endpoints []Endpoint
	AppData   map[string]*Bag
	UnitData  map[string]*Bag
	InScope   map[string]bool
	Created   time.Time
}

// Endpoint is one end of a relation. Role is provider, requirer or peer.
type Endpoint struct {
	App, Name, Role, Interface string
	Limit                      int
}

// Bag is a databag; its version counts changes.
type Bag struct {
	Values  map[string]string
	Version int
}

// Storage is one filesystem instance: a directory of the state folder.
type Storage struct {
	ID       string
	Name     string
	Owner    string // the unit; empty when detached
	Machine  string
	Location string
	Life     string
	Created  time.Time
}

// Task is an action or an exec.
type Task struct {
	ID         string
	Unit       string
	Machine    string // of an exec on a machine, without a unit
	Action     string
	Command    string // of an exec
	Parallel   bool   // it runs beside hooks and actions of other units
	Group      string // it waits for those of its execution group instead
	Params     map[string]any
	Status     string
	Message    string
	Results    map[string]any
	Log        []TaskLog
	Enqueued   time.Time
	Started    time.Time
	Completed  time.Time
	ReturnCode int
}

// Unfinished reports whether there is an outcome to wait for.
func (t *Task) Unfinished() bool {
	return t.Status == "pending" || t.Status == "running" || t.Status == "aborting"
}

// Cancel takes a waiting task back; one that runs is to be ended by its unit. What is
// over stays as it is.
func (t *Task) Cancel(now time.Time) {
	switch t.Status {
	case "pending":
		t.Status, t.Message, t.Completed = "cancelled", "action cancelled via the API", now
	case "running":
		t.Status = "aborting"
	}
}

// TaskLog is one line of action-log.
type TaskLog struct {
	Time    time.Time
	Message string
}
