package gateway

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"

	"gopkg.in/check.v1"
)

func (s *gatewaySuite) TestBadStateChangesNothing(c *check.C) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	c.Assert(err, check.IsNil)
	defer taken.Close()
	before, err := os.ReadFile(filepath.Join(s.dir, stateName))
	c.Assert(err, check.IsNil)
	free := freeAddress(c)
	for _, bad := range []State{
		{Listen: []string{free, taken.Addr().String()}, Upstream: host(s.b)},
		{Listen: []string{free}, Upstream: "nowhere"},
		{Listen: []string{free}, Upstream: host(s.b), Trusted: []string{"x"}},
		{Listen: []string{"192.0.2.1:1"}},
	} {
		_, err := s.client.Set(context.Background(), bad)
		c.Check(err, check.ErrorMatches, "cannot set the gateway: cannot .*")
	}
	_, err = s.client.Set(context.Background(), State{Listen: []string{taken.Addr().String()}})
	var bind *BindError
	c.Assert(errors.As(err, &bind), check.Equals, true)
	c.Check(*bind, check.DeepEquals, BindError{Address: taken.Addr().String(), Reason: "address already in use"})
	after, _ := os.ReadFile(filepath.Join(s.dir, stateName))
	c.Check(string(after), check.Equals, string(before))
	_, err = net.Dial("tcp", free)
	c.Check(err, check.NotNil)
	_, body := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Equals, "a")
}

func (s *gatewaySuite) TestStoreFailureChangesNothing(c *check.C) {
	c.Assert(os.Mkdir(filepath.Join(s.dir, stateName+".new"), 0o700), check.IsNil)
	c.Assert(os.WriteFile(filepath.Join(s.dir, stateName+".new", "x"), nil, 0o600), check.IsNil)
	free := freeAddress(c)
	_, err := s.client.Set(context.Background(), State{Listen: []string{free}, Upstream: host(s.b)})
	c.Check(err, check.ErrorMatches, "cannot set the gateway: cannot store the state: .*")
	_, err = net.Dial("tcp", free)
	c.Check(err, check.NotNil)
	_, body := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Equals, "a")
}

func (s *gatewaySuite) TestListenElsewhere(c *check.C) {
	conn, err := net.Dial("tcp", s.address)
	c.Assert(err, check.IsNil)
	defer conn.Close()
	in := bufio.NewReader(conn)
	_, last, err := get(conn, in, "/x")
	c.Assert(err, check.IsNil)
	c.Check(last, check.Equals, false)
	old := s.address
	s.address = freeAddress(c)
	s.point(c, host(s.a))
	_, body := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	c.Check(body, check.Equals, "a")
	_, err = net.Dial("tcp", old)
	c.Check(err, check.ErrorMatches, ".*connection refused")
	_, last, err = get(conn, in, "/x")
	c.Check(err, check.IsNil, check.Commentf("a kept connection is answered"))
	c.Check(last, check.Equals, true, check.Commentf("and then given up"))
}

// Every address to a single one of them, and back, with nobody refused between.
func (s *gatewaySuite) TestListenOverlapping(c *check.C) {
	_, port, _ := net.SplitHostPort(s.address)
	for range 5 {
		for _, host4 := range []string{"0.0.0.0", "127.0.0.1"} {
			set(c, s.client, State{Listen: []string{host4 + ":" + port}, Upstream: host(s.a)})
			_, body := s.raw(c, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			c.Check(body, check.Equals, "a")
			_, err := net.Listen("tcp4", "127.0.0.1:"+port)
			c.Check(err, check.ErrorMatches, ".*address already in use")
		}
	}
}

// A gateway for port 80 runs as root without the capability to pass over
// permissions: it must get on with the files of one that ran as another user.
func (s *gatewaySuite) TestFilesAreTheGroups(c *check.C) {
	for _, name := range []string{stateName, controlName} {
		info, err := os.Stat(filepath.Join(s.dir, name))
		c.Assert(err, check.IsNil)
		c.Check(info.Mode().Perm(), check.Equals, os.FileMode(0o660), check.Commentf(name))
	}
}
