package charmfile

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	. "gopkg.in/check.v1"
)

func Test(t *testing.T) { TestingT(t) }

type charmSuite struct{}

var _ = Suite(&charmSuite{})

type entryOf struct {
	name, content string
	mode          fs.FileMode
}

func pack(c *C, entries ...entryOf) string {
	name := filepath.Join(c.MkDir(), "x.charm")
	f, err := os.Create(name)
	c.Assert(err, IsNil)
	defer f.Close()
	z := zip.NewWriter(f)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name}
		h.SetMode(e.mode)
		w, err := z.CreateHeader(h)
		c.Assert(err, IsNil)
		_, err = w.Write([]byte(e.content))
		c.Assert(err, IsNil)
	}
	c.Assert(z.Close(), IsNil)
	return name
}

var (
	metadata = entryOf{"metadata.yaml", "name: x\nprovides: {web: http}\n", 0o644}
	manifest = entryOf{"manifest.yaml", "bases: [{name: ubuntu, channel: '24.04'}]", 0o644}
)

func (*charmSuite) TestOpen(c *C) {
	charm, err := Open(pack(c, metadata, manifest,
		entryOf{"config.yaml", "options: {n: {type: int, default: 3}, s: {type: string}}", 0o644},
		entryOf{"version", "1.2-abc\n", 0o644}))
	c.Assert(err, IsNil)
	c.Check(charm.Meta.Provides["web"].Interface, Equals, "http")
	c.Check(charm.Options["n"].Default, Equals, int64(3))
	c.Check(charm.Version, Equals, "1.2-abc")
}

func (*charmSuite) TestOpenRefuses(c *C) {
	_, err := Open(c.MkDir())
	c.Check(err, ErrorMatches, "deploying from directory not supported")
	for summary, t := range map[string]struct {
		entries []entryOf
		err     string
	}{
		"no metadata":   {[]entryOf{manifest}, ".*metadata.yaml: file does not exist"},
		"no bases":      {[]entryOf{metadata, {"manifest.yaml", "analysis: {}", 0o644}}, ".*does not define any bases.*"},
		"no manifest":   {[]entryOf{metadata}, ".*does not define any bases.*"},
		"YAML 1.1 key":  {[]entryOf{metadata, manifest, {"actions.yaml", "go: {params: {n: {type: integer}}}", 0o644}}, `.*map keyed with non-string value "n".*`},
		"subordinate":   {[]entryOf{{"metadata.yaml", "name: x\nsubordinate: true", 0o644}, manifest}, ".*does not reproduce subordinate charms"},
		"block storage": {[]entryOf{{"metadata.yaml", "name: x\nstorage: {d: {type: block}}", 0o644}, manifest}, `.*does not reproduce type "block".*`},
		"wrong default": {[]entryOf{metadata, manifest, {"config.yaml", "options: {n: {type: int, default: x}}", 0o644}}, `.*option "n" expected int, got "x"`},
	} {
		_, err := Open(pack(c, t.entries...))
		c.Check(err, ErrorMatches, t.err, Commentf(summary))
	}
}

func (*charmSuite) TestUnpack(c *C) {
	dir := c.MkDir()
	charm, list := filepath.Join(dir, "charm"), filepath.Join(dir, "files")
	first := pack(c, metadata, entryOf{"bin/run", "#!/bin/sh\n", 0o755}, entryOf{"hooks/install", "../bin/run", fs.ModeSymlink | 0o777},
		entryOf{"old", "gone with the next", 0o600})
	c.Assert(Unpack(first, charm, list), IsNil)
	info, err := os.Stat(filepath.Join(charm, "hooks/install"))
	c.Assert(err, IsNil)
	c.Check(info.Mode().Perm(), Equals, fs.FileMode(0o755))
	to, err := os.Readlink(filepath.Join(charm, "hooks/install"))
	c.Check(err, IsNil)
	c.Check(to, Equals, "../bin/run")
	c.Assert(os.WriteFile(filepath.Join(charm, "mine"), nil, 0o644), IsNil)
	c.Assert(Unpack(pack(c, metadata), charm, list), IsNil)
	_, err = os.Stat(filepath.Join(charm, "old"))
	c.Check(os.IsNotExist(err), Equals, true)
	_, err = os.Stat(filepath.Join(charm, "mine"))
	c.Check(err, IsNil, Commentf("what a hook wrote stays"))
	c.Check(Unpack(pack(c, entryOf{"../evil", "", 0o644}), charm, list), ErrorMatches, ".*leaves the charm's directory")
}

func (*charmSuite) TestOptions(c *C) {
	secret := "secret:" + "d0erdgfmp25c762i8np0"
	for _, t := range []struct {
		kind, text string
		value      any
	}{
		{"int", "7", int64(7)}, {"int", "x", nil}, {"float", "0.5", 0.5}, {"boolean", "true", true}, {"boolean", "maybe", nil},
		{"string", "", ""}, {"secret", secret, secret}, {"secret", "mine", nil}, {"secret", "secret:short", nil},
	} {
		value, err := Option{Type: t.kind}.Parse("o", t.text)
		c.Check(value, Equals, t.value, Commentf("%s %q", t.kind, t.text))
		c.Check(err != nil, Equals, t.value == nil)
	}
}

func (*charmSuite) TestParams(c *C) {
	a, err := newAction(map[string]any{"required": []any{"name"}, "params": map[string]any{
		"name": map[string]any{"type": "string", "maxLength": 3},
		"n":    map[string]any{"type": "integer", "default": 2, "minimum": 1, "maximum": 5},
		"mode": map[string]any{"type": "string", "enum": []any{"fast", "slow"}},
		"list": map[string]any{"type": "array", "items": map[string]any{"type": "number"}},
	}})
	c.Assert(err, IsNil)
	params, err := a.Params(map[string]any{"name": "a"})
	c.Assert(err, IsNil)
	c.Check(params, DeepEquals, map[string]any{"name": "a", "n": 2})
	for text, given := range map[string]map[string]any{
		`required property "name" is missing`:                      {},
		`additional property "x" is not allowed.*`:                 {"name": "a", "x": 1},
		`property "name" must be of type string, given 1`:          {"name": 1},
		`property "name": maxLength is 3, given 4`:                 {"name": "long"},
		`property "n" must be of type integer, given 1.5`:          {"name": "a", "n": 1.5},
		`property "n" must be less than or equal to 5, given 6`:    {"name": "a", "n": 6},
		`property "n" must be greater than or equal to 1, given 0`: {"name": "a", "n": 0},
		`property "mode" must be one of \[fast slow\], given odd`:  {"name": "a", "mode": "odd"},
		`property "list\[1\]" must be of type number, given x`:     {"name": "a", "list": []any{1, "x"}},
	} {
		_, err := a.Params(given)
		c.Check(err, ErrorMatches, text)
	}
	a.Additional = true
	_, err = a.Params(map[string]any{"name": "a", "x": 1})
	c.Check(err, IsNil)
}
