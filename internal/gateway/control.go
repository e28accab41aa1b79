package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// errDraining is why a gateway that has been replaced takes no orders.
var errDraining = errors.New("another gateway is taking over")

// refusal is the control socket's answer to what it will not do.
type refusal struct {
	Error    string `json:"error"`
	Address  string `json:"address,omitempty"`  // that cannot be had
	Reason   string `json:"reason,omitempty"`   // why it cannot
	Draining bool   `json:"draining,omitempty"` // ask again: a successor is coming
	NoSpace  bool   `json:"noSpace,omitempty"`  // the directory is full
}

// control answers the charm, and other gateways, at this gateway's own socket.
func (g *gateway) control() error {
	l, err := g.directory.listen(g.socket)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, g.status()) })
	mux.HandleFunc("PUT /state", g.serveSet)
	mux.HandleFunc("POST /handover", g.serveHandover)
	g.orders = &http.Server{Handler: mux, ReadTimeout: handoverLimit, ErrorLog: g.log}
	go func() { _ = g.orders.Serve(l) }() // ends when it is closed
	return nil
}

// serveSet refuses fields that it does not know, for it could not put them in force.
func (g *gateway) serveSet(w http.ResponseWriter, r *http.Request) {
	var next State
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	body.DisallowUnknownFields()
	if err := body.Decode(&next); err != nil {
		reply(w, http.StatusBadRequest, refusal{Error: "cannot read the state: " + err.Error()})
		return
	}
	err := g.set(next)
	var taken *BindError
	switch {
	case err == nil:
		reply(w, http.StatusOK, g.status())
	case errors.As(err, &taken):
		reply(w, http.StatusConflict, refusal{Error: err.Error(), Address: taken.Address, Reason: taken.Reason})
	case errors.Is(err, errDraining):
		reply(w, http.StatusServiceUnavailable, refusal{Error: err.Error(), Draining: true})
	default:
		reply(w, http.StatusBadRequest, refusal{Error: err.Error(), NoSpace: full(err)})
	}
}

func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // whoever asked has gone
}

// sweep removes the sockets of gateways that are no more.
func (g *gateway) sweep(ctx context.Context) {
	for _, name := range g.directory.sockets() {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		conn, err := g.directory.dial(ctx, name)
		cancel()
		if err == nil {
			conn.Close()
		} else if errors.Is(err, ErrNotRunning) {
			g.directory.withdraw(name)
		}
	}
}
