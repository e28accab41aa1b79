package notebook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strings"
)

// Unit names one Juju unit beyond its model.
type Unit struct {
	Name      string // application/number
	ModelUUID string
	ModelName string
}

// Key names the unit on this host: in the names of its containers, its network
// and its directory. Units of two models may carry the same name, so the first
// eight digits of the model's UUID are in it.
func (u Unit) Key() string {
	model := strings.ReplaceAll(u.ModelUUID, "-", "")
	if len(model) > 8 {
		model = model[:8]
	}
	return strings.ReplaceAll(u.Name, "/", "-") + "-" + model
}

// Application is the application that the unit belongs to.
func (u Unit) Application() string {
	app, _, _ := strings.Cut(u.Name, "/")
	return app
}

// Group picks the numeric group of the unit among count ids from first on: only
// root and this group may read its token. It is the same in every hook.
func (u Unit) Group(first, count int) int {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %s", u.ModelUUID, u.Name)
	return first + int(h.Sum32()%uint32(count))
}

// Credential is what opens the notebook. Revision grows with each rotation.
type Credential struct {
	Token        string
	CookieSecret string
	Revision     string
}

// Proxy is the model's proxy setting for charms: juju-http-proxy and its like.
type Proxy struct {
	HTTP, HTTPS, No string
}

// Inputs is everything that a hook reads, read once.
type Inputs struct {
	Unit       Unit
	Leader     bool
	Options    map[string]any
	Proxy      Proxy
	Credential *Credential       // nil until the leader's secret is there
	Storage    string            // mount point of the storage "notebooks"; "" without it
	Website    Network           // where the gateway listens, and where others reach it
	Spark      Network           // where executors reach the driver
	Private    string            // unit-get private-address
	Proxies    []string          // addresses of related proxies
	Hadoop     map[string]string // files of hadoop-conf by name, nil for none
	Hosts      string            // text of this machine's hosts file
}

// Narrow leaves the addresses of the container engine out of both bindings; engine
// is what it says of its networks.
func (in Inputs) Narrow(engine []string) Inputs {
	in.Website = in.Website.Narrow(engine, in.Private)
	in.Spark = in.Spark.Narrow(engine, in.Private)
	return in
}

// Spec is what should run. Serve holds what a container is created with; the
// rest changes in place.
type Spec struct {
	Unit    Unit
	Serve   Serve
	Spark   SparkSpec
	Limits  Limits
	Gateway Gateway
	Storage bool // Serve.Data is Juju storage
	Drivers int  // the first of the unit's driver ports, a block for each slot; 0 for none

	When         string // switch-when
	IdleMinutes  int    // for which what runs must be idle before a switch that nobody asked for
	StartTimeout int    // seconds for a candidate to answer
	PullTimeout  int    // seconds for a pull
}

// Limits are the resource limits of the container, changed without a restart.
type Limits struct {
	Memory int64   `json:"memory,omitempty"` // bytes, 0 for none
	CPU    float64 `json:"cpu,omitempty"`    // CPUs, 0 for none
	Pids   int64   `json:"pids,omitempty"`   // processes and threads, 0 for none
}

// Gateway is what the gateway should do, but for its upstream.
type Gateway struct {
	Listen  []string // host:port
	Trusted []string // addresses of proxies whose X-Forwarded-* are believed
}

// Serve is what a container is created with. It is hashed and kept as a label,
// so it holds the revision of a secret and never its value.
type Serve struct {
	Format      int               `json:"format"`
	Image       string            `json:"image"`
	Command     []string          `json:"command,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
	ShmSize     int64             `json:"shmSize,omitempty"`
	NetworkMode string            `json:"networkMode"`
	BaseURL     string            `json:"baseURL"`
	CullMinutes int               `json:"cullMinutes,omitempty"`
	Credential  string            `json:"credential"` // revision
	Proxy       Proxy             `json:"proxy"`
	Data        string            `json:"data"` // host directory
	Group       int               `json:"group"`
	Settings    string            `json:"settings"` // digest of the charm's own Jupyter settings
	Spark       SparkServe        `json:"spark"`
	Sudo        bool              `json:"sudo,omitempty"` // programs in it may gain privileges
}

// Hash identifies a Serve.
func (s Serve) Hash() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings, numbers and maps of strings always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:16]
}
