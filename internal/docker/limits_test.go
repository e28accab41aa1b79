package docker

import (
	"context"
	"errors"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type limitsSuite struct{}

var _ = Suite(&limitsSuite{})

// uses answers as a container that holds so many bytes, and some of cache.
func uses(used int64) Answer {
	return Says(200, Object{"memory_stats": Object{"usage": used + 7, "stats": Object{"inactive_file": 7}}})
}

var limitTests = []struct {
	summary string
	limits  notebook.Limits
	cgroup  string
	stats   Answer
	update  Answer
	sent    string
	kind    Kind
}{
	{"all", notebook.Limits{Memory: 1 << 30, CPU: 0.29, Pids: 99}, "1", uses(1 << 20), Says(200, Object{}),
		`"Memory":1073741824,.*"CpuPeriod":100000,"CpuQuota":29000,.*"MemorySwap":1073741824,.*"PidsLimit":99,`, -1},
	{"none again, cgroup v1", notebook.Limits{}, "1", uses(1 << 40), Says(200, Object{}),
		`"Memory":9223372036854771712,.*"CpuQuota":-1,.*"MemorySwap":9223372036854771712,.*"PidsLimit":-1,`, -1},
	{"none again, an engine that does not say", notebook.Limits{}, "", uses(1 << 40), Says(200, Object{}),
		`"Memory":9223372036854771712,.*"MemorySwap":9223372036854771712,`, -1},
	{"none again, cgroup v2: swap is counted apart, and their difference was none", notebook.Limits{}, "2", uses(1 << 40), Says(200, Object{}),
		`"Memory":9223372036854771712,.*"MemorySwap":-1,`, -1},
	{"the restart policy stays", notebook.Limits{CPU: 1}, "1", uses(0), Says(200, Object{}), `"RestartPolicy":{"Name":"","MaximumRetryCount":0}`, -1},
	{"below the present use", notebook.Limits{Memory: 1 << 30}, "1", uses(2 << 30), nil, "", NotNow},
	{"the kernel refuses", notebook.Limits{Memory: 1 << 30}, "1", uses(1 << 20), Refuses(500, "unable to set memory limit"), "", NotNow},
	{"the engine refuses", notebook.Limits{CPU: 1}, "1", uses(0), Refuses(400, "no"), "", Invalid},
	{"stats cannot be had", notebook.Limits{Memory: 1 << 30}, "1", Refuses(500, "oops"), Says(200, Object{}), `"Memory":1073741824,`, -1},
	{"stats break off", notebook.Limits{Memory: 1 << 30}, "1", Breaks(errors.New("EOF")), Says(200, Object{}), `"Memory":1073741824,`, -1},
	{"stats are empty", notebook.Limits{Memory: 1 << 30}, "1", streams(), Says(200, Object{}), `"Memory":1073741824,`, -1},
	{"stats without memory", notebook.Limits{Memory: 1 << 30}, "1", Says(200, Object{}), Says(200, Object{}), `"Memory":1073741824,`, -1},
}

func (limitsSuite) TestSetLimits(c *C) {
	for _, test := range limitTests {
		answers := map[string]Answer{
			"GET /containers/id1/stats": test.stats,
			"GET /info":                 Says(200, Object{"CgroupVersion": test.cgroup}),
		}
		if test.update != nil {
			answers["POST /containers/id1/update"] = test.update
		}
		e, t := speaking(c, answers)
		err := e.SetLimits(context.Background(), "id1", test.limits)
		c.Check(kindOf(err), Equals, test.kind, Commentf("%s: %v", test.summary, err))
		if test.sent != "" {
			c.Check(t.Bodies["POST /containers/id1/update"], Matches, "(?s).*"+test.sent+".*", Commentf(test.summary))
		}
	}
}

// TestLimitsAreReadAsTheyWereSent guards against a change that is made in each hook.
func (limitsSuite) TestLimitsAreReadAsTheyWereSent(c *C) {
	for _, l := range []notebook.Limits{{}, {Memory: 1 << 30, CPU: 0.29, Pids: 99}} {
		c.Check(limits(resources(l)), Equals, l)
		e, _ := speaking(c, map[string]Answer{"GET /info": Says(200, Object{})})
		sent, err := e.update(context.Background(), l)
		c.Assert(err, IsNil)
		c.Check(limits(sent), Equals, l)
	}
}
