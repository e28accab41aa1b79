package charm

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// errNoDriverAddress says that executors could not be told where the driver is.
var errNoDriverAddress = errors.New("waiting for an address of the spark binding: or set driver-host")

// matchError is an image that does not match the cluster.
type matchError struct {
	line string
}

func (e *matchError) Error() string { return e.line + " (version-check=enforce)" }

// gatherSpark reads what only a unit with a cluster needs.
func (c *Charm) gatherSpark(in *notebook.Inputs) (err error) {
	option := func(name string) string { s, _ := in.Options[name].(string); return strings.TrimSpace(s) }
	master := option("spark-master")
	named := master != "" || option("spark-remote") != "" || option("emr-release") != ""
	var bad *hadoopError
	if in.Hadoop, err = c.hadoop(option(hadoopOption), named); errors.As(err, &bad) {
		c.badHadoop = bad
	} else if err != nil {
		return err
	}
	if named || in.Hadoop != nil {
		in.Hosts = hostsFile()
	}
	if t, err := spark.ParseMaster(master); err != nil || !t.CallsBack() {
		return nil // what is bad is told with the other options
	}
	network, err := c.tools.Network("spark")
	in.Spark = driverNetwork(network)
	return err
}

// hostsFile is the text of this machine's hosts file.
func hostsFile() string {
	text, err := os.ReadFile("/etc/hosts")
	if err != nil {
		logger.Debugf("%v", err) // names are known by name servers then
	}
	return string(text)
}

// driverNetwork is where executors call: at the address that Juju tells others,
// which is where this machine listens if it has that address.
func driverNetwork(n juju.Network) (out notebook.SparkNetwork) {
	bind := present(n.Bind)
	if len(bind) > 0 {
		out.Bind = bind[0]
	}
	if len(n.Ingress) > 0 {
		out.Ingress = n.Ingress[0]
		if slices.Contains(bind, out.Ingress) {
			out.Bind = out.Ingress
		}
	}
	return out
}

// fitsCluster checks what is known before anything is made: that the cluster's
// files are whole, and that the driver has an address.
func fitsCluster(s notebook.Spec) error {
	if err := checkHadoop(s.Spark); err != nil {
		return err
	}
	if s.Spark.Target.CallsBack() && (s.Serve.Spark.Bind == "" || s.Spark.Driver.Host == "") {
		return errNoDriverAddress
	}
	return nil
}

// matching is what came of comparing an image with the cluster.
type matching struct {
	Report   spark.Report
	Reach    []cluster.Reach // how the cluster's addresses answer from this machine
	Notes    []string        // what could not be asked, and why
	Warnings []string        // of the operator's own lines
	Image    spark.Image
	Check    string // version-check
}

// line says what is wrong, "" when nothing is known to be.
func (m *matching) line() string {
	client := m.Report.Target.Kind == spark.Connect && m.Image.PySpark.Known()
	if t := m.Report.Target; t.Cluster() && m.Image.Home == "" && !client {
		return "no Spark was found in the image; " + t.String() + " is named"
	}
	return m.Report.Line()
}

// note is what the unit's status adds while the image may serve.
func (m *matching) note() string {
	if line := m.line(); line != "" && m.Check != notebook.CheckOff {
		return line
	}
	answers := map[string]bool{} // of several masters, one is enough
	for _, r := range m.Reach {
		answers[r.What] = answers[r.What] || r.Err == nil
	}
	for _, r := range m.Reach {
		if !answers[r.What] {
			return "the cluster: " + r.Err.Error()
		}
	}
	if len(m.Warnings) > 0 {
		return m.Warnings[0]
	}
	if doubts := m.Report.Doubts(); doubts != "" && m.Check != notebook.CheckOff {
		return doubts + ": see check-spark"
	}
	return ""
}

// compares tells whether there is a cluster to ask, or versions to compare.
func compares(s notebook.Spec) bool {
	given := s.Spark.Release != "" || s.Spark.Versions.Any()
	return s.Spark.Target.Cluster() || given && s.Spark.Check != notebook.CheckOff
}

// compare asks the cluster, and compares an image with what it tells.
func (c *Charm) compare(ctx context.Context, s notebook.Spec, found spark.Image) (m *matching, err error) {
	hadoop := s.Spark.Hadoop
	if hadoop == nil {
		hadoop = found.HadoopConf
	}
	answer := cluster.Ask(ctx, s.Spark.Target, hadoop)
	if s.Spark.Target.Kind == spark.Kubernetes {
		if answer.Facts, err = c.executorFacts(ctx, s.Spark.Conf); err != nil {
			return nil, err
		}
	}
	return &matching{
		Report: spark.Compare(s.Spark.Target, s.Spark.Release, s.Spark.Python, found.Facts, answer.Facts, s.Spark.Versions),
		Reach:  answer.Reach, Notes: answer.Notes, Image: found, Check: s.Spark.Check,
		Warnings: spark.Warnings(s.Spark.Target, s.Spark.Driver, s.Spark.Conf),
	}, nil
}

// executorFacts are those of the image that executors on Kubernetes run, where
// this engine has that image. Of Hadoop it has the client alone.
func (c *Charm) executorFacts(ctx context.Context, conf []spark.Entry) (spark.Facts, error) {
	image := ""
	for _, e := range conf {
		if e.Key == "spark.kubernetes.container.image" {
			image = e.Value
		}
	}
	if image == "" {
		return spark.Facts{}, nil
	}
	id, err := c.engine.ImageID(ctx, image)
	if id == "" || err != nil {
		return spark.Facts{}, err
	}
	found, err := c.inventory(ctx, id, nil)
	found.Hadoop = spark.Fact{}
	return found.Facts.In(image), err
}

// matchCandidate refuses a candidate that does not match, if that is enforced.
func (a *application) matchCandidate(ctx context.Context, found spark.Image) error {
	if t := a.spec.Spark.Target; t.Kind == spark.YARN && a.spec.Spark.Hadoop == nil {
		if err := spark.CheckHadoop(t, found.HadoopConf); err != nil {
			return &hadoopError{"is not set, and the image's own: " + err.Error()}
		}
	}
	if !compares(a.spec) {
		return nil
	}
	m, err := a.compare(ctx, a.spec, found)
	if err != nil {
		return err
	}
	a.matched = m
	if m.line() == "" || m.Check == notebook.CheckOff {
		return nil
	}
	logger.Warningf("%s\n%s", m.line(), m.Report.Table())
	if a.spec.Spark.Check == notebook.CheckEnforce {
		return &matchError{m.line()}
	}
	return nil
}

// matchServing compares what serves with the cluster, which may have changed.
func (c *Charm) matchServing(ctx context.Context, spec notebook.Spec, o plan.Observed) error {
	now := o.Slots[plan.Serving(o)]
	if now == nil || c.matched != nil || now.Serve.Spark != spec.Serve.Spark || !compares(spec) {
		return nil
	}
	found, err := c.inventory(ctx, now.ImageID, now.Serve.Environment)
	if err != nil {
		c.warn(err) // it serves all the same
		return nil
	}
	m, err := c.compare(ctx, spec, found)
	if err != nil {
		c.warn(err)
		return nil
	}
	if c.matched = m; m.line() != "" && spec.Spark.Check == notebook.CheckEnforce {
		return &matchError{m.line()}
	}
	return nil
}

// sparkNote is what the unit's status adds of Spark while all else is well.
func (c *Charm) sparkNote() string {
	if c.matched == nil {
		return ""
	}
	return c.matched.note()
}
