package plan

import (
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// Ports is a range of TCP ports, both ends in it.
type Ports struct {
	First, Last int
}

// offset is where a slot's block begins in the unit's pair of blocks.
func offset(s notebook.Slot) int {
	if s == notebook.SlotB {
		return spark.BlockLength
	}
	return 0
}

// DriverBlock is the first of the ports at which executors reach the slot's
// driver, of the unit's pair that begins with first; 0 when nobody calls back.
func DriverBlock(first int, s notebook.Slot) int {
	if first == 0 {
		return 0
	}
	return first + offset(s)
}

// DriverPair is the unit's whole pair of blocks, by the block of one slot.
func DriverPair(s notebook.Slot, block int) Ports {
	first := block - offset(s)
	return Ports{First: first, Last: first + 2*spark.BlockLength - 1}
}
