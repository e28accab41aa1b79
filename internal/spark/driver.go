package spark

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// PerService is how many ports each service of a driver has: as many kernels of
// one notebook can have a session at once.
const PerService = 8

// BlockLength is how many ports a slot has: for drivers, their block managers,
// and their pages.
const BlockLength = 3 * PerService

// Driver is the way back to the drivers of one slot.
type Driver struct {
	Host        string // as executors know it: an address or a name
	Bind        string // where drivers listen
	First       int    // of the slot's block; 0 when nobody calls back
	HostNetwork bool   // the container shares its ports with the host
}

// Ports are the first and the last port that executors call.
func (d Driver) Ports() (first, last int) { return d.First, d.First + 2*PerService - 1 }

// Umask is the key of the umask that Hadoop's client gives what it writes.
const Umask = "spark.hadoop.fs.permissions.umask-mode"

// DriverConf is what the charm sets of Spark's configuration. Spark tells
// executors the port that it listens on, so each is the same inside and outside,
// and a taken one is left for the next of its own service only.
// Source: https://spark.apache.org/docs/latest/configuration.html#networking.
func DriverConf(t Target, d Driver) []Entry {
	// What Hadoop's client writes to a local disk can be removed by the next image's
	// user: it sets modes itself, and heeds no ACL.
	out := []Entry{{Umask, "002"}}
	if t.Master != "" {
		out = append(out, Entry{"spark.master", t.Master})
	}
	if !t.CallsBack() || d.First == 0 {
		return out
	}
	out = append(out,
		Entry{"spark.driver.host", bracketed(d.Host)},
		Entry{"spark.driver.bindAddress", d.Bind},
		Entry{"spark.driver.port", strconv.Itoa(d.First)},
		Entry{"spark.driver.blockManager.port", strconv.Itoa(d.First + PerService)},
		Entry{"spark.port.maxRetries", strconv.Itoa(PerService - 1)},
	)
	if d.HostNetwork {
		out = append(out, Entry{"spark.ui.port", strconv.Itoa(d.First + 2*PerService)})
	}
	return out
}

// Warnings returns what in the operator's own lines keeps executors from reaching
// the driver, a sentence each.
func Warnings(t Target, d Driver, theirs []Entry) (out []string) {
	if !t.CallsBack() {
		return nil
	}
	for _, e := range theirs {
		if why := breaks(e, d); why != "" {
			out = append(out, fmt.Sprintf("spark-conf sets %s=%s: %s", e.Key, e.Value, why))
		}
	}
	return out
}

// breaks says why a line keeps executors from the driver, "" when it does not.
func breaks(e Entry, d Driver) string {
	number, _ := strconv.Atoi(e.Value)
	switch e.Key {
	case "spark.driver.host":
		if local(e.Value) {
			return "executors elsewhere cannot reach that address"
		}
		if e.Value != bracketed(d.Host) {
			return "executors call that name and not " + d.Host
		}
	case "spark.driver.bindAddress":
		if e.Value != "0.0.0.0" && (local(e.Value) || !d.HostNetwork) {
			return "the driver cannot listen there, or executors cannot reach it: leave it to the charm"
		}
	case "spark.driver.port", "spark.driver.blockManager.port":
		if number == 0 || !d.HostNetwork {
			return "that port is not published, so executors cannot reach it: leave it to the charm"
		}
	case "spark.port.maxRetries":
		if number >= PerService {
			return fmt.Sprintf("a driver walks on into ports that are not its own: at most %d", PerService-1)
		}
		if number < PerService-1 {
			return fmt.Sprintf("only %d kernels can have a session at once", number+1)
		}
	}
	return ""
}

// local reports whether a host means this one alone.
func local(host string) bool {
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}
