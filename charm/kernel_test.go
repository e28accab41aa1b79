package charm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/probe"
)

type kernelSuite struct{}

var _ = Suite(kernelSuite{})

// running is a unit whose kernels print the lines.
func running(c *C, parameters string, lines ...string) *unit {
	u := newUnit(c)
	u.deploy()
	u.world.answers["action-get"] = parameters
	for _, line := range lines {
		u.server().prints += "jupyter-docker-probe " + line + "\n"
	}
	return u
}

func (kernelSuite) TestSparkPi(c *C) {
	u := running(c, `{"timeout":60,"slices":2}`, `{"progress":"starting Spark","master":"local[2]"}`,
		`{"pi":3.141,"spark":"4.0.0","session":1.5,"first":2.5,"warm":0.5,"done":true}`)
	defer u.close()
	written, err := u.run(juju.Event{Action: "spark-pi"})
	c.Assert(err, IsNil)
	c.Check(written, DeepEquals, []string{"action-log starting Spark",
		"action-set executors=unknown first-job-seconds=2.5 master=local[2] pi=3.141000 session-seconds=1.5 spark=4.0.0 warm-job-seconds=0.5"})
}

func (kernelSuite) TestSparkPiThatFails(c *C) {
	for _, test := range []struct{ parameters, line, raises, failed string }{
		{`{"timeout":60,"master":"mesos://x"}`, "", "", "cannot compute pi: master must be .*"},
		{`{"timeout":60,"master":"sc://"}`, "", "", "cannot compute pi: master .*"},
		{`{"timeout":60,"master":"sc://c:15002"}`, `{"error":"no such host"}`, "", "cannot compute pi: no such host"},
		{`{"timeout":60}`, "{}", "", "cannot compute pi: the program ended without a result"},
		{`{"timeout":60}`, "no JSON", "", "cannot compute pi: cannot read what the notebook's kernel told: .*"},
		{`{"timeout":60}`, "{}", "no Java", "(?s)cannot compute pi: spark-pi failed: .*no Java.*"},
	} {
		u := running(c, test.parameters, test.line)
		u.server().raises = test.raises
		_, failed := u.action("spark-pi")
		c.Check(failed, Matches, test.failed, Commentf("%v", test))
		u.close()
	}
}

// TestTheTokenOfConnectIsHidden in what Spark says of its address.
func (kernelSuite) TestTheTokenOfConnectIsHidden(c *C) {
	for _, test := range []struct{ line, raises string }{
		{`{"error":"cannot reach sc://c:1/;token=hush-hush"}`, ""},
		{"{}", "Bearer hush-hush is refused"},
	} {
		u := running(c, `{"timeout":60}`, test.line)
		secret := filepath.Join(u.root, "nb-0-12345678", "slot-a", "secret")
		c.Assert(os.WriteFile(filepath.Join(secret, "spark-remote"), []byte("sc://c:1/;use_ssl=true;token=hush-hush"), 0o600), IsNil)
		u.server().raises = test.raises
		results, failed := u.action("spark-pi")
		c.Check(failed, Not(Equals), "")
		c.Check(results+failed+strings.Join(u.world.logged, " "), Not(Matches), "(?s).*hush-hush.*", Commentf("%v", test))
		u.close()
	}
}

func (kernelSuite) TestCheckDriver(c *C) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	c.Assert(err, IsNil)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	u := running(c, `{"timeout":60}`, fmt.Sprintf(`{"progress":"asking","master":"spark://m:7077","host":"127.0.0.1","rpc":%d,"done":true}`, port))
	defer u.close()
	results, failed := u.action("check-driver")
	c.Check(results, Matches, fmt.Sprintf("(?s)driver-port=127.0.0.1:%d: nobody was seen to reach it; from this machine: ok executor=none has registered.*", port))
	c.Check(failed, Not(Equals), "") // no executor came
}

// TestCheckDriverEndsEarly where the machine refuses the driver's port to itself: no
// executor can do better.
func (kernelSuite) TestCheckDriverEndsEarly(c *C) {
	u := running(c, `{"timeout":60}`, `{"progress":"asking","master":"spark://m:7077","host":"127.0.0.1","rpc":1}`)
	defer u.close()
	results, failed := u.action("check-driver")
	c.Check(results, Matches, "(?s)driver-port=127.0.0.1:1: .*refused.*")
	c.Check(failed, Not(Equals), "")
}

func (kernelSuite) TestCheckDriverWithoutAMaster(c *C) {
	u := running(c, `{"timeout":60}`)
	defer u.close()
	u.server().raises = "no Java"
	_, failed := u.action("check-driver")
	c.Check(failed, Matches, "(?s)check-driver failed: .*no Java.*")
}

// TestSweep: an action that was killed left its kernel.
func (kernelSuite) TestSweep(c *C) {
	u := newUnit(c)
	defer u.close()
	u.deploy()
	for _, hook := range []string{"update-status", "config-changed"} {
		before := u.server().asked("GET /api/sessions")
		u.hook(hook)
		c.Check(u.server().asked("GET /api/sessions") > before, Equals, hook == "update-status", Commentf(hook))
	}
}

func (kernelSuite) TestInWords(c *C) {
	c.Check(inWords(context.Canceled), ErrorMatches, "the action was cancelled")
	c.Check(inWords(context.DeadlineExceeded), ErrorMatches, "not done within its time: give a larger timeout")
	c.Check(inWords(errBroken), Equals, errBroken)
	c.Check(inWords(nil), IsNil)
}

func (kernelSuite) TestDialled(c *C) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, "ok"}, {&net.DNSError{}, "unresolvable"}, {fmt.Errorf("x: %w", syscall.ECONNREFUSED), "refused"}, {os.ErrDeadlineExceeded, "timed out"},
		{context.DeadlineExceeded, "timed out"}, {errors.New("no route"), "unreachable"},
	} {
		c.Check(dialled(test.err), Equals, test.want)
	}
	u := newUnit(c)
	var d probe.Callback
	d.Host, d.RPC = "127.0.0.1", 1
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	u.charm(juju.Event{Action: "check-driver"}).lookHere(ctx, &d)
	c.Check([]any{d.Here.Own, d.Here.Ports[1]}, DeepEquals, []any{true, "refused"})
}
