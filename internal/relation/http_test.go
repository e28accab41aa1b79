package relation_test

import (
	"testing"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/relation"
)

func TestPackage(t *testing.T) { TestingT(t) }

type httpSuite struct{}

var _ = Suite(&httpSuite{})

type bag = map[string]string

func (httpSuite) TestWebsiteIsRawStrings(c *C) {
	w := &Website{Hostname: "10.0.0.5", Port: 8888}
	c.Check(w.Bag(), DeepEquals, bag{"hostname": "10.0.0.5", "private-address": "10.0.0.5", "port": "8888"})
}

var differsTests = []struct {
	summary          string
	have, want, diff bag
}{
	{"nothing offered before", bag{"private-address": "10.0.0.5", "egress-subnets": "10.0.0.5/32"}, (&Website{"10.0.0.5", 80}).Bag(),
		bag{"hostname": "10.0.0.5", "port": "80"}},
	{"the same", (&Website{"h", 80}).Bag(), (&Website{"h", 80}).Bag(), bag{}},
	{"another port", (&Website{"h", 80}).Bag(), (&Website{"h", 81}).Bag(), bag{"port": "81"}},
	{"withdrawn", (&Website{"h", 80}).Bag(), (*Website)(nil).Bag(), bag{"hostname": "", "port": ""}},
	{"withdrawn before", bag{"private-address": "h"}, (*Website)(nil).Bag(), bag{}},
	{"an empty bag", nil, (*Website)(nil).Bag(), bag{}},
}

func (httpSuite) TestDiffers(c *C) {
	for _, test := range differsTests {
		c.Check(Differs(test.have, test.want), DeepEquals, test.diff, Commentf(test.summary))
	}
}

var addressTests = []struct {
	summary string
	bag     bag
	want    []string
}{
	{"all the same", bag{"ingress-address": "10.0.0.9", "private-address": "10.0.0.9", "egress-subnets": "10.0.0.9/32"},
		[]string{"10.0.0.9", "10.0.0.9/32"}},
	{"each of its own, in the order in which Juju fills them", bag{"egress-subnets": "10.1.0.0/24", "private-address": "10.0.0.8", "ingress-address": "10.0.0.9"},
		[]string{"10.0.0.9", "10.0.0.8", "10.1.0.0/24"}},
	{"of a charm that tells the old key alone", bag{"private-address": "10.0.0.8"}, []string{"10.0.0.8"}},
	{"several subnets", bag{"egress-subnets": "10.0.0.9/32, 2001:db8::/64"}, []string{"10.0.0.9/32", "2001:db8::/64"}},
	{"everyone", bag{"egress-subnets": "0.0.0.0/0, ::/0", "ingress-address": "10.0.0.9"}, []string{"10.0.0.9"}},
	{"a name cannot be believed", bag{"private-address": "proxy.example"}, nil},
	{"what the proxy itself wrote is not read", bag{"public-address": "1.2.3.4"}, nil},
	{"nothing yet", nil, nil},
}

func (httpSuite) TestAddresses(c *C) {
	for _, test := range addressTests {
		c.Check(Addresses(test.bag), DeepEquals, test.want, Commentf(test.summary))
	}
}
