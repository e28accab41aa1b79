// Package plan compares what should run with what does, and says what to do and
// why. It is pure: a plan can be printed before it is made.
package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// Observed is what there is, read once. All of it is the unit's own but for
// Taken.
type Observed struct {
	Network  string // id of the unit's bridge network, "" for none
	Slots    map[notebook.Slot]*Container
	Gateways []GatewayContainer
	Gateway  GatewayState
	Strays   []string // containers that looked into an image, and should be gone
	Image    Image
	Taken    map[int]bool // loopback ports in use by anyone
	Drivers  []Ports      // driver ports of other units
}

// Ports is a range of TCP ports, both ends in it.
type Ports struct {
	First, Last int
}

func (p Ports) overlaps(q Ports) bool { return p.First <= q.Last && q.First <= p.Last }

// Container is a notebook's container.
type Container struct {
	ID      string
	Serve   notebook.Serve // what it was created with
	Hash    string
	ImageID string
	Port    int    // on the host's loopback
	Driver  int    // the first of the driver's ports, 0 for none
	Network string // id of the network that it is on
	Running bool
	Started time.Time // when the engine started it last
	Kept    bool      // the engine starts it again: it has been healthy
	Limits  notebook.Limits
	OOM     bool
	Healthy bool
	Open    bool   // it serves without the token
	Version string // of the Jupyter server
	Kernels Kernels
}

// computes tells whether ending the container could end a computation. One that
// served and does not answer may be too busy to.
func (c *Container) computes() bool {
	return c != nil && c.Running && (c.Healthy || c.Kept && !c.Open) && !c.Kernels.idle()
}

// Kernels counts a slot's kernels. Known is false when they could not be
// counted; such a slot is treated as busy.
type Kernels struct {
	Known       bool
	Total, Busy int
	Names       []string // of the busy ones
}

func (k Kernels) idle() bool { return k.Known && k.Busy == 0 }

func (k Kernels) String() string {
	switch {
	case !k.Known:
		return "kernels that cannot be counted"
	case k.Busy == 1:
		return "busy kernel " + strings.Join(k.Names, ", ")
	case k.Busy > 3:
		return fmt.Sprintf("%d busy kernels: %s ...", k.Busy, strings.Join(k.Names[:min(3, len(k.Names))], ", "))
	default:
		return fmt.Sprintf("%d busy kernels: %s", k.Busy, strings.Join(k.Names, ", "))
	}
}

// GatewayContainer is a container of one of our gateways.
type GatewayContainer struct {
	ID      string
	Variant string // its program and privileges
	Running bool
	Created int64 // seconds since 1970
}

// GatewayState is what the gateway says of itself.
type GatewayState struct {
	Answers  bool
	Lost     bool // none is there, as far as the gateway's directory tells
	Variant  string
	Listen   []string
	Trusted  []string
	Upstream int            // loopback port of the serving slot, 0 for none
	ID       string         // of its container
	Open     map[string]int // connections of replaced gateways, by container
}

// Image is the wanted reference on this engine.
type Image struct {
	Pulled string // image that the charm pulled under this reference; ""
	Local  string // image that the reference names now; ""
	Kept   int    // images that the charm pulled under any reference
}

// ID is the image that a new container would be made from, "" when it has to
// be pulled first.
func (i Image) ID() string {
	if i.Pulled != "" {
		return i.Pulled
	}
	return i.Local
}
