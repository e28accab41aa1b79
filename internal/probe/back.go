package probe

import (
	"fmt"
	"regexp"
	"strings"
)

// Texts of Java's and Spark's that name what was dialled in vain.
var (
	unknownHost = regexp.MustCompile(`UnknownHostException: ([^\s:]+)`)
	unresolved  = regexp.MustCompile(`(?:connect to|Connecting to) ([^\s/]+)/<unresolved>:(\d+)`)
	dialledAt   = regexp.MustCompile(`([A-Za-z0-9.-]*)/\[?([0-9A-Fa-f.:]+?)\]?:(\d+)`)
	refusedText = regexp.MustCompile(`(?i)connection refused`)
	timedOut    = regexp.MustCompile(`(?i)timed out`)
	noRoute     = regexp.MustCompile(`(?i)no route to host|network is unreachable`)
	ownService  = regexp.MustCompile(`Service '(sparkDriver|org.apache.spark.network.netty.NettyBlockTransferService)' failed`)
	broadcast   = regexp.MustCompile(`Failed to get broadcast_|Failed to (get|fetch) (remote )?block`)
)

// dialled is how a port answered executors, by their logs; "" when these say
// nothing.
func (d Driver) dialled(port int) string {
	for _, line := range d.lines() {
		m := dialledAt.FindStringSubmatch(line)
		if m == nil || m[3] != fmt.Sprint(port) {
			continue
		}
		switch {
		case refusedText.MatchString(line):
			return "refused"
		case timedOut.MatchString(line):
			return "timed out"
		case noRoute.MatchString(line):
			return "unreachable"
		}
	}
	return ""
}

// back is what is wrong with the way from executors to the driver.
func (d Driver) back() string {
	if d.kind() == "connect" {
		return ""
	}
	if d.Loopback {
		return fmt.Sprintf("address: the cluster's machines are told that the driver is at %s, where they find themselves: set driver-host to an address of this machine that they reach", d.Host)
	}
	if name := d.unknownName(); name != "" {
		return fmt.Sprintf("name: the cluster's machines cannot resolve %s, the name at which the driver is said to be: set driver-host to an address of this machine that they reach", name)
	}
	if line := d.find(ownService); strings.Contains(line, "already in use") {
		return "port: all driver ports of the notebook are taken: stop the Spark session of another kernel"
	} else if line != "" {
		return "address: the driver cannot listen where spark.driver.bindAddress, or else spark.driver.host, says inside the container: leave both to the charm"
	}
	for n, what := range []string{"the driver's port", "the block manager's port"} {
		port, state := d.RPC, ""
		if n == 1 {
			port = d.Block
		}
		if n < len(d.Back.Ports) {
			state = d.Back.Ports[n]
		} else {
			state = d.dialled(port)
		}
		if state != "" && state != "ok" {
			return d.wrongPort(what, port, state)
		}
		if d.Here.Unpublished(port) {
			return fmt.Sprintf("port: %s %s:%d is not published: this machine refuses it even to itself", what, d.Host, port)
		}
	}
	if len(d.Executors) > 0 && d.find(broadcast) != "" {
		return fmt.Sprintf("port: an executor registered at %s:%d, and cannot fetch its task from the block manager's port %d: publish it under the same number, and open it in firewalls",
			d.Host, d.RPC, d.Block)
	}
	return ""
}

// find is the first line of a form in all logs, "" for none.
func (d Driver) find(form *regexp.Regexp) string {
	for _, line := range d.lines() {
		if form.MatchString(line) {
			return line
		}
	}
	return ""
}

// unknownName is a name of the driver's side that the cluster does not know.
func (d Driver) unknownName() string {
	for _, line := range d.lines() {
		for _, form := range []*regexp.Regexp{unknownHost, unresolved} {
			if m := form.FindStringSubmatch(line); m != nil && (m[1] == d.Own || m[1] == d.Host) {
				return m[1]
			}
		}
	}
	return ""
}

