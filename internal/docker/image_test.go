package docker

import (
	"context"
	"slices"
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/plan"
)

type imageSuite struct{}

var _ = Suite(&imageSuite{})

const digest = "sha256:5d53846bd762cb4435655d43c666603f1659b174cc81086ed0cde6292cdf7419"

// TestADigestIsKnownWithoutItsTag: the engine keeps only the digest of such a
// reference, so that the image was not found again at removal.
func (imageSuite) TestADigestIsKnownWithoutItsTag(c *C) {
	e, _ := speaking(c, nil)
	c.Check(e.ownTag("quay.io/team/nb:1@"+digest), Equals, e.ownTag("quay.io/team/nb@"+digest))
	c.Check(e.ownTag("quay.io/team/nb:1"), Not(Equals), e.ownTag("quay.io/team/nb:2"))
	c.Check(e.ownTag("quay.io/team/nb:1"), Matches, "jupyter-docker/nb-1-7b29c3f0:[0-9a-f]{12}-[0-9a-f]{12}")
}

// own is the unit's tag of a reference.
func own(c *C, ref string) string {
	e, _ := speaking(c, nil)
	return e.ownTag(ref)
}

var tidyTests = []struct {
	summary string
	tags    func(c *C) []string
	digests []string
	users   []Object
	removed func(c *C) []string
}{{
	summary: "what the charm pulled goes",
	tags:    func(c *C) []string { return []string{"quay.io/nb:1", own(c, "quay.io/nb:1")} },
	removed: func(c *C) []string { return []string{"quay.io/nb:1", own(c, "quay.io/nb:1")} },
}, {
	summary: "by its digest too",
	tags:    func(c *C) []string { return []string{own(c, "quay.io/nb:1@"+digest)} },
	digests: []string{"quay.io/nb@" + digest},
	removed: func(c *C) []string { return []string{"quay.io/nb@" + digest, own(c, "quay.io/nb@"+digest)} },
}, {
	summary: "a name that somebody else gave it stays",
	tags:    func(c *C) []string { return []string{"quay.io/nb:1", "mine:1", own(c, "quay.io/nb:1")} },
	removed: func(c *C) []string { return []string{"quay.io/nb:1", own(c, "quay.io/nb:1")} },
}, {
	summary: "another unit pulled it as well",
	tags: func(c *C) []string {
		theirs := strings.Replace(own(c, "quay.io/nb:1"), "/nb-1-", "/nb-10-", 1)
		return []string{"quay.io/nb:1", own(c, "quay.io/nb:1"), theirs}
	},
	digests: []string{"quay.io/nb@" + digest},
	removed: func(c *C) []string { return []string{own(c, "quay.io/nb:1")} },
}, {
	summary: "a container of somebody's runs it",
	tags:    func(c *C) []string { return []string{"quay.io/nb:1", own(c, "quay.io/nb:1")} },
	users:   []Object{{"Id": "x", "Image": "quay.io/nb:1"}},
	removed: func(c *C) []string { return []string{own(c, "quay.io/nb:1")} },
}, {
	summary: "a container of somebody's was made from its id",
	tags:    func(c *C) []string { return []string{"quay.io/nb:1", own(c, "quay.io/nb:1")} },
	users:   []Object{{"Id": "x", "Image": "sha256:1"}},
	removed: func(c *C) []string { return []string{own(c, "quay.io/nb:1")} },
}, {
	summary: "another unit and a container have it under another name",
	tags: func(c *C) []string {
		theirs := strings.Replace(own(c, "quay.io/other:1"), "/nb-1-", "/nb-10-", 1)
		return []string{"quay.io/nb:1", "quay.io/other:1", own(c, "quay.io/nb:1"), theirs}
	},
	digests: []string{"quay.io/other@" + digest},
	users:   []Object{{"Id": "x", "Image": "quay.io/other:1"}},
	removed: func(c *C) []string { return []string{"quay.io/nb:1", own(c, "quay.io/nb:1")} },
}, {
	summary: "its tag has moved on: the digest is all that the pull left",
	tags:    func(c *C) []string { return []string{own(c, "quay.io/nb:1") + "-previous"} },
	digests: []string{"quay.io/nb@" + digest},
	removed: func(c *C) []string { return []string{"quay.io/nb@" + digest, own(c, "quay.io/nb:1") + "-previous"} },
}, {
	summary: "its tag has moved on, and somebody has another of its repository",
	tags:    func(c *C) []string { return []string{"quay.io/nb:mine", own(c, "quay.io/nb:1") + "-previous"} },
	digests: []string{"quay.io/nb@" + digest},
	removed: func(c *C) []string { return []string{own(c, "quay.io/nb:1") + "-previous"} },
}, {
	summary: "two references of one image: one of the unit's tags does not keep the other's",
	tags: func(c *C) []string {
		return []string{"quay.io/nb:1", "quay.io/nb:2", own(c, "quay.io/nb:1"), own(c, "quay.io/nb:2")}
	},
	removed: func(c *C) []string {
		return []string{"quay.io/nb:1", own(c, "quay.io/nb:1"), "quay.io/nb:2", own(c, "quay.io/nb:2")}
	},
}}

