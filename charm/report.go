package charm

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/relation"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

// Outputs is what a hook tells Juju.
type Outputs struct {
	Status     juju.Status
	Version    string // of the workload, "" where it is not known
	Keep       bool   // ports and databags stay as they are: what runs is not known
	Ports      []string
	Website    *relation.Website // nil while nothing is offered
	MakeSecret bool
}

// Report says what Juju is told of an outcome. An error is a defect, with which
// the hook fails.
func Report(o Outcome) (Outputs, error) {
	problems, err := problemsOf(o)
	if err != nil {
		return Outputs{}, err
	}
	out := Outputs{
		Status: statusOf(o, problems), Keep: !o.Known,
		MakeSecret: o.Said.Inputs.Credential == nil && o.Said.Inputs.Leader,
	}
	out.Ports = openPorts(o)
	if o.up() {
		out.Version = "Jupyter " + o.serving().Version
		if host := ingress(o); host != "" {
			out.Website = &relation.Website{Hostname: host, Port: gatewayPort(o)}
		}
	}
	return out, nil
}

// problemsOf are the problems of an outcome, the gravest first, each once.
func problemsOf(o Outcome) (out []problem, err error) {
	var defects []error
	for _, e := range joined(o.Errs) {
		if movedTo(e) != "" && o.Known && storageGone(o) {
			continue // that is said below
		}
		if p := problemOf(e); p.status != "" {
			out = append(out, p)
		} else {
			defects = append(defects, e)
		}
	}
	if len(defects) > 0 {
		return nil, errors.Join(defects...)
	}
	if o.Known {
		out = append(out, problemsSeen(o)...)
	}
	weight := []string{"blocked", "waiting", "active"}
	slices.SortStableFunc(out, func(a, b problem) int { return slices.Index(weight, a.status) - slices.Index(weight, b.status) })
	var once []problem
	for _, p := range out {
		if !slices.Contains(once, p) {
			once = append(once, p)
		}
	}
	return once, nil
}

// problemsSeen are those that are seen in what is there.
func problemsSeen(o Outcome) (out []problem) {
	s, notes := o.serving(), o.Observed.Notes
	served := s.Served()
	switch {
	case served == nil:
	case storageGone(o) && o.Said.Inputs.Storage == served.Data:
		out = append(out, problem{"blocked", fmt.Sprintf("the notebooks' storage %s is not mounted: mount it", served.Data)})
	case storageGone(o):
		instead := "another folder"
		for _, e := range joined(o.Errs) {
			instead = cmp.Or(movedTo(e), instead)
		}
		out = append(out, problem{"blocked", fmt.Sprintf("the notebooks' storage %s is not there: attach it again, or the action apply serves %s", served.Data, instead)})
	case s.There() && s.DataOther:
		out = append(out, problem{"blocked", fmt.Sprintf("the notebook sees another folder than %s: the action apply starts it again there, which ends its kernels", served.Data)})
	}
	switch {
	case s.There() && s.Paused:
		out = append(out, problem{"waiting", "the notebook is paused: docker unpause " + s.Name + "; the next hook that finds it so resumes it"})
	case s.There() && s.Running && !s.Healthy && s.Reason != "":
		out = append(out, problem{"waiting", "the notebook does not answer: " + s.Reason})
	}
	for _, at := range slices.Sorted(maps.Keys(o.Observed.Gateway.Unbound)) {
		out = append(out, problemOf(&workload.PortError{Address: at, Reason: o.Observed.Gateway.Unbound[at]}))
	}
	attempts := []plan.Attempt{plan.AttemptOf(o.Spec, o.Observed.Wanted.ID())}
	if s.Record != nil {
		attempts = append(attempts, s.Record.Attempt())
	}
	for _, a := range attempts {
		if r := notes.Refused.Find(a); r != nil {
			out = append(out, problem{"blocked", r.Reason})
		}
	}
	return out
}

// movedTo is the folder that Juju now gives for the notebooks, where err says so.
func movedTo(err error) string {
	var moved *dataError
	if errors.As(err, &moved) {
		return moved.To
	}
	return ""
}

