package workload_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

type awaitSuite struct{}

var _ = Suite(&awaitSuite{})

// TestWhatCannotComeUp is refused within seconds, and not after start-timeout.
func (awaitSuite) TestWhatCannotComeUp(c *C) {
	for _, test := range []struct {
		summary string
		env     []string
		flags   []string
		says    string
	}{
		{"a flag of its process", []string{configured}, []string{"--ServerApp.token=x"},
			"the image's command line sets --ServerApp.token, which .*"},
		{"a cleared environment", nil, nil, "the new notebook was refused: its entry point clears the environment, .*"},
	} {
		w := newWorld(c)
		w.up()
		w.asks()
		w.next = failing
		w.spec.StartTimeout = 1000
		w.pid = func(*Container) int { return w.process(test.env, test.flags...) }
		before := w.clock.Now()
		_, r := w.hook(plan.Ask{})
		c.Check(w.texts(r.Errs), Matches, test.says, Commentf(test.summary))
		c.Check(w.clock.Now().Sub(before) < 5*time.Second, Equals, true)
		c.Check(r.Observed.Notes.Refused, HasLen, 1)
		c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a")
		w.close()
	}
}

// TestProgress: people see what is waited for.
func (awaitSuite) TestProgress(c *C) {
	w := newWorld(c)
	defer w.close()
	w.spec.StartTimeout, w.next = 10, silent
	w.hook(plan.Ask{})
	c.Check(slices.Contains(w.said, "starting the notebook: nothing answers at its socket"), Equals, true)
}

// private is a file that only its user reads.
func private(c *C, data string) string {
	path := filepath.Join(data, "private.ipynb")
	c.Assert(os.WriteFile(path, []byte("x"), 0o600), IsNil)
	return path
}

func mode(c *C, path string) os.FileMode {
	info, err := os.Stat(path)
	c.Assert(err, IsNil)
	return info.Mode().Perm()
}

