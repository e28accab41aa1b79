//go:build integration

package stories

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// proxied deploys haproxy before an application's website, on a machine of its
// own where Juju has one, and returns the notebook as seen through it.
func (m *model) proxied(app string) *notebook {
	m.t.Helper()
	at := port()
	m.juju("deploy", packed(m.t, "proxy"), "proxy", "--config", "port="+strconv.Itoa(at))
	m.juju("integrate", app+":website", "proxy:reverseproxy")
	m.waitActive("proxy/0", "before ")
	direct := m.open(app + "/0")
	n := &notebook{t: m.t, token: direct.token,
		url: fmt.Sprintf("http://%s:%d%s", m.unit("proxy/0").Address, at, path(direct.url))}
	eventually(m.t, "haproxy has read that there is a website", time.Minute, n.healthy)
	return n
}

// path is the part of a URL behind its host.
func path(url string) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	return "/" + rest
}

// offered is what the notebook's unit tells the proxy over the relation.
func (m *model) offered(unit string) map[string]string {
	m.t.Helper()
	var units map[string]struct {
		Relations []struct {
			Endpoint string `json:"endpoint"`
			Related  map[string]struct {
				Data map[string]string `json:"data"`
			} `json:"related-units"`
		} `json:"relation-info"`
	}
	decode(m.t, m.juju("show-unit", "--format", "json", "proxy/0"), &units)
	for _, r := range units["proxy/0"].Relations {
		if data, related := r.Related[unit]; related && r.Endpoint == "reverseproxy" {
			return data.Data
		}
	}
	return nil
}

// A notebook behind a real haproxy: over HTTP and WebSocket, under a base URL,
// while it is switched, and at another port.
func TestWebsiteThroughHaproxy(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	at := port()
	m.deploy("nb", "port="+strconv.Itoa(at), "base-url=/team/lab/")
	m.waitActive("nb/0")
	n := m.proxied("nb")
	n.serves()
	if got := n.startKernel().run("print(6 * 7)"); got != "42\n" {
		t.Errorf("a kernel through haproxy printed %q", got)
	}
	bag, address := m.offered("nb/0"), m.unit("nb/0").Address
	if bag["hostname"] != address || bag["private-address"] != address || bag["port"] != strconv.Itoa(at) {
		t.Errorf("the databag offers %v, want the port %d of %s", bag, at, address)
	}
	if code, _, err := n.try("GET", "../../api", n.token, nil); err != nil || code == 200 {
		t.Errorf("outside of the base URL haproxy answers %d (%v)", code, err)
	}

	stop := make(chan struct{})
	polled := n.poll("api", 20*time.Millisecond, stop)
	m.config("nb", "jupyter-image="+image("plain2"))
	m.waitActive("nb/0", "test/plain2:1")
	close(stop)
	if p := <-polled; len(p.failures) > 0 || p.requests < 20 {
		t.Errorf("of %d requests through haproxy during the switch %d failed: %v", p.requests, len(p.failures), p.failures)
	}

	next := port()
	m.config("nb", "port="+strconv.Itoa(next))
	m.waitActive("nb/0", ":"+strconv.Itoa(next))
	if got, want := m.unit("nb/0").Ports, []string{strconv.Itoa(next) + "/tcp"}; !slices.Equal(got, want) {
		t.Errorf("open ports are %v, want %v", got, want)
	}
	m.waitActive("proxy/0", ":"+strconv.Itoa(next))
	eventually(t, "haproxy follows to the new port", patience, func() bool {
		code, _, err := n.try("GET", "api/contents", n.token, nil)
		return err == nil && code == 200
	})
	if _, err := plainClient.Get(fmt.Sprintf("http://%s:%d/", address, at)); err == nil {
		t.Error("the former port still answers")
	}
}