// ours are the tags that the engine lists when it is asked for those of a unit.
func ours(tags []string) []string {
	return slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return !strings.HasPrefix(tag, "jupyter-docker/nb-1-") })
}

func (imageSuite) TestTidyImages(c *C) {
	for _, test := range tidyTests {
		tags := test.tags(c)
		answers := map[string]Answer{
			"GET /images/json":          Says(200, []Object{{"Id": "sha256:1", "RepoTags": ours(tags)}}),
			"GET /images/sha256:1/json": Says(200, Object{"Id": "sha256:1", "RepoTags": tags, "RepoDigests": test.digests}),
			"GET /containers/json":      Says(200, append([]Object{}, test.users...)),
		}
		for _, name := range slices.Concat(tags, test.digests) {
			answers["DELETE /images/"+name] = Says(200, []Object{})
		}
		e, t := speaking(c, answers)
		c.Assert(e.TidyImages(context.Background(), nil), IsNil, Commentf(test.summary))
		var removed []string
		for _, call := range t.Asked {
			if name, ok := strings.CutPrefix(call, "DELETE /images/"); ok {
				removed = append(removed, name)
			}
		}
		c.Check(removed, DeepEquals, test.removed(c), Commentf(test.summary))
	}
}

func (imageSuite) TestWhatIsWantedIsKept(c *C) {
	e, t := speaking(c, map[string]Answer{
		"GET /images/json": Says(200, []Object{{"Id": "sha256:1", "RepoTags": []string{"quay.io/nb:1", own(c, "quay.io/nb:1")}}}),
	})
	c.Assert(e.TidyImages(context.Background(), []string{"quay.io/nb:1"}), IsNil)
	c.Check(t.Asked, DeepEquals, []string{"GET /images/json"})
}

var referenceTests = []struct {
	summary string
	images  []Object
	named   Answer
	want    plan.Reference
	err     string
}{
	{"nothing", []Object{}, Refuses(404, "no such image"), plan.Reference{}, ""},
	{"somebody else pulled it", []Object{}, Says(200, Object{"Id": "sha256:1", "RootFS": files, "Config": Object{}}), plan.Reference{Local: "sha256:1"}, ""},
	{"it cannot be read", []Object{}, Refuses(500, "oops"), plan.Reference{}, "cannot inspect .*oops"},
}

func (imageSuite) TestReference(c *C) {
	for _, test := range referenceTests {
		e, _ := speaking(c, map[string]Answer{"GET /images/json": Says(200, test.images), "GET /images/new:1/json": test.named})
		got, err := e.Reference(context.Background(), "new:1", nil)
		c.Check(got, DeepEquals, test.want, Commentf(test.summary))
		if test.err != "" {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
		}
	}
	tags := []string{own(c, "new:1"), own(c, "old:1") + "-previous", "other/x:1"}
	e, _ := speaking(c, map[string]Answer{
		"GET /images/json":          Says(200, []Object{{"Id": "sha256:1", "RepoTags": tags}}),
		"GET /images/sha256:1/json": Says(200, Object{"Id": "sha256:1", "RootFS": files, "Config": Object{}}),
	})
	got, err := e.Reference(context.Background(), "new:1", nil)
	c.Assert(err, IsNil)
	c.Check(got, DeepEquals, plan.Reference{Pulled: "sha256:1", Kept: 2})
}
