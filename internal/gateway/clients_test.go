package gateway

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"time"

	"gopkg.in/check.v1"
)

// clients ask an address all the time and count what they lose: some with a
// connection for each request, some keeping theirs until told to close it.
type clients struct {
	address string
	stop    chan struct{}
	wait    sync.WaitGroup
	mu      sync.Mutex
	fresh   int
	kept    int
	lost    []string
}

func startClients(address string, fresh, kept int) *clients {
	cs := &clients{address: address, stop: make(chan struct{})}
	for i := range fresh + kept {
		cs.wait.Add(1)
		go func() {
			defer cs.wait.Done()
			cs.ask(i >= fresh)
		}()
	}
	return cs
}

func (cs *clients) ask(keep bool) {
	var conn net.Conn
	var in *bufio.Reader
	for !cs.stopped() {
		var err error
		var last bool
		if conn == nil {
			if conn, err = net.DialTimeout("tcp", cs.address, 5*time.Second); err == nil {
				in = bufio.NewReader(conn)
			}
		}
		if err == nil {
			_, last, err = get(conn, in, "/api")
		}
		cs.count(keep, err)
		if conn != nil && (err != nil || last || !keep) {
			conn.Close()
			conn = nil
		}
		pause := 2 * time.Millisecond
		if keep {
			pause = 20 * time.Millisecond
		}
		time.Sleep(pause)
	}
}

func (cs *clients) stopped() bool {
	select {
	case <-cs.stop:
		return true
	default:
		return false
	}
}

func (cs *clients) count(keep bool, err error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if err != nil {
		cs.lost = append(cs.lost, fmt.Sprintf("kept=%v: %v", keep, err))
	}
	if keep {
		cs.kept++
	} else {
		cs.fresh++
	}
}

// end stops the clients; none may have lost a request.
func (cs *clients) end(c *check.C) {
	close(cs.stop)
	cs.wait.Wait()
	c.Logf("%d fresh and %d kept requests", cs.fresh, cs.kept)
	c.Check(cs.lost, check.HasLen, 0, check.Commentf("first: %v", cs.lost[:min(3, len(cs.lost))]))
	c.Check(cs.fresh > 0 && cs.kept > 0, check.Equals, true)
}
