// Package jupytertest is of use to tests that stand in for a Jupyter server.
package jupytertest

import (
	"net/http"

	"github.com/gorilla/websocket"
)

// Channels are the server's end of a kernel's WebSocket.
type Channels interface {
	ReadJSON(v any) error
	WriteJSON(v any) error
	Close() error
}

// Accept makes a request for a kernel's channels their WebSocket.
func Accept(w http.ResponseWriter, r *http.Request) (Channels, error) {
	var upgrader websocket.Upgrader
	return upgrader.Upgrade(w, r, nil)
}