// wrongPort says what is wrong with a port of the driver, as executors see it.
func (d Driver) wrongPort(what string, port int, state string) string {
	at := fmt.Sprintf("%s %s:%d", what, d.Host, port)
	if d.Here.Ports != nil && !d.Here.Own {
		return fmt.Sprintf("address: the cluster's machines do not reach %s (%s), which is not an address of this machine: see that it leads here, or set driver-host to one of this machine's", at, state)
	}
	switch state {
	case "refused":
		return fmt.Sprintf("port: the cluster's machines are refused at %s: it is not published on this machine under that number, or a firewall rejects it", at)
	case "timed out":
		return fmt.Sprintf("firewall: what the cluster's machines send to %s is dropped: let TCP from them through to this machine's port %d", at, port)
	case "unreachable":
		return fmt.Sprintf("address: nothing routes from the cluster's machines to %s: set driver-host to an address that they reach", at)
	case "unresolvable":
		return fmt.Sprintf("name: the cluster's machines cannot resolve %s: set driver-host to an address of this machine that they reach", d.Host)
	}
	return fmt.Sprintf("the cluster's machines cannot connect to %s: %s", at, state)
}

var (
	noResources = regexp.MustCompile(`says (WAITING|ACCEPTED|SUBMITTED)`)
	started     = regexp.MustCompile(`(?m)^[1-9]\d* executors were started`)
)

// cluster is what the cluster itself says that it cannot do.
func (d Driver) cluster() string {
	if d.Result.State == "ok" || d.Session.State == "failed" || len(d.Executors) > 0 || started.MatchString(strings.Join(d.States, "\n")) {
		return ""
	}
	states := strings.Join(d.States, "; ")
	if noResources.MatchString(states) {
		return fmt.Sprintf("the cluster has not started an executor: %s, which is how it looks when no machine has a core and 1 GB to spare", states)
	}
	return ""
}

// silence is for what nothing explains: it says what was proved.
func (d Driver) silence() string {
	switch {
	case d.kind() == "connect" && d.Result.State == "ok", d.Back.State == "ok":
		return ""
	case d.kind() == "connect" && d.Session.State == "timed out":
		return fmt.Sprintf("something listens at %s, but it answers no Spark Connect: see that it is that server, and that both sides agree on TLS, which use_ssl=true or a token ask for",
			d.places("Connect server"))
	case d.Session.State != "ok":
		return "no session: " + d.session()
	case len(d.Executors) == 0:
		return d.nobody()
	case d.Result.State != "ok":
		return fmt.Sprintf("an executor at %s registered at the driver, and then %s: %s", strings.Join(d.Executors, ", "), ended(d.Result), d.because())
	}
	return fmt.Sprintf("an executor at %s computes in Java, but not in Python: %s", strings.Join(d.Executors, ", "), d.because())
}

func (d Driver) session() string {
	if d.Session.Error == "" && LastCause(d.Log) == "" {
		return "the cluster answers, but gives none in time: see the parameter timeout"
	}
	return d.because()
}

// nobody is for executors that never registered, with no word of why.
func (d Driver) nobody() string {
	text := "no executor has registered, and "
	if seen := d.callers(d.RPC); len(seen) > 0 {
		return text + fmt.Sprintf("%s did reach the driver's port %d: that way is open, so look into the executors' logs", strings.Join(seen, ", "), d.RPC)
	}
	text += fmt.Sprintf("nobody was seen to reach the driver's port at %s:%d", d.Host, d.RPC)
	if d.Here.Ports[d.RPC] == "ok" {
		text += ", where this machine itself reaches it"
	}
	text += ": "
	if started.MatchString(strings.Join(d.States, "\n")) {
		return text + "one was started, and has not said why yet: it may be slow, so try again with a longer timeout"
	}
	if len(d.Notes) > 0 {
		return text + "the cluster's pages do not tell why (" + d.Notes[0] + "); see if its machines can connect there"
	}
	return text + "the cluster's logs say nothing of it yet; see if its machines can connect there"
}

func ended(s Step) string {
	if s.State == "timed out" {
		return "no result came"
	}
	return "its job failed"
}
