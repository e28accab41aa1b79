package spark

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Kind is a kind of backend that Spark runs on.
type Kind int

// Kinds of backends.
const (
	Local Kind = iota
	Standalone
	YARN
	Kubernetes
	Connect
)

// Target is the cluster that Spark in the notebook uses when a cell names none.
type Target struct {
	Kind   Kind
	Master string // "" leaves it to the image
	Remote string // of Spark Connect; it may hold a token
}

var localForm = regexp.MustCompile(`^local(\[(\*|[0-9]+)(, *(\*|[0-9]+))?\])?$`)

var errMaster = errors.New("must be local[*], spark://host:port, yarn or k8s://https://host:port")

// ParseMaster reads the value of spark.master; empty is the image's own choice.
// Source: https://spark.apache.org/docs/latest/submitting-applications.html#master-urls.
func ParseMaster(master string) (Target, error) {
	switch {
	case master == "" || localForm.MatchString(master):
		return Target{Kind: Local, Master: master}, nil
	case master == "yarn":
		return Target{Kind: YARN, Master: master}, nil
	case strings.HasPrefix(master, "spark://"):
		for _, address := range strings.Split(strings.TrimPrefix(master, "spark://"), ",") {
			if host, port := split(address, 0); host == "" || port == 0 {
				return Target{}, errMaster
			}
		}
		return Target{Kind: Standalone, Master: master}, nil
	case strings.HasPrefix(master, "k8s://"):
		if u, err := url.Parse(apiServer(master)); err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
			return Target{}, errMaster
		}
		return Target{Kind: Kubernetes, Master: master}, nil
	}
	return Target{}, errMaster
}

// apiServer is the URL in a master of Kubernetes; without a scheme it is https.
func apiServer(master string) string {
	address := strings.TrimPrefix(master, "k8s://")
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	return address
}

// ParseRemote reads a connection string of Spark Connect.
// Source: https://github.com/apache/spark/blob/master/sql/connect/docs/client-connection-string.md.
func ParseRemote(remote string) (Target, error) {
	bad := errors.New("must be sc://host:port, with parameters as in sc://host:port/;use_ssl=true")
	u, err := url.Parse(remote)
	if err != nil || u.Scheme != "sc" || u.Hostname() == "" {
		return Target{}, bad
	}
	if path := strings.TrimPrefix(u.Path, "/"); path != "" && !strings.HasPrefix(path, ";") {
		return Target{}, bad
	}
	return Target{Kind: Connect, Remote: remote}, nil
}

// CallsBack reports whether executors open connections to the driver.
func (t Target) CallsBack() bool {
	return slices.Contains([]Kind{Standalone, YARN, Kubernetes}, t.Kind)
}

// Cluster reports whether Spark runs elsewhere than in the notebook.
func (t Target) Cluster() bool { return t.Kind != Local }

// String names the cluster, without the secrets of a connection string.
func (t Target) String() string {
	switch {
	case t.Kind == Connect:
		at, _ := t.Server()
		return "sc://" + at.String()
	case t.Kind == Local && t.Master == "":
		return "local"
	}
	return t.Master
}

// Address is a TCP address of a cluster's service.
type Address struct {
	Host string
	Port int
}

func (a Address) String() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// Masters are the addresses of a standalone cluster's masters, or the API server
// of Kubernetes.
func (t Target) Masters() (out []Address) {
	switch t.Kind {
	case Standalone:
		for _, address := range strings.Split(strings.TrimPrefix(t.Master, "spark://"), ",") {
			host, port := split(address, 7077)
			out = append(out, Address{host, port})
		}
	case Kubernetes:
		if u, err := url.Parse(apiServer(t.Master)); err == nil {
			usual := map[string]int{"https": 443, "http": 80}
			host, port := split(u.Host, usual[u.Scheme])
			out = append(out, Address{host, port})
		}
	}
	return out
}

// Server is the address of a Spark Connect server and the parameters of its
// connection string: use_ssl, token, user_id and others.
func (t Target) Server() (Address, map[string]string) {
	u, err := url.Parse(t.Remote)
	if err != nil {
		return Address{}, nil
	}
	host, port := split(u.Host, 15002)
	parameters := map[string]string{}
	for _, pair := range strings.Split(strings.TrimLeft(u.Path, "/;"), ";") {
		if key, value, found := strings.Cut(pair, "="); found {
			parameters[key] = value
		}
	}
	return Address{host, port}, parameters
}

// split takes host and port apart. Without a port it is the usual one; what is no
// port is 0.
func split(address string, usual int) (string, int) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return strings.Trim(address, "[]"), usual
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return host, 0
	}
	return host, port
}

// bracketed is a host as it stands in a URL and in spark.driver.host.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return fmt.Sprintf("[%s]", host)
	}
	return host
}
