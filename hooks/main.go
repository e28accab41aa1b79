// Command jupyter-docker is the charm's only program. Juju runs it for every hook
// and action; with the argument "gateway" it is the gateway of a unit, with
// "inventory" it looks into the image whose container it is in, with "run-notebook"
// it runs a notebook there.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/juju/loggo"

	"github.com/jupyter-docker/jupyter-docker/charm"
	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/gateway"
	"github.com/jupyter-docker/jupyter-docker/internal/host"
	"github.com/jupyter-docker/jupyter-docker/internal/inventory"
	"github.com/jupyter-docker/jupyter-docker/internal/juju"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/run"
	"github.com/jupyter-docker/jupyter-docker/internal/workload"
)

func main() {
	program := hook
	switch {
	case len(os.Args) == 4 && os.Args[1] == "gateway":
		program = serve
	case len(os.Args) == 2 && os.Args[1] == "inventory":
		program = func() error { return inventory.Write(os.Stdout) }
	case len(os.Args) == 3 && os.Args[1] == "run-notebook":
		program = supervise
	}
	if err := program(); err != nil {
		fmt.Fprintf(os.Stderr, "ERROR %v\n", err)
		os.Exit(1)
	}
}

// supervise runs a notebook in the container that it is in, by the script os.Args[2].
func supervise() error {
	return run.Supervise(os.Stdin, os.Stdout, run.Place{
		Runs: notebook.RunDir, Remote: notebook.SecretDir + "/spark-remote", Script: os.Args[2],
	})
}

// serve is the gateway of the directory os.Args[2], until it is told to stop.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return gateway.Run(ctx, os.Args[2], os.Args[3], os.Stderr)
}

// hook answers what woke the charm.
func hook() error {
	event, err := juju.ParseEvent(os.Getenv)
	if err != nil {
		return err
	}
	ctx := context.Background() // Juju queues a hook again that a signal ends
	tools := juju.NewTools(ctx, juju.Exec{Agent: juju.ParseAgent(os.Getenv)})
	if err := setUpLog(tools); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find this program: %v", err)
	}
	build, err := buildID(program)
	if err != nil {
		return err
	}
	engine, err := docker.New(charm.UnitOf(event), build)
	if err != nil {
		return err
	}
	return charm.New(charm.Handles{
		Event: event, Tools: tools, Engine: engine, Machine: host.ThisMachine(), Clock: workload.SystemClock{}, Ask: cluster.Ask,
		Root: host.Root, Links: host.LinkRoot, Program: program, Build: build,
	}).Run(ctx)
}

// setUpLog sends what the charm logs to juju-log, from INFO up until the option
// log-level has been read: loggo itself begins at WARNING.
func setUpLog(tools *juju.Tools) error {
	if _, err := loggo.ReplaceDefaultWriter(juju.NewLogWriter(tools)); err != nil {
		return fmt.Errorf("cannot set up the log: %v", err)
	}
	loggo.GetLogger("").SetLogLevel(loggo.INFO)
	return nil
}
