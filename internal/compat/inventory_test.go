package compat_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/juju/loggo"
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

type inventorySuite struct{}

var _ = Suite(inventorySuite{})

// inspector stands in for the engine: it knows what is in images, by ID, and notes
// what it was asked.
type inspector struct {
	images map[string]spark.Installation
	err    error
	takes  time.Duration
	mu     sync.Mutex
	asked  []string
}

func (i *inspector) Inventory(ctx context.Context, id, program string, env []string) (spark.Installation, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	time.Sleep(i.takes)
	if _, bounded := ctx.Deadline(); !bounded {
		return spark.Installation{}, errors.New("the inspection is not bounded")
	}
	i.asked = append(i.asked, strings.Join(append([]string{id, program}, env...), " "))
	have, there := i.images[id]
	if !there && i.err == nil {
		return spark.Installation{}, errors.New("no such image: " + id)
	}
	return have, i.err
}

// cache stands in for the unit's folder.
type cache struct {
	content map[string][]byte
	err     error
}

func (k *cache) Cached(name string) []byte { return k.content[name] }

func (k *cache) Cache(name string, content []byte) error {
	if k.err == nil {
		k.content[name] = content
	}
	return k.err
}

var found = spark.Installation{
	Facts: spark.Facts{Spark: spark.Fact{Value: "3.5.6", Source: "jars"}}, Home: "/opt/spark",
	HadoopConf: map[string]string{"core-site.xml": "x"},
}

// of asks new inventories, as a hook of its own does.
func of(c *C, i *inspector, k *cache, build string, env map[string]string) spark.Installation {
	out, err := compat.NewInventories(i, k, "/charm/dispatch", build).Of(context.Background(), "sha256:1", env)
	c.Assert(err, IsNil)
	return out
}

func (inventorySuite) TestCache(c *C) {
	home := map[string]string{"SPARK_HOME": "/opt/s", "PATH": "/bin", "OTHER": "x"}
	for _, test := range []struct {
		summary string
		again   func(i *inspector, k *cache) // what a later hook does
		asked   int
	}{
		{"the same again", func(i *inspector, k *cache) { of(c, i, k, "v1", home) }, 1},
		{"another variable that decides nothing", func(i *inspector, k *cache) {
			of(c, i, k, "v1", map[string]string{"SPARK_HOME": "/opt/s", "PATH": "/bin", "OTHER": "y"})
		}, 1},
		{"another SPARK_HOME", func(i *inspector, k *cache) { of(c, i, k, "v1", nil) }, 2},
		{"another version of this program", func(i *inspector, k *cache) { of(c, i, k, "v2", home) }, 2},
		{"a corrupt cache", func(i *inspector, k *cache) {
			for name := range k.content {
				k.content[name] = []byte(`{"home":`)
			}
			of(c, i, k, "v1", home)
		}, 2},
		{"a cache of another shape", func(i *inspector, k *cache) {
			for name := range k.content {
				k.content[name] = []byte(`{"home":"/elsewhere","hadoopConf":7}`)
			}
			c.Check(of(c, i, k, "v1", home), DeepEquals, found)
		}, 2},
	} {
		i, k := &inspector{images: map[string]spark.Installation{"sha256:1": found}}, &cache{content: map[string][]byte{}}
		c.Check(of(c, i, k, "v1", home), DeepEquals, found, Commentf(test.summary))
		test.again(i, k)
		c.Check(i.asked, HasLen, test.asked, Commentf(test.summary))
		c.Check(i.asked[0], Equals, "sha256:1 /charm/dispatch SPARK_HOME=/opt/s PATH=/bin", Commentf(test.summary))
		c.Check(of(c, i, k, "v1", home), DeepEquals, found, Commentf(test.summary))
		c.Check(i.asked, HasLen, test.asked, Commentf(test.summary))
	}
}

// TestUnwritableCache: within a hook nothing is inspected twice all the same.
func (inventorySuite) TestUnwritableCache(c *C) {
	log := &loggo.TestWriter{}
	before, err := loggo.ReplaceDefaultWriter(log)
	c.Assert(err, IsNil)
	defer func() { _, _ = loggo.ReplaceDefaultWriter(before) }()
	i, k := &inspector{images: map[string]spark.Installation{"sha256:1": found}}, &cache{err: errors.New("no space left on device")}
	inventories := compat.NewInventories(i, k, "p", "v1")
	for range 3 {
		got, err := inventories.Of(context.Background(), "sha256:1", nil)
		c.Assert(err, IsNil)
		c.Check(got, DeepEquals, found)
	}
	c.Check(i.asked, HasLen, 1)
	c.Assert(log.Log(), HasLen, 1)
	c.Check(log.Log()[0].Message, Equals, "cannot keep what was found in image sha256:1: no space left on device")
	of(c, i, k, "v1", nil)
	c.Check(i.asked, HasLen, 2)
}

// TestFailureIsNotKept: the engine may answer the next time.
func (inventorySuite) TestFailureIsNotKept(c *C) {
	i, k := &inspector{err: errors.New("the engine is gone")}, &cache{content: map[string][]byte{}}
	inventories := compat.NewInventories(i, k, "p", "v1")
	got, err := inventories.Of(context.Background(), "sha256:1", nil)
	c.Check(err, ErrorMatches, "the engine is gone")
	c.Check(got, DeepEquals, spark.Installation{})
	c.Check(k.content, HasLen, 0)
	i.err, i.images = nil, map[string]spark.Installation{"sha256:1": found}
	got, err = inventories.Of(context.Background(), "sha256:1", nil)
	c.Assert(err, IsNil)
	c.Check(got, DeepEquals, found)
}

// TestKeys: whatever leads the inspection elsewhere is an inventory of its own.
func (inventorySuite) TestKeys(c *C) {
	i := &inspector{images: map[string]spark.Installation{"sha256:1": found, "sha256:2": image("4.0.1", "3.11.2")}}
	inventories := compat.NewInventories(i, &cache{content: map[string][]byte{}}, "p", "v1")
	environments := []map[string]string{nil, {"PATH": "/a", "PYTHONPATH": "/b"}, {"PATH": "/aPYTHONPATH=/b"}}
	for _, name := range []string{"SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_HOME", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "JAVA_HOME", "PATH", "PYTHONPATH"} {
		environments = append(environments, map[string]string{name: ""}, map[string]string{name: "/x"})
	}
	for n, environment := range environments {
		for _, id := range []string{"sha256:1", "sha256:2"} {
			got, err := inventories.Of(context.Background(), id, environment)
			c.Assert(err, IsNil)
			c.Check(got, DeepEquals, i.images[id], Commentf("%v", environment))
		}
		c.Check(i.asked, HasLen, 2*(n+1), Commentf("%v", environment))
	}
}

// TestSideBySide: who asks for an image that is being inspected waits for it.
func (inventorySuite) TestSideBySide(c *C) {
	i, k := &inspector{images: map[string]spark.Installation{"sha256:1": found}, takes: 5 * time.Millisecond}, &cache{content: map[string][]byte{}}
	inventories := compat.NewInventories(i, k, "p", "v1")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var wait sync.WaitGroup
	for range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			got, err := inventories.Of(ctx, "sha256:1", nil)
			c.Check(err, IsNil)
			c.Check(got, DeepEquals, found)
		}()
	}
	wait.Wait()
	c.Check(i.asked, HasLen, 1)
}
