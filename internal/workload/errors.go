package workload

import (
	"fmt"
	"strings"
)

// FlagError is flags of an image's command line that win over the charm's settings.
type FlagError struct {
	Flags []string
}

func (e *FlagError) Error() string {
	return "the image's command line sets " + strings.Join(e.Flags, ", ") + ", which is the charm's to set: give another by the option command"
}

// CandidateError is a notebook that did not come up. Verified says that it did
// before.
type CandidateError struct {
	Reason   string
	Verified bool
}

func (e *CandidateError) Error() string {
	if e.Verified {
		return "the notebook does not come up again: " + e.Reason
	}
	return "the new notebook was refused: " + e.Reason
}

// PortError is an address that cannot be listened on. Holder is the unit that has
// it, where it is one of ours.
type PortError struct {
	Address, Port, Holder, Reason string
}

func (e *PortError) Error() string {
	if e.Holder != "" {
		return fmt.Sprintf("port %s is held by unit %s on this machine: set the option port", e.Port, e.Holder)
	}
	return fmt.Sprintf("cannot listen on %s: %s", e.Address, e.Reason)
}

// BusyError is a switch that was not made since somebody works.
type BusyError struct {
	Work string // whose
}

func (e *BusyError) Error() string { return "waits for " + e.Work }

// LeftError is entries of the notebooks' folder that could not be shared.
type LeftError struct {
	Path   string // the first of them, from that folder
	Others int
	Reason string
}

func (e *LeftError) Error() string {
	more := ""
	if e.Others > 0 {
		more = fmt.Sprintf(" and %d more", e.Others)
	}
	return fmt.Sprintf("cannot share %s%s between users: %s", e.Path, more, e.Reason)
}
