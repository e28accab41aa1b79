package docker

import (
	"context"
	"time"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type registrySuite struct{}

var _ = Suite(&registrySuite{})

const manifest = "application/vnd.oci.image.manifest.v1+json"

// beside is an engine in memory that has images, and a registry.
func beside(c *C, registry map[string]*Image, images ...*Image) (*Engine, *Daemon) {
	d := &Daemon{Root: c.MkDir(), Registry: registry}
	for _, i := range images {
		d.AddImage(i)
	}
	e, err := Over(d, notebook.Unit{Name: "nb/1", ModelUUID: model, ModelName: "lab"}, "v1")
	c.Assert(err, IsNil)
	return e, d
}

// names are what the images are called, by id, and which there are.
func names(d *Daemon) map[string][]string {
	out := map[string][]string{}
	for _, i := range d.Images() {
		out[i.ID] = append([]string{}, i.Tags...)
	}
	return out
}

func pullQuietly(e *Engine, ref string) error {
	return e.Pull(context.Background(), ref, time.Minute, func(string) {})
}

var notImages = []struct {
	summary, mediaType string
	kind               Kind
	err                string
}{
	{"a web page", "text/html", NoRegistry, "cannot run the image: it is text/html, which no registry answers"},
	{"a chart", manifest, NoImage, "cannot run the image: it has no layers of files, such as a Helm chart or another artifact"},
}

// TestWhatIsNoImage: an engine that keeps images in containerd pulls whatever
// answers. It was the image of that name from then on.
func (registrySuite) TestWhatIsNoImage(c *C) {
	for _, test := range notImages {
		bad := func() *Image { return &Image{ID: "sha256:bad", Not: test.mediaType} }
		refused := func(err error, in string) {
			c.Check(err, ErrorMatches, test.err, Commentf("%s %s", test.summary, in))
			c.Check(kindOf(err), Equals, test.kind, Commentf("%s %s", test.summary, in))
		}

		e, d := beside(c, map[string]*Image{"nb:1": bad()})
		refused(pullQuietly(e, "nb:1"), "where nothing was")
		c.Check(names(d), DeepEquals, map[string][]string{})

		e, d = beside(c, map[string]*Image{"nb:1": bad()}, &Image{ID: "sha256:1", Tags: []string{"nb:1"}})
		refused(pullQuietly(e, "nb:1"), "in place of an image")
		c.Check(names(d), DeepEquals, map[string][]string{"sha256:1": {"nb:1"}})

		theirs := bad()
		theirs.Tags = []string{"theirs:1"}
		e, d = beside(c, map[string]*Image{"nb:1": theirs}, theirs, &Image{ID: "sha256:1", Tags: []string{"nb:1"}})
		refused(pullQuietly(e, "nb:1"), "that somebody else has too")
		c.Check(names(d), DeepEquals, map[string][]string{"sha256:1": {"nb:1"}, "sha256:bad": {"theirs:1"}})

		theirs = bad()
		theirs.Tags = []string{"nb:1"}
		e, d = beside(c, map[string]*Image{"nb:1": theirs}, theirs)
		refused(pullQuietly(e, "nb:1"), "that somebody else pulled")
		c.Check(names(d), DeepEquals, map[string][]string{"sha256:bad": {"nb:1"}})
		_, err := e.Facts(context.Background(), "sha256:bad")
		refused(err, "of which a container should be made")

		got, err := e.Reference(context.Background(), "nb:1", nil)
		c.Assert(err, IsNil)
		c.Check(got, DeepEquals, plan.Reference{}, Commentf("%s: it is to be pulled", test.summary))
		theirs.Tags = append(theirs.Tags, e.ownTag("nb:1"))
		got, err = e.Reference(context.Background(), "nb:1", nil)
		c.Assert(err, IsNil)
		c.Check(got, DeepEquals, plan.Reference{Kept: 1}, Commentf("%s: a charm of before kept it", test.summary))
	}
}

// at are images with the files and the command, under an index.
func at(index, files, command string) *Image {
	i := &Image{ID: "sha256:" + index, Files: files}
	i.Config.Cmd = []string{command}
	return i
}

var sameTests = []struct {
	summary string
	now     *Image
	same    []string
}{
	{"the same under another index", at("2", "f", "lab"), []string{"sha256:1"}},
	{"other files", at("2", "g", "lab"), nil},
	{"another configuration", at("2", "f", "notebook"), nil},
	{"the same again", at("1", "f", "lab"), nil},
}

// TestTheSameUnderAnotherIndex: its digest is the image's id where containerd keeps
// images, so that identical bits were taken for a newer image.
func (registrySuite) TestTheSameUnderAnotherIndex(c *C) {
	for _, test := range sameTests {
		e, d := beside(c, map[string]*Image{"nb:1": at("1", "f", "lab")})
		c.Assert(pullQuietly(e, "nb:1"), IsNil)
		d.Registry["nb:1"] = test.now
		c.Assert(pullQuietly(e, "nb:1"), IsNil)
		got, err := e.Reference(context.Background(), "nb:1", []string{"sha256:1", "sha256:gone", "sha256:1"})
		c.Assert(err, IsNil)
		c.Check(got.Pulled, Equals, test.now.ID, Commentf(test.summary))
		c.Check(got.Same, DeepEquals, test.same, Commentf(test.summary))
	}
}