// storageGone reports whether the folder of the notebooks that people saw is not
// there.
func storageGone(o Outcome) bool {
	s := o.serving()
	served := s.Served()
	gone := s.There() && s.DataGone || s.Record != nil && s.Record.DataGone
	return gone || served != nil && o.Observed.Notes.Detached != "" && served.Data == o.Observed.Notes.Detached
}

// statusOf is the unit's status.
func statusOf(o Outcome, problems []problem) juju.Status {
	if len(problems) == 0 {
		if o.up() {
			return juju.Status{Status: "active", Message: active(o)}
		}
		text := "no notebook serves: see juju debug-log"
		if o.Waits != "" {
			text = "no notebook serves; waits: " + o.Waits
		}
		return juju.Status{Status: "waiting", Message: text}
	}
	messages := make([]string, 0, 2)
	for _, p := range problems[:min(2, len(problems))] {
		messages = append(messages, p.message)
	}
	text := strings.Join(messages, "; ")
	switch {
	case !o.up():
	case problems[0].status == "active":
		text = active(o) + "; " + text
	default:
		text += "; " + familiar(o.serving().Serve.Image) + " still serves"
	}
	return juju.Status{Status: problems[0].status, Message: text + aside(o)}
}

// active is what is said of a unit that serves.
func active(o Outcome) string {
	now := o.serving()
	text := url(o) + " " + familiar(now.Serve.Image)
	switch {
	case now.OOM && now.Restarts > 0:
		text += ", ended before for lack of memory"
	case now.OOM:
		text += "; a program in it was killed for lack of memory"
	}
	if note := o.Verdict.Note(); note != "" {
		text += "; " + note
	}
	if o.Waits != "" {
		text += "; waits: " + formerly.ReplaceAllString(o.Waits, "") // which is what serves, named above
	}
	return text + aside(o)
}

// aside names the containers that were set aside.
func aside(o Outcome) (text string) {
	for _, id := range slices.Sorted(maps.Keys(o.Observed.Notes.Aside)) {
		if c := o.Observed.Find(id); c != nil {
			text += fmt.Sprintf("; %s was set aside because %s: the action apply removes it", c.Name, o.Observed.Notes.Aside[id])
		}
	}
	return text
}

// formerly is what a cause says of the value that an option had.
var formerly = regexp.MustCompile(`, was [^;( ]+`)

// familiar is a reference as a person writes it, with as much of a digest as
// tells it from another.
func familiar(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	short := reference.FamiliarString(named)
	if d, ok := named.(reference.Digested); ok {
		return strings.TrimSuffix(short, d.Digest().Encoded()) + d.Digest().Encoded()[:12]
	}
	return short
}

// gatewayPort is where the gateway listens now, 0 when it does not.
func gatewayPort(o Outcome) int {
	if len(o.Observed.Gateway.Listen) == 0 {
		return 0
	}
	_, port, err := net.SplitHostPort(o.Observed.Gateway.Listen[0])
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(port)
	return n
}

// ingress is the address at which others reach the unit, "" where Juju knows none.
func ingress(o Outcome) string {
	return o.Said.Inputs.Narrow(o.Observed.EngineAddresses).Website.Prefer("")
}

// address is ingress, or where the gateway listens until Juju knows one.
func address(o Outcome) string {
	if known := ingress(o); known != "" || len(o.Observed.Gateway.Listen) == 0 {
		return known
	}
	host, _, _ := net.SplitHostPort(o.Observed.Gateway.Listen[0]) // as the gateway took it
	return host
}

// url is the notebook's address for people, without a token.
func url(o Outcome) string {
	return "http://" + net.JoinHostPort(address(o), strconv.Itoa(gatewayPort(o))) + o.serving().Serve.BaseURL
}

// openPorts are the ports that others may reach, as opened-ports prints them: the
// gateway's, and those at which executors call the driver that serves.
func openPorts(o Outcome) (out []string) {
	if port := gatewayPort(o); port != 0 {
		out = append(out, strconv.Itoa(port)+"/tcp")
	}
	if s := o.serving(); s.There() && s.Drivers > 0 {
		first, last := spark.Driver{First: s.Drivers}.Ports()
		out = append(out, fmt.Sprintf("%d-%d/tcp", first, last))
	}
	return out
}
