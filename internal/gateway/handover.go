package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// handoverLimit bounds a hand-over; while it lasts the old gateway serves but
// takes no orders.
const handoverLimit = 10 * time.Second

// The hand-over, over one connection to the old gateway's control socket:
//
//	new: POST /handover {"instance": ...}
//	old: an offer, one line, with the listening sockets beside it
//	new: serves at them, then: ready
//	old: closes its copies, stores that it has been replaced, then: done
//	new: makes control.sock its own
//
// Whoever dies on the way leaves the other one serving and reachable.
const (
	sayReady = "ready\n"
	sayDone  = "done\n"
)

type handoverRequest struct {
	Instance string `json:"instance"`
}

// offer is what a gateway leaves to its successor, or why it leaves nothing.
type offer struct {
	record
	Sockets  []string `json:"sockets"` // the addresses of the passed sockets, in order
	Draining bool     `json:"draining,omitempty"`
	Replaced bool     `json:"replaced,omitempty"`
	Same     bool     `json:"same,omitempty"`
}

var (
	errReplaced = errors.New("another gateway has replaced this one")
	errAlready  = errors.New("the same program is running there already")
)

// refusal is the error for the successor, nil if the offer is one.
func (o offer) refusal() error {
	switch {
	case o.Same:
		return errAlready
	case o.Replaced:
		return errReplaced
	case o.Draining:
		return errDraining
	}
	return nil
}

// serveHandover is the old gateway's side.
func (g *gateway) serveHandover(w http.ResponseWriter, r *http.Request) {
	var ask handoverRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&ask); err != nil || ask.Instance == "" {
		reply(w, http.StatusBadRequest, refusal{Error: "cannot read the request"})
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		reply(w, http.StatusInternalServerError, refusal{Error: err.Error()})
		return
	}
	defer conn.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = conn.SetDeadline(time.Now().Add(handoverLimit)) // fails only on a closed connection, as the next call will
	if err := g.handOver(conn.(*net.UnixConn), buffered.Reader, ask.Instance); err != nil {
		g.log.Printf("cannot hand over to %s: %v", ask.Instance, err)
	}
}

func (g *gateway) handOver(conn *net.UnixConn, in *bufio.Reader, successor string) error {
	mine := offer{
		record:   g.record,
		Same:     successor == g.instance,
		Replaced: g.record.retired(successor),
		Draining: g.draining.Load(),
	}
	if mine.refusal() != nil {
		return pass(conn, mine, nil)
	}
	var sockets []*listener
	for name, l := range g.front.open {
		mine.Sockets = append(mine.Sockets, name)
		sockets = append(sockets, l)
	}
	if err := pass(conn, mine, sockets); err != nil {
		return err
	}
	if said, err := in.ReadString('\n'); err != nil || said != sayReady {
		return fmt.Errorf("it did not become ready: %v", err)
	}
	g.retire(successor)
	g.store()
	_, _ = io.WriteString(conn, sayDone) // it serves whether it hears this or not
	return nil
}

// takeOver is the new gateway's side: it reports whether it has been passed the
// sockets. If nobody answers there is nothing to take, which is no error.
func (g *gateway) takeOver(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, handoverLimit)
	defer cancel()
	conn, err := g.directory.dial(ctx, controlName)
	if errors.Is(err, ErrNotRunning) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(handoverLimit)) // as in serveHandover
	if err := askFor(conn, g.instance); err != nil {
		return false, err
	}
	given, sockets, err := receive(conn)
	if err != nil {
		return false, err
	}
	if err := given.refusal(); err != nil {
		return false, err
	}
	if err := g.succeed(given, sockets); err != nil {
		return false, err
	}
	return true, confirm(conn)
}

func askFor(conn net.Conn, instance string) error {
	body, err := json.Marshal(handoverRequest{Instance: instance})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(conn, "POST /handover HTTP/1.1\r\nHost: gateway\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return err
}

// succeed serves what the predecessor serves.
func (g *gateway) succeed(given offer, sockets map[string]*net.TCPListener) error {
	state, err := given.State.check()
	if err != nil {
		closeAll(sockets)
		return err
	}
	g.record = given.record
	g.apply(state)
	g.front.adopt(sockets)
	return nil
}

// confirm makes the predecessor stop accepting.
func confirm(conn net.Conn) error {
	if _, err := io.WriteString(conn, sayReady); err != nil {
		return err
	}
	said := make([]byte, len(sayDone))
	_, err := io.ReadFull(conn, said)
	return err
}
