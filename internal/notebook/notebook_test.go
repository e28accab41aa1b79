package notebook_test

import (
	"testing"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/notebook"
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
		"idle-minutes": 60.0, "pids-limit": 16384.0, "allow-sudo": false, "start-timeout": 300.0, "pull-timeout": 3600.0, "idle-cull-minutes": 0.0, "log-level": "INFO",
	}
}

func (suite) TestDefaultsAreGood(c *C) {
	o, bad := ParseOptions(defaults())
	c.Assert(bad, HasLen, 0)
	c.Check(o.Image, Equals, "quay.io/jupyter/pyspark-notebook:2026-07-28")
	c.Check(o.BaseURL, Equals, "/")
	s := Design(Inputs{}, o, "/unit", 7777, nil)
	c.Check(s.Limits, Equals, Limits{Pids: 16384})
	c.Check(s.IdleMinutes, Equals, 60)
	c.Check(s.Serve.Sudo, Equals, false)
}

func (suite) TestSecretOptions(c *C) {
	for option, secret := range map[string]bool{"environment": true, "command": true, "spark-conf": true, "spark-remote": true, "port": false, "jupyter-image": false} {
		c.Check(Secret(option), Equals, secret, Commentf("%s", option))
	}
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
	{"base-url", "/c++/", "must be a path.*"},
	{"base-url", "/a$b/", "must be a path.*"},
	{"idle-minutes", -1.0, "must be a whole number from 0 to 525600"},
	{"idle-minutes", 1.5, "must be a whole number.*"},
	{"pids-limit", 5.0, "must be 0 for no limit, or a whole number from 128 to 4194304"},
	{"pids-limit", -1.0, "must be 0 for no limit.*"},
	{"pids-limit", 5e6, "must be a whole number.*"},
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
	raw["idle-minutes"], raw["pids-limit"], raw["allow-sudo"], raw["base-url"] = 0.0, 0.0, true, "/~nb/a%20b/c@d"
	o, bad = ParseOptions(raw)
	c.Assert(bad, HasLen, 0)
	c.Check(o.IdleMinutes, Equals, 0)
	c.Check(o.Pids, Equals, int64(0))
	c.Check(o.AllowSudo, Equals, true)
	c.Check(o.BaseURL, Equals, "/~nb/a%20b/c@d/")
	c.Check(o.Environment, DeepEquals, map[string]string{"A": "1=2", "B": " spaces stay ", "HTTP_PROXY": ""})
	c.Check(o.Command, DeepEquals, []string{"start-notebook.py", "--ServerApp.x=a b"})
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
	s := Design(in, o, "/dir", 7777, nil).Serve
	c.Check(s.Credential, Equals, "3")
	c.Check(in.Unit.Key(), Equals, "nb-10-12345678")
	other := Unit{Name: "nb/1", ModelUUID: "12345678-aaaa"}
	c.Check(other.Group(50000, 9999) == in.Unit.Group(50000, 9999), Equals, false)
}

func (suite) TestChangesSayWhoAsked(c *C) {
	changes := Changes(Serve{Image: "a", Settings: "1"}, Serve{Image: "b", Settings: "2"})
	c.Assert(changes, HasLen, 2)
	c.Check(changes[0], Equals, Change{What: "jupyter-image is b, was a", Asked: true})
	c.Check(changes[1].Asked, Equals, false)
	c.Check(Changes(Serve{Image: "a"}, Serve{Image: "a"}), HasLen, 0)
	c.Check(Changes(Serve{}, Serve{Sudo: true}), DeepEquals, []Change{{What: "allow-sudo is true, was false", Asked: true}})
}
