package plan_test

import (
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type workSuite struct{}

var _ = Suite(&workSuite{})

// The rules of a switch that was asked for, and of those that nobody asked for.
var (
	asked    = Rule{Asked: true, Idle: time.Hour}
	unasked  = Rule{Idle: time.Hour}
	unasked0 = Rule{}
)

// kernel and terminal were last used so many minutes ago.
func kernel(name string, minutes int) Item {
	return Item{Kind: Kernel, Name: name, Last: start.Add(-time.Duration(minutes) * time.Minute)}
}

func terminal(name string, minutes int) Item {
	i := kernel(name, minutes)
	i.Kind = Terminal
	return i
}

func computes(i Item) Item { i.Busy = true; return i }

func starting(i Item) Item { i.Starting = true; return i }

const (
	still = ", until none was used for 60 minutes"
)

var workTests = []struct {
	summary string
	items   []Item
	asked   string
	unasked string
	now     string // nobody asked, and idle-minutes is 0
}{
	{summary: "nothing"},
	{"a busy kernel", []Item{computes(kernel("x", 90))}, "busy kernel x", "busy kernel x", "busy kernel x"},
	{"a terminal with a program in it", []Item{computes(terminal("1", 900))}, "busy terminal 1", "busy terminal 1", "busy terminal 1"},
	{"an idle kernel", []Item{kernel("x", 59)}, "", "idle kernel x" + still, ""},
	{"a kernel that is idle for long", []Item{kernel("x", 60)}, "", "", ""},
	{"an idle terminal", []Item{terminal("1", 5)}, "", "idle terminal 1" + still, ""},
	{"a terminal that is idle for long", []Item{terminal("1", 61)}, "", "", ""},
	{"a terminal of which the server says nothing, first seen just now", []Item{{Kind: Terminal, Name: "1", Last: start, Unknown: true}}, "", "idle terminal 1" + still, ""},
	{"a kernel that is starting", []Item{starting(kernel("x", 0))}, "busy kernel x", "busy kernel x", "busy kernel x"},
	{"a kernel that is starting for long", []Item{starting(kernel("x", 59))}, "busy kernel x", "busy kernel x", ""},
	{"a kernel that will not start any more", []Item{starting(kernel("x", 60))}, "", "", ""},
	{"busy before idle", []Item{kernel("x", 1), computes(kernel("y", 1))}, "busy kernel y", "busy kernel y", "busy kernel y"},
	{"both", []Item{computes(terminal("1", 1)), computes(kernel("y", 1))}, "busy kernel y and busy terminal 1", "busy kernel y and busy terminal 1", "busy kernel y and busy terminal 1"},
	{"three", []Item{kernel("a", 1), kernel("b", 1), kernel("c", 1)}, "", "3 idle kernels: a, b, c" + still, ""},
	{"many", []Item{kernel("a", 1), kernel("b", 1), kernel("c", 1), kernel("d", 1), terminal("1", 1), terminal("2", 1)}, "", "4 idle kernels: a, b, c ... and 2 idle terminals: 1, 2" + still, ""},
}

func (workSuite) TestHindrance(c *C) {
	for _, test := range workTests {
		n := &Container{Running: true, Kept: true, Work: Work{Known: true, Items: test.items}}
		comment := Commentf("%s", test.summary)
		c.Check(n.Hindrance(asked, start), Equals, test.asked, comment)
		c.Check(n.Hindrance(unasked, start), Equals, test.unasked, comment)
		c.Check(n.Hindrance(unasked0, start), Equals, test.now, comment)
		c.Check(n.Hindrance(Rule{Any: true}, start), Equals, "", comment)
	}
}

func (workSuite) TestContainersThatMayBeBusy(c *C) {
	unknown := "kernels that cannot be counted"
	for _, test := range []struct {
		summary   string
		container *Container
		want      string
	}{
		{"none", nil, ""},
		{"verified, and does not answer", &Container{Running: true, Kept: true}, unknown},
		{"verified, and does not run", &Container{Kept: true}, ""},
		{"never verified", &Container{Running: true}, ""},
		{"open: strangers may be in it", &Container{Running: true, Kept: true, Open: true}, ""},
		{"paused", &Container{Running: true, Kept: true, Paused: true}, unknown},
	} {
		c.Check(test.container.Hindrance(asked, start), Equals, test.want, Commentf("%s", test.summary))
	}
}

func (workSuite) TestKernels(c *C) {
	c.Check(Work{Items: []Item{kernel("a", 0), terminal("1", 0), kernel("b", 0)}}.Kernels(), Equals, 2)
}
