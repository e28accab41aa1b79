package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// setForwarded tells the upstream who asked, by which protocol and for which
// host. What a client says of itself is dropped, for anybody can say it; what a
// trusted proxy says is kept, with the proxy's own address appended.
func setForwarded(out http.Header, in *http.Request, trusted []netip.Prefix) {
	peer := peerOf(in)
	dropForwarded(out)
	if trusts(trusted, peer) {
		passForwarded(out, in.Header, peer, trusted)
	} else {
		out.Set("X-Forwarded-For", peer.String())
		out.Set("X-Real-Ip", peer.String())
	}
	setMissing(out, "X-Forwarded-Proto", protocol(in))
	setMissing(out, "X-Forwarded-Host", in.Host)
}

func protocol(in *http.Request) string {
	if in.TLS != nil {
		return "https"
	}
	return "http"
}

func peerOf(in *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(in.RemoteAddr) // net/http fills it from the connection
	return peer.Addr().Unmap().WithZone("")
}

func trusts(trusted []netip.Prefix, ip netip.Addr) bool {
	for _, prefix := range trusted {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// forwarding tells whether a header, in canonical spelling, says where a request came from.
func forwarding(name string) bool {
	switch name {
	case "Forwarded", "X-Real-Ip", "X-Scheme":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

func dropForwarded(header http.Header) {
	for name := range header {
		if forwarding(name) {
			delete(header, name)
		}
	}
}

// passForwarded copies what a trusted proxy said. X-Real-Ip is made from
// X-Forwarded-For where there is one, as proxies append to that but often let
// a client's own X-Real-Ip through, which Jupyter would believe.
func passForwarded(out, in http.Header, peer netip.Addr, trusted []netip.Prefix) {
	for name, values := range in {
		if forwarding(name) {
			out[name] = append([]string(nil), values...)
		}
	}
	chain := strings.Join(in.Values("X-Forwarded-For"), ", ")
	if chain == "" {
		out.Set("X-Forwarded-For", peer.String())
		setMissing(out, "X-Real-Ip", peer.String())
		return
	}
	out.Set("X-Forwarded-For", chain+", "+peer.String())
	out.Set("X-Real-Ip", clientOf(chain, peer, trusted).String())
}

// clientOf is the last address in the chain that is no trusted proxy, or the
// first one if all are.
func clientOf(chain string, peer netip.Addr, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(chain, ",")
	client := peer
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // what stands before it was written by nobody we know
		}
		client = hop.Unmap().WithZone("")
		if !trusts(trusted, client) {
			break
		}
	}
	return client
}

func setMissing(header http.Header, name, value string) {
	if header.Get(name) == "" && value != "" {
		header.Set(name, value)
	}
}
