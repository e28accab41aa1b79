package plan

import (
	"slices"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// FirstPort and LastPort bound the loopback ports of slots. They lie below
// Linux's ephemeral range (32768 to 60999).
const (
	FirstPort = 19000
	LastPort  = 19999
)

// offset is where a slot's ports begin in the unit's pair.
var offset = map[notebook.Slot]int{notebook.SlotA: 0, notebook.SlotB: 1}

// port is the slot's loopback port: the unit's own from a container that it
// has, else the first pair that nobody uses.
func port(o Observed, slot notebook.Slot) int {
	for s, c := range o.Slots {
		if c != nil && c.Port != 0 {
			return c.Port - offset[s] + offset[slot]
		}
	}
	return FreePort(o.Taken, slot)
}

// FreePort is the slot's port in the first pair that is not taken, 0 when all
// are.
func FreePort(taken map[int]bool, slot notebook.Slot) int {
	for base := FirstPort; base < LastPort; base += 2 {
		if !taken[base] && !taken[base+1] {
			return base + offset[slot]
		}
	}
	return 0
}

// DriverPort is the first of the ports at which executors reach the slot's
// driver: of the pair of blocks that a container of the unit has, else of the
// first pair from driver-ports on that no other unit has. It is 0 when nobody
// calls back, and NoDriverPort when all are taken.
func DriverPort(spec notebook.Spec, o Observed, slot notebook.Slot) int {
	want := spec.Serve.Spark.Ports
	if want == 0 {
		return 0
	}
	for s, c := range o.Slots {
		if c != nil && c.Driver != 0 && c.Serve.Spark.Ports == want {
			return c.Driver + (offset[slot]-offset[s])*spark.BlockLength
		}
	}
	return FreeDriverPort(want, o.Drivers, slot)
}

// NoDriverPort stands for a block that could not be had.
const NoDriverPort = -1

// FreeDriverPort is the slot's block in the first pair of blocks, counted from
// first, that nobody has.
func FreeDriverPort(first int, taken []Ports, slot notebook.Slot) int {
	for base := first; base+2*spark.BlockLength-1 <= 65535; base += 2 * spark.BlockLength {
		pair := Ports{base, base + 2*spark.BlockLength - 1}
		if !slices.ContainsFunc(taken, pair.overlaps) {
			return base + offset[slot]*spark.BlockLength
		}
	}
	return NoDriverPort
}

// DriverPair is the unit's whole pair of blocks, by the block of one slot.
func DriverPair(slot notebook.Slot, block int) Ports {
	base := block - offset[slot]*spark.BlockLength
	return Ports{base, base + 2*spark.BlockLength - 1}
}
