package charm

import (
	"context"
	"errors"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

type clusterSuite struct{}

var _ = Suite(clusterSuite{})

func fact(value string) spark.Fact { return spark.Fact{Value: value, Source: "a test"} }

// onCluster is a unit whose image has Spark 4.0.0 and whose standalone master has a
// version.
func onCluster(c *C, master string, more ...any) *unit {
	u := newUnit(c)
	u.engine.found = spark.Installation{Home: "/opt/spark", Facts: spark.Facts{Spark: fact("4.0.0"), Scala: fact("2.13")}}
	u.answer = cluster.Answer{Facts: spark.Facts{Spark: fact(master)}}
	u.world.answers["network-get"] = network("lo 127.0.0.1", "10.0.0.1")
	u.world.settle(append([]any{"spark-master", "spark://m:7077"}, more...)...)
	return u
}

func (clusterSuite) TestAnImageThatMatches(c *C) {
	u := onCluster(c, "4.0.0")
	defer u.close()
	c.Check(u.hook("start"), Matches, "active "+at+".*")
	c.Check(u.serving().Drivers > 0, Equals, true)
	ports := u.world.answers["opened-ports"]
	c.Check(ports, Matches, `\["8888/tcp","[0-9]+-[0-9]+/tcp"\]`)
	c.Check(u.hook("update-status"), Equals, "")
	c.Check(u.engine.acts(), HasLen, 0)
	c.Check(u.world.answers["opened-ports"], Equals, ports)
	u.world.settle() // no cluster any more: the ports are given up
	u.hook("config-changed")
	c.Check(u.world.answers["opened-ports"], Equals, `["8888/tcp"]`)
}

func (clusterSuite) TestOneThatDoesNotMatchIsRefused(c *C) {
	u := onCluster(c, "3.5.6")
	defer u.close()
	c.Check(u.hook("start"), Matches, "blocked .*3.5.6.*\\(version-check=enforce\\)")
	c.Check(u.engine.containers, HasLen, 0)
	u.world.settle("spark-master", "spark://m:7077", "version-check", "warn")
	c.Check(u.hook("config-changed"), Matches, "active "+at+"; .*3.5.6.*")
	u.world.settle("spark-master", "spark://m:7077", "version-check", "off")
	c.Check(u.hook("config-changed"), Equals, "active "+at)
}

// TestAClusterThatChangedUnderTheNotebook is said; the notebook serves on.
func (clusterSuite) TestAClusterThatChangedUnderTheNotebook(c *C) {
	u := onCluster(c, "4.0.0")
	defer u.close()
	u.hook("start")
	id := u.serving().ID
	u.answer = cluster.Answer{Facts: spark.Facts{Spark: fact("3.5.6")}}
	c.Check(u.hook("update-status"), Matches, "blocked .*3.5.6.*\\(version-check=enforce\\)"+still)
	u.answer = cluster.Answer{Reach: []cluster.Reach{{What: "the master", Err: errors.New("m:7077 refuses connections")}}}
	c.Check(u.hook("update-status"), Matches, "active "+at+"; the cluster: m:7077 refuses connections")
	c.Check(u.serving().ID, Equals, id)
}

func (clusterSuite) TestCheckSpark(c *C) {
	u := onCluster(c, "4.0.0")
	defer u.close()
	u.hook("start")
	results, failed := u.action("check-spark")
	c.Check(results, Matches, "(?s)cluster=spark://m:7077 cluster-spark=4.0.0 image=docker.io/team/nb:1 .* outcome=matches .*")
	c.Check(failed, Equals, "")
	u.answer = cluster.Answer{Facts: spark.Facts{Spark: fact("3.5.6")}}
	u.engine.local["team/nb:2"] = "sha256:2"
	u.world.settle("spark-master", "spark://m:7077", "version-check", "off", "jupyter-image", "team/nb:2")
	results, failed = u.action("check-spark")
	c.Check(results, Matches, "(?s).* image=docker.io/team/nb:2 .*serving-image=docker.io/team/nb:1.*")
	c.Check(failed, Matches, "the image does not match: .*3.5.6.*")
	c.Check(u.engine.acts(), HasLen, 0)
}

func (clusterSuite) TestCheckSparkWithoutAnImage(c *C) {
	u := onCluster(c, "4.0.0", "jupyter-image", "team/nb:2")
	_, failed := u.action("check-spark")
	c.Check(failed, Equals, "cannot look into the image: it is not on this machine yet")
}

// TestTheDriversAddress: executors call the machine, not the engine's bridge (36).
func (clusterSuite) TestTheDriversAddress(c *C) {
	u := onCluster(c, "4.0.0")
	const many = "docker0 203.0.113.1,br-0123456789ab 203.0.113.129,veth7 10.77.0.20"
	u.world.answers["network-get"] = network(many, "203.0.113.1,203.0.113.129,10.77.0.20")
	u.world.answers["unit-get"] = `"10.77.0.20"`
	charm := u.charm(juju.Event{Hook: "start"})
	said, err := charm.Gather()
	c.Assert(err, IsNil)
	spec, held, err := charm.design(context.Background(), said, plan.Observed{}, asked{})
	c.Assert(err, IsNil)
	c.Check(held, IsNil)
	c.Check([]string{spec.Spark.Driver.Host, spec.Serve.Spark.Host, spec.Serve.Spark.Bind}, DeepEquals, []string{"10.77.0.20", "10.77.0.20", "10.77.0.20"})
	c.Check(spec.Gateway.Listen, DeepEquals, []string{"10.77.0.20:8888"})
}

// TestTheWebsitesAddress is that of the unit too (36).
func (clusterSuite) TestTheWebsitesAddress(c *C) {
	u := newUnit(c)
	defer u.close()
	u.world.answers["network-get"] = network("veth1 192.168.9.1,docker0 203.0.113.1,veth7 10.77.0.20", "192.168.9.1,203.0.113.1,10.77.0.20")
	u.engine.addresses = []string{"192.168.9.1"} // as the engine tells of its networks
	c.Check(u.hook("start"), Equals, "active http://10.77.0.20:8888/ team/nb:1")
	results, _ := u.action("get-url")
	c.Check(results, Equals, "url=http://10.77.0.20:8888/")
	c.Check(u.world.answers["relation-get --format=json -r website:1 - nb/0"], Equals,
		`{"hostname":"10.77.0.20","port":"8888","private-address":"10.77.0.20"}`)
}

func (clusterSuite) TestPortsForDriversAreUsedUp(c *C) {
	u := onCluster(c, "4.0.0", "driver-ports", 65400)
	charm := u.charm(juju.Event{Hook: "start"})
	said, err := charm.Gather()
	c.Assert(err, IsNil)
	all := plan.Observed{Drivers: []plan.Ports{{First: 65400, Last: 65535}}}
	spec, _, err := charm.design(context.Background(), said, all, asked{})
	c.Assert(err, IsNil)
	_, err = charm.reserve(context.Background(), spec, all)
	c.Check(problemOf(err), Equals, problem{"blocked", "cannot listen on 127.0.0.1:65400: no 48 ports are free from driver-ports=65400 on"})
	first, err := charm.reserve(context.Background(), spec, plan.Observed{Notebooks: []*plan.Container{{Slot: "b", Drivers: 65480, Serve: spec.Serve}}})
	c.Assert(err, IsNil) // (a container of before holds a pair without a reservation)
	c.Check(first, Equals, 65456)
}
