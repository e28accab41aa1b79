package charm

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/juju/loggo"
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

type problemsSuite struct{}

var _ = Suite(problemsSuite{})

// engineError is a failure of the engine as the docker package makes it.
func engineError(kind docker.Kind, text string) error {
	return fmt.Errorf("%w", &docker.Error{Kind: kind, Err: errors.New(text)})
}

func bad(name, value, reason string) notebook.BadOption {
	return notebook.BadOption{Name: name, Value: value, Reason: reason}
}

func badOptions(all ...notebook.BadOption) error { return &optionError{all} }

var problemTests = []struct {
	summary         string
	err             error
	status, message string // no status: the hook fails
}{
	{"no token yet", errNoCredential, "waiting", "waiting for the leader to make the token"},
	{"no address yet", errNoAddress, "waiting", "waiting for an address of the binding website"},
	{"no address for executors", errNoDriverAddress, "waiting", "waiting for an address of the binding spark, or set driver-host"},
	{"a bad option", badOptions(bad("port", "0", "must be a whole number from 1 to 65535")), "blocked", "port must be a whole number from 1 to 65535"},
	{"an option with two faults is named once", badOptions(bad("environment", hush, "line 1 is not KEY=VALUE"), bad("environment", hush, "line 2 is not KEY=VALUE")),
		"blocked", "environment line 1 is not KEY=VALUE"},
	{"several bad options", badOptions(bad("command", hush, "x"), bad("environment", hush, "y"), bad("port", "0", "z")),
		"blocked", "cannot use options command, environment, port: see juju debug-log"},
	{"(38) a binding without an address", &bindingError{"website"},
		"blocked", "the space of the binding website has no address on this machine: juju bind it to one that has"},
	{"(14) another folder", &dataError{From: "/srv/a", To: "/srv/b"},
		"blocked", "Juju now gives /srv/b for the notebooks, people see /srv/a: the action apply serves the new one, nothing is copied"},
	{"files of Hadoop that cannot be used", &compat.HadoopError{Reason: "is an empty secret: give it core-site, yarn-site ..."},
		"blocked", "hadoop-conf is an empty secret: give it core-site, yarn-site ..."},
	{"an image that does not match", fmt.Errorf("cannot: %w", &compat.MatchError{Mismatch: "the cluster needs Python 3.11, the image has 3.13"}),
		"blocked", "cannot: the cluster needs Python 3.11, the image has 3.13 (version-check=enforce)"},
	{"a flag that wins", &workload.FlagError{Flags: []string{"--ServerApp.token", "--port"}},
		"blocked", "the image's command line sets --ServerApp.token, --port, which is the charm's to set: give another by the option command"},
	{"a candidate that did not come up", &workload.CandidateError{Reason: "it ended with exit status 1 (no licence)"},
		"blocked", "the new notebook was refused: it ended with exit status 1 (no licence)"},
	{"what served does not come up again", &workload.CandidateError{Reason: "it ran out of memory", Verified: true},
		"blocked", "the notebook does not come up again: it ran out of memory"},
	{"(9) a port of ours", &workload.PortError{Address: "10.0.0.1:8888", Port: "8888", Holder: "nb/1"},
		"blocked", "port 8888 is held by unit nb/1 on this machine: set the option port"},
	{"a port of somebody's", &workload.PortError{Address: "10.0.0.1:8888", Port: "8888", Reason: "address already in use"},
		"blocked", "cannot listen on 10.0.0.1:8888: address already in use"},
	{"(22) an engine that maps users", errUserNS,
		"blocked", "the docker engine uses userns-remap, which is not supported: switch it off or use another machine"},
	{"(20) the unit's disk is full", fmt.Errorf("cannot write x: %w", host.ErrNoSpace),
		"blocked", "no space is left in /var/lib/jupyter-docker: make room; what runs goes on"},
	{"(20) the gateway's disk is full", fmt.Errorf("cannot set the gateway: %w", gateway.ErrNoSpace),
		"blocked", "no space is left in /var/lib/jupyter-docker: make room; what runs goes on"},
	{"(23) an engine that somebody disabled", fmt.Errorf("%w: docker.service is masked", host.ErrDisabled),
		"blocked", "the docker engine is disabled: docker.service is masked: enable and start it, or remove the unit"},
	{"(23) no engine any more", host.ErrNoEngine, "blocked", "there is no docker engine on this machine: install one"},
	{"the engine does not start", fmt.Errorf("%w: exit status 1: Job failed", host.ErrEngine),
		"blocked", "the docker engine cannot be started: see journalctl -u docker"},
	{"no such image", engineError(docker.NotFound, "cannot pull x: manifest unknown"),
		"blocked", "the image does not exist, or its registry wants a login: check jupyter-image"},
	{"a login is wanted", engineError(docker.Denied, "no"), "blocked", "the registry refuses the image, wants a login or does not have it: check jupyter-image"},
	{"too many requests", engineError(docker.TooOften, "no"), "waiting", "the registry takes no more requests from here for now: see juju debug-log"},
	{"a web page", engineError(docker.NoRegistry, "no"), "blocked", "what answers for the image is no registry, but a web page, say: check jupyter-image"},
	{"a chart", engineError(docker.NoImage, "no"), "blocked", "the image is none that a container can be made of, such as a Helm chart: check jupyter-image"},
	{"the registry is down", engineError(docker.RegistryDown, "EOF"), "waiting", "the image cannot be pulled: see juju debug-log"},
	{"a stalled pull", engineError(docker.Stalled, "cannot pull x: no progress for two minutes"), "blocked", "cannot pull x: no progress for two minutes"},
	{"a full disk", engineError(docker.DiskFull, "cannot pull: /var/lib/docker has only 3MB left"),
		"blocked", "the engine's disk is full: make room; what runs goes on"},
	{"another architecture", engineError(docker.Platform, "cannot run x: it is for linux/arm64, this machine is linux/amd64"),
		"blocked", "cannot run x: it is for linux/arm64, this machine is linux/amd64"},
	{"no engine", engineError(docker.Unreachable, "dial"), "blocked", "the docker engine does not answer: see journalctl -u docker"},
	{"settings that the engine refuses", engineError(docker.Invalid, hush), "blocked", "the engine refuses to make the notebook: see juju debug-log"},
	{"a limit below the present use", engineError(docker.NotNow, "x"), "waiting", "memory-limit is below what the notebook uses now: the former limit stays until kernels end"},
	{"a name that is taken, as of a network that somebody made", engineError(docker.InUse, "x"), "blocked", "something else on the engine has the unit's name: see juju debug-log"},
	{"what the engine did not class", engineError(docker.Unknown, "x"), "", ""},
	{"a defect", errors.New("cannot do step"), "", ""},
	{"what Juju did not answer", &juju.ToolError{Tool: "config-get", Code: 1}, "", ""},
}

