package notebook_test

import (
	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// at are addresses as pairs of value and interface.
func at(pairs ...string) (out []Address) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, Address{Value: pairs[i], Interface: pairs[i+1]})
	}
	return out
}

var narrowTests = []struct {
	summary         string
	told            Network
	engine          []string
	private         string
	listen, ingress []string
}{
	{summary: "as a controller lists a machine with an engine",
		told: Network{Addresses: at("172.17.0.1", "docker0", "172.18.0.1", "br-0123456789ab", "10.77.0.20", "eth0"),
			Ingress: []string{"172.17.0.1", "172.18.0.1", "10.77.0.20"}},
		private: "10.77.0.20", listen: []string{"10.77.0.20"}, ingress: []string{"10.77.0.20"}},
	{summary: "the same without a private address",
		told:   Network{Addresses: at("172.17.0.1", "docker0", "10.77.0.20", "veth0"), Ingress: []string{"172.17.0.1", "10.77.0.20"}},
		listen: []string{"10.77.0.20"}, ingress: []string{"10.77.0.20"}},
	{summary: "a bridge that Juju made is the machine's own",
		told:    Network{Addresses: at("172.17.0.1", "docker0", "10.77.0.20", "br-eth0"), Ingress: []string{"172.17.0.1", "10.77.0.20"}},
		private: "10.77.0.20", listen: []string{"10.77.0.20"}, ingress: []string{"10.77.0.20"}},
	{summary: "a bridge whose name is nearly an engine's",
		told:   Network{Addresses: at("10.0.0.1", "br-0123456789", "10.0.0.2", "br-0123456789AB", "10.0.0.3", "docker01"), Ingress: []string{"10.0.0.1"}},
		listen: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, ingress: []string{"10.0.0.1"}},
	{summary: "a network of the engine with a name of its own",
		told:   Network{Addresses: at("192.168.9.1", "lab0", "10.77.0.20", "eth0"), Ingress: []string{"192.168.9.1", "10.77.0.20"}},
		engine: []string{"172.17.0.1", "192.168.9.1"}, listen: []string{"10.77.0.20"}, ingress: []string{"10.77.0.20"}},
	{summary: "the address of the engine alone stays: it is what the binding has",
		told:   Network{Addresses: at("172.17.0.1", "docker0"), Ingress: []string{"172.17.0.1"}},
		engine: []string{"172.17.0.1"}, private: "10.77.0.20", listen: []string{"172.17.0.1"}, ingress: []string{"172.17.0.1"}},
	{summary: "loopback alone stays",
		told: Network{Addresses: at("127.0.0.1", "lo"), Ingress: []string{"127.0.0.1"}}, listen: []string{"127.0.0.1"}, ingress: []string{"127.0.0.1"}},
	{summary: "a bound address is not exchanged for the private one",
		told:    Network{Addresses: at("10.9.0.5", "eth1"), Ingress: []string{"10.9.0.5"}},
		private: "10.77.0.20", listen: []string{"10.9.0.5"}, ingress: []string{"10.9.0.5"}},
	{summary: "of several the private one comes first",
		told:    Network{Addresses: at("10.9.0.5", "eth1", "10.77.0.20", "eth0"), Ingress: []string{"10.9.0.5", "10.77.0.20"}},
		private: "10.77.0.20", listen: []string{"10.9.0.5", "10.77.0.20"}, ingress: []string{"10.77.0.20", "10.9.0.5"}},
	{summary: "a floating address that no interface has",
		told:    Network{Addresses: at("172.17.0.1", "docker0", "10.77.0.20", "eth0"), Ingress: []string{"203.0.113.7"}},
		private: "10.77.0.20", listen: []string{"10.77.0.20"}, ingress: []string{"203.0.113.7"}},
	{summary: "IPv6, spelled in two ways",
		told: Network{Addresses: at("fd00:0::1", "docker0", "2001:db8::20", "eth0", "2001:DB8::1", "lab0"),
			Ingress: []string{"fd00::1", "2001:db8::1", "2001:db8::20"}},
		engine: []string{"2001:db8:0:0::1"}, listen: []string{"2001:db8::20"}, ingress: []string{"2001:db8::20"}},
	{summary: "an address that two interfaces have", told: Network{Addresses: at("10.0.0.5", "eth0", "10.0.0.5", "eth1")}, listen: []string{"10.0.0.5"}},
	{summary: "nothing yet"},
}

