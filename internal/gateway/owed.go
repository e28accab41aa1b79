package gateway

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// oweEvery is how often what could not be written is tried again.
const oweEvery = 2 * time.Second

// owed is what a full directory had no room for. A gateway serves without it,
// for who is served does not depend on what is on the disk. The gateway's lock
// guards it.
type owed struct {
	state  bool
	socket bool // the control socket or the link to it
	tried  time.Time
}

// full reports whether an error is that of a directory without room.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// store saves who is in charge; to serve without having stored it is better than not to.
func (g *gateway) store() {
	err := g.directory.save(g.record)
	if g.owed.state = err != nil; g.owed.state {
		g.log.Printf("cannot store the state: %v", err)
	}
}

// reachable makes the control socket, and the link to it for the one in charge.
// Only for want of room it is put off.
func (g *gateway) reachable() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.reach()
	if g.owed.socket = full(err); g.owed.socket {
		g.log.Printf("%v: trying on", err)
		return nil
	}
	return err
}

func (g *gateway) reach() error {
	if g.orders == nil {
		if err := g.control(); err != nil {
			return fmt.Errorf("cannot make the control socket: %w", err)
		}
	}
	if g.draining.Load() {
		return nil
	}
	if err := g.directory.publish(g.socket); err != nil {
		return fmt.Errorf("cannot link the control socket: %w", err)
	}
	return nil
}

// settle writes what is owed, once there is room.
func (g *gateway) settle() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining.Load() {
		g.owed.state = false // the record is its successor's to write
	}
	if !g.owed.state && !g.owed.socket || time.Since(g.owed.tried) < oweEvery {
		return
	}
	g.owed.tried = time.Now()
	if g.owed.socket && g.reach() == nil {
		g.owed.socket = false
		g.log.Printf("there is room: the control socket is there")
	}
	if g.owed.state && g.directory.save(g.record) == nil {
		g.owed.state = false
		g.log.Printf("there is room: the state is stored")
	}
}
