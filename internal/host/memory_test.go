package host

import . "gopkg.in/check.v1"

type memorySuite struct{}

var _ = Suite(memorySuite{})

var oomTests = []struct {
	summary, cgroup string
	want            []string
}{
	{"version 2", "0::/system.slice/docker-1.scope\n", []string{"/sys/fs/cgroup/system.slice/docker-1.scope/memory.events",
		"/sys/fs/cgroup/unified/system.slice/docker-1.scope/memory.events", "/sys/fs/cgroup/memory.events"}},
	{"version 1", "9:cpu,cpuacct:/docker/1\n5:memory:/docker/1\n", []string{
		"/sys/fs/cgroup/memory/docker/1/memory.oom_control", "/sys/fs/cgroup/memory/memory.oom_control"}},
	{"neither", "x\n", nil},
}

func (memorySuite) TestOOMKills(c *C) {
	for _, test := range oomTests {
		c.Check(oomFiles(test.cgroup), DeepEquals, test.want, Commentf(test.summary))
	}
	c.Check(oomKills("low 0\nhigh 0\nmax 12\noom 2\noom_kill 3\noom_group_kill 4\n"), Equals, 3)
	c.Check(oomKills("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"), Equals, 1)
	c.Check(oomKills(""), Equals, 0)
	c.Check(OOMKills(-1), Equals, 0)
}
