package plan_test

import (
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	. "github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type portsSuite struct{}

var _ = Suite(&portsSuite{})

// container holds the driver block from first on.
func container(first, option int) *Container {
	return &Container{Driver: first, Serve: notebook.Serve{Spark: notebook.SparkServe{Ports: option}}}
}

var driverPortTests = []struct {
	summary string
	option  int
	slots   map[notebook.Slot]*Container
	others  []Ports
	a, b    int
}{
	{"nobody calls back", 0, nil, nil, 0, 0},
	{"the first unit", 28000, nil, nil, 28000, 28024},
	{"the next unit", 28000, nil, []Ports{{28000, 28047}}, 28048, 28072},
	{"a gap is used", 28000, nil, []Ports{{28048, 28095}}, 28000, 28024},
	{"another unit counts from elsewhere", 28000, nil, []Ports{{28047, 28094}}, 28096, 28120},
	{"a slot keeps its own across switches", 28000, map[notebook.Slot]*Container{notebook.SlotB: container(28072, 28000)}, nil, 28048, 28072},
	{"a changed option moves on", 30000, map[notebook.Slot]*Container{notebook.SlotA: container(28000, 28000)}, nil, 30000, 30024},
	{"a notebook that nobody called", 28000, map[notebook.Slot]*Container{notebook.SlotA: container(0, 0)}, nil, 28000, 28024},
	{"all are taken", 65488, nil, []Ports{{65488, 65535}}, NoDriverPort, NoDriverPort},
}

func (portsSuite) TestDriverPort(c *C) {
	for _, test := range driverPortTests {
		s := notebook.Spec{Serve: notebook.Serve{Spark: notebook.SparkServe{Ports: test.option}}}
		o := Observed{Slots: test.slots, Drivers: test.others}
		c.Check(DriverPort(s, o, notebook.SlotA), Equals, test.a, Commentf(test.summary))
		c.Check(DriverPort(s, o, notebook.SlotB), Equals, test.b, Commentf(test.summary))
	}
}

func (portsSuite) TestDriverPairIsTheSameFromBothSlots(c *C) {
	c.Check(DriverPair(notebook.SlotA, 28048), Equals, Ports{28048, 28095})
	c.Check(DriverPair(notebook.SlotB, 28072), Equals, Ports{28048, 28095})
}
