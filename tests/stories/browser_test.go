//go:build integration

package stories

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// launcher is what JupyterLab shows when it has started: a card for each kind of
// notebook that can be opened.
const launcher = ".jp-LauncherCard"

// A person logs in with the token, works, and stays logged in across a switch.
func TestBrowserStaysLoggedIn(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n := m.open("nb/0")
	b := openChromium(t)
	b.visit(n.url)
	b.shows("#password_input", time.Minute)
	b.screenshot("login")
	if b.evaluate("!!document.querySelector('#new_password_input')") != "false" {
		t.Error("the page offers to set a password, a second way in that the next switch forgets")
	}
	b.logIn("wrong")
	b.shows(".error", time.Minute)
	b.logIn(n.token)
	b.shows(launcher, 2*time.Minute)
	b.screenshot("before")
	if url := b.evaluate("location.href"); strings.Contains(url, n.token) {
		t.Error("the token stays in the address bar")
	}
	b.reaches(n.startKernel())

	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain2:1")
	if got := b.fetch("api/contents"); got != "200" {
		t.Errorf("the page that was open gets %s after the switch", got)
	}
	b.visit(n.url)
	b.shows(launcher, 2*time.Minute)
	b.screenshot("after")
	if got := b.fetch("api/contents"); got != "200" {
		t.Errorf("the page that was opened after the switch gets %s", got)
	}
	b.reaches(n.startKernel())

	m.run("nb/0", "rotate-token")
	eventually(t, "the login ends with its token", patience, func() bool { return b.fetch("api/contents") == "403" })
}

// Who comes while nothing serves sees that, and later the notebook by itself.
func TestBrowserWaitsForTheNotebook(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	at := port()
	m.deploy("nb", "jupyter-image="+image("exits"), "start-timeout=15", "port="+strconv.Itoa(at))
	m.waitStatus("nb/0", "blocked")
	n := &notebook{t: t, url: fmt.Sprintf("http://%s:%d/", m.unit("nb/0").Address, at)}
	b := openChromium(t)
	b.visit(n.url)
	b.shows("body", time.Minute)
	b.screenshot("waits")
	if code, _, err := n.try("GET", "", "", nil); err != nil || code != 503 {
		t.Errorf("while nothing serves the answer is %d (%v), want 503", code, err)
	}
	m.config("nb", "jupyter-image="+image("plain"), "start-timeout=120")
	m.waitActive("nb/0", "test/plain:1")
	b.shows("#password_input", time.Minute)
	b.logIn(m.open("nb/0").token)
	b.shows(launcher, 2*time.Minute)
	b.screenshot("serves")
}

// logIn fills in the login form.
func (b *chromium) logIn(token string) {
	b.t.Helper()
	quoted, _ := json.Marshal(token)
	b.evaluate("document.querySelector('#password_input').value = " + string(quoted))
	b.evaluate("document.querySelector('#login_submit').click()")
}

// fetch is the status code that the page gets for a path, by its cookies alone.
func (b *chromium) fetch(path string) string {
	b.t.Helper()
	return b.answer(`fetch("/` + path + `").then(r => window.story = r.status)`)
}

// reaches checks that the page's login opens a kernel's WebSocket, where Jupyter
// asks where the page is from.
func (b *chromium) reaches(k *kernel) {
	b.t.Helper()
	got := b.answer(`const socket = new WebSocket("ws://" + location.host + "/api/kernels/` + k.id + `/channels");
		socket.onopen = () => window.story = "open"; socket.onclose = () => window.story = "closed"`)
	if got != "open" {
		b.t.Errorf("the page finds the kernel's WebSocket %s", got)
	}
}

// answer runs a script in the page and waits until it has set window.story.
func (b *chromium) answer(script string) (answer string) {
	b.t.Helper()
	b.evaluate(`window.story = ""; (() => { ` + script + ` })()`)
	eventually(b.t, "the page's request is answered", time.Minute, func() bool {
		answer = b.evaluate("window.story")
		return answer != ""
	})
	return answer
}
