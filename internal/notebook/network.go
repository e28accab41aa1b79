package notebook

import (
	"net/netip"
	"regexp"
	"slices"
)

// Address is one address of this machine, and the interface that has it.
type Address struct {
	Value     string
	Interface string
}

// Network is what Juju says of an endpoint's binding.
type Network struct {
	Addresses []Address // of this machine, where a program can listen
	Ingress   []string  // at which others reach it; no interface need have it
	Missing   bool      // the binding's space has no address on this machine
}

// engineBridge matches the interfaces that a container engine makes. Juju names a
// machine's own bridges br-eth0 and the like, so that more would be wrong.
var engineBridge = regexp.MustCompile(`^(docker0|br-[0-9a-f]{12})$`)

// Narrow leaves out the addresses of the container engine, which Juju lists with
// the machine's own: those in engine, and those of its bridges by name. The
// ingress address that is private, from unit-get private-address, comes to the
// front of those that remain. A list is never narrowed to nothing.
func (n Network) Narrow(engine []string, private string) Network {
	foreign := func(a Address) bool {
		return engineBridge.MatchString(a.Interface) || containsAddress(engine, a.Value)
	}
	ours := func(value string) bool {
		i := slices.IndexFunc(n.Addresses, func(a Address) bool { return sameAddress(a.Value, value) })
		return containsAddress(engine, value) || i >= 0 && foreign(n.Addresses[i])
	}
	out := Network{Addresses: without(n.Addresses, foreign), Ingress: without(n.Ingress, ours), Missing: n.Missing}
	if i := slices.IndexFunc(out.Ingress, func(v string) bool { return sameAddress(v, private) }); i > 0 {
		out.Ingress = slices.Insert(slices.Delete(out.Ingress, i, i+1), 0, private)
	}
	return out
}

// without returns a copy of list without what drop drops, or with everything
// where nothing would be left.
func without[T any](list []T, drop func(T) bool) []T {
	if left := slices.DeleteFunc(slices.Clone(list), drop); len(left) > 0 {
		return left
	}
	return slices.Clone(list)
}

// Prefer returns the ingress address to use: now, the one in use, as long as Juju
// still lists it, for a new order of the list is no change; else the first.
func (n Network) Prefer(now string) string {
	return prefer(n.Ingress, now)
}

// PreferBind returns the address of this machine to listen at: now as long as it
// is listed, else the one that ingress names, else the first.
func (n Network) PreferBind(now, ingress string) string {
	values := n.Values()
	return prefer(values, or(containing(values, now), ingress))
}

// Values are the addresses of this machine alone, each once.
func (n Network) Values() (out []string) {
	for _, a := range n.Addresses {
		if !containsAddress(out, a.Value) {
			out = append(out, a.Value)
		}
	}
	return out
}

// prefer returns the wanted address where it is listed, else the first, "" of none.
func prefer(list []string, wanted string) string {
	if found := containing(list, wanted); found != "" || len(list) == 0 {
		return found
	}
	return list[0]
}

// containing returns the address of the list that is the wanted one, as the list
// spells it, "" for none.
func containing(list []string, wanted string) string {
	if i := slices.IndexFunc(list, func(v string) bool { return sameAddress(v, wanted) }); i >= 0 {
		return list[i]
	}
	return ""
}

func containsAddress(list []string, wanted string) bool { return containing(list, wanted) != "" }

// sameAddress reports whether two texts name one address: IPv6 has many spellings.
func sameAddress(a, b string) bool {
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if errX != nil || errY != nil {
		return a == b
	}
	return x.Unmap() == y.Unmap()
}
