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
func (c Callback) dialled(port int) string {
	for _, line := range c.lines() {
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
func (c Callback) back() string {
	if c.kind() == "connect" {
		return ""
	}
	if c.Loopback {
		return fmt.Sprintf("address: the cluster's machines are told that the driver is at %s, where they find themselves: set driver-host to an address of this machine that they reach", c.Host)
	}
	if name := c.unknownName(); name != "" {
		return fmt.Sprintf("name: the cluster's machines cannot resolve %s, the name at which the driver is said to be: set driver-host to an address of this machine that they reach", name)
	}
	if line := c.find(ownService); strings.Contains(line, "already in use") {
		return "port: all driver ports of the notebook are taken: stop the Spark session of another kernel"
	} else if line != "" {
		return "address: the driver cannot listen where spark.driver.bindAddress, or else spark.driver.host, says inside the container: leave both to the charm"
	}
	for n, what := range []string{"the driver's port", "the block manager's port"} {
		port, state := c.RPC, ""
		if n == 1 {
			port = c.Block
		}
		if n < len(c.Back.Ports) {
			state = c.Back.Ports[n]
		} else {
			state = c.dialled(port)
		}
		if state != "" && state != "ok" {
			return c.wrongPort(what, port, state)
		}
		if c.Here.Unpublished(port) {
			return fmt.Sprintf("port: %s %s:%d is not published: this machine refuses it even to itself", what, c.Host, port)
		}
	}
	if len(c.Executors) > 0 && c.find(broadcast) != "" {
		return fmt.Sprintf("port: an executor registered at %s:%d, and cannot fetch its task from the block manager's port %d: publish it under the same number, and open it in firewalls",
			c.Host, c.RPC, c.Block)
	}
	return ""
}

// find is the first line of a form in all logs, "" for none.
func (c Callback) find(form *regexp.Regexp) string {
	for _, line := range c.lines() {
		if form.MatchString(line) {
			return line
		}
	}
	return ""
}

// unknownName is a name of the driver's side that the cluster does not know.
func (c Callback) unknownName() string {
	for _, line := range c.lines() {
		for _, form := range []*regexp.Regexp{unknownHost, unresolved} {
			if m := form.FindStringSubmatch(line); m != nil && (m[1] == c.Own || m[1] == c.Host) {
				return m[1]
			}
		}
	}
	return ""
}

// wrongPort says what is wrong with a port of the driver, as executors see it.
func (c Callback) wrongPort(what string, port int, state string) string {
	at := fmt.Sprintf("%s %s:%d", what, c.Host, port)
	if c.Here.Ports != nil && !c.Here.Own {
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
		return fmt.Sprintf("name: the cluster's machines cannot resolve %s: set driver-host to an address of this machine that they reach", c.Host)
	}
	return fmt.Sprintf("the cluster's machines cannot connect to %s: %s", at, state)
}

var (
	noResources = regexp.MustCompile(`says (WAITING|ACCEPTED|SUBMITTED)`)
	started     = regexp.MustCompile(`(?m)^[1-9]\d* executors were started`)
)

// cluster is what the cluster itself says that it cannot do.
func (c Callback) cluster() string {
	if c.Result.State == "ok" || c.Session.State == "failed" || len(c.Executors) > 0 || started.MatchString(strings.Join(c.States, "\n")) {
		return ""
	}
	states := strings.Join(c.States, "; ")
	if noResources.MatchString(states) {
		return fmt.Sprintf("the cluster has not started an executor: %s, which is how it looks when no machine has a core and 1 GB to spare", states)
	}
	return ""
}

// silence is for what nothing explains: it says what was proved.
func (c Callback) silence() string {
	switch {
	case c.kind() == "connect" && c.Result.State == "ok", c.Back.State == "ok":
		return ""
	case c.kind() == "connect" && c.Session.State == "timed out":
		return fmt.Sprintf("something listens at %s, but it answers no Spark Connect: see that it is that server, and that both sides agree on TLS, which use_ssl=true or a token ask for",
			c.places("Connect server"))
	case c.Session.State != "ok":
		return "no session: " + c.session()
	case len(c.Executors) == 0:
		return c.nobody()
	case c.Result.State != "ok":
		return fmt.Sprintf("an executor at %s registered at the driver, and then %s: %s", strings.Join(c.Executors, ", "), ended(c.Result), c.because())
	}
	return fmt.Sprintf("an executor at %s computes in Java, but not in Python: %s", strings.Join(c.Executors, ", "), c.because())
}

func (c Callback) session() string {
	if c.Session.Error == "" && LastCause(c.Log) == "" {
		return "the cluster answers, but gives none in time: see the parameter timeout"
	}
	return c.because()
}

// nobody is for executors that never registered, with no word of why.
func (c Callback) nobody() string {
	text := "no executor has registered, and "
	if seen := c.callers(c.RPC); len(seen) > 0 {
		return text + fmt.Sprintf("%s did reach the driver's port %d: that way is open, so look into the executors' logs", strings.Join(seen, ", "), c.RPC)
	}
	text += fmt.Sprintf("nobody was seen to reach the driver's port at %s:%d", c.Host, c.RPC)
	if c.Here.Ports[c.RPC] == "ok" {
		text += ", where this machine itself reaches it"
	}
	text += ": "
	if started.MatchString(strings.Join(c.States, "\n")) {
		return text + "one was started, and has not said why yet: it may be slow, so try again with a longer timeout"
	}
	if len(c.Notes) > 0 {
		return text + "the cluster's pages do not tell why (" + c.Notes[0] + "); see if its machines can connect there"
	}
	return text + "the cluster's logs say nothing of it yet; see if its machines can connect there"
}

func ended(s Step) string {
	if s.State == "timed out" {
		return "no result came"
	}
	return "its job failed"
}
