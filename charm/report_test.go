package charm

import (
	"errors"
	"strings"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/relation"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

type reportSuite struct{}

var _ = Suite(reportSuite{})

const (
	at     = "http://10.0.0.1:8888/ team/nb:1"
	still  = "; team/nb:1 still serves"
	folder = "/srv/storage/notebooks/0"
)

// serving is an outcome in which all is well: team/nb:1 serves.
func serving() Outcome {
	serve := notebook.Serve{Image: "team/nb:1", BaseURL: "/", Data: folder}
	return Outcome{
		Known: true,
		Said: Said{
			Inputs: notebook.Inputs{
				Leader: true, Credential: &notebook.Credential{Token: "t"},
				Website: notebook.Network{Addresses: []notebook.Address{{Value: "10.0.0.1", Interface: "eth0"}}, Ingress: []string{"10.0.0.1"}},
			},
			Published: Published{
				Status: juju.Status{Status: "active", Message: at}, Ports: []string{"8888/tcp"},
				Websites: map[string]map[string]string{"website:1": {"hostname": "10.0.0.1", "private-address": "10.0.0.1", "port": "8888"}},
			},
		},
		Observed: plan.Observed{
			Notebooks: []*plan.Container{{ID: "one", Name: "nb-0-a", Slot: notebook.SlotA, Run: "a-1", Serve: serve, ImageID: "sha256:1",
				Running: true, Healthy: true, Kept: true, Version: "2.21.1"}},
			Gateway: plan.GatewayState{Answers: true, Listen: []string{"10.0.0.1:8888"}, Upstream: "unix:a-1", Container: "one"},
		},
		Spec: notebook.Spec{Serve: serve},
	}
}

// now is the container that serves.
func now(o *Outcome) *plan.Container { return o.Observed.Notebooks[0] }

// down makes it a notebook that does not answer.
func down(o *Outcome) { now(o).Healthy = false }

// gone leaves the record of what served, and no container.
func gone(o *Outcome) {
	o.Observed.Records = map[notebook.Slot]plan.Record{notebook.SlotA: {ID: "one", Verified: true, Request: notebook.Request{Slot: notebook.SlotA, Serve: now(o).Serve}}}
	o.Observed.Notebooks = nil
}

// recordGone has its storage gone too.
func recordGone(o *Outcome) {
	r := o.Observed.Records[notebook.SlotA]
	r.DataGone = true
	o.Observed.Records[notebook.SlotA] = r
}

func fail(errs ...error) func(*Outcome) { return func(o *Outcome) { o.Errs = errs } }

// refuse remembers that what is wanted was refused.
func refuse(o *Outcome) {
	o.Observed.Wanted.Pulled = "sha256:2"
	o.Observed.Notes.Refused = plan.Refusals{{Attempt: plan.AttemptOf(o.Spec, "sha256:2"), Reason: "the new notebook was refused: it ended with exit status 1"}}
}

// setAside adds a container that was replaced by one made anew.
func setAside(o *Outcome) {
	o.Observed.Notebooks = append(o.Observed.Notebooks, &plan.Container{ID: "two", Name: "nb-0-a-aside-12345678", Slot: notebook.SlotA})
	o.Observed.Notes.Aside = map[string]string{"two": "it ended by itself again and again", "removed": "x"}
}

var (
	refused = &workload.CandidateError{Reason: "it ended with exit status 1"}
	broken  = &workload.CandidateError{Reason: "it ran out of memory", Verified: true}
	badPort = badOptions(bad("port", "0", "must be a whole number from 1 to 65535"))
)

var statusTests = []struct {
	summary         string
	adjust          []func(*Outcome)
	status, message string
}{
	{"all is well", nil, "active", at},
	{"what ran out of memory is said", []func(*Outcome){func(o *Outcome) { now(o).OOM, now(o).Restarts = true, 1 }}, "active", at + ", ended before for lack of memory"},
	{"(35) a kernel that was killed is not the notebook's end", []func(*Outcome){func(o *Outcome) { now(o).OOM = true }},
		"active", at + "; a program in it was killed for lack of memory"},
	{"another path and IPv6", []func(*Outcome){func(o *Outcome) {
		o.Said.Inputs.Website.Ingress, now(o).Serve.BaseURL, now(o).Serve.Image = []string{"2001:db8::1"}, "/team/", "docker.io/library/nb:1"
	}}, "active", "http://[2001:db8::1]:8888/team/ nb:1"},
	{"(36) the engine's address by its interface is not the unit's", []func(*Outcome){func(o *Outcome) {
		o.Said.Inputs.Website = notebook.Network{Ingress: []string{"172.17.0.1", "172.18.0.1", "10.77.0.20"},
			Addresses: []notebook.Address{{Value: "172.17.0.1", Interface: "docker0"}, {Value: "172.18.0.1", Interface: "br-0123456789ab"}, {Value: "10.77.0.20", Interface: "br-eth0"}}}
	}}, "active", "http://10.77.0.20:8888/ team/nb:1"},
	{"(36) nor by what the engine says", []func(*Outcome){func(o *Outcome) {
		o.Observed.EngineAddresses = []string{"192.168.9.1"}
		o.Said.Inputs.Website = notebook.Network{Ingress: []string{"192.168.9.1", "10.77.0.20"}, Addresses: []notebook.Address{{Value: "192.168.9.1", Interface: "virt7"}}}
	}}, "active", "http://10.77.0.20:8888/ team/nb:1"},
	{"a bad option leaves it", []func(*Outcome){fail(badPort)}, "blocked", "port must be a whole number from 1 to 65535" + still},
	{"what does not serve is not said to", []func(*Outcome){fail(badPort), down}, "blocked", "port must be a whole number from 1 to 65535"},
	{"a refused candidate", []func(*Outcome){fail(refused)}, "blocked", "the new notebook was refused: it ended with exit status 1" + still},
	{"(26) what was refused before is remembered", []func(*Outcome){refuse}, "blocked", "the new notebook was refused: it ended with exit status 1" + still},
	{"and said once in the hook that refuses it", []func(*Outcome){fail(refused), refuse}, "blocked", "the new notebook was refused: it ended with exit status 1" + still},
	{"but not once something else is wanted", []func(*Outcome){refuse, func(o *Outcome) { o.Spec.Serve.Image = "team/nb:2" }}, "active", at},
	{"nor of another image", []func(*Outcome){refuse, func(o *Outcome) { o.Observed.Wanted.Pulled = "sha256:3" }}, "active", at},
	{"(7) upkeep's problem comes before a bad option", []func(*Outcome){fail(broken, badPort), down},
		"blocked", "the notebook does not come up again: it ran out of memory; port must be a whole number from 1 to 65535"},
	{"what is graver comes first", []func(*Outcome){fail(errNoAddress, engineError(docker.RegistryDown, "x"), badPort)},
		"blocked", "port must be a whole number from 1 to 65535; waiting for an address of the binding website" + still},
	{"joined errors are taken apart, in their order", []func(*Outcome){fail(errors.Join(errNoAddress, errors.Join(nil, errNoDriverAddress)))},
		"waiting", "waiting for an address of the binding website; waiting for an address of the binding spark, or set driver-host" + still},
	{"a switch that waits for somebody's work is no trouble", []func(*Outcome){func(o *Outcome) { o.Waits = "command changed (for busy kernel x, or the action apply)" }},
		"active", at + "; waits: command changed (for busy kernel x, or the action apply)"},
	{"what waits is short: a status is a line of a table", []func(*Outcome){func(o *Outcome) {
		o.Waits = "jupyter-image is docker.io/team/nb:2, was docker.io/team/nb:1; network-mode is host, was bridge (for busy kernel python3/1, or the action apply)"
	}}, "active", at + "; waits: jupyter-image is docker.io/team/nb:2; network-mode is host (for busy kernel python3/1, or the action apply)"},
	{"(11) what was set aside is named", []func(*Outcome){setAside},
		"active", at + "; nb-0-a-aside-12345678 was set aside because it ended by itself again and again: the action apply removes it"},
	{"beside a problem too", []func(*Outcome){setAside, fail(badPort)}, "blocked", "port must be a whole number from 1 to 65535" + still +
		"; nb-0-a-aside-12345678 was set aside because it ended by itself again and again: the action apply removes it"},
	{"(35) a paused notebook", []func(*Outcome){down, func(o *Outcome) { now(o).Paused = true }},
		"waiting", "the notebook is paused: docker unpause nb-0-a; the next hook that finds it so resumes it"},
	{"it does not answer, and why", []func(*Outcome){down, func(o *Outcome) { now(o).Reason = "/api takes too long to answer" }},
		"waiting", "the notebook does not answer: /api takes too long to answer"},
	{"it does not run, and nobody knows why", []func(*Outcome){down, func(o *Outcome) { now(o).Running = false }},
		"waiting", "no notebook serves: see juju debug-log"},
	{"the gateway does not answer", []func(*Outcome){func(o *Outcome) { o.Observed.Gateway.Answers = false }},
		"waiting", "no notebook serves: see juju debug-log"},
	{"(10) it is open", []func(*Outcome){func(o *Outcome) { o.Observed.Gateway.Open = true }},
		"waiting", "no notebook serves: see juju debug-log"},
	{"(15) its storage is not there", []func(*Outcome){down, func(o *Outcome) { now(o).DataGone = true }},
		"blocked", "the notebooks' storage " + folder + " is not there: attach it again, or the action apply serves another folder"},
	{"(15) nor mounted, though Juju has it attached", []func(*Outcome){down, func(o *Outcome) { now(o).DataGone, o.Said.Inputs.Storage = true, folder }},
		"blocked", "the notebooks' storage " + folder + " is not mounted: mount it"},
	{"nor is its container there", []func(*Outcome){gone, recordGone, func(o *Outcome) { o.Said.Inputs.Storage = folder }},
		"blocked", "the notebooks' storage " + folder + " is not mounted: mount it"},
	{"(14) its storage was detached", []func(*Outcome){down, func(o *Outcome) { o.Observed.Notes.Detached = folder }},
		"blocked", "the notebooks' storage " + folder + " is not there: attach it again, or the action apply serves another folder"},
	{"and its container with it", []func(*Outcome){gone, func(o *Outcome) { o.Observed.Notes.Detached = folder }},
		"blocked", "the notebooks' storage " + folder + " is not there: attach it again, or the action apply serves another folder"},
	{"(15) it sees another folder", []func(*Outcome){func(o *Outcome) { now(o).DataOther = true }},
		"blocked", "the notebook sees another folder than " + folder + ": the action apply starts it again there, which ends its kernels" + still},
	{"its container is gone and was not made anew", []func(*Outcome){gone, fail(broken)}, "blocked", "the notebook does not come up again: it ran out of memory"},
	{"nothing served yet", []func(*Outcome){func(o *Outcome) { o.Observed = plan.Observed{} }, fail(engineError(docker.NotFound, "x"))},
		"blocked", "the image does not exist, or its registry wants a login: check jupyter-image"},
	{"nothing serves, for somebody works in a former one", []func(*Outcome){func(o *Outcome) { o.Observed, o.Waits = plan.Observed{}, "the former notebook has busy kernel x" }},
		"waiting", "no notebook serves; waits: the former notebook has busy kernel x"},
	{"what runs is not known", []func(*Outcome){func(o *Outcome) { o.Known = false }, fail(engineError(docker.Unreachable, "x"))},
		"blocked", "the docker engine does not answer: see journalctl -u docker"},
	{"a cluster that does not answer is a note", []func(*Outcome){func(o *Outcome) {
		o.Verdict = compat.Verdict{Check: "warn", Reach: []cluster.Reach{{What: "the master", Err: errors.New("the master at spark:7077 refuses connections")}}}
	}}, "active", at + "; the cluster: the master at spark:7077 refuses connections"},
	{"a warning is a note, before what waits", []func(*Outcome){func(o *Outcome) {
		o.Verdict, o.Waits = compat.Verdict{Warnings: []string{"spark-conf sets spark.driver.host"}}, "idle-cull-minutes is 5 (for the action apply)"
	}}, "active", at + "; spark-conf sets spark.driver.host; waits: idle-cull-minutes is 5 (for the action apply)"},
}

func (reportSuite) TestStatus(c *C) {
	for _, test := range statusTests {
		o := serving()
		for _, adjust := range test.adjust {
			adjust(&o)
		}
		out, err := Report(o)
		c.Check(err, IsNil, Commentf(test.summary))
		c.Check(out.Status, Equals, juju.Status{Status: test.status, Message: test.message}, Commentf(test.summary))
		checkShort(c, test.summary, out.Status.Message)
	}
}

// TestEachProblemBesideWhatServes: a message stays a line of a table, and a defect
// fails the hook whatever else there is.
func (reportSuite) TestEachProblemBesideWhatServes(c *C) {
	for _, test := range problemTests {
		o := serving()
		o.Errs = []error{badPort, test.err}
		out, err := Report(o)
		if test.status == "" {
			c.Check(err, NotNil, Commentf(test.summary))
			continue
		}
		c.Check(err, IsNil, Commentf(test.summary))
		c.Check(out.Status.Status, Equals, "blocked", Commentf(test.summary))
		checkShort(c, test.summary, out.Status.Message)
	}
}

func (reportSuite) TestDefectsAreJoined(c *C) {
	_, err := Report(Outcome{Errs: []error{badPort, errBroken, errors.Join(errBroken, errors.New("another"))}})
	c.Check(err, ErrorMatches, "cannot run it: broken\ncannot run it: broken\nanother")
}

var outputTests = []struct {
	summary string
	adjust  func(*Outcome)
	want    Outputs // but for its status
}{
	{"all is well", func(*Outcome) {}, Outputs{Version: "Jupyter 2.21.1", Ports: []string{"8888/tcp"}, Website: &relation.Website{Hostname: "10.0.0.1", Port: 8888}}},
	{"executors call back", func(o *Outcome) { now(o).Drivers = 28024 },
		Outputs{Version: "Jupyter 2.21.1", Ports: []string{"8888/tcp", "28024-28039/tcp"}, Website: &relation.Website{Hostname: "10.0.0.1", Port: 8888}}},
	{"what does not answer is withdrawn", down, Outputs{Ports: []string{"8888/tcp"}}},
	{"an open one too", func(o *Outcome) { o.Observed.Gateway.Open = true }, Outputs{Ports: []string{"8888/tcp"}}},
	{"without an address nothing is offered", func(o *Outcome) { o.Said.Inputs.Website = notebook.Network{} },
		Outputs{Version: "Jupyter 2.21.1", Ports: []string{"8888/tcp"}}},
	{"(36) a floating address is offered, though no interface has it", func(o *Outcome) { o.Said.Inputs.Website.Ingress = []string{"192.0.2.9"} },
		Outputs{Version: "Jupyter 2.21.1", Ports: []string{"8888/tcp"}, Website: &relation.Website{Hostname: "192.0.2.9", Port: 8888}}},
	{"(36) of several the one of unit-get private-address", func(o *Outcome) {
		o.Said.Inputs.Private, o.Said.Inputs.Website.Ingress = "10.77.0.20", []string{"10.0.0.1", "10.77.0.20"}
	}, Outputs{Version: "Jupyter 2.21.1", Ports: []string{"8888/tcp"}, Website: &relation.Website{Hostname: "10.77.0.20", Port: 8888}}},
	{"what is not known is kept", func(o *Outcome) { o.Known, o.Observed = false, plan.Observed{} }, Outputs{Keep: true}},
	{"no token, and this is the leader", func(o *Outcome) { o.Said.Inputs.Credential, o.Observed = nil, plan.Observed{} }, Outputs{MakeSecret: true}},
	{"no token, and another leads", func(o *Outcome) {
		o.Said.Inputs.Credential, o.Said.Inputs.Leader, o.Observed = nil, false, plan.Observed{}
	}, Outputs{}},
	{"the gateway listens nowhere that can be read", func(o *Outcome) { o.Observed.Gateway.Listen = []string{"nonsense"} },
		Outputs{Version: "Jupyter 2.21.1", Website: &relation.Website{Hostname: "10.0.0.1"}}},
}

func (reportSuite) TestOutputs(c *C) {
	for _, test := range outputTests {
		o := serving()
		test.adjust(&o)
		out, err := Report(o)
		c.Assert(err, IsNil, Commentf(test.summary))
		out.Status = juju.Status{}
		c.Check(out, DeepEquals, test.want, Commentf(test.summary))
	}
}

// TestReportChangesNothing: it is a pure function.
func (reportSuite) TestReportChangesNothing(c *C) {
	o, same := serving(), serving()
	setAside(&o)
	setAside(&same)
	first, err := Report(o)
	c.Assert(err, IsNil)
	second, err := Report(o)
	c.Assert(err, IsNil)
	c.Check(second, DeepEquals, first)
	c.Check(o, DeepEquals, same)
}

func (reportSuite) TestFamiliar(c *C) {
	digest := "@sha256:" + strings.Repeat("0123456789abcdef", 4)
	for ref, want := range map[string]string{
		"docker.io/library/nb:1": "nb:1", "quay.io/team/nb" + digest: "quay.io/team/nb@sha256:0123456789ab",
		"quay.io/team/nb:1" + digest: "quay.io/team/nb:1@sha256:0123456789ab", "NO reference": "NO reference",
	} {
		c.Check(familiar(ref), Equals, want)
	}
}
