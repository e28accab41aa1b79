package notebook_test

import (
	"strings"
	"testing"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

func TestPackage(t *testing.T) { TestingT(t) }

type suite struct{}

var _ = Suite(&suite{})

// defaults are the options as config.yaml has them.
func defaults() map[string]any {
	return map[string]any{
		"jupyter-image": "quay.io/jupyter/pyspark-notebook:2026-07-28", "port": 8888.0, "base-url": "/", "command": "",
		"environment": "", "memory-limit": "", "cpu-limit": "", "shm-size": "", "network-mode": "bridge", "switch-when": "now",
		"executor-python": "python3", "driver-ports": 28000.0, "version-check": "enforce",
		"start-timeout": 300.0, "pull-timeout": 3600.0, "idle-cull-minutes": 0.0, "log-level": "INFO",
	}
}

func (suite) TestDefaultsAreGood(c *C) {
	o, bad := ParseOptions(defaults())
	c.Assert(bad, HasLen, 0)
	c.Check(o.Image, Equals, "quay.io/jupyter/pyspark-notebook:2026-07-28")
	c.Check(o.BaseURL, Equals, "/")
}

var badTests = []struct {
	option string
	value  any
	reason string
}{
	{"jupyter-image", "", "must name an image"},
	{"jupyter-image", "team/UPPER", "is not an image reference.*"},
	{"jupyter-image", "a b", "is not an image reference.*"},
	{"port", 0.0, "must be a whole number from 1 to 65535"},
	{"port", 65536.0, "must be a whole number.*"},
	{"base-url", "/a b/", "must be a path.*"},
	{"base-url", "/../x", "must be a path.*"},
	{"base-url", "http://x/", "must be a path.*"},
	{"command", "jupyter 'lab", "cannot be split into words.*"},
	{"environment", "A", "line 1 is not KEY=VALUE"},
	{"environment", "# fine\nA=1\n=x", "line 3: the name.*"},
	{"environment", "JUPYTER_TOKEN=x", "line 1: JUPYTER_TOKEN cannot be set.*"},
	{"memory-limit", "much", "must be a size.*"},
	{"memory-limit", "1m", "must be a size.*"},
	{"memory-limit", "-1g", "must be a size.*"},
	{"cpu-limit", "-1", "must be a number of CPUs.*"},
	{"cpu-limit", "NaN", "must be a number of CPUs.*"},
	{"shm-size", "big", "must be a size.*"},
	{"network-mode", "none", "must be bridge, host"},
	{"switch-when", "later", "must be now, idle, manual"},
	{"start-timeout", 1.0, "must be a whole number.*"},
	{"pull-timeout", 5.0, "must be a whole number.*"},
	{"idle-cull-minutes", -1.0, "must be a whole number.*"},
	{"log-level", "LOUD", "must be TRACE.*"},
	{"spark-master", "mesos://x", "must be local.*"},
	{"spark-remote", "spark://x:1", ".*sc://.*"},
	{"spark-conf", "spark.a=1\nnonsense", "line 2 .*"},
	{"emr-release", "emr-99.0.0", ".*unknown.*"},
	{"cluster-versions", "ruby=3", "must be words such as spark=3.5.6.*"},
	{"cluster-versions", "spark=new", "must give spark a version.*"},
	{"executor-python", "python3 -c x", "must be the name or path.*"},
	{"driver-ports", 65500.0, "must be a whole number from 1024 to 65488"},
	{"driver-host", "spark.example:7077/", "must be an address or a host name.*"},
	{"version-check", "maybe", "must be enforce, warn, off"},
}

func (suite) TestBadOptionsAreNamed(c *C) {
	for _, test := range badTests {
		raw := defaults()
		raw[test.option] = test.value
		_, bad := ParseOptions(raw)
		c.Assert(bad, HasLen, 1, Commentf("%s=%v", test.option, test.value))
		c.Check(bad[0].Name, Equals, test.option)
		c.Check(bad[0].Reason, Matches, test.reason)
	}
}

func (suite) TestAllBadOptionsAreNamedAtOnce(c *C) {
	raw := defaults()
	raw["port"], raw["base-url"], raw["cpu-limit"] = 0.0, "/ /", "x"
	_, bad := ParseOptions(raw)
	c.Assert(bad, HasLen, 3)
	c.Check(bad[0].Name+bad[1].Name+bad[2].Name, Equals, "base-urlcpu-limitport")
}

func (suite) TestValuesAreRead(c *C) {
	raw := defaults()
	raw["jupyter-image"], raw["base-url"], raw["memory-limit"], raw["cpu-limit"] = "team/nb", "team/nb", "1.5g", "1.5"
	raw["environment"] = "# comment\n\nA=1=2\r\n  B= spaces stay \nHTTP_PROXY="
	raw["command"] = `start-notebook.py --ServerApp.x="a b"`
	o, bad := ParseOptions(raw)
	c.Assert(bad, HasLen, 0)
	c.Check(o.Image, Equals, "docker.io/team/nb:latest")
	c.Check(o.BaseURL, Equals, "/team/nb/")
	c.Check(o.Memory, Equals, int64(1610612736))
	c.Check(o.CPU, Equals, 1.5)
	c.Check(o.Environment, DeepEquals, map[string]string{"A": "1=2", "B": " spaces stay ", "HTTP_PROXY": ""})
	c.Check(o.Command, DeepEquals, []string{"start-notebook.py", "--ServerApp.x=a b"})
}

var flagTests = []struct {
	summary string
	args    []string
	fixed   string
}{
	{"plain", []string{"jupyter", "lab", "--no-browser", "--allow-root"}, ""},
	{"the values that the charm wants", []string{"jupyter", "lab", "--ip=0.0.0.0", "--port", "8888", "--ServerApp.base_url=/"}, ""},
	{"token", []string{"jupyter", "lab", "--ServerApp.token=abc"}, "--ServerApp.token"},
	{"empty token", []string{"--NotebookApp.token="}, "--NotebookApp.token"},
	{"identity provider", []string{"--IdentityProvider.token=x"}, "--IdentityProvider.token"},
	{"password", []string{"--PasswordIdentityProvider.hashed_password=x"}, "--PasswordIdentityProvider.hashed_password"},
	{"another port", []string{"--port=9999"}, "--port"},
	{"another port, apart", []string{"--port", "9999"}, "--port"},
	{"loopback only", []string{"--ip=127.0.0.1"}, "--ip"},
	{"base URL", []string{"--ServerApp.base_url=/x"}, "--ServerApp.base_url"},
	{"in a shell's script", []string{"sh", "-c", "exec jupyter lab --port=9999 --ServerApp.token=''"}, "--port --ServerApp.token"},
	{"work that would be lost", []string{"--notebook-dir=/home/x"}, "--notebook-dir"},
	{"work that is kept", []string{"--notebook-dir=/home/nb/work/mine", "--ServerApp.root_dir", "/home/nb/work"}, ""},
	{"of another program", []string{"server", "--spark.port=1", "--Foo.token=x"}, ""},
}

func (suite) TestFixedFlags(c *C) {
	for _, test := range flagTests {
		got := FixedFlags(Wanted{IP: "0.0.0.0", Port: 8888, BaseURL: "/", Work: "/home/nb/work"}, test.args)
		c.Check(strings.Join(got, " "), Equals, test.fixed, Commentf("%s", test.summary))
	}
}

// On the host's network Jupyter must not be open past the gateway.
func (suite) TestHostNetworkListensOnLoopbackOnly(c *C) {
	ip, port := Address(NetworkHost, Place{Port: 19001})
	c.Check(ip, Equals, "127.0.0.1")
	c.Check(port, Equals, 19001)
	c.Check(FixedFlags(Wanted{IP: ip, Port: port, BaseURL: "/"}, []string{"--ip=0.0.0.0"}), DeepEquals, []string{"--ip"})
}

func (suite) TestComposePutsOurSettingsFirst(c *C) {
	got := Compose(Spec{Serve: Serve{Data: "/data"}}, Image{Home: "/home/x", Env: []string{"JUPYTER_CONFIG_PATH=/theirs"}}, spark.Image{}, Place{Dir: "/slot"})
	c.Check(strings.Join(got.Env, "\n"), Matches, `(?s).*JUPYTER_CONFIG_PATH=/jupyter-docker/config:/theirs\n.*`)
	// "0" made Jupyter pass over every configuration, ours too: it heeds any value.
	c.Check(strings.Join(got.Env, "\n"), Matches, `(?s).*JUPYTER_NO_CONFIG=\n.*`)
	c.Check(got.Mounts[len(got.Mounts)-1], Equals, Mount{Source: "/data", Target: "/home/x/work"})
	c.Check(strings.Contains(strings.Join(got.Env, "\n"), "TOKEN"), Equals, false)
}

func (suite) TestCommandReplacesAnEntrypointThatStartsJupyter(c *C) {
	s := Serve{Command: []string{"jupyter", "lab"}}
	entry, cmd := CommandLine(s, Image{Entrypoint: []string{"tini", "--"}, Cmd: []string{"old"}})
	c.Check(append(entry, cmd...), DeepEquals, []string{"tini", "--", "jupyter", "lab"})
	entry, cmd = CommandLine(s, Image{Entrypoint: []string{"/opt/bin/jupyter-lab", "--port=1"}})
	c.Check(append(entry, cmd...), DeepEquals, []string{"jupyter", "lab"})
}

func (suite) TestHome(c *C) {
	passwd := "root:x:0:0:root:/root:/bin/sh\nnb:x:1000:100::/srv/nb:/bin/sh\n"
	c.Check(Home([]string{"HOME=/h"}, "nb", passwd), Equals, "/h")
	c.Check(Home(nil, "nb", passwd), Equals, "/srv/nb")
	c.Check(Home(nil, "1000:100", passwd), Equals, "/srv/nb")
	c.Check(Home(nil, "", passwd), Equals, "/root")
	c.Check(Home(nil, "4321", passwd), Equals, "/")
}

// The label must not hold the token, and units of other models must differ.
func (suite) TestDesignHoldsNoSecret(c *C) {
	in := Inputs{Unit: Unit{Name: "nb/10", ModelUUID: "12345678-aaaa"}, Credential: &Credential{Token: "TOKEN", CookieSecret: "COOKIE", Revision: "3"}}
	o, _ := ParseOptions(defaults())
	s := Design(in, o, "/dir", 7777).Serve
	c.Check(s.Credential, Equals, "3")
	c.Check(in.Unit.Key(), Equals, "nb-10-12345678")
	other := Unit{Name: "nb/1", ModelUUID: "12345678-aaaa"}
	c.Check(other.Group(50000, 9999) == in.Unit.Group(50000, 9999), Equals, false)
}

func (suite) TestChangesTellWhoAsked(c *C) {
	changes := Changes(Serve{Image: "a", Settings: "1"}, Serve{Image: "b", Settings: "2"})
	c.Assert(changes, HasLen, 2)
	c.Check(changes[0], Equals, Change{What: "jupyter-image is b, was a", Asked: true})
	c.Check(changes[1].Asked, Equals, false)
	c.Check(Changes(Serve{Image: "a"}, Serve{Image: "a"}), HasLen, 0)
}
