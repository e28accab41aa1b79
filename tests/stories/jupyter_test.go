//go:build integration || clusters

package stories

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// notebook is the notebook of a unit as its user sees it: an address and a token.
type notebook struct {
	t     *testing.T
	url   string // ends with a slash
	token string
}

// open asks the unit for its address and token.
func (m *model) open(unit string) *notebook {
	m.t.Helper()
	return &notebook{t: m.t, url: m.run(unit, "get-url").result("url"), token: m.run(unit, "get-token").result("token")}
}

var plainClient = &http.Client{
	Timeout:       30 * time.Second,
	Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 20},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// try sends one request with the given token, "" for none.
func (n *notebook) try(method, path, token string, body any) (int, []byte, error) {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		payload = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, n.url+path, payload)
	if err != nil {
		return 0, nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "token "+token)
	}
	resp, err := plainClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, b, err
}

// call sends a request with the token that must be answered with one of the codes.
func (n *notebook) call(method, path string, body, out any, codes ...int) {
	n.t.Helper()
	code, answer, err := n.try(method, path, n.token, body)
	if err != nil {
		n.t.Fatalf("%s %s: %v", method, path, err)
	}
	for _, want := range codes {
		if code == want {
			if out != nil {
				decode(n.t, string(answer), out)
			}
			return
		}
	}
	n.t.Fatalf("%s %s: %d, want %v: %s", method, path, code, codes, answer)
}

// serves checks that the notebook opens with its token alone.
func (n *notebook) serves() {
	n.t.Helper()
	for _, c := range []struct {
		token string
		want  int
	}{{"", 403}, {"wrong", 403}, {n.token, 200}} {
		code, _, err := n.try("GET", "api/contents", c.token, nil)
		if err != nil || code != c.want {
			n.t.Fatalf("contents with token %.4q: %d (%v), want %d", c.token, code, err, c.want)
		}
	}
}

// write saves a text file in the root directory; read reads it back.
func (n *notebook) write(path, text string) {
	n.t.Helper()
	n.call("PUT", "api/contents/"+path, map[string]string{"type": "file", "format": "text", "content": text}, nil, 200, 201)
}

func (n *notebook) read(path string) string {
	n.t.Helper()
	var file struct {
		Content string `json:"content"`
	}
	n.call("GET", "api/contents/"+path, nil, &file, 200)
	return file.Content
}

// kernel is a kernel with its WebSocket.
type kernel struct {
	n       *notebook
	id      string
	session string
	conn    *websocket.Conn
	inbox   *inbox
}

// startKernel starts a kernel over REST and connects to it.
func (n *notebook) startKernel() *kernel {
	n.t.Helper()
	var started struct {
		ID string `json:"id"`
	}
	n.call("POST", "api/kernels", map[string]string{}, &started, 201)
	k := &kernel{n: n, id: started.ID, session: fmt.Sprintf("%032x", rand.Uint64())}
	if err := k.connect(); err != nil {
		n.t.Fatalf("cannot connect to the kernel: %v", err)
	}
	n.t.Cleanup(func() { k.conn.Close() })
	return k
}

func (k *kernel) connect() error {
	url := strings.Replace(k.n.url, "http://", "ws://", 1) + "api/kernels/" + k.id + "/channels?session_id=" + k.session
	dialer := websocket.Dialer{HandshakeTimeout: 30 * time.Second}
	conn, _, err := dialer.Dial(url, http.Header{"Authorization": {"token " + k.n.token}})
	if err != nil {
		return err
	}
	k.conn, k.inbox = conn, listen(conn)
	return nil
}

