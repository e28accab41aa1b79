//go:build integration

package stories

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// chromium is one page of a headless browser with a profile of its own, driven
// by the DevTools protocol.
type chromium struct {
	t    *testing.T
	conn *websocket.Conn
	last int
}

// devtools is a command, an answer or an event of the DevTools protocol.
type devtools struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params any             `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// openChromium starts chromium beside the test and opens an empty page.
func openChromium(t *testing.T) *chromium {
	t.Helper()
	profile, err := os.MkdirTemp("", "story-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
		"--window-size=1200,800", "--user-data-dir="+profile, "--remote-debugging-port=0", "about:blank")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot start chromium: %v", err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // all of its processes
		_ = cmd.Wait()
		os.RemoveAll(profile)
	})
	b := &chromium{t: t, conn: dialPage(t, filepath.Join(profile, "DevToolsActivePort"))}
	t.Cleanup(func() { b.conn.Close() })
	b.do("Page.enable", nil, nil)
	return b
}

// dialPage connects to the first page, once chromium has written into the file
// where it listens.
func dialPage(t *testing.T, file string) (conn *websocket.Conn) {
	t.Helper()
	eventually(t, "chromium opens a page", time.Minute, func() bool {
		text, err := os.ReadFile(file)
		where, _, found := strings.Cut(string(text), "\n")
		if err != nil || !found {
			return false
		}
		resp, err := plainClient.Get("http://127.0.0.1:" + where + "/json/list")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		var pages []struct {
			Type string `json:"type"`
			URL  string `json:"webSocketDebuggerUrl"`
		}
		if json.NewDecoder(resp.Body).Decode(&pages) != nil {
			return false
		}
		for _, p := range pages {
			if p.Type == "page" {
				conn, _, err = websocket.DefaultDialer.Dial(p.URL, nil)
			}
		}
		return err == nil && conn != nil
	})
	return conn
}

// do sends a command and reads its result.
func (b *chromium) do(method string, params, result any) {
	b.t.Helper()
	b.last++
	if err := b.conn.WriteJSON(devtools{ID: b.last, Method: method, Params: params}); err != nil {
		b.t.Fatalf("cannot tell chromium to do %s: %v", method, err)
	}
	if err := b.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		b.t.Fatal(err)
	}
	for {
		var got devtools
		if err := b.conn.ReadJSON(&got); err != nil {
			b.t.Fatalf("chromium does not answer %s: %v", method, err)
		}
		if got.ID != b.last {
			continue
		}
		if got.Error != nil {
			b.t.Fatalf("chromium cannot do %s: %s", method, got.Error.Message)
		}
		if result != nil {
			decode(b.t, string(got.Result), result)
		}
		return
	}
}

// visit opens a URL.
func (b *chromium) visit(url string) {
	b.t.Helper()
	b.do("Page.navigate", map[string]string{"url": url}, nil)
}

// evaluate runs a JavaScript expression in the page; one that fails is "".
func (b *chromium) evaluate(expression string) string {
	b.t.Helper()
	var out struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
	}
	b.do("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &out)
	if out.Result.Value == nil {
		return ""
	}
	return fmt.Sprint(out.Result.Value)
}

// shows waits until an element that a CSS selector finds can be seen.
func (b *chromium) shows(selector string, limit time.Duration) {
	b.t.Helper()
	quoted, _ := json.Marshal(selector)
	visible := fmt.Sprintf("!!document.querySelector(%s)?.checkVisibility()", quoted)
	for deadline := time.Now().Add(limit); b.evaluate(visible) != "true"; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("the page %s does not show %s within %s; screenshot: %s; text: %.600s", b.evaluate("location.href"),
				selector, limit, b.screenshot("missing"), b.evaluate("document.body.innerText"))
		}
	}
}

// screenshot keeps a picture of the page, where SCREENSHOTS names a folder.
func (b *chromium) screenshot(name string) string {
	b.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return "none, as SCREENSHOTS names no folder"
	}
	picture := b.picture()
	file := filepath.Join(folder, b.t.Name()+"-"+name+".png")
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		b.t.Fatalf("cannot keep a screenshot: %v", err)
	}
	return file
}
