// Package jupytertest is of use to tests that stand in for a Jupyter server.
package jupytertest

import (
	"net/http"

	"github.com/gorilla/websocket"
)

// Execution is a piece of code that a kernel was sent, for a test to answer.
type Execution struct {
	Code   string
	Parent any // header of the message that Say answers

	conn *websocket.Conn
}

// Say sends a message of the kernel. Whoever asked may be gone.
func (e *Execution) Say(channel, kind string, content map[string]any) {
	_ = e.conn.WriteJSON(map[string]any{"channel": channel, "header": map[string]any{"msg_type": kind}, "parent_header": e.Parent, "content": content})
}

// Cut ends the kernel's connection.
func (e *Execution) Cut() { _ = e.conn.Close() }

// Channels are a kernel's WebSocket: it answers kernel_info_request by itself, and has
// code executed.
func Channels(execute func(*Execution)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var upgrader websocket.Upgrader
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			var m struct {
				Header struct {
					ID   string `json:"msg_id"`
					Type string `json:"msg_type"`
				} `json:"header"`
				Content struct {
					Code string `json:"code"`
				} `json:"content"`
			}
			if conn.ReadJSON(&m) != nil {
				return
			}
			e := &Execution{Code: m.Content.Code, Parent: map[string]any{"msg_id": m.Header.ID}, conn: conn}
			if m.Header.Type == "kernel_info_request" {
				e.Say("shell", "kernel_info_reply", map[string]any{"status": "ok"})
				e.Say("iopub", "status", map[string]any{"execution_state": "idle"})
				continue
			}
			execute(e)
		}
	}
}
