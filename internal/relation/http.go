// Package relation translates between relation databags and Go values, a file
// for each interface. It is pure.
package relation

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Website is what a unit offers over the interface http.
// Source: juju-solutions/interface-http.
type Website struct {
	Hostname string
	Port     int
}

// Bag is the unit databag that offers the website. Nil offers nothing: it
// withdraws what Bag wrote, but for the address, which Juju itself put there.
func (w *Website) Bag() map[string]string {
	if w == nil {
		return map[string]string{"hostname": "", "port": ""}
	}
	return map[string]string{"hostname": w.Hostname, "private-address": w.Hostname, "port": strconv.Itoa(w.Port)}
}

// Differs returns the keys of want that are not in the bag as they should be; an
// empty value means that the key should not be there.
func Differs(have, want map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range want {
		if have[k] != v {
			out[k] = v
		}
	}
	return out
}

// Addresses are the addresses from which a remote unit may speak to us: those
// that Juju put into its databag. A subnet of everyone names nobody.
func Addresses(bag map[string]string) (out []string) {
	for _, key := range []string{"ingress-address", "private-address", "egress-subnets"} {
		for _, a := range strings.Split(bag[key], ",") {
			a = strings.TrimSpace(a)
			_, errAddr := netip.ParseAddr(a)
			net, errNet := netip.ParsePrefix(a)
			if (errAddr == nil || errNet == nil && net.Bits() > 0) && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}
