//go:build integration

package stories

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// before is a server before the registry: it answers as a file says that it should,
// in place of a real one that refuses, limits requests or shows a page, and passes
// everything on while the file is empty. It ends by itself.
const before = `
import http.server, sys, time, urllib.error, urllib.request
answers = {
    "denied": (403, "application/json", b"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"denied\"}]}"),
    "limited": (429, "application/json", b"{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"slow down\"}]}"),
    "login": (401, "application/json", b"{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"who are you\"}]}"),
    "page": (200, "text/html", b"<html><body>Welcome</body></html>"),
}
class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = default_request_version = "HTTP/1.1"
    def do_GET(self):
        said = open(sys.argv[2]).read().strip()
        if self.path == "/v2/":
            return self.say(200, {}, b"{}")
        if said:
            code, kind, body = answers[said]
            return self.say(code, {"Content-Type": kind, "WWW-Authenticate": "Basic realm=story"}, body)
        asked = urllib.request.Request("http://" + sys.argv[3] + self.path, method=self.command, headers={"Accept": ", ".join(self.headers.get_all("Accept", []))})
        try:
            with urllib.request.urlopen(asked) as a:
                self.say(a.status, a.headers, a.read())
        except urllib.error.HTTPError as e:
            self.say(e.code, e.headers, e.read())
    do_HEAD = do_GET
    def say(self, code, headers, body):
        self.send_response(code)
        for name in ("Content-Type", "Docker-Content-Digest", "WWW-Authenticate"):
            if name in headers:
                self.send_header(name, headers[name])
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Length", headers.get("Content-Length", str(len(body))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Registry)
server.timeout = 10
deadline = time.time() + 900
while time.time() < deadline: server.handle_request()`

// inContainerd reports whether the machine's engine keeps images in containerd.
func (m *model) inContainerd(unit string) bool {
	m.t.Helper()
	return strings.Contains(m.onMachine(unit, "docker info -f '{{.DriverStatus}}'"), "io.containerd.snapshotter.v1")
}

// What a registry answers in place of an image is told as what it is, changes
// nothing, leaves nothing on the engine, and is over when it is over.
func TestRegistryThatRefuses(t *testing.T) {
	t.Parallel()
	m, at := newModel(t), strconv.Itoa(port())
	m.deploy("nb")
	m.waitActive("nb/0", "test/plain:1")
	n, was := m.open("nb/0"), m.containers("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	said := m.standBefore("nb/0", at)
	page := []string{"waiting", "the image cannot be pulled"} // which engines of before say of all that they cannot read
	if m.inContainerd("nb/0") {
		page = []string{"blocked", "no registry, but a web page"}
	}
	m.config("nb", "jupyter-image=127.0.0.1:"+at+"/test/plain:1")
	for _, c := range []struct {
		says, status, message string
	}{
		{"denied", "blocked", "the registry refuses the image"},
		{"limited", "waiting", "the registry takes no more requests"},
		{"page", page[0], page[1]},
		{"login", "blocked", "wants a login or does not have it"},
		{"page", page[0], page[1]},
	} {
		m.onMachine("nb/0", "echo "+c.says+" > "+said)
		m.updateStatus("nb/0")
		m.waitStatus("nb/0", c.status, c.message, "test/plain:1 still serves")
		m.leftNothing("nb/0", c.says, was, "127.0.0.1:"+at)
	}
	chart := m.pushChart()
	m.config("nb", "jupyter-image="+chart)
	m.waitStatus("nb/0", "blocked", "none that a container can be made of", "test/plain:1 still serves")
	m.leftNothing("nb/0", "the chart", was, "chart-"+m.name)
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("after all that the kernel printed %q", got)
	}
	m.onMachine("nb/0", "echo > "+said)
	m.config("nb", "jupyter-image=127.0.0.1:"+at+"/test/plain:1")
	m.waitActive("nb/0", "127.0.0.1:"+at+"/test/plain:1")
	n.serves()
}

// standBefore starts the server before the registry at a port of the machine, and
// returns the file that says what it answers.
func (m *model) standBefore(unit, at string) (said string) {
	m.t.Helper()
	said = "/tmp/" + m.name + "-says"
	m.onMachine(unit, fmt.Sprintf(`echo denied > %[1]s
setsid python3 -c '%[2]s' %[3]s %[1]s %[4]s >/dev/null 2>&1 </dev/null & echo $! > %[1]s.pid
until (exec 3<>/dev/tcp/127.0.0.1/%[3]s) 2>/dev/null; do sleep 0.1; done`, said, before, at, registry))
	m.t.Cleanup(func() { m.tryOnMachine(unit, "kill $(cat "+said+".pid); rm "+said+"*") })
	return said
}

// leftNothing checks that the notebooks are those that were, and that no image has
// the name.
func (m *model) leftNothing(unit, what, was, name string) {
	m.t.Helper()
	if now := m.containers(unit); now != was {
		m.t.Errorf("%s left %q, were %q", what, now, was)
	}
	if left := m.onMachine(unit, "docker images --digests | grep "+name+"; true"); left != "" {
		m.t.Errorf("%s left the image %s", what, left)
	}
}

// pushed speaks to the registry, and returns what it says.
func pushed(t *testing.T, method, path, mediaType string, body []byte) ([]byte, http.Header) {
	t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = "http://" + registry + path
	}
	req, err := http.NewRequest(method, path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	for _, of := range []string{"oci.image.manifest.v1", "oci.image.index.v1", "docker.distribution.manifest.v2", "docker.distribution.manifest.list.v2"} {
		req.Header.Add("Accept", "application/vnd."+of+"+json")
	}
	resp, err := plainClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s (%v): %s", method, path, resp.Status, err, answer)
	}
	return answer, resp.Header
}

