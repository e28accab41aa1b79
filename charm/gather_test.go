package charm

import (
	"net"
	"os"
	"path/filepath"
	"strings"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type gatherSuite struct{}

var _ = Suite(gatherSuite{})

func gather(c *C, w *world, event juju.Event) (Said, error) { return withTools(c, w, event).Gather() }

func (gatherSuite) TestGather(c *C) {
	w := usual()
	w.answers["config-get"] = `{"port":8888}`
	said, err := gather(c, w, juju.Event{Hook: "config-changed", Proxy: notebook.Proxy{No: "127.0.0.1"}})
	c.Assert(err, IsNil)
	c.Check(said.Inputs, DeepEquals, notebook.Inputs{
		Unit: notebook.Unit{Name: "nb/0"}, Leader: true, Options: map[string]any{"port": 8888.0},
		Credential: &notebook.Credential{Token: hush, CookieSecret: "k", Revision: "3"},
		Website:    notebook.Network{Addresses: []notebook.Address{{Value: "127.0.0.1", Interface: "eth0"}}, Ingress: []string{"10.0.0.1"}},
		Proxies:    []string{"10.0.0.8", "10.0.0.9"},
	})
	c.Check(said.Published, DeepEquals, Published{
		Status: juju.Status{Status: "active", Message: "m"}, Websites: map[string]map[string]string{"website:1": {"private-address": "10.0.0.1"}, "website:2": nil},
	})
	c.Check(said.Unusable, IsNil)
	c.Check(len(w.calls) <= 15, Equals, true, Commentf("%d: %v", len(w.calls), w.calls)) // most of a hook is its tools
	c.Check(w.called("unit-get"), Equals, false)
}

// TestTheRelationThatEndsIsOver guards against a proxy that is trusted, or
// written to, in the very hook that takes leave of it.
func (gatherSuite) TestTheRelationThatEndsIsOver(c *C) {
	said, err := gather(c, usual(), juju.Event{Hook: "website-relation-broken", Broken: "website:1"})
	c.Assert(err, IsNil)
	c.Check(said.Inputs.Proxies, DeepEquals, []string{"10.0.0.8"})
	c.Check(said.Published.Websites, DeepEquals, map[string]map[string]string{"website:2": nil})
}

func (gatherSuite) TestTheModelsProxy(c *C) {
	said, err := gather(c, usual(), juju.Event{Hook: "start", Proxy: notebook.Proxy{HTTPS: "http://p:1", No: "10.0.0.0/8"}})
	c.Assert(err, IsNil)
	c.Check(said.Inputs.Proxy, Equals, notebook.Proxy{HTTPS: "http://p:1", No: "10.0.0.0/8"})
}

func (gatherSuite) TestAnotherUnitDoesNotLookForSecretsToMake(c *C) {
	w := usual()
	w.answers["is-leader"], w.fails["secret-get"] = "false", refusedBy("secret-get", "ERROR not found")
	said, err := gather(c, w, juju.Event{Hook: "update-status"})
	c.Assert(err, IsNil)
	c.Check(said.Inputs.Credential, IsNil)
	c.Check(w.called("secret-ids"), Equals, false)
}

func (gatherSuite) TestWhatCannotBeReadFailsTheHook(c *C) {
	for _, tool := range []string{"config-get", "is-leader", "storage-list", "network-get", "opened-ports", "status-get", "relation-ids", "relation-list", "relation-get", "secret-get"} {
		w := usual()
		for call := range w.answers {
			if strings.HasPrefix(call, tool) {
				delete(w.answers, call)
			}
		}
		w.answers[tool] = "no JSON"
		_, err := gather(c, w, juju.Event{Hook: "update-status"})
		c.Check(err, ErrorMatches, "(?s)cannot read what "+tool+" printed: .*", Commentf(tool))
		w.fails[tool] = errBroken
		_, err = gather(c, w, juju.Event{Hook: "update-status"})
		c.Check(err, ErrorMatches, "(?s).*broken.*", Commentf(tool))
	}
}

var bindingTests = []struct {
	summary    string
	prints     string
	fails      error
	private    string
	want       string // the address for others
	bind       string
	missing    bool
	asksForOwn bool // unit-get private-address
}{
	{summary: "one address stays as it is", prints: network("eth0 203.0.113.7", "203.0.113.7"), want: "203.0.113.7", bind: "203.0.113.7"},
	{summary: "(36) a floating address, which no interface has", prints: network("eth0 203.0.113.7", "192.0.2.9"), want: "192.0.2.9", bind: "203.0.113.7"},
	{
		summary: "(36) the engine's bridges come first, as on a machine of LXD", private: "10.77.0.20", asksForOwn: true,
		prints: network("docker0 203.0.113.1,br-0123456789ab 203.0.113.129,eth0 10.77.0.20", "203.0.113.1,203.0.113.129,10.77.0.20"),
		want:   "10.77.0.20", bind: "10.77.0.20",
	},
	{
		summary: "(36) Juju's own bridge is the machine's", private: "10.77.0.20", asksForOwn: true,
		prints: network("docker0 203.0.113.1,br-eth0 10.77.0.20", "203.0.113.1,10.77.0.20"), want: "10.77.0.20", bind: "10.77.0.20",
	},
	{
		summary: "(36) of several the unit's own", private: "10.77.0.20", asksForOwn: true,
		prints: network("eth1 10.88.0.5,eth0 10.77.0.20", "10.88.0.5,10.77.0.20"), want: "10.77.0.20", bind: "10.77.0.20",
	},
	{
		summary: "(36) else the first", private: "10.99.0.1", asksForOwn: true,
		prints: network("eth1 10.88.0.5,eth0 10.77.0.20", "10.88.0.5,10.77.0.20"), want: "10.88.0.5", bind: "10.88.0.5",
	},
	{summary: "an address of a bridge that is gone", prints: network("br-gone 203.0.113.7,lo 127.0.0.1", "10.0.0.1"), want: "10.0.0.1", bind: "127.0.0.1"},
	{summary: "(38) a space that the machine is not in", fails: noSpace, missing: true},
}

func (gatherSuite) TestBindings(c *C) {
	for _, test := range bindingTests {
		w := usual()
		w.settle("spark-master", "spark://m:7077")
		w.answers["network-get"], w.answers["unit-get"] = test.prints, `"`+test.private+`"`
		if test.fails != nil {
			w.fails["network-get"] = test.fails
		}
		said, err := gather(c, w, juju.Event{Hook: "config-changed"})
		c.Assert(err, IsNil, Commentf(test.summary))
		in := said.Inputs.Narrow(nil)
		for _, n := range []notebook.Network{in.Website, in.Spark} {
			c.Check(n.Prefer(""), Equals, test.want, Commentf(test.summary))
			c.Check(n.PreferBind("", n.Prefer("")), Equals, test.bind, Commentf(test.summary))
			c.Check(n.Missing, Equals, test.missing, Commentf(test.summary))
		}
		c.Check(w.called("unit-get"), Equals, test.asksForOwn, Commentf(test.summary))
	}
}

func (gatherSuite) TestOnlyAClusterThatCallsBackNeedsTheBindingSpark(c *C) {
	for master, asked := range map[string]bool{"": false, "local[2]": false, "nonsense": false, "yarn": true, "spark://m:7077": true} {
		w := usual()
		w.settle("spark-master", master)
		w.fails["network-get --format=json spark"] = errBroken
		_, err := gather(c, w, juju.Event{Hook: "config-changed"})
		c.Check(err != nil, Equals, asked, Commentf(master))
	}
}

func (gatherSuite) TestHostsAreReadForAClusterAlone(c *C) {
	for option, read := range map[string]bool{"shm-size": false, "spark-remote": true, "emr-release": true, "spark-master": true} {
		w := usual()
		w.settle(option, "x")
		said, err := gather(c, w, juju.Event{Hook: "config-changed"})
		c.Assert(err, IsNil)
		c.Check(said.Inputs.Hosts != "", Equals, read, Commentf(option))
	}
}

// TestAddressesThatAreGone: Juju lists those of a removed bridge for a while.
func (gatherSuite) TestAddressesThatAreGone(c *C) {
	have := []net.Addr{&net.IPNet{IP: net.IPv4(127, 0, 0, 1)}, &net.IPNet{IP: net.ParseIP("2001:db8::1")}, &net.UnixAddr{Name: "x"}}
	listed := func(values ...string) (out []notebook.Address) {
		for _, v := range values {
			out = append(out, notebook.Address{Value: v})
		}
		return out
	}
	c.Check(present(listed("203.0.113.7", "127.0.0.1"), have), DeepEquals, listed("127.0.0.1"))
	c.Check(present(listed("2001:0db8::0001"), have), DeepEquals, listed("2001:0db8::0001"))
	c.Check(present(listed("203.0.113.7"), have), DeepEquals, listed("203.0.113.7"))
	c.Check(present(nil, have), HasLen, 0)
}

func (gatherSuite) TestStorage(c *C) {
	w := usual()
	w.answers["storage-list"], w.answers["storage-get"] = `["notebooks/0"]`, `"/srv/notebooks"`
	said, err := gather(c, w, juju.Event{Hook: "update-status"})
	c.Assert(err, IsNil)
	c.Check(said.Inputs.Storage, Equals, "/srv/notebooks")
}

const coreSite = "<configuration><property><name>fs.defaultFS</name><value>hdfs://n:8020</value></property></configuration>"

var hadoopTests = []struct {
	summary  string
	option   string
	secret   string // what secret-get prints, "" for a refusal
	resource string // content of the file, "-" for none
	before   bool   // a resource was attached earlier
	want     map[string]string
	unusable string
	err      string
}{
	{summary: "none", resource: "-"},
	{summary: "a secret", option: "secret:x", secret: `{"core-site":"` + coreSite + `"}`, resource: "-", want: map[string]string{"core-site.xml": coreSite}},
	{summary: "(39) a secret that was not granted", option: "secret:x", resource: "-",
		unusable: "hadoop-conf may not be read: juju grant-secret it to nb; " +
			"tried again at update-status \\(5 minutes unless the model says otherwise\\), at once by the action apply"},
	{summary: "(33) an empty resource is none", resource: ""},
	{summary: "a resource that is no tar", resource: strings.Repeat("x", 2000), unusable: "hadoop-conf is a resource that is no tar .*"},
	{summary: "a resource that was there and cannot be read fails the hook", resource: "-", before: true, err: "cannot run resource-get: .*"},
}

func (gatherSuite) TestHadoop(c *C) {
	for _, test := range hadoopTests {
		w, root := usual(), c.MkDir()
		dir, file := filepath.Join(root, "agents", "unit-nb-0", "charm"), filepath.Join(root, "hadoop-conf.tar")
		c.Assert(os.MkdirAll(dir, 0o755), IsNil)
		w.settle("hadoop-conf", test.option, "spark-remote", "sc://c")
		w.answers["secret-get --format=json secret:x"] = test.secret
		if test.secret == "" {
			w.fails["secret-get --format=json secret:x"] = refusedBy("secret-get", "ERROR permission denied")
		}
		if w.answers["resource-get"] = file; test.resource == "-" {
			w.fails["resource-get"] = refusedBy("resource-get", "ERROR could not download resource")
		}
		c.Assert(os.WriteFile(file, []byte(test.resource), 0o600), IsNil)
		if test.before {
			kept := filepath.Join(dir, "..", "resources", "hadoop-conf")
			c.Assert(os.MkdirAll(kept, 0o755), IsNil)
			c.Assert(os.WriteFile(filepath.Join(kept, "hadoop-conf.tar"), nil, 0o600), IsNil)
		}
		said, err := gather(c, w, juju.Event{Hook: "config-changed", Dir: dir})
		if test.err != "" {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
			continue
		}
		c.Assert(err, IsNil, Commentf(test.summary))
		c.Check(said.Inputs.Hadoop, DeepEquals, test.want, Commentf(test.summary))
		if test.unusable == "" {
			c.Check(said.Unusable, IsNil, Commentf(test.summary))
			continue
		}
		c.Check(said.Unusable, ErrorMatches, test.unusable, Commentf(test.summary))
		c.Check(problemOf(said.Unusable).status, Equals, "blocked", Commentf(test.summary))
	}
}