// send asks the kernel to run code, without waiting.
func (k *kernel) send(code string) string {
	k.n.t.Helper()
	id := fmt.Sprintf("%032x", rand.Uint64())
	message := map[string]any{
		"channel": "shell", "buffers": []any{}, "metadata": map[string]any{}, "parent_header": map[string]any{},
		"header":  map[string]any{"msg_id": id, "username": "story", "session": k.session, "msg_type": "execute_request", "version": "5.3", "date": time.Now().UTC().Format(time.RFC3339)},
		"content": map[string]any{"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{}, "allow_stdin": false},
	}
	if err := k.conn.WriteJSON(message); err != nil {
		k.n.t.Fatalf("cannot send to the kernel: %v", err)
	}
	return id
}

// message is what of a kernel's message stories look at.
type message struct {
	Type   string `json:"msg_type"`
	Parent struct {
		ID string `json:"msg_id"`
	} `json:"parent_header"`
	Content struct {
		Text   string            `json:"text"`
		Status string            `json:"status"`
		Value  string            `json:"evalue"`
		State  string            `json:"execution_state"`
		Data   map[string]string `json:"data"`
	} `json:"content"`
}

// wait gathers what the request printed until its reply.
func (k *kernel) wait(id string, limit time.Duration) (string, error) {
	var out strings.Builder
	deadline := time.Now().Add(limit)
	replied, idle := false, false
	for !replied || !idle {
		raw, err := k.inbox.next(deadline)
		if err != nil {
			return out.String(), err
		}
		var m message
		if json.Unmarshal(raw, &m) != nil || m.Parent.ID != id {
			continue
		}
		switch m.Type {
		case "stream":
			out.WriteString(m.Content.Text)
		case "execute_result":
			out.WriteString(m.Content.Data["text/plain"])
		case "status":
			idle = idle || m.Content.State == "idle"
		case "execute_reply":
			replied = true
			if m.Content.Status != "ok" {
				return out.String(), fmt.Errorf("the cell failed: %s", m.Content.Value)
			}
		}
	}
	return out.String(), nil
}

// inbox is what a WebSocket has brought. It is read all the time: Jupyter hangs up
// on a client that answers no pings, and gorilla answers them while it reads.
type inbox struct {
	mu       sync.Mutex
	messages [][]byte
	err      error         // why there are no more
	came     chan struct{} // holds one while there is something new
}

// listen reads until the connection ends.
func listen(conn *websocket.Conn) *inbox {
	in := &inbox{came: make(chan struct{}, 1)}
	go func() {
		for in.err == nil {
			_, raw, err := conn.ReadMessage()
			in.mu.Lock()
			if in.err = err; err == nil {
				in.messages = append(in.messages, raw)
			}
			in.mu.Unlock()
			select {
			case in.came <- struct{}{}:
			default:
			}
		}
	}()
	return in
}

// next takes the next message, or the error after the last one.
func (in *inbox) next(deadline time.Time) ([]byte, error) {
	for {
		in.mu.Lock()
		if len(in.messages) > 0 {
			raw := in.messages[0]
			in.messages = in.messages[1:]
			in.mu.Unlock()
			return raw, nil
		}
		err := in.err
		in.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-in.came:
		case <-time.After(time.Until(deadline)):
			return nil, os.ErrDeadlineExceeded
		}
	}
}

// run runs a cell and returns what it printed.
func (k *kernel) run(code string) string {
	k.n.t.Helper()
	out, err := k.wait(k.send(code), 3*time.Minute)
	if err != nil {
		k.n.t.Fatalf("cannot run %q: %v (printed %q)", code, err, out)
	}
	return out
}

// polled is what a client found that asked again and again.
type polled struct {
	requests int
	failures []string
}

// poll asks path once, then every interval until stop is closed, and at least
// five times: what a story does meanwhile may be over in a moment.
func (n *notebook) poll(path string, interval time.Duration, stop <-chan struct{}) <-chan polled {
	out := make(chan polled, 1)
	var p polled
	ask := func() {
		code, _, err := n.try("GET", path, n.token, nil)
		p.requests++
		if err != nil || code != 200 {
			p.failures = append(p.failures, fmt.Sprint(code, err))
		}
	}
	ask()
	go func() {
		for {
			select {
			case <-stop:
				if p.requests >= 5 {
					out <- p
					return
				}
			case <-time.After(interval):
			}
			ask()
		}
	}()
	return out
}

// eventually waits for a condition of the outside world.
func eventually(t *testing.T, what string, limit time.Duration, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if met() {
			return
		}
	}
	t.Fatalf("not within %s: %s", limit, what)
}

// showsSpark checks that one of Spark's own pages opens with the token alone.
func (n *notebook) showsSpark(path string) {
	n.t.Helper()
	eventually(n.t, path+" shows Spark's jobs", time.Minute, func() bool {
		code, page, err := n.try("GET", path, n.token, nil)
		return err == nil && code == http.StatusOK && strings.Contains(string(page), "Spark Jobs")
	})
	for _, token := range []string{"", "wrong"} {
		code, page, err := n.try("GET", path, token, nil)
		if err != nil || code != http.StatusFound || strings.Contains(string(page), "Spark") {
			n.t.Errorf("%s with token %q: %d (%v), want to be sent to the login: %s", path, token, code, err, page)
		}
	}
}
