package charm

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/relation"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// Outputs is what a hook tells Juju.
type Outputs struct {
	Inputs     notebook.Inputs
	Spec       notebook.Spec
	Observed   plan.Observed
	Serving    notebook.Slot // "" while nothing serves
	Waits      string
	MakeSecret bool
	Known      bool   // what runs was observed
	Spark      string // what is to be said of the cluster, "" for nothing
}

// outputs sums up what runs after a plan was made.
func outputs(in notebook.Inputs, spec notebook.Spec, o plan.Observed, p plan.Plan) Outputs {
	out := Outputs{Inputs: in, Spec: spec, Observed: o, Waits: p.Waits, Known: true}
	for slot, c := range o.Slots {
		if c != nil && c.Port == o.Gateway.Upstream && o.Gateway.Answers {
			out.Serving = slot
		}
	}
	return out
}

// port is where the gateway listens now, 0 when it does not.
func (o Outputs) port() int {
	if len(o.Observed.Gateway.Listen) == 0 {
		return 0
	}
	return portOf(o.Observed.Gateway.Listen[0])
}

// URL is the notebook's address for people, without a token.
func (o Outputs) URL() string {
	host := net.JoinHostPort(o.Inputs.Ingress, strconv.Itoa(o.port()))
	return "http://" + host + o.Observed.Slots[o.Serving].Serve.BaseURL
}

// healthy tells whether the notebook serves.
func (o Outputs) healthy() bool {
	c := o.Observed.Slots[o.Serving]
	return o.Serving != "" && c != nil && c.Healthy
}

// settle publishes what came of a hook. It returns the error only when the hook
// should fail.
func (c *Charm) settle(out Outputs, err error) error {
	status, message, known := "", "", true
	if err != nil {
		logFailure(err)
		if status, message, known = statusOf(err); !known {
			return err
		}
	}
	if out.MakeSecret {
		if err := c.makeSecret(); err != nil {
			return err
		}
	} else if made := out.Inputs.Credential; made != nil && out.Inputs.Leader && c.event.Hook == "peers-relation-created" {
		if err := c.tellPeers(made.Revision); err != nil {
			return err
		}
	}
	if out.Known {
		if err := c.publish(out); err != nil {
			return err
		}
	}
	if out.MakeSecret && c.event.Hook == "install" {
		return nil // the next hook comes at once, and says more
	}
	return c.setStatus(out, status, message)
}

func logFailure(err error) {
	var options *optionError
	switch {
	case errors.Is(err, errNoCredential):
		return
	case !errors.As(err, &options):
		logger.Warningf("%v", err)
		return
	}
	for _, b := range options.bad {
		value := strconv.Quote(b.Value)
		if slices.Contains([]string{"environment", "command", "spark-conf", "spark-remote"}, b.Name) {
			value = "(its value is not logged)"
		}
		logger.Warningf("option %s %s: %s", b.Name, b.Reason, value)
	}
}

// setStatus writes the unit's status and version where they differ.
func (c *Charm) setStatus(out Outputs, status, message string) error {
	var want juju.Status
	out.Spark = c.sparkNote()
	switch {
	case status != "":
		want = describe(status, message, out)
	case c.unopened != "":
		want = describe("blocked", "another unit on this machine has opened "+c.unopened+": set port or driver-ports", out)
	case out.healthy():
		want = active(out)
	default:
		want = juju.Status{Status: "waiting", Message: "the notebook does not answer: see docker logs of its container"}
	}
	if want == c.before.status && !c.told && !c.turned {
		return nil
	}
	if out.healthy() {
		if err := c.tools.SetVersion(version(out)); err != nil {
			return err
		}
	}
	return c.tools.SetStatus(want)
}

func version(out Outputs) string {
	return "Jupyter " + out.Observed.Slots[out.Serving].Version
}

// publish opens the port and offers the website while the notebook serves.
func (c *Charm) publish(out Outputs) error {
	if err := c.publishPort(out); err != nil {
		return err
	}
	var site *relation.Website
	if out.healthy() && out.Inputs.Ingress != "" {
		site = &relation.Website{Hostname: out.Inputs.Ingress, Port: out.port()}
	}
	for _, id := range c.before.websites {
		have, err := c.tools.Bag(id, c.unit.Name)
		if err != nil {
			return err
		}
		if differs := relation.Differs(have, site.Bag()); len(differs) > 0 {
			if err := c.tools.SetBag(id, differs); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Charm) publishPort(out Outputs) error {
	want := out.open()
	for _, port := range c.before.ports {
		if !slices.Contains(want, port) {
			if err := c.tools.ClosePort(port); err != nil {
				return err
			}
		}
	}
	for _, port := range want {
		if slices.Contains(c.before.ports, port) {
			continue
		}
		err := c.tools.OpenPort(port)
		var refused *juju.ToolError
		if errors.As(err, &refused) && refused.Code == 1 { // another unit of the machine has it open
			logger.Warningf("%v", err)
			c.unopened = port
		} else if err != nil {
			return err
		}
	}
	return nil
}

// open are the ports that others may reach, as opened-ports prints them: the
// gateway's, and those at which executors call the driver that serves.
func (o Outputs) open() (out []string) {
	if port := o.port(); port != 0 {
		out = append(out, strconv.Itoa(port)+"/tcp")
	}
	if c := o.Observed.Slots[o.Serving]; c != nil && c.Driver > 0 {
		first, last := spark.Driver{First: c.Driver}.Ports()
		out = append(out, fmt.Sprintf("%d-%d/tcp", first, last))
	}
	return out
}

// makeSecret makes the application's credential. It is used from the next hook
// on: were this one to fail, Juju would drop it. That hook is asked for, since on
// a unit that was set up before none may come for minutes.
func (c *Charm) makeSecret() error {
	content, err := newCredential(1)
	if err != nil {
		return err
	}
	if err := c.secretDir(); err != nil {
		return err
	}
	if err := c.tools.AddSecret(secretLabel, c.dirs.Dir, content); err != nil {
		return err
	}
	if c.event.Hook == "install" {
		return nil // the next hook uses it and tells the peers, who are not there yet
	}
	if err := c.tellPeers("1"); err != nil {
		return err
	}
	c.wake()
	return nil
}

func (c *Charm) secretDir() error {
	if err := os.MkdirAll(c.dirs.Dir, 0o711); err != nil {
		return fmt.Errorf("cannot make %s: %v", c.dirs.Dir, err)
	}
	return nil
}

// newCredential is a token and a cookie secret of 256 random bits each.
func newCredential(revision int) (map[string]string, error) {
	var bits [64]byte
	if _, err := rand.Read(bits[:]); err != nil {
		return nil, fmt.Errorf("cannot make a token: %v", err)
	}
	return map[string]string{
		"token":         hex.EncodeToString(bits[:32]),
		"cookie-secret": base64.StdEncoding.EncodeToString(bits[32:]),
		"revision":      strconv.Itoa(revision),
	}, nil
}

// tellPeers wakes the other units for a new revision of the credential.
func (c *Charm) tellPeers(revision string) error {
	ids, err := c.tools.Relations("peers")
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := c.tools.SetAppBag(id, map[string]string{"credential": revision}); err != nil {
			return err
		}
	}
	return nil
}
