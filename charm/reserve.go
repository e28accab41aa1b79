package charm

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// reserve makes sure of the candidate's loopback port and its driver's ports. A
// unit whose hook runs at the same time may have chosen the same: one after the
// other looks again and creates its container, whose labels hold them from then
// on. The caller calls release when its container is there.
func (a *application) reserve(ctx context.Context, s notebook.Slot) (release func(), err error) {
	release, err = host.LockPorts(ctx)
	if err != nil {
		return nil, err
	}
	taken, drivers, err := a.engine.TakenByOthers(ctx)
	if err != nil {
		release()
		return nil, err
	}
	a.observed.Drivers = drivers
	if err := a.reserveDriver(s); err != nil {
		release()
		return nil, err
	}
	if taken[a.plan.Port] {
		for port := range a.observed.Taken {
			taken[port] = true
		}
		a.plan.Port = plan.FreePort(taken, s)
	}
	if a.plan.Port == 0 {
		release()
		return nil, fmt.Errorf("cannot place the notebook: no loopback port from %d to %d is free", plan.FirstPort, plan.LastPort)
	}
	return release, nil
}

// reserveDriver settles the candidate's driver ports. A block of which another
// program has a port is passed over, unless the unit holds it already.
func (a *application) reserveDriver(s notebook.Slot) error {
	want := a.spec.Serve.Spark
	for want.Ports != 0 {
		a.plan.Driver = plan.DriverPort(a.spec, *a.observed, s)
		if a.plan.Driver == plan.NoDriverPort {
			return &portError{Address: want.Bind, Reason: fmt.Sprintf("no %d ports are free from driver-ports=%d on", 2*spark.BlockLength, want.Ports)}
		}
		taken := a.takenPort(a.plan.Driver)
		if taken == 0 {
			return nil
		}
		if a.heldPair() {
			return a.driverTaken(taken)
		}
		a.observed.Drivers = append(a.observed.Drivers, plan.DriverPair(s, a.plan.Driver))
	}
	return nil
}

func (a *application) driverTaken(port int) error {
	at := net.JoinHostPort(a.spec.Serve.Spark.Bind, strconv.Itoa(port))
	return &portError{Address: at, Reason: "another program has that driver port: set the option driver-ports"}
}

// heldPair tells whether a container of the unit fixes its blocks.
func (a *application) heldPair() bool {
	for _, c := range a.observed.Slots {
		if c != nil && c.Driver != 0 && c.Serve.Spark.Ports == a.spec.Serve.Spark.Ports {
			return true
		}
	}
	return false
}

// takenPort is a port that executors call, of the block at first, that some
// program listens on; 0 for none.
func (a *application) takenPort(first int) int {
	if first == 0 {
		return 0
	}
	from, to := spark.Driver{First: first}.Ports()
	for port := from; port <= to; port++ {
		if !docker.FreeAt(a.spec.Serve.Spark.Bind, port) {
			return port
		}
	}
	return 0
}
