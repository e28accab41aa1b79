package gateway

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// maxListen bounds the addresses of one State, so that all the sockets fit
// into one message of the hand-over (the kernel allows 253).
const maxListen = 64

// State is what a charm tells its gateway. It is kept in state.json of the
// gateway's directory and read back at start.
type State struct {
	// Listen are the addresses to serve at, each an IP address and a port,
	// IPv6 in brackets. An empty host means every address of the host.
	Listen []string `json:"listen"`
	// Upstream is where the serving notebook listens: "unix:NAME" for the socket
	// run/NAME/jupyter.sock of the gateway's directory, or the IP address and port
	// of a container that a charm of before made; "" while none serves.
	Upstream string `json:"upstream"`
	// Container is the full id of the container at Upstream, "" in a state of before.
	Container string `json:"container,omitempty"`
	// Trusted are addresses or CIDR blocks of the proxies whose X-Forwarded-* are believed.
	Trusted []string `json:"trusted"`
	// BasePath is where the notebook lives; a browser that asks for / is sent there.
	BasePath string `json:"basePath"`
}

// Load is what is in flight towards one upstream.
type Load struct {
	Requests   int `json:"requests"`
	WebSockets int `json:"webSockets"`
}

// Status is a gateway's State and how it stands.
type Status struct {
	State
	// Program is the identity that the gateway was started with.
	Program string `json:"program"`
	// Instance is Program and, in a container, the container's id.
	Instance string `json:"instance"`
	// Draining means that another gateway has taken over: this one only ends what it began.
	Draining bool `json:"draining"`
	// Loads is what is in flight, by upstream; what is idle is left out.
	Loads map[string]Load `json:"loads"`
	// Connections is the number of open client connections.
	Connections int `json:"connections"`
	// Unbound are addresses of Listen that could not be bound yet, with the
	// reason; they are tried again in the background.
	Unbound map[string]string `json:"unbound,omitempty"`
	// Open means that what is at Upstream answered a stranger, without the
	// token: nothing is forwarded to it until a State names another one.
	Open bool `json:"open,omitempty"`
}

// checked is a State that has been validated, in the form the gateway uses.
type checked struct {
	State
	trusted []netip.Prefix
}

// check validates the whole of a State and puts its addresses into one spelling.
func (s State) check() (checked, error) {
	listen, err := checkListen(s.Listen)
	if err != nil {
		return checked{}, err
	}
	if s.Upstream, err = checkUpstream(s.Upstream, listen); err != nil {
		return checked{}, err
	}
	trusted, err := parseTrusted(s.Trusted)
	if err != nil {
		return checked{}, err
	}
	if err := checkBasePath(s.BasePath); err != nil {
		return checked{}, err
	}
	s.Listen = make([]string, 0, len(listen))
	for _, a := range listen {
		s.Listen = append(s.Listen, a.String())
	}
	return checked{State: s, trusted: trusted}, nil
}

// address is one place to listen at.
type address struct {
	ip   netip.Addr // invalid means every address, IPv4 and IPv6
	port uint16
}

func parseAddress(s string) (address, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return address{}, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return address{}, fmt.Errorf("port %q is not a number from 1 to 65535", port)
	}
	if host == "" {
		return address{port: uint16(number)}, nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return address{}, fmt.Errorf("%q is not an IP address", host)
	}
	return address{ip: ip.Unmap(), port: uint16(number)}, nil
}

// String is the one spelling of an address.
func (a address) String() string {
	if !a.ip.IsValid() {
		return ":" + strconv.Itoa(int(a.port))
	}
	return netip.AddrPortFrom(a.ip, a.port).String()
}

// network is the name under which net binds exactly this address, no more.
func (a address) network() string {
	switch {
	case !a.ip.IsValid():
		return "tcp"
	case a.ip.Is4():
		return "tcp4"
	}
	return "tcp6"
}

// covers reports whether binding a takes b's place too.
func (a address) covers(b address) bool {
	switch {
	case a.port != b.port:
		return false
	case !a.ip.IsValid() || a.ip == b.ip:
		return true
	}
	return a.ip.IsUnspecified() && b.ip.IsValid() && a.ip.Is4() == b.ip.Is4()
}

func checkListen(listen []string) ([]address, error) {
	if len(listen) > maxListen {
		return nil, fmt.Errorf("cannot listen at %d addresses: at most %d", len(listen), maxListen)
	}
	parsed := make([]address, 0, len(listen))
	for _, s := range listen {
		a, err := parseAddress(s)
		if err != nil {
			return nil, fmt.Errorf("cannot listen at %q: %v", s, err)
		}
		for _, b := range parsed {
			if a.covers(b) || b.covers(a) {
				return nil, fmt.Errorf("cannot listen at %q: %q takes the same place", s, b)
			}
		}
		parsed = append(parsed, a)
	}
	return parsed, nil
}

// checkUpstream wants a socket of the gateway's directory or an IP address, for
// nothing may decide by name where requests with tokens go, and no address at
// which the gateway listens itself.
func checkUpstream(upstream string, listen []address) (string, error) {
	if upstream == "" {
		return "", nil
	}
	if name, is := strings.CutPrefix(upstream, unixPrefix); is {
		if err := checkRun(name); err != nil {
			return "", fmt.Errorf("cannot forward to %q: %v", upstream, err)
		}
		return upstream, nil
	}
	a, err := parseAddress(upstream)
	if err == nil && (!a.ip.IsValid() || a.ip.IsUnspecified()) {
		err = fmt.Errorf("it has no IP address")
	}
	if err != nil {
		return "", fmt.Errorf("cannot forward to %q: %v", upstream, err)
	}
	for _, l := range listen {
		if l.covers(a) {
			return "", fmt.Errorf("cannot forward to %q: the gateway listens there itself", upstream)
		}
	}
	return a.String(), nil
}

func parseTrusted(trusted []string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(trusted))
	for _, s := range trusted {
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			var ip netip.Addr
			if ip, err = netip.ParseAddr(s); err != nil {
				return nil, fmt.Errorf("cannot trust %q: it is neither an IP address nor a CIDR block", s)
			}
			ip = ip.Unmap().WithZone("")
			prefix = netip.PrefixFrom(ip, ip.BitLen())
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// checkBasePath refuses what would turn the redirect of / into one to elsewhere.
func checkBasePath(base string) error {
	if base == "" {
		return nil
	}
	clean := !strings.ContainsFunc(base, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' })
	if !strings.HasPrefix(base, "/") || strings.HasPrefix(base, "//") || !clean {
		return fmt.Errorf("cannot use base path %q: it must be an absolute path", base)
	}
	return nil
}
