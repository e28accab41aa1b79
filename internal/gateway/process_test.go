package gateway

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gopkg.in/check.v1"
)

// processSuite has gateways in processes of their own, as containers are.
type processSuite struct {
	dir     string
	address string
	state   State
	end     []func()
}

var _ = check.Suite(&processSuite{})

func (s *processSuite) SetUpTest(c *check.C) {
	a := upstream("a")
	s.dir, s.address = c.MkDir(), freeAddress(c)
	s.state = State{Listen: []string{s.address}, Upstream: host(a)}
	s.end = []func(){a.Close}
}

func (s *processSuite) TearDownTest(*check.C) {
	for i := len(s.end) - 1; i >= 0; i-- {
		s.end[i]()
	}
}

func (s *processSuite) start(c *check.C, program string) *process {
	p := startProcess(c, s.dir, program)
	s.end = append(s.end, func() { _ = p.Process.Kill() })
	return p
}

func (s *processSuite) ask() (string, error) {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	body, _, err := get(conn, bufio.NewReader(conn), "/x")
	return body, err
}

// Each round replaces the gateway under load. SO_REUSEPORT and Shutdown, the
// obvious ways, each lose requests here.
func (s *processSuite) TestHandOverLosesNothing(c *check.C) {
	old := s.start(c, "p0")
	await(c, s.dir, "p0")
	set(c, Dial(s.dir), s.state)
	clients := startClients(s.address, 12, 12)
	for _, program := range []string{"p1", "p2", "p3", "p4", "p5"} {
		time.Sleep(200 * time.Millisecond)
		next := s.start(c, program)
		await(c, s.dir, program)
		time.Sleep(300 * time.Millisecond)
		old.end(c, syscall.SIGTERM)
		old = next
	}
	clients.end(c)
	c.Check(await(c, s.dir, "p5").Listen, check.DeepEquals, s.state.Listen)
}

func (s *processSuite) TestWebSocketOutlivesHandOver(c *check.C) {
	s.start(c, "old")
	await(c, s.dir, "old")
	set(c, Dial(s.dir), s.state)
	socket := openSocket(c, s.address)
	defer socket.Close()
	s.start(c, "new")
	await(c, s.dir, "new")
	socket.says(c, "still here")
	replaced, err := Dial(s.dir).Replaced(context.Background())
	c.Assert(err, check.IsNil)
	c.Assert(replaced, check.HasLen, 1)
	c.Check(replaced[0].Program, check.Equals, "old")
	c.Check(replaced[0].Loads, check.DeepEquals, map[string]Load{s.state.Upstream: {WebSockets: 1}})
}

// A connection that the old gateway keeps may bring a request after the new
// one has been pointed elsewhere.
func (s *processSuite) TestReplacedFollowsTheUpstream(c *check.C) {
	b := upstream("b")
	defer b.Close()
	s.start(c, "old")
	await(c, s.dir, "old")
	set(c, Dial(s.dir), s.state)
	conn, err := net.Dial("tcp", s.address)
	c.Assert(err, check.IsNil)
	defer conn.Close()
	in := bufio.NewReader(conn)
	_, _, err = get(conn, in, "/x")
	c.Assert(err, check.IsNil)
	s.start(c, "new")
	await(c, s.dir, "new")
	s.state.Upstream = host(b)
	set(c, Dial(s.dir), s.state)
	body, last, err := get(conn, in, "/x")
	c.Check(err, check.IsNil)
	c.Check(body, check.Equals, "b")
	c.Check(last, check.Equals, true)
}

// The engine restarts a replaced gateway: it must not take the sockets back,
// or the two alternate for ever.
func (s *processSuite) TestReplacedStaysOut(c *check.C) {
	old := s.start(c, "old")
	await(c, s.dir, "old")
	set(c, Dial(s.dir), s.state)
	newer := s.start(c, "new")
	await(c, s.dir, "new")
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		old.end(c, signal)
		old = s.start(c, "old")
		s.awaitReplaced(c, "old")
		c.Check(await(c, s.dir, "new").Listen, check.DeepEquals, s.state.Listen)
		body, err := s.ask()
		c.Check(err, check.IsNil)
		c.Check(body, check.Equals, "a")
	}
	// A reboot that starts the old one first.
	newer.end(c, syscall.SIGKILL)
	old.end(c, syscall.SIGKILL)
	s.start(c, "old")
	s.awaitReplaced(c, "old")
	_, err := Dial(s.dir).Status(context.Background())
	c.Check(errors.Is(err, ErrNotRunning), check.Equals, true)
	s.start(c, "new")
	c.Check(await(c, s.dir, "new").Upstream, check.Equals, s.state.Upstream)
	// What was replaced by mistake comes back as a new container.
	s.start(c, "old@another")
	await(c, s.dir, "old@another")
	body, err := s.ask()
	c.Check(err, check.IsNil)
	c.Check(body, check.Equals, "a")
}

