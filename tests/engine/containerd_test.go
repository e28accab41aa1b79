//go:build integration

// Package engine_test holds what the charm knows of an engine's parts against those
// parts, where a story cannot choose them.
package engine_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jupyter-docker/jupyter-docker/internal/docker"
	"github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

// containerd starts the engine's containerd, with a root that nobody is told.
func containerd(t *testing.T, root string) (socket string) {
	t.Helper()
	dir := t.TempDir()
	socket = dir + "/sock"
	said := new(strings.Builder)
	program := exec.Command("containerd", "--root", root, "--state", dir+"/state", "--address", socket)
	program.Stderr = said
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Signal(syscall.SIGTERM)
		_ = program.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			return socket
		}
		if time.Now().After(deadline) {
			t.Fatalf("containerd does not come up: %v: %s", err, said)
		}
	}
}

// pull pulls by an engine that keeps images in the containerd at a socket, whose own
// directory has no byte free, and whose registries do not answer.
func pull(t *testing.T, socket string) *docker.Error {
	t.Helper()
	down := dockertest.Refuses(500, "connection refused")
	engine, err := docker.Over(&dockertest.Transport{Answers: map[string]dockertest.Answer{
		"GET /info": dockertest.Says(200, dockertest.Object{
			"DockerRootDir": "/proc", "Driver": "overlayfs", "Containerd": dockertest.Object{"Address": socket},
			"DriverStatus": [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}},
		}),
		"GET /images/nb:1/json":       dockertest.Refuses(404, "no such image"),
		"POST /images/create":         down,
		"GET /distribution/nb:1/json": down,
	}}, notebook.Unit{Name: "nb/0", ModelUUID: "0123"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	var refused *docker.Error
	if err := engine.Pull(context.Background(), "nb:1", time.Minute, func(string) {}); !errors.As(err, &refused) {
		t.Fatalf("the pull came to %v", err)
	}
	return refused
}

// The room for images is that of the containerd behind the engine's socket, wherever
// its root is: a pull is refused for want of it there, and for nothing else.
func TestRoomOfAContainerdOfItsOwn(t *testing.T) {
	roomy, small := t.TempDir(), t.TempDir()
	if err := syscall.Mount("test", small, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(small, syscall.MNT_DETACH) })
	if err := pull(t, containerd(t, roomy)); err.Kind != docker.RegistryDown {
		t.Errorf("with room for images: %v", err)
	}
	if err := pull(t, containerd(t, small+"/root")); err.Kind != docker.DiskFull || !strings.Contains(err.Error(), small+"/root has only") {
		t.Errorf("without room for images: %v", err)
	}
	if _, err := os.Stat(small + "/root/io.containerd.metadata.v1.bolt/meta.db"); err != nil {
		t.Error(err)
	}
}
