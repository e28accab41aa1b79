package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// ErrNotRunning means that no gateway answers in the directory.
var ErrNotRunning = errors.New("no gateway is running")

// ErrNoSpace means that the gateway's directory has no room for what must be
// stored: no space, no inodes, or no quota.
var ErrNoSpace = errors.New("no space is left")

// clientLimit bounds a call whose context has no deadline.
const clientLimit = 15 * time.Second

// Client gives orders to the gateway of a directory. It holds nothing open.
type Client struct{ dir string }

// Dial is a client of the gateway that is in charge of dir, now or later; it
// does not connect yet.
func Dial(dir string) *Client { return &Client{dir: dir} }

// Status asks the gateway in charge how it stands. The error is ErrNotRunning
// if there is none.
func (c *Client) Status(ctx context.Context) (Status, error) {
	status, err := c.call(ctx, controlName, http.MethodGet, "/status", nil)
	if err != nil {
		return Status{}, fmt.Errorf("cannot ask the gateway: %w", err)
	}
	return status, nil
}

// Set returns when the State is in force: new addresses are bound, requests go
// to its upstream, and it has been stored. If it fails nothing has changed; the
// error is a *BindError if an address cannot be had, ErrNoSpace if the directory
// is full, and ErrNotRunning if there is no gateway. An address of the former State that could not be bound yet
// fails nothing: it is in Status.Unbound.
func (c *Client) Set(ctx context.Context, s State) (Status, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return Status{}, fmt.Errorf("cannot set the gateway: %v", err)
	}
	for began := time.Now(); ; {
		status, err := c.call(ctx, controlName, http.MethodPut, "/state", body)
		if err == nil {
			return status, nil
		}
		if !errors.Is(err, errDraining) || time.Since(began) > handoverLimit {
			return Status{}, fmt.Errorf("cannot set the gateway: %w", err)
		}
		select { // its successor is about to answer in its place
		case <-ctx.Done():
			return Status{}, fmt.Errorf("cannot set the gateway: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Replaced asks the gateways that have been replaced and still run what they
// have in flight. One without load may be removed.
func (c *Client) Replaced(ctx context.Context) ([]Status, error) {
	d, err := openDirectory(c.dir)
	if err != nil {
		return nil, fmt.Errorf("cannot ask the replaced gateways: %w", err)
	}
	defer d.file.Close()
	inCharge, err := os.Readlink(d.join(controlName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot ask the replaced gateways: %w", err)
	}
	var replaced []Status
	for _, name := range d.sockets() {
		if name == inCharge {
			continue
		}
		status, err := c.call(ctx, name, http.MethodGet, "/status", nil)
		if err != nil && !errors.Is(err, ErrNotRunning) {
			return nil, fmt.Errorf("cannot ask the replaced gateways: %w", err)
		}
		if err == nil && status.Draining {
			replaced = append(replaced, status)
		}
	}
	return replaced, nil
}

// call sends one request to a gateway's socket. Each has its own connection, as
// the next one may have to go to another gateway.
func (c *Client) call(ctx context.Context, socket, method, path string, body []byte) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, clientLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, bytes.NewReader(body))
	if err != nil {
		return Status{}, err
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: c.dialer(socket)}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return Status{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return Status{}, refused(answer)
	}
	var status Status
	if err := json.NewDecoder(answer.Body).Decode(&status); err != nil {
		return Status{}, fmt.Errorf("cannot read its answer: %v", err)
	}
	return status, nil
}

func (c *Client) dialer(socket string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		d, err := openDirectory(c.dir)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w in %s", ErrNotRunning, c.dir)
		}
		if err != nil {
			return nil, err
		}
		defer d.file.Close()
		conn, err := d.dial(ctx, socket)
		if err != nil {
			return nil, err
		}
		return conn, nil
	}
}

func refused(answer *http.Response) error {
	var r refusal
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil || r.Error == "" {
		return fmt.Errorf("it answered %s", answer.Status)
	}
	switch {
	case r.Address != "":
		return &BindError{Address: r.Address, Reason: r.Reason}
	case r.Draining:
		return errDraining
	case r.NoSpace:
		return fmt.Errorf("%w: %s", ErrNoSpace, r.Error)
	}
	return errors.New(r.Error)
}
