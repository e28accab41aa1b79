package docker

import (
	"context"
	"net"
	"os"
	"path/filepath"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
)

type diskSuite struct{}

var _ = Suite(&diskSuite{})

// containerd stands for one: this process listens at its socket, and holds its
// database open.
func containerd(c *C) (socket, root string, end func()) {
	dir := c.MkDir()
	socket, root = dir+"/containerd.sock", dir+"/root"
	database := root + "/io.containerd.metadata.v1.bolt/meta.db"
	c.Assert(os.MkdirAll(filepath.Dir(database), 0o700), IsNil)
	held, err := os.Create(database)
	c.Assert(err, IsNil)
	listener, err := net.Listen("unix", socket)
	c.Assert(err, IsNil)
	return socket, root, func() { listener.Close(); held.Close() }
}

// inStore is what an engine says that keeps images in the containerd at a socket.
func inStore(root, socket string) Answer {
	return Says(200, Object{"DockerRootDir": root, "Driver": "overlayfs", "DriverStatus": [][2]string{inContainerd},
		"Containerd": Object{"Address": socket}})
}

const all = 1 << 62

// TestRoomIsWhereImagesAre: it was measured in the engine's directory, where a
// containerd of its own keeps none. /proc has no byte free.
func (diskSuite) TestRoomIsWhereImagesAre(c *C) {
	socket, root, end := containerd(c)
	e, _ := speaking(c, map[string]Answer{"GET /info": inStore("/proc", socket)})
	c.Check(e.lacks(context.Background(), pullNeedsLittle), Equals, "")
	c.Check(e.lacks(context.Background(), space{bytes: all}), Matches, root+" has only .* left")
	c.Check(e.isFull(context.Background()), Equals, "/proc has only 0B left")

	for summary, info := range map[string]Answer{
		"its process is gone":   inStore("/proc", socket),
		"nobody listens":        inStore("/proc", c.MkDir()+"/none"),
		"it does not say where": Says(200, Object{"DockerRootDir": "/proc", "DriverStatus": [][2]string{inContainerd}}),
		"it says nothing":       Refuses(500, "oops"),
	} {
		end()
		e, _ := speaking(c, map[string]Answer{"GET /info": info})
		c.Check(e.lacks(context.Background(), space{bytes: all}), Equals, "", Commentf("%s: nothing is refused on a guess", summary))
	}
	e, _ = speaking(c, map[string]Answer{"GET /info": Says(200, Object{"DockerRootDir": "/proc", "Driver": "overlay2"})})
	c.Check(e.lacks(context.Background(), pullNeedsLittle), Equals, "/proc has only 0B left")
}

// TestAPullIsRefusedForItsOwnDisk guards the other direction.
func (diskSuite) TestAPullIsRefusedForItsOwnDisk(c *C) {
	socket, _, end := containerd(c)
	defer end()
	answers := pulling(streams(`{"status":"Pulling from team/nb","id":"1"}`))
	answers["GET /info"] = inStore("/proc", socket)
	answers["GET /images/"+ref+"/json"] = brings("amd64")
	e, _ := speaking(c, answers)
	answers["GET /images/"+e.ownTag(ref)+"/json"] = Refuses(404, "no such image")
	answers["POST /images/"+ref+"/tag"] = Says(201, nil)
	c.Check(pullQuietly(e, ref), IsNil)
}

// pullNeedsLittle is less than any disk of a test machine has.
var pullNeedsLittle = space{bytes: 1, files: 1}
