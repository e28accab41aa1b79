//go:build integration

package stories

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// kind is a test image, with who serves in it and what must not open it.
type kind struct {
	image   string
	uid     int
	command string // what mends its command line
	opens   bool   // a password and a token of its own
}

var kinds = []kind{
	{image: "plain", uid: 1000},
	{image: "plain2", uid: 4321},
	{image: "root", uid: 0},
	{image: "stepdown", uid: 5000},
	{image: "stacks", uid: 1000},
	{image: "classic", uid: 1000},
	{image: "home", uid: 1000, opens: true},
	{image: "password", uid: 1000, opens: true},
	{image: "fixedport", uid: 1000, command: "jupyter lab --no-browser"},
	{image: "fixedtoken", uid: 1000, command: "jupyter lab --no-browser"},
}

// Each kind of image that people have serves unchanged, computes, and works on
// the files that the one before it left.
func TestKindsOfImages(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image(kinds[0].image))
	for i, k := range kinds {
		if i > 0 {
			m.config("nb", "jupyter-image="+image(k.image), "command="+k.command)
		}
		m.waitActive("nb/0", "test/"+k.image+":1")
		n := m.open("nb/0")
		n.serves()
		cells := n.computesAs(k.uid)
		for _, earlier := range kinds[:i] {
			cells.inherits(earlier.image, k.image)
		}
		cells.leaves(k.image)
		cells.hidesItsRuntime()
		if k.opens {
			n.closed("sesame", "known-to-everybody")
		}
	}
}

// work is where a notebook's cells run: what the browser shows, in the HOME of
// who serves.
const work = "import os, shutil; os.chdir(os.path.expanduser('~/work'))\n"

// computesAs starts a kernel, and checks that it runs as the image wants and
// finds in ~/work what the browser saved.
func (n *notebook) computesAs(uid int) *kernel {
	n.t.Helper()
	n.write("seen.txt", "by the browser")
	k := n.startKernel()
	if got, want := k.run(work+`print(os.getuid(), open("seen.txt").read())`), fmt.Sprintf("%d by the browser\n", uid); got != want {
		n.t.Errorf("the kernel printed %q, want %q", got, want)
	}
	return k
}

// leaves makes files as the browser and as a cell do, for the next images.
func (k *kernel) leaves(name string) {
	k.n.t.Helper()
	k.n.write(name+".txt", "saved by "+name)
	k.run(fmt.Sprintf(`os.makedirs(%q)
open(%q, "w").write("made in a cell")`, name, name+"/cell.txt"))
}

// inherits reads, overwrites and removes what an earlier image left, in the
// browser and in a cell, and puts it back for the next.
func (k *kernel) inherits(earlier, now string) {
	k.n.t.Helper()
	if got := k.n.read(earlier + ".txt"); !strings.HasPrefix(got, "saved by ") {
		k.n.t.Errorf("%s finds %q in what %s saved", now, got, earlier)
	}
	k.n.write(earlier+".txt", "saved by "+now)
	if got := k.n.read(earlier + "/cell.txt"); got != "made in a cell" {
		k.n.t.Errorf("%s finds %q in what a cell of %s made", now, got, earlier)
	}
	k.n.call("DELETE", "api/contents/"+earlier+"/cell.txt", nil, nil, 204)
	k.run(fmt.Sprintf(`open(%[1]q, "a").write(" and a cell")
os.remove(%[1]q)
shutil.rmtree(%[2]q)
os.makedirs(%[2]q)
open(%[3]q, "w").write("made in a cell")`, earlier+".txt", earlier, earlier+"/cell.txt"))
	k.n.write(earlier+".txt", "saved by "+now)
}

// closed checks that a password opens no session and a token no door.
func (n *notebook) closed(password, token string) {
	n.t.Helper()
	if code := n.login(password).status("api/contents"); code != 403 {
		n.t.Errorf("logged in with the image's password: contents answer %d", code)
	}
	if code, _, err := n.try("GET", "api/contents", token, nil); err != nil || code != 403 {
		n.t.Errorf("with the image's token: contents answer %d (%v)", code, err)
	}
}

// browser is a client that keeps cookies.
type browser struct {
	n      *notebook
	client *http.Client
}

// login fills in the login page, whatever comes of it.
func (n *notebook) login(password string) *browser {
	n.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		n.t.Fatal(err)
	}
	b := &browser{n: n, client: &http.Client{Transport: plainClient.Transport, Timeout: plainClient.Timeout, Jar: jar, CheckRedirect: plainClient.CheckRedirect}}
	b.status("login")
	at, err := url.Parse(n.url)
	if err != nil {
		n.t.Fatal(err)
	}
	form := url.Values{"password": {password}}
	for _, c := range jar.Cookies(at.JoinPath("login")) {
		if c.Name == "_xsrf" {
			form.Set("_xsrf", c.Value)
		}
	}
	resp, err := b.client.PostForm(n.url+"login", form)
	if err != nil {
		n.t.Fatalf("cannot log in: %v", err)
	}
	resp.Body.Close()
	return b
}

// status asks for a path with the cookies that there are.
func (b *browser) status(path string) int {
	b.n.t.Helper()
	resp, err := b.client.Get(b.n.url + path)
	if err != nil {
		b.n.t.Fatalf("cannot get %s: %v", path, err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
