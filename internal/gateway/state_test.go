package gateway

import (
	"gopkg.in/check.v1"
)

type stateSuite struct{}

var _ = check.Suite(&stateSuite{})

func (*stateSuite) TestCheck(c *check.C) {
	for _, test := range []struct {
		summary string
		state   State
		listen  []string
		err     string
	}{
		{"nothing at all", State{}, []string{}, ""},
		{"one of each", State{
			Listen: []string{"10.0.0.1:8888", "[fe80::1]:8888", ":9999"}, Upstream: "127.0.0.1:28888",
			Trusted: []string{"10.0.0.2", "10.1.0.0/16", "fd00::/8"}, BasePath: "/team/",
		}, []string{"10.0.0.1:8888", "[fe80::1]:8888", ":9999"}, ""},
		{"one spelling", State{Listen: []string{"[0:0::1]:80", "[::ffff:10.0.0.1]:80"}}, []string{"[::1]:80", "10.0.0.1:80"}, ""},
		{"a name", State{Listen: []string{"localhost:80"}}, nil, `cannot listen at "localhost:80": "localhost" is not an IP address`},
		{"no port", State{Listen: []string{"10.0.0.1"}}, nil, `cannot listen at "10.0.0.1": .*missing port.*`},
		{"port 0", State{Listen: []string{"10.0.0.1:0"}}, nil, `.*port "0" is not a number from 1 to 65535`},
		{"port too big", State{Listen: []string{"10.0.0.1:65536"}}, nil, `.*port "65536" is not a number.*`},
		{"twice", State{Listen: []string{"10.0.0.1:80", "10.0.0.1:80"}}, nil, `.*"10.0.0.1:80" takes the same place`},
		{"covered", State{Listen: []string{"10.0.0.1:80", "0.0.0.0:80"}}, nil, `.*"0.0.0.0:80": "10.0.0.1:80" takes the same place`},
		{"covered by all", State{Listen: []string{":80", "[::1]:80"}}, nil, `.*":80" takes the same place`},
		{"both families", State{Listen: []string{"0.0.0.0:80", "[::]:80"}}, []string{"0.0.0.0:80", "[::]:80"}, ""},
		{"too many", State{Listen: make([]string, 65)}, nil, `cannot listen at 65 addresses: at most 64`},
		{"upstream by name", State{Upstream: "example.com:80"}, nil, `cannot forward to "example.com:80": .*`},
		{"upstream nowhere", State{Upstream: ":80"}, nil, `cannot forward to ":80": it has no IP address`},
		{"upstream is itself", State{Listen: []string{"0.0.0.0:80"}, Upstream: "127.0.0.1:80"}, nil, `.*the gateway listens there itself`},
		{"trust in a name", State{Trusted: []string{"haproxy"}}, nil, `cannot trust "haproxy": it is neither an IP address nor a CIDR block`},
		{"relative base", State{BasePath: "team"}, nil, `cannot use base path "team": .*`},
		{"base elsewhere", State{BasePath: "//evil.example/"}, nil, `cannot use base path .*`},
		{"base elsewhere, by backslash", State{BasePath: `/\evil.example/`}, nil, `cannot use base path .*`},
		{"base with a line", State{BasePath: "/a\r\nX: y"}, nil, `cannot use base path .*`},
	} {
		got, err := test.state.check()
		if test.err != "" {
			c.Check(err, check.ErrorMatches, test.err, check.Commentf(test.summary))
			continue
		}
		c.Check(err, check.IsNil, check.Commentf(test.summary))
		c.Check(got.Listen, check.DeepEquals, test.listen, check.Commentf(test.summary))
	}
}

func (*stateSuite) TestOwnedBy(c *check.C) {
	r := record{Owner: "a"}.ownedBy("b").ownedBy("c")
	c.Check(r.Owner, check.Equals, "c")
	c.Check(r.Retired, check.DeepEquals, []string{"a", "b"})
	c.Check(r.ownedBy("c").Retired, check.DeepEquals, []string{"a", "b"}, check.Commentf("restarted"))
	c.Check(r.ownedBy("a").Retired, check.DeepEquals, []string{"b", "c"})
	for range 40 {
		r = r.ownedBy(r.Owner + "x")
	}
	c.Check(r.Retired, check.HasLen, maxRetired)
	c.Check(r.retired(r.Owner), check.Equals, false)
}

func (*stateSuite) TestSuffixFrom(c *check.C) {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	docker := "700 690 8:1 /var/lib/docker/containers/" + id + "/resolv.conf /etc/resolv.conf ro - ext4 /dev/sda1 ro\n" +
		"701 690 8:1 /var/lib/docker/containers/" + id + "/hostname /etc/hostname ro - ext4 /dev/sda1 ro\n"
	c.Check(suffixFrom(docker), check.Equals, "@0123456789ab")
	c.Check(suffixFrom("25 1 8:1 / / rw - ext4 /dev/sda1 rw\n\nshort\n"), check.Equals, "")
	c.Check(suffixFrom("25 1 8:1 /etc/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"), check.Equals, "")
}
