// Package cluster asks a cluster of Spark or Hadoop for its versions, and sees
// whether it answers at all. It changes nothing there.
package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// limit bounds each question; one may have to be put to several servers.
const limit = 8 * time.Second

// patience is how long one server may take to answer.
const patience = 2 * time.Second

// Reach is how an address of the cluster answers from this machine.
type Reach struct {
	What string // "master", "resource manager" ...
	At   spark.Address
	Err  error // nil when it takes connections
}

func (r Reach) String() string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return fmt.Sprintf("%s %s answers", r.What, r.At)
}

// Answer is what a cluster says of itself.
type Answer struct {
	Facts spark.Facts
	Reach []Reach
	Notes []string // what it could not be asked, and why
}

// Ask asks the target's services, and HDFS where Hadoop's files name one. It takes
// seconds at most.
func Ask(ctx context.Context, t spark.Target, hadoop map[string]string) Answer {
	properties, _ := spark.ParseHadoop(hadoop) // it was checked before
	q := &question{}
	services := map[string][]spark.Address{"name node": properties.NameNodes()}
	switch t.Kind {
	case spark.Standalone:
		services["master"] = t.Masters()
		q.ask(ctx, func(ctx context.Context) (spark.Facts, error) { return askMasters(ctx, t.Masters()) })
	case spark.YARN:
		services["resource manager"] = properties.ResourceManagers()
		q.ask(ctx, func(ctx context.Context) (spark.Facts, error) {
			return askResourceManagers(ctx, properties.ResourceManagerPages())
		})
	case spark.Connect:
		server, _ := t.Server()
		services["Spark Connect server"] = []spark.Address{server}
		q.ask(ctx, func(ctx context.Context) (spark.Facts, error) { return askConnect(ctx, t) })
	case spark.Kubernetes:
		services["API server"] = t.Masters()
	}
	for what, addresses := range services {
		for _, at := range addresses {
			q.reach(ctx, what, at)
		}
	}
	q.wait.Wait()
	slices.SortFunc(q.out.Reach, func(a, b Reach) int { return cmp.Compare(a.What+a.At.String(), b.What+b.At.String()) })
	return q.out
}

// question collects answers that come side by side.
type question struct {
	wait sync.WaitGroup
	mu   sync.Mutex
	out  Answer
}

func (q *question) run(ctx context.Context, f func(context.Context)) {
	q.wait.Add(1)
	go func() {
		defer q.wait.Done()
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		f(ctx)
	}()
}

func (q *question) ask(ctx context.Context, f func(context.Context) (spark.Facts, error)) {
	q.run(ctx, func(ctx context.Context) {
		facts, err := f(ctx)
		q.mu.Lock()
		defer q.mu.Unlock()
		q.out.Facts = facts
		if err != nil {
			q.out.Notes = append(q.out.Notes, err.Error())
		}
	})
}

func (q *question) reach(ctx context.Context, what string, at spark.Address) {
	q.run(ctx, func(ctx context.Context) {
		conn, err := (&net.Dialer{Timeout: 2 * patience}).DialContext(ctx, "tcp", at.String())
		if err == nil {
			conn.Close()
		} else {
			err = fmt.Errorf("%s %s %s", what, at, reason(err))
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		q.out.Reach = append(q.out.Reach, Reach{what, at, err})
	})
}

// reason says which hop a connection failed at.
func reason(err error) string {
	var name *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &name):
		return "cannot be found: the name does not resolve on this machine"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refuses: nothing listens on that port"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "cannot be reached: no route leads to that address"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "does not answer: a firewall may drop what is sent there, or the address is wrong"
	}
	return "does not answer: " + err.Error()
}
