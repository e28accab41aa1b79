package tools

import (
	"fmt"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

type bindAddress struct {
	MAC       string        `json:"mac-address"`
	Interface string        `json:"interface-name"`
	Addresses []addressInfo `json:"addresses"`
}

type addressInfo struct {
	Hostname string `json:"hostname"`
	Value    string `json:"value"`
	CIDR     string `json:"cidr"`
	Address  string `json:"address"`
}

type networkInfo struct {
	Bind    []bindAddress `json:"bind-addresses"`
	Egress  []string      `json:"egress-subnets"`
	Ingress []string      `json:"ingress-addresses"`
}

func networkGet(c *Call) error {
	c.Formats("smart", "json", "yaml")
	bind := c.Flags.Bool("bind-address", false, "get the address for the binding on which the unit should listen")
	ingress := c.Flags.Bool("ingress-address", false, "get the ingress address for the binding")
	egress := c.Flags.Bool("egress-subnets", false, "get the egress subnets for the binding")
	c.Flags.Bool("primary-address", false, "(deprecated) get the primary address for the binding")
	r := c.relationFlag()
	if err := c.Parse(0, 1, ""); err != nil {
		return err
	}
	name := c.Arg(0)
	if name == "" && r.set && c.Hook.Hook != nil {
		name = c.Hook.Hook.Endpoint
	}
	if name == "" {
		return cmdline.Usage("no arguments specified")
	}
	if err := c.Hook.HasBinding(name); err != nil {
		return err
	}
	info, err := c.network(name)
	if err != nil {
		return err
	}
	picked := map[string]any{}
	if *bind || c.Flags.Lookup("primary-address").Value.String() == "true" {
		picked["bind-address"] = info.Bind[0].Addresses[0].Value
	}
	if *ingress {
		picked["ingress-address"] = info.Ingress[0]
	}
	if *egress {
		picked["egress-subnets"] = info.Egress
	}
	return c.printPicked(info, picked)
}

// printPicked prints what the flags ask for: alone as it is, several as a map.
func (c *Call) printPicked(info networkInfo, picked map[string]any) error {
	switch len(picked) {
	case 0:
		return c.Print(info)
	case 1:
		for _, v := range picked {
			return c.Print(v)
		}
	}
	return c.Print(picked)
}

func (c *Call) network(binding string) (out networkInfo, err error) {
	setting, err := c.Hook.Setting(state.NetworkSetting)
	if err != nil {
		return out, err
	}
	var all []Network
	switch setting {
	case "missing":
		return out, fmt.Errorf("no network config found for binding %q", binding)
	case "bridges":
		all = c.Host.Bridges()
	}
	for _, n := range append(all, c.Host.Network()) {
		address := addressInfo{Value: n.Address, CIDR: n.CIDR, Address: n.Address}
		out.Bind = append(out.Bind, bindAddress{MAC: n.MAC, Interface: n.Interface, Addresses: []addressInfo{address}})
		out.Egress = append(out.Egress, n.Address+"/32")
		out.Ingress = append(out.Ingress, n.Address)
	}
	return out, nil
}

func goalState(c *Call) error {
	c.Formats("yaml", "json")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	units, relations, err := c.Hook.Goal()
	if err != nil {
		return err
	}
	return c.Print(map[string]any{"units": units, "relations": relations})
}
