package charm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/juju/loggo"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

// design says what should run. held is what of it is not to be made without the
// action apply; err is why nothing can be made.
func (c *Charm) design(ctx context.Context, said Said, o plan.Observed, ask asked) (spec notebook.Spec, held, err error) {
	options, bad := notebook.ParseOptions(said.Inputs.Options)
	if len(bad) > 0 {
		return spec, nil, &optionError{bad}
	}
	if err := setLogLevel(options.LogLevel); err != nil {
		return spec, nil, err
	}
	if said.Unusable != nil {
		return spec, nil, said.Unusable
	}
	in := said.Inputs.Narrow(o.EngineAddresses)
	was := plan.FindServing(o).Served()
	spec = notebook.Design(in, options, c.files.Dir, c.files.Group, was)
	if held = c.holdData(&spec, was, ask); held != nil {
		logger.Warningf("%v", held)
	}
	return spec, held, c.makeable(ctx, in, spec, o)
}

func setLogLevel(level string) error {
	parsed, ok := loggo.ParseLevel(level)
	if !ok {
		return fmt.Errorf("cannot log at level %q", level)
	}
	loggo.GetLogger("").SetLogLevel(parsed)
	return nil
}

// holdData keeps the notebooks in the folder that people see, until the operator
// says otherwise.
func (c *Charm) holdData(spec *notebook.Spec, was *notebook.Serve, ask asked) error {
	if was == nil || was.Data == spec.Serve.Data || ask.apply {
		return nil
	}
	err := &dataError{From: was.Data, To: spec.Serve.Data}
	spec.Serve.Data = was.Data
	spec.Storage = !strings.HasPrefix(was.Data, c.files.Dir+"/")
	return err
}

// makeable reports what keeps the design from being made.
func (c *Charm) makeable(ctx context.Context, in notebook.Inputs, spec notebook.Spec, o plan.Observed) error {
	switch {
	case in.Credential == nil:
		return errNoCredential
	case in.Website.Missing:
		return &bindingError{"website"}
	case len(spec.Gateway.Listen) == 0:
		return errNoAddress
	case spec.Spark.Target.CallsBack() && in.Spark.Missing:
		return &bindingError{"spark"}
	}
	if err := compat.CheckHadoop(spec.Spark); err != nil {
		return err
	}
	if spec.Spark.Target.CallsBack() && (spec.Serve.Spark.Bind == "" || spec.Spark.Driver.Host == "") {
		return errNoDriverAddress
	}
	return c.machineHas(ctx, spec, o)
}

// machineHas checks what is about to change against the machine.
func (c *Charm) machineHas(ctx context.Context, spec notebook.Spec, o plan.Observed) error {
	now := plan.FindServing(o)
	if now.There() && now.Serve.Hash() == spec.Serve.Hash() && now.Limits == spec.Limits {
		return nil
	}
	machine, err := c.Engine.Machine(ctx)
	if err != nil {
		return err
	}
	if machine.UserNS {
		return errUserNS
	}
	if spec.Limits.CPU > float64(machine.CPUs) {
		return &optionError{[]notebook.BadOption{{Name: "cpu-limit", Value: fmt.Sprint(spec.Limits.CPU),
			Reason: fmt.Sprintf("is more than the machine's %d", machine.CPUs)}}}
	}
	return nil
}

// reserve settles the unit's driver ports, before a plan is made with them.
func (c *Charm) reserve(ctx context.Context, spec notebook.Spec, o plan.Observed) (first int, err error) {
	want := host.Reservation{Option: spec.Serve.Spark.Ports}
	if want.Option == 0 && len(o.Records) == 0 {
		return 0, nil
	}
	for _, n := range o.Notebooks {
		if n.Drivers != 0 && n.Serve.Spark.Ports == want.Option {
			want.Held = plan.DriverPair(n.Slot, n.Drivers).First
		}
	}
	for _, taken := range o.Drivers {
		want.Taken = append(want.Taken, host.Range{First: taken.First, Last: taken.Last})
	}
	bind := spec.Serve.Spark.Bind
	if want.Option != 0 && !docker.FreeAt(bind, 0) {
		return 0, &workload.PortError{Address: bind, Reason: "this machine does not have that address, which Juju gives for the binding spark"}
	}
	want.Free = func(port int) bool { return docker.FreeAt(bind, port) }
	first, err = host.Reserve(ctx, c.Root, c.unit.Key(), want)
	if errors.Is(err, host.ErrNoPorts) {
		return 0, &workload.PortError{Address: net.JoinHostPort(bind, strconv.Itoa(want.Option)),
			Reason: fmt.Sprintf("no %d ports are free from driver-ports=%d on", 2*spark.BlockLength, want.Option)}
	}
	return first, err
}
