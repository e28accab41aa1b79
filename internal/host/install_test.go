package host

import (
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "gopkg.in/check.v1"
)

type installSuite struct{}

var _ = Suite(&installSuite{})

// TestProxyDropIn: systemd reads % itself, and a password may be in there.
func (installSuite) TestProxyDropIn(c *C) {
	m := Machine{Systemd: c.MkDir(), DropIn: filepath.Join(c.MkDir(), "docker.service.d")}
	c.Assert(m.proxyDropIn(notebook.Proxy{HTTP: "http://u:p%40@10.0.0.1:3128", No: "127.0.0.1,::1"}), IsNil)
	file := m.DropIn + "/jupyter-docker-proxy.conf"
	text, err := os.ReadFile(file)
	c.Assert(err, IsNil)
	c.Check(string(text), Equals, `[Service]
Environment="HTTP_PROXY=http://u:p%%40@10.0.0.1:3128"
Environment="HTTPS_PROXY="
Environment="NO_PROXY=127.0.0.1,::1"
`)
	c.Check(stat(c, file).mode, Equals, fs.FileMode(0o600))
}

func (installSuite) TestNoDropInWithoutProxyOrSystemd(c *C) {
	dir := c.MkDir()
	for _, m := range []Machine{{Systemd: dir, DropIn: dir + "/d"}, {Systemd: dir + "/none", DropIn: dir + "/d"}} {
		p := notebook.Proxy{No: "127.0.0.1"}
		if m.Systemd != dir {
			p.HTTP = "http://p:1"
		}
		c.Assert(m.proxyDropIn(p), IsNil)
		_, err := os.Stat(m.DropIn)
		c.Check(os.IsNotExist(err), Equals, true)
	}
}

func (installSuite) TestEnvironmentGivesAptTheModelsProxy(c *C) {
	env := environ(notebook.Proxy{HTTPS: "http://p:2"})
	seen := map[string]bool{}
	for _, pair := range env {
		seen[pair] = true
	}
	for _, want := range []string{"https_proxy=http://p:2", "HTTPS_PROXY=http://p:2", "HOME=/root", "DEBIAN_FRONTEND=noninteractive"} {
		c.Check(seen[want], Equals, true, Commentf(want))
	}
	c.Check(seen["http_proxy="], Equals, false)
}

func (installSuite) TestLastLines(c *C) {
	c.Check(lastLines("one\ntwo\nthree\n", 2), Equals, "two | three")
	c.Check(lastLines("one", 2), Equals, "one")
}
