package jupyter

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// header is the header of Jupyter's messages, as kernels since 2014 know it
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html).
type header struct {
	ID       string `json:"msg_id"`
	Type     string `json:"msg_type"`
	Session  string `json:"session"`
	Username string `json:"username"`
	Version  string `json:"version"`
	Date     string `json:"date"`
}

// message is a message of a kernel or to it.
type message struct {
	Header   header         `json:"header"`
	Parent   header         `json:"parent_header"`
	Metadata map[string]any `json:"metadata"`
	Content  map[string]any `json:"content"`
	Channel  string         `json:"channel"`
	Buffers  []any          `json:"buffers"`
}

func newMessage(session, kind string, content map[string]any) message {
	return message{
		Header: header{ID: newID(), Type: kind, Session: session, Username: "jupyter-docker", Version: "5.3",
			Date: time.Now().UTC().Format(time.RFC3339)},
		Metadata: map[string]any{}, Content: content, Channel: "shell", Buffers: []any{},
	}
}

func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

func (m message) text(key string) string {
	s, _ := m.Content[key].(string)
	return s
}

// answers tells whether the message is about a request.
func (m message) answers(request message) bool { return m.Parent.ID == request.Header.ID }

// decode reads a frame. A binary one has the message's buffers, widgets' mostly,
// behind the message: a count, that many offsets, and the message first.
func decode(kind int, frame []byte) (message, error) {
	if kind == websocket.BinaryMessage {
		if len(frame) < 8 {
			return message{}, errors.New("a message of the kernel is too short")
		}
		parts, first := binary.BigEndian.Uint32(frame), binary.BigEndian.Uint32(frame[4:])
		end := uint32(len(frame))
		if parts > 1 && len(frame) >= 12 {
			end = binary.BigEndian.Uint32(frame[8:])
		}
		if first > end || int(end) > len(frame) {
			return message{}, errors.New("a message of the kernel has no content")
		}
		frame = frame[first:end]
	}
	var m message
	if err := json.Unmarshal(frame, &m); err != nil {
		return message{}, fmt.Errorf("cannot read a message of the kernel: %v", err)
	}
	return m, nil
}
