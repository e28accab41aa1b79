package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"net/http"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/docker/dockertest"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type factsSuite struct{}

var _ = Suite(&factsSuite{})

// copies answers with a file, as the engine does.
func copies(content string) Answer {
	return func(*http.Request) (*http.Response, error) {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		_ = w.WriteHeader(&tar.Header{Name: "passwd", Mode: 0o644, Size: int64(len(content))})
		_, _ = w.Write([]byte(content))
		_ = w.Close()
		resp := Body(200, &archive)
		resp.Header.Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString([]byte("{}")))
		return resp, nil
	}
}

var factsTests = []struct {
	summary string
	env     []string
	passwd  Answer
	home    string
	kind    Kind
}{
	{"its environment says it", []string{"HOME=/h"}, nil, "/h", -1},
	{"its passwd file says it", []string{"HOME="}, copies("nb:x:1000:100::/home/nb:/bin/sh\n"), "/home/nb", -1},
	{"it has no passwd file", nil, Refuses(404, "no such file"), "/", -1},
	{"that cannot be read", nil, Refuses(500, "oops"), "/", Unknown},
}

// TestFacts: the container that is made to read the file goes by its id, whoever
// has the name that it would have.
func (factsSuite) TestFacts(c *C) {
	for _, test := range factsTests {
		e, t := speaking(c, map[string]Answer{
			"GET /images/sha256:1/json":   Says(200, Object{"Id": "sha256:1", "Os": "linux", "Architecture": "amd64", "RootFS": files, "Config": Object{"User": "1000", "Env": test.env}}),
			"GET /version":                Says(200, Object{"Os": "linux", "Arch": "amd64"}),
			"POST /containers/create":     Turns(Refuses(409, "the name is in use"), Says(201, Object{"Id": "id1"})),
			"GET /containers/id1/archive": test.passwd,
			"DELETE /containers/id1":      Says(204, nil),
		})
		got, err := e.Facts(context.Background(), "sha256:1")
		c.Check(kindOf(err), Equals, test.kind, Commentf(test.summary))
		c.Check(got, DeepEquals, notebook.Image{ID: "sha256:1", User: "1000", Home: test.home, Env: test.env}, Commentf(test.summary))
		if test.passwd != nil {
			c.Check(t.Asked[len(t.Asked)-1], Equals, "DELETE /containers/id1")
		}
		asked := len(t.Asked)
		if _, err := e.Facts(context.Background(), "sha256:1"); err == nil {
			c.Check(t.Asked, HasLen, asked) // an image never changes
		}
	}
}

func (factsSuite) TestAnImageForOthersIsRefused(c *C) {
	e, _ := speaking(c, map[string]Answer{
		"GET /images/sha256:1/json": Says(200, Object{"Id": "sha256:1", "Os": "linux", "Architecture": "arm64", "RootFS": files, "Config": Object{}}),
		"GET /version":              Says(200, Object{"Os": "linux", "Arch": "amd64"}),
	})
	_, err := e.Facts(context.Background(), "sha256:1")
	c.Check(kindOf(err), Equals, Platform)
}