func (s *processSuite) awaitReplaced(c *check.C, program string) {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		replaced, err := Dial(s.dir).Replaced(context.Background())
		c.Assert(err, check.IsNil)
		for _, status := range replaced {
			if status.Program == program {
				return
			}
		}
	}
	c.Fatalf("%s is not there", program)
}

func (s *processSuite) TestComesBackAfterKill(c *check.C) {
	for range 3 {
		p := s.start(c, "p")
		await(c, s.dir, "p")
		set(c, Dial(s.dir), s.state)
		p.end(c, syscall.SIGKILL)
		_, err := Dial(s.dir).Status(context.Background())
		c.Check(errors.Is(err, ErrNotRunning), check.Equals, true)
		p = s.start(c, "p")
		status := await(c, s.dir, "p")
		c.Check(status.State, check.DeepEquals, s.state)
		body, err := s.ask()
		c.Check(err, check.IsNil)
		c.Check(body, check.Equals, "a")
		p.end(c, syscall.SIGTERM)
	}
}

// A new gateway that dies in the middle of taking over leaves the old one in charge.
func (s *processSuite) TestSuccessorDiesMidway(c *check.C) {
	s.start(c, "old")
	await(c, s.dir, "old")
	set(c, Dial(s.dir), s.state)
	d, err := openDirectory(s.dir)
	c.Assert(err, check.IsNil)
	defer d.file.Close()
	conn, err := d.dial(context.Background(), controlName)
	c.Assert(err, check.IsNil)
	c.Assert(askFor(conn, "half"), check.IsNil)
	_, sockets, err := receive(conn)
	c.Assert(err, check.IsNil)
	c.Check(sockets, check.HasLen, 1)
	closeAll(sockets)
	conn.Close()
	c.Check(set(c, Dial(s.dir), s.state).Program, check.Equals, "old")
	body, err := s.ask()
	c.Check(err, check.IsNil)
	c.Check(body, check.Equals, "a")
}

// A successor that was not heard: the record tells the old one.
func (s *processSuite) TestLearnsFromTheRecord(c *check.C) {
	s.start(c, "old")
	old := await(c, s.dir, "old")
	set(c, Dial(s.dir), s.state)
	d, err := openDirectory(s.dir)
	c.Assert(err, check.IsNil)
	defer d.file.Close()
	r, err := d.load()
	c.Assert(err, check.IsNil)
	c.Check(r.Owner, check.Equals, old.Instance)
	c.Assert(d.save(r.ownedBy("other")), check.IsNil)
	for end := time.Now().Add(5 * time.Second); !old.Draining && time.Now().Before(end); {
		old, err = Dial(s.dir).Status(context.Background())
		c.Assert(err, check.IsNil)
	}
	c.Check(old.Draining, check.Equals, true)
	_, err = net.Dial("tcp", s.address)
	c.Check(err, check.NotNil)
}

// At boot an address may come late: the others are served meanwhile.
func (s *processSuite) TestLateAddress(c *check.C) {
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	c.Assert(err, check.IsNil)
	defer holder.Close()
	late := holder.Addr().String()
	d, err := openDirectory(s.dir)
	c.Assert(err, check.IsNil)
	defer d.file.Close()
	s.state.Listen = append(s.state.Listen, late)
	c.Assert(d.save(record{State: s.state}), check.IsNil)
	s.start(c, "p")
	c.Check(await(c, s.dir, "p").Unbound, check.DeepEquals, map[string]string{late: "address already in use"})
	body, err := s.ask()
	c.Check(err, check.IsNil)
	c.Check(body, check.Equals, "a")
	c.Check(set(c, Dial(s.dir), s.state).Unbound, check.HasLen, 1, check.Commentf("fails no flip"))
	holder.Close()
	for range 200 {
		if status := await(c, s.dir, "p"); len(status.Unbound) == 0 {
			s.address = late
			body, err = s.ask()
			c.Check(err, check.IsNil)
			c.Check(body, check.Equals, "a")
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.Fatal("it is not tried again")
}

func (s *processSuite) TestSpoiltRecord(c *check.C) {
	c.Assert(os.WriteFile(filepath.Join(s.dir, stateName), []byte("{"), 0o660), check.IsNil)
	s.start(c, "p")
	c.Check(await(c, s.dir, "p").Listen, check.HasLen, 0)
	set(c, Dial(s.dir), s.state)
	body, err := s.ask()
	c.Check(err, check.IsNil)
	c.Check(body, check.Equals, "a")
}

// The kernel allows a socket's path 108 bytes; Juju's directories are longer.
func (s *processSuite) TestLongDirectory(c *check.C) {
	s.dir = filepath.Join(s.dir, strings.Repeat("long", 30))
	c.Assert(os.Mkdir(s.dir, 0o770), check.IsNil)
	s.start(c, "old")
	await(c, s.dir, "old")
	set(c, Dial(s.dir), s.state)
	s.start(c, "new")
	c.Check(await(c, s.dir, "new").State, check.DeepEquals, s.state)
}