func (problemsSuite) TestProblemOf(c *C) {
	for _, test := range problemTests {
		c.Check(problemOf(test.err), Equals, problem{test.status, test.message}, Commentf(test.summary))
		c.Check(utf8.RuneCountInString(test.message) <= 120, Equals, true, Commentf("%s: %d", test.summary, len(test.message)))
		c.Check(strings.Contains(problemOf(test.err).message, hush), Equals, false, Commentf(test.summary))
	}
}

// TestAsOneOfMany: each of them is reported of a hook in which several failed.
func (problemsSuite) TestAsOneOfMany(c *C) {
	for _, test := range problemTests {
		got, err := problemsOf(Outcome{Errs: []error{errors.Join(test.err, nil), nil, errors.Join(test.err)}})
		if c.Check(err != nil, Equals, test.status == "", Commentf(test.summary)); err != nil {
			continue
		}
		c.Check(got, DeepEquals, []problem{{test.status, test.message}}, Commentf("%s: once", test.summary))
	}
}

// logged is what is logged while something runs, a line each.
func logged(c *C, run func()) string {
	writer := &loggo.TestWriter{}
	before, err := loggo.ReplaceDefaultWriter(writer)
	c.Assert(err, IsNil)
	run()
	_, err = loggo.ReplaceDefaultWriter(before)
	c.Assert(err, IsNil)
	var lines []string
	for _, entry := range writer.Log() {
		lines = append(lines, entry.Message)
	}
	return strings.Join(lines, "\n")
}

func (problemsSuite) TestSecretOptionsAreNotLogged(c *C) {
	got := logged(c, func() {
		logFailures([]error{nil, errNoCredential, errors.Join(badOptions(bad("environment", hush, "line 1 is not KEY=VALUE"), bad("port", "0", "must be more")), errBroken)})
	})
	c.Check(got, Equals, `option environment line 1 is not KEY=VALUE: (its value is not logged)
option port must be more: "0"
cannot run it: broken`)
}
