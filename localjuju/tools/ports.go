package tools

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

var portText = regexp.MustCompile(`^(\d+)(?:-(\d+))?(?:/([A-Za-z]+))?$`)

func openPort(c *Call) error  { return c.port(c.Hook.OpenPort) }
func closePort(c *Call) error { return c.port(c.Hook.ClosePort) }

func (c *Call) port(apply func(state.PortRange) error) error {
	var endpoints string
	c.Flags.StringVar(&endpoints, "endpoints", "", "a comma-delimited list of application endpoints to target")
	if err := c.Parse(1, 1, "no port or range specified"); err != nil {
		return err
	}
	p, err := parsePort(c.Args[0])
	if err != nil {
		return err
	}
	for _, name := range strings.Split(endpoints, ",") {
		p.Endpoint = strings.TrimSpace(name)
		if err := apply(p); err != nil {
			return err
		}
	}
	return nil
}

func parsePort(text string) (p state.PortRange, err error) {
	if strings.EqualFold(text, "icmp") {
		return state.PortRange{Protocol: "icmp", From: -1, To: -1}, nil
	}
	m := portText.FindStringSubmatch(text)
	if m == nil {
		return p, cmdline.Usage("expected <port>[/<protocol>] or <from>-<to>[/<protocol>] or icmp; got %q", text)
	}
	if m[2] == "" {
		m[2] = m[1]
	}
	for i, to := range []*int{&p.From, &p.To} {
		*to, err = strconv.Atoi(m[i+1])
		if err != nil || *to < 1 || *to > 65535 {
			return p, cmdline.Usage("port must be in the range [1, 65535]; got %q", m[i+1])
		}
	}
	if p.From > p.To {
		return p, cmdline.Usage("invalid port range %d-%d", p.From, p.To)
	}
	p.Protocol = strings.ToLower(m[3])
	if p.Protocol == "" {
		p.Protocol = "tcp"
	}
	if p.Protocol != "tcp" && p.Protocol != "udp" {
		return p, cmdline.Usage(`protocol must be "tcp", "udp", or "icmp"; got %q`, m[3])
	}
	return p, nil
}

func openedPorts(c *Call) error {
	c.Formats("smart", "json", "yaml")
	endpoints := c.Flags.Bool("endpoints", false, "display the list of target application endpoints for each port range")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	ports, err := c.Hook.OpenedPorts()
	if err != nil {
		return err
	}
	return c.Print(portTexts(ports, *endpoints))
}

func portTexts(ports []state.PortRange, endpoints bool) []string {
	at := map[string][]string{}
	sort.Slice(ports, func(i, j int) bool { return ports[i].From < ports[j].From })
	texts := []string{}
	for _, p := range ports {
		if at[p.String()] == nil {
			texts = append(texts, p.String())
		}
		name := p.Endpoint
		if name == "" {
			name = "*"
		}
		at[p.String()] = append(at[p.String()], name)
	}
	if endpoints {
		for i, t := range texts {
			slices.Sort(at[t])
			texts[i] = fmt.Sprintf("%s (%s)", t, strings.Join(at[t], ", "))
		}
	}
	return texts
}
