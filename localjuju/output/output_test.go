package output

import (
	"bytes"
	"testing"

	. "gopkg.in/check.v1"
)

func Test(t *testing.T) { TestingT(t) }

type outputSuite struct{}

var _ = Suite(&outputSuite{})

func (*outputSuite) TestWrite(c *C) {
	for _, t := range []struct {
		value             any
		smart, json, yaml string
	}{
		{nil, "", "null\n", "null\n"},
		{"", "", "\"\"\n", "\"\"\n"},
		{"a<b", "a<b\n", "\"a<b\"\n", "a<b\n"},
		{true, "True\n", "true\n", "true\n"},
		{int64(3), "3\n", "3\n", "3\n"},
		{[]string{}, "", "[]\n", "[]\n"},
		{[]string{"a", "b"}, "a\nb\n", "[\"a\",\"b\"]\n", "- a\n- b\n"},
		{map[string]any{}, "{}\n", "{}\n", "{}\n"},
		{map[string]string{"k": "true", "a": "x\ny\n"}, "a: |\n  x\n  y\nk: \"true\"\n", "{\"a\":\"x\\ny\\n\",\"k\":\"true\"}\n", "a: |\n  x\n  y\nk: \"true\"\n"},
	} {
		for format, wanted := range map[string]string{"smart": t.smart, "json": t.json, "yaml": t.yaml} {
			var b bytes.Buffer
			c.Check(Write(&b, format, t.value), IsNil)
			c.Check(b.String(), Equals, wanted, Commentf("%s %#v", format, t.value))
		}
	}
	c.Check(Write(nil, "xml", 1), ErrorMatches, `unknown format "xml"`)
}
