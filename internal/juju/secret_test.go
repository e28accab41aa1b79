package juju_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	. "gopkg.in/check.v1"

	. "github.com/jupyter-docker/jupyter-docker/internal/juju"
)

type secretSuite struct{}

var _ = Suite(&secretSuite{})

// missing is what secret-get says of a label that is not known, and no differently
// of a secret that it may not read.
var missing = &ToolError{Tool: "secret-get", Code: 1, Stderr: `ERROR secret "token" not found`}

const owned = `{"abc":{"revision":2,"label":"token","owner":"application"}}`

var secretTests = []struct {
	summary string
	answers map[string]string
	errs    map[string]error
	leader  bool
	found   bool
	err     string
}{{
	summary: "it is there",
	answers: map[string]string{"secret-get": `{"token":"t"}`},
	found:   true,
}, {
	summary: "Juju knows of none: the leader has to make it",
	answers: map[string]string{"secret-ids": "null"},
	errs:    map[string]error{"secret-get": missing},
	leader:  true,
}, {
	summary: "only a secret with another label is there",
	answers: map[string]string{"secret-ids": `["abc"]`, "secret-info-get": strings.Replace(owned, "token", "other", 1)},
	errs:    map[string]error{"secret-get": missing},
	leader:  true,
}, {
	summary: "another unit waits for the leader",
	errs:    map[string]error{"secret-get": missing},
}, {
	summary: "it is there and could not be read: a second one is not made",
	answers: map[string]string{"secret-ids": `["abc"]`, "secret-info-get": owned},
	errs:    map[string]error{"secret-get": missing},
	leader:  true,
	err:     "cannot run secret-get: .*",
}, {
	summary: "what there is could not be listed",
	errs:    map[string]error{"secret-get": missing, "secret-ids": &ToolError{Tool: "secret-ids", Code: 1, Stderr: "ERROR no connection"}},
	leader:  true,
	err:     "cannot run secret-ids: .*no connection",
}, {
	summary: "one of them could not be looked at",
	answers: map[string]string{"secret-ids": `["abc"]`},
	errs:    map[string]error{"secret-get": missing, "secret-info-get": errors.New("broken pipe")},
	leader:  true,
	err:     "broken pipe",
}, {
	summary: "bad usage is not absence",
	errs:    map[string]error{"secret-get": &ToolError{Tool: "secret-get", Code: 2, Stderr: "ERROR flag"}},
	err:     "cannot run secret-get: .*",
}, {
	summary: "a tool that does not run is not absence",
	errs:    map[string]error{"secret-get": errors.New("no such file")},
	err:     "no such file",
}, {
	summary: "what is not JSON is not absence",
	answers: map[string]string{"secret-get": "token: t"},
	err:     "cannot read what secret-get printed: .*",
}}

// TestNotFoundIsNeverInferred guards against a second token made because the
// first could not be read.
func (secretSuite) TestNotFoundIsNeverInferred(c *C) {
	for _, test := range secretTests {
		r := recorder{answers: test.answers, errs: test.errs}
		content, found, err := r.tools().Secret("token", test.leader)
		if test.err != "" {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
			c.Check(found, Equals, false, Commentf(test.summary))
			continue
		}
		c.Check(err, IsNil, Commentf(test.summary))
		c.Check(found, Equals, test.found, Commentf(test.summary))
		c.Check(content != nil, Equals, test.found, Commentf(test.summary))
		c.Check(r.calls[0], Equals, "secret-get --format=json --label token --refresh", Commentf(test.summary))
	}
}

// keeper stands in for secret-add and secret-set: it reads the file that they
// are given, while it is there.
type keeper struct {
	recorder
	file    string
	mode    os.FileMode
	content map[string]string
}

func (k *keeper) Run(ctx context.Context, tool string, args ...string) ([]byte, error) {
	if last := len(args) - 1; tool == "secret-add" || tool == "secret-set" {
		k.file = args[last]
		info, err := os.Stat(k.file)
		if err != nil {
			return nil, err
		}
		b, err := os.ReadFile(k.file)
		if err != nil {
			return nil, err
		}
		k.mode, args = info.Mode(), append(args[:last:last], "FILE")
		if err := json.Unmarshal(b, &k.content); err != nil {
			return nil, err
		}
	}
	return k.recorder.Run(ctx, tool, args...)
}

var content = map[string]string{"token": "top-secret", "cookie-secret": "more", "revision": "1"}

func (secretSuite) TestAddGoesThroughAFileThatOnlyRootReads(c *C) {
	k, dir := &keeper{}, c.MkDir()
	c.Assert(NewTools(context.Background(), k).AddSecret("token", dir, content), IsNil)
	c.Check(k.calls, DeepEquals, []string{"secret-add --label token --owner application --file FILE"})
	c.Check(k.content, DeepEquals, content)
	c.Check(k.mode, Equals, os.FileMode(0o600))
	checkEmpty(c, dir)
}

func (secretSuite) TestSetFindsTheSecretByItsLabel(c *C) {
	k, dir := &keeper{recorder: recorder{answers: map[string]string{"secret-ids": `["abc"]`, "secret-info-get": owned}}}, c.MkDir()
	c.Assert(NewTools(context.Background(), k).SetSecret("token", dir, content), IsNil)
	c.Check(k.calls[len(k.calls)-1], Equals, "secret-set abc --file FILE")
	c.Check(k.content, DeepEquals, content)
	checkEmpty(c, dir)
}

func (secretSuite) TestSetWithoutASecretIsAnError(c *C) {
	r := recorder{answers: map[string]string{"secret-ids": "null"}}
	c.Check(r.tools().SetSecret("token", c.MkDir(), content), ErrorMatches, `cannot find the application's secret "token"`)
}

func (secretSuite) TestARefusalHoldsNoSecretAndLeavesNoFile(c *C) {
	k := &keeper{recorder: recorder{errs: map[string]error{"secret-add": &ToolError{Tool: "secret-add", Code: 1, Stderr: "ERROR full"}}}}
	dir := c.MkDir()
	err := NewTools(context.Background(), k).AddSecret("token", dir, content)
	c.Check(err, ErrorMatches, "cannot run secret-add: exit status 1: full")
	checkEmpty(c, dir)
}

// checkEmpty makes sure that no secret was left behind.
func checkEmpty(c *C, dir string) {
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	c.Assert(err, IsNil)
	c.Check(left, HasLen, 0)
}
