package agent

import (
	"bufio"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/localjuju/tools"
)

// network describes the host's main address: that of the interface with the
// default route, else the first that is not loopback, else 127.0.0.1.
func network() tools.Network {
	name, err := os.Hostname()
	if err != nil {
		name = "localhost"
	}
	interfaces, _ := net.Interfaces()
	main := defaultInterface()
	var first *tools.Network
	for _, i := range interfaces {
		n := describe(i)
		if n == nil || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		n.Hostname = name
		if i.Name == main {
			return *n
		}
		if first == nil {
			first = n
		}
	}
	if first != nil {
		return *first
	}
	return tools.Network{Interface: "lo", Address: "127.0.0.1", CIDR: "127.0.0.0/8", Hostname: name}
}

// bridges describes the interfaces that are bridges, other than the main one.
func bridges() (out []tools.Network) {
	interfaces, _ := net.Interfaces()
	main := network().Interface
	for _, i := range interfaces {
		_, err := os.Stat("/sys/class/net/" + i.Name + "/bridge")
		if n := describe(i); n != nil && err == nil && i.Name != main {
			out = append(out, *n)
		}
	}
	slices.SortFunc(out, func(a, b tools.Network) int { return strings.Compare(a.Address, b.Address) })
	return out
}

func describe(i net.Interface) *tools.Network {
	addresses, _ := i.Addrs()
	for _, a := range addresses {
		ip, ok := a.(*net.IPNet)
		if ok && i.Flags&net.FlagUp != 0 && ip.IP.To4() != nil && !ip.IP.IsLinkLocalUnicast() {
			subnet := net.IPNet{IP: ip.IP.Mask(ip.Mask), Mask: ip.Mask}
			return &tools.Network{Interface: i.Name, MAC: i.HardwareAddr.String(), Address: ip.IP.String(), CIDR: subnet.String()}
		}
	}
	return nil
}

// defaultInterface reads the kernel's routes: the one to 0.0.0.0.
func defaultInterface() string {
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) > 7 && words[1] == "00000000" && words[7] == "00000000" {
			return words[0]
		}
	}
	return ""
}

// bootID names the boot of the host: another one means that it was restarted.
func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
