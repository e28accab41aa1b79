package charm

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/probe"
)

// checkDriver proves the way back from the cluster to the notebook, and fails
// with the one sentence that names the hop where it ends.
func (c *Charm) checkDriver(ctx context.Context) error {
	var asked struct {
		Timeout int `json:"timeout"`
	}
	if err := c.Tools.Parameters(&asked); err != nil {
		return err
	}
	until := time.Now().Add(time.Duration(asked.Timeout) * time.Second)
	ctx, stop := cancellable(ctx)
	defer stop()
	at, err := c.serving(ctx)
	if err != nil {
		return err
	}
	var found probe.Callback
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	found.Log, err = c.runProgram(ctx, at, until, program{
		name: "check-driver", found: &found,
		code: func(seconds int) string { return probe.CallbackAsked{Seconds: seconds}.Code() },
		more: func() {
			if c.lookHere(ctx, &found); found.Here.Unpublished(found.RPC) || found.Here.Unpublished(found.Block) {
				enough() // no executor can do better
			}
		},
	})
	if err != nil && found.Master == "" {
		return err
	}
	warn(err) // what was found until then is told
	if err := c.Tools.SetResults(found.Results()); err != nil {
		return err
	}
	if sentence, ok := found.Verdict(); !ok {
		return errors.New(sentence)
	}
	return nil
}

// lookHere connects to the driver's ports that are known by now from this
// machine, at the address that executors are told.
func (c *Charm) lookHere(ctx context.Context, d *probe.Callback) {
	host := strings.Trim(d.Host, "[]")
	for _, port := range []int{d.RPC, d.Block} {
		if port == 0 || d.Here.Ports[port] != "" {
			continue
		}
		if d.Here.Ports == nil {
			have, err := net.InterfaceAddrs()
			warn(err)
			d.Here = probe.Here{Own: has(have, host), Ports: map[int]string{}}
			for _, a := range have {
				address, _, _ := strings.Cut(a.String(), "/")
				d.Here.Addresses = append(d.Here.Addresses, address)
			}
		}
		dialer := net.Dialer{Timeout: 2 * time.Second}
		conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			_ = conn.Close() // it has answered
		}
		d.Here.Ports[port] = dialled(err)
	}
}

// dialled tells in a word how a port answered.
func dialled(err error) string {
	var name *net.DNSError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &name):
		return "unresolvable"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case os.IsTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	}
	return "unreachable"
}
