package notebook_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

var stacks = Image{
	ID: "sha256:0123", User: "1000", Home: "/home/nb", Entrypoint: words{"tini", "--"}, Cmd: words{"start-notebook.py"},
	Env: words{"PYSPARK_PYTHON=/opt/env/bin/python", "JUPYTER_CONFIG_PATH=/theirs"},
}

// compose is the request for a notebook with Spark on a cluster.
func compose(c *C, mode string) Request {
	raw := defaults()
	for name, value := range map[string]any{
		"network-mode": mode, "spark-master": "spark://m:7077", "environment": "A=1", "memory-limit": "4g", "cpu-limit": "1.5",
		"allow-sudo": true, "shm-size": "256m", "spark-conf": "spark.executor.memory=1g", "command": "jupyter lab",
	} {
		raw[name] = value
	}
	o, bad := ParseOptions(raw)
	c.Assert(bad, HasLen, 0)
	in := Inputs{
		Unit: Unit{Name: "nb/0", ModelUUID: "12345678-aaaa", ModelName: "m"}, Options: raw, Storage: "/storage/0",
		Credential: &Credential{Token: "TOKEN", CookieSecret: "COOKIE", Revision: "3"},
		Hadoop:     map[string]string{"core-site.xml": "<configuration>KEY</configuration>"}, Hosts: "10.0.0.9 nn1\n",
		Spark: Network{Addresses: at("10.0.0.5", "eth0"), Ingress: []string{"203.0.113.5"}},
		Proxy: Proxy{HTTP: "http://proxy:3128", No: "127.0.0.1"},
	}
	found := spark.Installation{Home: "/opt/spark", DefaultsPath: "/opt/spark/conf/spark-defaults.conf"}
	p := Place{Slot: SlotB, Dir: "/unit/slot-b", Run: "b-0123456789ab", RunDir: "/unit/gateway/run/b-0123456789ab", Drivers: 28024, Link: "/run/jupyter-docker/unit/notebooks"}
	r := Compose(Design(in, o, "/unit", 7777, nil), stacks, found, p)
	r.Serve.Settings = "(digest)" // of settings.py
	return r
}

// The whole of a request, so that a changed field is seen. It is on the disk beside
// the container, and a later charm reads it.
func (suite) TestRequestIsAsItWas(c *C) {
	for _, mode := range []string{NetworkBridge, NetworkHost} {
		r := compose(c, mode)
		text, err := json.MarshalIndent(r, "", "  ")
		c.Assert(err, IsNil)
		golden, err := os.ReadFile("testdata/request-" + mode + ".json")
		c.Assert(err, IsNil)
		c.Check(string(text)+"\n", Equals, string(golden))
		for _, secret := range []string{"TOKEN", "COOKIE", "KEY"} {
			c.Check(strings.Contains(string(text), secret), Equals, false, Commentf("%s", secret))
		}
		var back Request
		c.Assert(json.Unmarshal(golden, &back), IsNil)
		c.Check(back, DeepEquals, r)
	}
}

// An entry point of none and the image's own are two things to an engine.
func (suite) TestRequestKeepsTheEntryPoint(c *C) {
	for _, entrypoint := range [][]string{nil, {""}, {"tini"}} {
		text, err := json.Marshal(Request{Entrypoint: entrypoint})
		c.Assert(err, IsNil)
		var back Request
		c.Assert(json.Unmarshal(text, &back), IsNil)
		c.Check(back.Entrypoint, DeepEquals, []string(entrypoint))
	}
}

func source(r Request, target string) string {
	if i := slices.IndexFunc(r.Mounts, func(m Mount) bool { return m.Target == target }); i >= 0 {
		return r.Mounts[i].Source
	}
	return ""
}

// Each container has a directory for its socket that no other ever had.
func (suite) TestAgain(c *C) {
	first := compose(c, NetworkBridge)
	again := first.Again("b-other", "/unit/gateway/run/b-other")
	c.Check(again.Run, Equals, "b-other")
	c.Check(source(again, RunDir), Equals, "/unit/gateway/run/b-other")
	c.Check(source(first, RunDir), Equals, "/unit/gateway/run/b-0123456789ab")
	again.Run, again.Mounts = first.Run, first.Mounts
	c.Check(again, DeepEquals, first)
}

// Juju storage is mounted by a link, which is not there before the storage is.
func (suite) TestStorageLink(c *C) {
	c.Check(source(compose(c, NetworkBridge), DataDir), Equals, "/run/jupyter-docker/unit/notebooks")
	o, _ := ParseOptions(defaults())
	r := Compose(Design(Inputs{}, o, "/unit", 7777, nil), stacks, spark.Installation{}, Place{})
	c.Check(source(r, DataDir), Equals, "/unit/notebooks")
}

func (suite) TestComposePutsOurSettingsFirst(c *C) {
	env := compose(c, NetworkBridge).Env
	c.Check(slices.Contains(env, "JUPYTER_CONFIG_PATH=/jupyter-docker/config:/theirs"), Equals, true)
	// "0" made Jupyter pass over every configuration, ours too: it heeds any value.
	c.Check(slices.Contains(env, "JUPYTER_NO_CONFIG="), Equals, true)
}

var environmentTests = []struct {
	summary, option, want string
}{
	{"settings of JupyterLab are kept with the notebooks", "", "JUPYTERLAB_SETTINGS_DIR=/jupyter-docker/work/.jupyter/lab/user-settings"},
	{"unless the operator has a place for them", "JUPYTERLAB_SETTINGS_DIR=/mine", "JUPYTERLAB_SETTINGS_DIR=/mine"},
	{"and for its workspaces", "JUPYTERLAB_WORKSPACES_DIR=/mine", "JUPYTERLAB_WORKSPACES_DIR=/mine"},
	{"a byte order mark is no part of a name", "\ufeffA=1", "A=1"},
	{"nor of a comment", "\ufeff# A=1\nB=2", "B=2"},
	{"the runtime directory is the charm's", "A=1", "JUPYTER_RUNTIME_DIR=/dev/jupyter-docker/jupyter"},
}

func (suite) TestEnvironment(c *C) {
	for _, test := range environmentTests {
		raw := defaults()
		raw["environment"] = test.option
		o, bad := ParseOptions(raw)
		c.Check(bad, HasLen, 0, Commentf("%s", test.summary))
		env := Compose(Design(Inputs{}, o, "/unit", 7777, nil), stacks, spark.Installation{}, Place{}).Env
		c.Check(slices.Contains(env, test.want), Equals, true, Commentf("%s: %s", test.summary, env))
	}
}
