package charm

import (
	"errors"
	"slices"
	"strconv"

	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/relation"
)

// publish writes what Juju is told where it differs from what it was told. It
// returns an error only when the hook should fail.
func (c *Charm) publish(o Outcome, show *progress) error {
	logFailures(o.Errs)
	out, err := Report(o)
	if err != nil {
		return err
	}
	if show.shown != (juju.Status{}) {
		o.Said.Published.Status = show.shown
	}
	if err := c.publishSecret(out, o.Said.Inputs); err != nil {
		return err
	}
	if !out.Keep {
		refused, err := c.publishPorts(out.Ports, o.Said.Published.Ports)
		if err != nil {
			return err
		}
		if refused != "" && out.Status.Status == "active" {
			out.Status = juju.Status{Status: "blocked", Message: "another unit on this machine has opened " + refused + ": set port or driver-ports; " +
				familiar(o.serving().Serve.Image) + " still serves"}
		}
		if err := c.publishWebsite(out.Website, o.Said.Published.Websites); err != nil {
			return err
		}
	}
	if out.MakeSecret && c.Event.Hook == "install" {
		return nil // the next hook comes at once, and says more
	}
	return c.publishStatus(out, o)
}

// publishStatus writes the unit's status and version. The version is read from
// nowhere: it may differ once another container serves, or the status does.
func (c *Charm) publishStatus(out Outputs, o Outcome) error {
	if out.Status == o.Said.Published.Status && !o.Turned {
		return nil
	}
	if out.Version != "" {
		if err := c.Tools.SetVersion(out.Version); err != nil {
			return err
		}
	}
	return c.Tools.SetStatus(out.Status)
}

// logFailures logs what went wrong, in the words of those who can mend it.
func logFailures(errs []error) {
	for _, err := range joined(errs) {
		var options *optionError
		switch {
		case errors.Is(err, errNoCredential):
		case errors.As(err, &options):
			logOptions(options.bad)
		default:
			logger.Warningf("%v", err)
		}
	}
}

func logOptions(bad []notebook.BadOption) {
	for _, b := range bad {
		value := strconv.Quote(b.Value)
		if notebook.Secret(b.Name) {
			value = "(its value is not logged)"
		}
		logger.Warningf("option %s %s: %s", b.Name, b.Reason, value)
	}
}

func (c *Charm) publishWebsite(site *relation.Website, bags map[string]map[string]string) error {
	for id, have := range bags {
		if differs := relation.Differs(have, site.Bag()); len(differs) > 0 {
			if err := c.Tools.SetBag(id, differs); err != nil {
				return err
			}
		}
	}
	return nil
}

// publishPorts opens and closes ports. refused is one that another unit of the
// machine has open, "" for none.
func (c *Charm) publishPorts(want, have []string) (refused string, err error) {
	for _, port := range have {
		if !slices.Contains(want, port) {
			if err := c.Tools.ClosePort(port); err != nil {
				return "", err
			}
		}
	}
	for _, port := range want {
		if slices.Contains(have, port) {
			continue
		}
		err := c.Tools.OpenPort(port)
		var tool *juju.ToolError
		if errors.As(err, &tool) && tool.Code == 1 {
			logger.Warningf("%v", err)
			refused = port
		} else if err != nil {
			return "", err
		}
	}
	return refused, nil
}