// object is a JSON object.
type object = map[string]any

func (m *model) json(v any) []byte {
	m.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		m.t.Fatal(err)
	}
	return b
}

// pushBlob puts a blob into the registry, and describes it.
func (m *model) pushBlob(repository, mediaType string, blob []byte) object {
	m.t.Helper()
	described := describe(mediaType, blob)
	_, header := pushed(m.t, "POST", "/v2/"+repository+"/blobs/uploads/", "", nil)
	to := header.Get("Location")
	mark := "?"
	if strings.Contains(to, "?") {
		mark = "&"
	}
	pushed(m.t, "PUT", to+mark+"digest="+described["digest"].(string), "application/octet-stream", blob)
	return described
}

const ociManifest, ociIndex = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"

// pushChart puts what a Helm chart is in a registry there, and returns its reference.
func (m *model) pushChart() string {
	m.t.Helper()
	repository := "test/chart-" + m.name
	manifest := object{
		"schemaVersion": 2, "mediaType": ociManifest,
		"config": m.pushBlob(repository, "application/vnd.cncf.helm.config.v1+json", []byte(`{"name":"chart","version":"1.0.0","apiVersion":"v2"}`)),
		"layers": []object{m.pushBlob(repository, "application/vnd.cncf.helm.chart.content.v1.tar+gzip", []byte("not unpacked by anybody"))},
	}
	pushed(m.t, "PUT", "/v2/"+repository+"/manifests/1", ociManifest, m.json(manifest))
	return registry + "/" + repository + ":1"
}

// pushIndex puts a manifest of a repository under an index that differs in a note
// alone, as a build that adds a signature or another platform does.
func (m *model) pushIndex(repository, tag, architecture, note string, manifest object) {
	m.t.Helper()
	manifest["platform"] = object{"os": "linux", "architecture": architecture}
	index := object{"schemaVersion": 2, "mediaType": ociIndex, "manifests": []object{manifest}, "annotations": object{"note": note}}
	pushed(m.t, "PUT", "/v2/"+repository+"/manifests/"+tag, ociIndex, m.json(index))
}

// describe is how a manifest or an index names a blob.
func describe(mediaType string, text []byte) object {
	return object{"mediaType": mediaType, "digest": fmt.Sprintf("sha256:%x", sha256.Sum256(text)), "size": len(text)}
}

// pushNewer puts an image into the registry that has one variable more than that of a
// manifest, and returns its own.
func (m *model) pushNewer(repository, mediaType string, text []byte) []byte {
	m.t.Helper()
	var manifest, config object
	decode(m.t, string(text), &manifest)
	old := manifest["config"].(object)
	blob, _ := pushed(m.t, "GET", fmt.Sprintf("/v2/%s/blobs/%s", repository, old["digest"]), "", nil)
	decode(m.t, string(blob), &config)
	inner := config["config"].(object)
	inner["Env"] = append(inner["Env"].([]any), "NEWER=yes")
	manifest["config"] = m.pushBlob(repository, old["mediaType"].(string), m.json(config))
	text = m.json(manifest)
	pushed(m.t, "PUT", "/v2/"+repository+"/manifests/newer-"+m.name, mediaType, text)
	return text
}

// The same image under another index is no newer image, whichever digest the engine
// knows it by: nobody's kernel ends for it. One with another configuration is.
func TestPullOfTheSameUnderAnotherIndex(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.juju("deploy", packed(t, "bystander"), "bystander")
	m.waitActive("bystander/0")
	architecture := strings.TrimSpace(m.onMachine("bystander/0", "docker version -f '{{.Server.Arch}}'"))
	const repository = "test/plain"
	tag := "indexed-" + m.name
	text, header := pushed(t, "GET", "/v2/"+repository+"/manifests/1", "", nil)
	m.pushIndex(repository, tag, architecture, "first", describe(header.Get("Content-Type"), text))
	m.deployBeside("bystander/0", "nb", "jupyter-image="+registry+"/"+repository+":"+tag)
	m.waitActive("nb/0", "test/plain:"+tag)
	n, was := m.open("nb/0"), m.containers("nb/0")
	k := n.startKernel()
	k.run("held = 41")
	for _, note := range []string{"second", "third"} {
		m.pushIndex(repository, tag, architecture, note, describe(header.Get("Content-Type"), text))
		if got := m.run("nb/0", "pull").result("waits"); got != "nothing" {
			t.Errorf("after the pull of the %s index waits %q", note, got)
		}
		m.updateStatus("nb/0")
		m.waitActive("nb/0", "test/plain:"+tag)
		if now := m.containers("nb/0"); now != was {
			t.Fatalf("the %s index left %q, were %q", note, now, was)
		}
	}
	if got := k.run("print(held + 1)"); got != "42\n" {
		t.Errorf("after the pulls the kernel printed %q", got)
	}

	text = m.pushNewer(repository, header.Get("Content-Type"), text)
	m.pushIndex(repository, tag, architecture, "newer", describe(header.Get("Content-Type"), text))
	m.run("nb/0", "pull")
	m.waitActive("nb/0", "test/plain:"+tag)
	if got := n.startKernel().run("import os; print(os.environ['NEWER'])"); got != "yes\n" {
		t.Errorf("in the newer image the kernel printed %q", got)
	}
	m.juju("remove-application", "--no-prompt", "nb")
	m.gone("nb/0")
	if left := m.onMachine("bystander/0", "docker images --digests | grep "+tag+"; true"); left != "" {
		t.Errorf("of what was pulled there is still %s", left)
	}
}