// The website is offered while the notebook serves, and only then.
func TestWebsiteIsWithdrawn(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb", "jupyter-image="+image("exits"), "start-timeout=15")
	m.juju("deploy", packed(t, "proxy"), "proxy", "--config", "port="+strconv.Itoa(port()))
	m.juju("integrate", "nb:website", "proxy:reverseproxy")
	m.waitStatus("nb/0", "blocked")
	m.waitStatus("proxy/0", "waiting")
	m.offersNothing("nb/0")

	m.config("nb", "jupyter-image="+image("plain"), "start-timeout=120")
	m.waitActive("nb/0", "test/plain:1")
	m.waitActive("proxy/0", "before ")

	m.onMachine("nb/0", "docker pause "+m.key("nb/0")+"-a")
	m.updateStatus("nb/0")
	m.waitStatus("nb/0", "waiting", "paused")
	m.waitStatus("proxy/0", "waiting")
	m.offersNothing("nb/0")
	m.updateStatus("nb/0")
	m.waitActive("nb/0", "test/plain:1")
	m.waitActive("proxy/0", "before ")

	m.juju("remove-application", "--no-prompt", "nb")
	m.waitStatus("proxy/0", "waiting")
}

func (m *model) offersNothing(unit string) {
	m.t.Helper()
	if bag := m.offered(unit); bag == nil || bag["port"] != "" || bag["hostname"] != "" {
		m.t.Errorf("a notebook that does not serve offers %v", bag)
	}
}

// asSecure opens the notebook as a client that says it came over https, from the
// unit's machine, and tells whether the notebook believed it.
func (m *model) asSecure(unit string, n *notebook) bool {
	m.t.Helper()
	return m.secure(m.get(unit, n.url+"lab?token="+n.token, "X-Forwarded-Proto: https"))
}

// get asks for a URL with a header from the unit's machine, and returns the
// headers of the answer.
func (m *model) get(unit, url, header string) string {
	m.t.Helper()
	return m.onMachine(unit, fmt.Sprintf("curl -sS --noproxy '*' -o /dev/null -D - -H '%s' '%s'", header, url))
}

// secure tells whether a login's cookie is for https alone: so it is when the
// notebook believes that the client speaks that.
func (m *model) secure(headers string) bool {
	m.t.Helper()
	cookies := 0
	for line := range strings.Lines(strings.ToLower(headers)) {
		if strings.HasPrefix(line, "set-cookie: username-") {
			cookies++
			if strings.Contains(line, "secure") {
				return true
			}
		}
	}
	if cookies == 0 {
		m.t.Fatalf("no login among %q", headers)
	}
	return false
}

// What a client says of itself is believed of the related proxy alone.
func TestForwardedOnlyFromTheProxy(t *testing.T) {
	t.Parallel()
	m := newModel(t)
	m.deploy("nb")
	m.waitActive("nb/0")
	direct := m.open("nb/0")
	m.juju("deploy", packed(t, "proxy"), "proxy", "--config", "port="+strconv.Itoa(port()), "--config", "protocol=https")
	m.waitStatus("proxy/0", "waiting")
	if m.asSecure("proxy/0", direct) {
		t.Error("a machine that is not related was believed to speak https")
	}
	m.juju("integrate", "nb:website", "proxy:reverseproxy")
	m.waitActive("proxy/0", "before ")
	m.waitUnit("nb/0", "idle", patience, func(unitStatus) bool { return true })
	if !m.asSecure("proxy/0", direct) {
		t.Error("the related proxy was not believed to speak https")
	}
	m.get("proxy/0", direct.url+"api/contents", "X-Forwarded-For: 203.0.113.8")
	if m.secure(direct.startKernel().run(fmt.Sprintf(stranger, direct.url, direct.token))) {
		t.Error("a client that is not the proxy was believed to speak https")
	}
	log := m.onMachine("nb/0", "docker logs "+m.key("nb/0")+"-a 2>&1")
	if !strings.Contains(log, "203.0.113.8") || strings.Contains(log, "203.0.113.7") {
		t.Errorf("Jupyter logged a stranger's address, or not that of the proxy's client: %s", log)
	}
	m.juju("remove-relation", "nb:website", "proxy:reverseproxy")
	m.waitStatus("proxy/0", "waiting")
	eventually(t, "a former proxy is not believed", patience, func() bool { return !m.asSecure("proxy/0", direct) })
}

// stranger is what a client runs that is neither the proxy nor on its machine:
// a kernel. It logs in as if over https, and asks without a token.
const stranger = `
import urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
url = "%s"
print(opener.open(urllib.request.Request(url + "lab?token=%s", headers=said)).headers)
try:
    opener.open(urllib.request.Request(url + "api/contents", headers=said))
except urllib.error.HTTPError as e:
    print(e.code)
`