func (suite) TestNarrow(c *C) {
	for _, test := range narrowTests {
		before := len(test.told.Ingress)
		got := test.told.Narrow(test.engine, test.private)
		c.Check(got.Values(), DeepEquals, test.listen, Commentf("%s", test.summary))
		c.Check(append([]string(nil), got.Ingress...), DeepEquals, test.ingress, Commentf("%s", test.summary))
		c.Check(test.told.Ingress, HasLen, before)
	}
	c.Check(Network{Missing: true}.Narrow(nil, "").Missing, Equals, true)
}

var preferTests = []struct {
	summary, now, want string
	ingress            []string
}{
	{"the first at first", "", "10.0.0.5", []string{"10.0.0.5", "10.0.0.6"}},
	{"another order is no change", "10.0.0.6", "10.0.0.6", []string{"10.0.0.5", "10.0.0.6"}},
	{"what is no longer listed goes", "10.0.0.7", "10.0.0.5", []string{"10.0.0.5", "10.0.0.6"}},
	{"none", "10.0.0.7", "", nil},
}

func (suite) TestPrefer(c *C) {
	for _, test := range preferTests {
		c.Check(Network{Ingress: test.ingress}.Prefer(test.now), Equals, test.want, Commentf("%s", test.summary))
	}
}

var driverTests = []struct {
	summary    string
	network    Network
	was        *Serve
	host, bind string
}{
	{"where the ingress address is, it is published",
		Network{Addresses: at("10.0.0.5", "eth0", "10.0.0.6", "eth1"), Ingress: []string{"10.0.0.6", "10.0.0.5"}}, nil, "10.0.0.6", "10.0.0.6"},
	{"behind a floating address the first",
		Network{Addresses: at("10.0.0.5", "eth0", "10.0.0.6", "eth1"), Ingress: []string{"203.0.113.7"}}, nil, "203.0.113.7", "10.0.0.5"},
	{"what is in use stays",
		Network{Addresses: at("10.0.0.5", "eth0", "10.0.0.6", "eth1"), Ingress: []string{"10.0.0.5", "10.0.0.6"}},
		&Serve{Spark: SparkServe{Host: "10.0.0.6", Bind: "10.0.0.6"}}, "10.0.0.6", "10.0.0.6"},
	{"what is gone does not",
		Network{Addresses: at("10.0.0.5", "eth0"), Ingress: []string{"10.0.0.5"}},
		&Serve{Spark: SparkServe{Host: "172.17.0.1", Bind: "172.17.0.1"}}, "10.0.0.5", "10.0.0.5"},
}

func (suite) TestDriverAddress(c *C) {
	raw := defaults()
	raw["spark-master"] = "yarn"
	o, bad := ParseOptions(raw)
	c.Assert(bad, HasLen, 0)
	for _, test := range driverTests {
		s := Design(Inputs{Spark: test.network}, o, "/unit", 7777, test.was).Serve.Spark
		c.Check([]string{s.Host, s.Bind}, DeepEquals, []string{test.host, test.bind}, Commentf("%s", test.summary))
	}
}

// Both bindings lose the engine's addresses, and the gateway listens at what is left.
func (suite) TestInputsAreNarrowed(c *C) {
	told := Network{Addresses: at("172.17.0.1", "docker0", "10.0.0.5", "eth0", "2001:db8::5", "eth0"), Ingress: []string{"172.17.0.1", "10.0.0.5"}}
	in := Inputs{Website: told, Spark: told, Private: "10.0.0.5"}.Narrow(nil)
	c.Check(in.Spark.Ingress, DeepEquals, []string{"10.0.0.5"})
	o, _ := ParseOptions(defaults())
	c.Check(Design(in, o, "/unit", 7777, nil).Gateway.Listen, DeepEquals, []string{"10.0.0.5:8888", "[2001:db8::5]:8888"})
}