// TestAServerThatStepsDown is let in by name: to the notebooks, its socket's folder
// and its token. Private files are opened to it, for another user serves now.
func (awaitSuite) TestAServerThatStepsDown(c *C) {
	const user = 1234
	w := newWorld(c)
	defer w.close()
	w.pid = func(*Container) int { return w.process([]string{configured}) }
	was := w.up()
	closed, later := private(c, w.spec.Serve.Data), filepath.Join(w.spec.Serve.Data, "later.ipynb")
	w.server(was.ID).asked = func() { // for the last time just before it is stopped
		c.Check(os.WriteFile(later, []byte("x"), 0o600), IsNil)
		c.Check(os.Chmod(later, 0o600), IsNil)
	}
	w.asks()
	w.next = failing // until it has its token
	w.pid = func(*Container) int { return w.process([]string{configured, fmt.Sprintf("%s=%d", processUser, user)}) }
	w.daemon.OnStart = func(started *Container) error {
		err := w.onStart(started)
		go func() {
			for range 1000 {
				if slices.Contains(w.work.Files.SecretUsers("b"), user) {
					w.server(started.ID).becomes(well)
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		return err
	}
	_, r := w.hook(plan.Ask{})
	c.Check(w.texts(r.Errs), Equals, "")
	c.Check(w.left(r.Observed), Equals, "b healthy kept running; record b verified; gateway to b")
	now := w.serving(r.Observed)
	for path, access := range map[string]int{
		filepath.Join(w.work.Files.Slot("b"), "secret", "token"): 4,
		w.work.Files.RunDir(now.Run):                             7,
		w.spec.Serve.Data:                                        7,
		closed:                                                   6,
	} {
		c.Check(may(user, path)&access, Equals, access, Commentf(path))
	}
	_, _ = w.hook(plan.Ask{})
	// a slot that goes takes its users' access with it
	w.spec.Serve.Environment = nil
	w.pid, w.next, w.daemon.OnStart = func(*Container) int { return w.process([]string{configured}) }, well, w.onStart
	_, r = w.hook(plan.Ask{})
	c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a", Commentf(w.texts(r.Errs)))
	c.Check(may(user, w.spec.Serve.Data)&2, Equals, 0)
}

// may is what a user may do to a file, past the folders above it: a digit of its mode.
func may(user int, path string) (out int) {
	f, err := os.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	acl := make([]byte, 1024) // of entries of 8 bytes: tag, permissions, id
	n, err := syscall.Getxattr(path, "system.posix_acl_access", acl)
	if err != nil {
		return 0
	}
	mask, named := 7, 0
	for e := acl[4:n]; len(e) >= 8; e = e[8:] {
		tag, perm := int(e[0])|int(e[1])<<8, int(e[2])
		id := int(e[4]) | int(e[5])<<8 | int(e[6])<<16 | int(e[7])<<24
		switch {
		case tag == 0x02 && id == user:
			named = perm
		case tag == 0x10:
			mask = perm
		}
	}
	return named & mask
}

// TestPrivateFilesStayPrivate while the same user serves.
func (awaitSuite) TestPrivateFilesStayPrivate(c *C) {
	w := newWorld(c)
	defer w.close()
	w.pid = func(*Container) int { return w.process([]string{configured}) }
	w.up()
	closed := private(c, w.spec.Serve.Data)
	w.asks()
	_, r := w.hook(plan.Ask{})
	c.Check(w.left(r.Observed), Equals, "b healthy kept running; record b verified; gateway to b", Commentf(w.texts(r.Errs)))
	c.Check(mode(c, closed), Equals, os.FileMode(0o600))
	w.pid = nil // who serves next is not known
	w.spec.Serve.Environment = nil
	_, r = w.hook(plan.Ask{})
	c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a", Commentf(w.texts(r.Errs)))
	c.Check(mode(c, closed), Equals, os.FileMode(0o660))
}

// TestOneThatEndsAgainAndAgain is waited for while the engine starts it again.
func (awaitSuite) TestOneThatEndsAgainAndAgain(c *C) {
	for restarts, says := range map[int]string{
		2: "the notebook does not come up again: not healthy within 5s: nothing answers at its socket",
		3: "the notebook does not come up again: it ended with exit status 7",
	} {
		w := newWorld(c)
		was := w.up()
		w.daemon.End(was.ID, 7, false)
		w.daemon.Find(was.ID).Restarts = restarts
		r := w.apply(plan.Part{{Kind: plan.Await, ID: was.ID, Limit: 5 * time.Second}})
		c.Check(w.texts(r.Errs), Equals, says)
		w.close()
	}
}

// TestSomebodyBeginsToWork while the other one is brought up, or after the gateway was
// turned: then it is turned back.
func (awaitSuite) TestSomebodyBeginsToWork(c *C) {
	for _, test := range []struct {
		summary string
		at      int // of the questions for kernels in the hook
		there   []Object
		left    string
	}{
		{"before the gateway was turned", 2, nil, "a healthy kept running; record a verified; gateway to a"},
		{"after it", 3, nil, "a healthy kept running; record a verified; gateway to a"},
		{"after it, and in the other one too", 3, kernel("busy", now),
			"a healthy kept running; b healthy kept running; record a verified; record b verified; gateway to a"},
	} {
		w, comment := newWorld(c), Commentf(test.summary)
		was := w.up()
		w.asks()
		s := w.server(was.ID)
		questions := 0
		s.asked = func() {
			if questions++; questions >= test.at {
				s.kernels = kernel("busy", now)
			}
		}
		w.daemon.OnStart = func(started *Container) error {
			err := w.onStart(started)
			w.server(started.ID).works(test.there, nil)
			return err
		}
		_, r := w.hook(plan.Ask{})
		c.Check(w.texts(r.Errs), Equals, "waits for busy kernel python3/01234567", comment)
		c.Check(w.left(r.Observed), Equals, test.left, comment)
		c.Check(w.serving(r.Observed).ID, Equals, was.ID, comment)
		w.checkTrue(r, comment)
		s.asked = nil
		s.works(nil, nil)
		for _, c := range r.Observed.Notebooks {
			w.server(c.ID).works(nil, nil)
		}
		w.heals(comment)
		w.close()
	}
}

// TestAbandon: what the gateway names stays, and so does one with requests.
func (awaitSuite) TestAbandon(c *C) {
	for _, test := range []struct {
		summary string
		id      func(was *plan.Container) string
		slot    notebook.Slot
		turn    bool
		load    gateway.Load
		there   bool
	}{
		{"none was made", func(*plan.Container) string { return "" }, notebook.SlotB, false, gateway.Load{}, true},
		{"it serves", func(was *plan.Container) string { return was.ID }, "", true, gateway.Load{}, true},
		{"requests are under way", func(was *plan.Container) string { return was.ID }, "", false, gateway.Load{Requests: 1}, true},
		{"a page without work is open", func(was *plan.Container) string { return was.ID }, "", false, gateway.Load{WebSockets: 1}, false},
		{"nobody is there", func(was *plan.Container) string { return was.ID }, "", false, gateway.Load{}, false},
	} {
		w, comment := newWorld(c), Commentf(test.summary)
		was := w.up()
		status := gateway.Status{Program: build, Loads: map[string]gateway.Load{was.Upstream(): test.load}}
		if test.turn {
			status.Upstream, status.Container = was.Upstream(), was.ID
		}
		w.work.Gateway = stubborn{status: status}
		r := w.apply(plan.Part{{Kind: plan.Abandon, ID: test.id(was), Slot: test.slot}})
		c.Check(w.texts(r.Errs), Equals, "", comment)
		c.Check(w.daemon.Find(was.ID) != nil, Equals, test.there, comment)
		w.close()
	}
}

// TestDrain waits for requests, and not for ever.
func (awaitSuite) TestDrain(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	before := w.clock.Now()
	w.work.Gateway = stubborn{status: gateway.Status{Program: build, Loads: map[string]gateway.Load{was.Upstream(): {Requests: 1}}}}
	r := w.apply(plan.Part{{Kind: plan.Drain, ID: was.ID}})
	c.Check(w.texts(r.Errs), Equals, "")
	c.Check(w.clock.Now().Sub(before) >= 10*time.Second, Equals, true)
	w.work.Gateway = stubborn{silent: errors.New("oops")}
	r = w.apply(plan.Part{{Kind: plan.Drain, ID: was.ID}})
	c.Check(w.texts(r.Errs), Equals, "oops")
}

// TestWhatWasSetAside keeps its slot's files, which the one made anew has too, until
// both are gone.
func (awaitSuite) TestWhatWasSetAside(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	w.server(was.ID).becomes(open)
	_, r := w.hook(plan.Ask{})
	c.Check(w.texts(r.Errs), Equals, "")
	c.Check(w.left(r.Observed), Equals, "a aside; a healthy kept running; record a verified; gateway to a")
	c.Check(r.Observed.Notes.Aside[was.ID], Equals, "it serves without the token")
	c.Check(w.daemon.Find(was.ID).Name, Matches, "nb-1-7b29c3f0-a-aside-[0-9a-f]{8}")
	w.checkTrue(r, Commentf("set aside"))
	_, r = w.hook(plan.Ask{Apply: true})
	c.Check(w.left(r.Observed), Equals, "a healthy kept running; record a verified; gateway to a")
	c.Check(r.Observed.Notes.Aside, HasLen, 0)
	token, err := w.work.Files.Token("a")
	c.Check(err, IsNil)
	c.Check(token, Equals, "the-token")
	runs, err := os.ReadDir(filepath.Join(w.work.Files.GatewayDir(), "run"))
	c.Assert(err, IsNil)
	c.Check(runs, HasLen, 1)
	w.heals(Commentf("after apply"))
}

// TestStorageThatGoes: the notebook ends, and the gateway answers in its place.
func (awaitSuite) TestStorageThatGoes(c *C) {
	w := newWorld(c)
	defer w.close()
	was := w.up()
	o := w.observe()
	r := w.work.Apply(ctx, plan.Leave(o, w.spec.Serve.Data), o, w.job)
	c.Check(w.texts(r.Errs), Equals, "")
	c.Check(r.Turned, Equals, true)
	c.Check(w.left(r.Observed), Equals, "a kept; record a verified; gateway to nobody")
	c.Check(r.Observed.Gateway.Container, Equals, was.ID)
	w.checkTrue(r, Commentf("detached"))
}

// TestErrors are in words for the status.
func (awaitSuite) TestErrors(c *C) {
	for _, test := range []struct {
		err  error
		says string
	}{
		{&workload.LeftError{Path: "a.ipynb", Reason: "read-only"}, "cannot share a.ipynb between users: read-only"},
		{&workload.LeftError{Path: "a.ipynb", Others: 2, Reason: "read-only"}, "cannot share a.ipynb and 2 more between users: read-only"},
		{&workload.BusyError{Work: "busy kernel x"}, "waits for busy kernel x"},
		{&workload.CandidateError{Reason: "x", Verified: true}, "the notebook does not come up again: x"},
	} {
		c.Check(strings.TrimSpace(test.err.Error()), Equals, test.says)
	}
}
