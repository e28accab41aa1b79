package host

import (
	"os"
	"path/filepath"

	. "gopkg.in/check.v1"
)

func (s *filesSuite) TestRemoveSecrets(c *C) {
	for _, slot := range []string{"a", "b"} {
		c.Assert(s.unit.WriteSlot(slot, map[string]string{"a.py": ""}, Secret{Token: "t", Spark: map[string]string{"hadoop/core-site.xml": "x"}}), IsNil)
	}
	for range 2 {
		c.Assert(s.unit.RemoveSecrets(), IsNil)
		for _, slot := range []string{"a", "b"} {
			c.Check(exists(s.unit.Slot(slot)+"/secret"), Equals, false)
			c.Check(exists(s.unit.Slot(slot)+"/config/a.py"), Equals, true)
		}
	}
	c.Check(Unit{Dir: s.unit.Dir + "/none"}.RemoveSecrets(), IsNil)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

var goneTests = []struct {
	summary string
	agents  []string // folders; nil for none that can be read
	own     string
	cleared []string
	err     string
}{
	{"one is gone", []string{"unit-nb-0", "unit-nb-2"}, "nb-0-aaaaaaaa", []string{"nb-1-aaaaaaaa"}, ""},
	{"all are there", []string{"unit-nb-0", "unit-nb-1", "unit-nb-2", "machine-0"}, "nb-0-aaaaaaaa", nil, ""},
	{"two are gone", []string{"unit-nb-0", "machine-0"}, "nb-0-aaaaaaaa", []string{"nb-1-aaaaaaaa", "nb-2-aaaaaaaa"}, ""},
	{"our own folder is not there", []string{"machine-0"}, "nb-0-aaaaaaaa", nil, "cannot find units that are gone: .* does not have unit-nb-0"},
	{"a machine with units of several models", []string{"unit-nb-0-lab", "unit-nb-1-lab"}, "nb-0-aaaaaaaa", []string{"nb-2-aaaaaaaa"}, ""},
	{"no folder of agents", nil, "nb-0-aaaaaaaa", nil, "cannot find units that are gone: .*no such file or directory"},
	{"the key is no unit's", []string{"unit-nb-0"}, "unit", nil, ""},
	{"the model has no UUID", []string{"unit-nb-0"}, "nb-0-", nil, ""},
}

// TestSecretsOfUnitsThatAreGone: a removal that Juju cut off left them (37).
// nb-3 is another model's, and nb-4 is nobody's: its folder is no unit's key.
func (s *filesSuite) TestSecretsOfUnitsThatAreGone(c *C) {
	for _, test := range goneTests {
		root, agents := filepath.Join(c.MkDir(), "root"), filepath.Join(c.MkDir(), "agents")
		for _, name := range test.agents {
			c.Assert(os.MkdirAll(filepath.Join(agents, name), 0o755), IsNil)
		}
		keys := []string{"nb-0-aaaaaaaa", "nb-1-aaaaaaaa", "nb-2-aaaaaaaa", "nb-3-bbbbbbbb", "nb-4", "nb-aaaaaaaa"}
		for _, key := range keys {
			u := Unit{Dir: filepath.Join(root, key), Group: group}
			c.Assert(u.WriteSlot("a", nil, Secret{Token: "t"}), IsNil)
			put(c, u.Dir+"/notebooks/a", 0o600, 1000)
		}
		cleared, err := Unit{Dir: filepath.Join(root, test.own)}.RemoveSecretsOfGone(agents)
		if test.err == "" {
			c.Check(err, IsNil, Commentf(test.summary))
		} else {
			c.Check(err, ErrorMatches, test.err, Commentf(test.summary))
		}
		c.Check(cleared, DeepEquals, test.cleared, Commentf(test.summary))
		for _, key := range keys {
			gone := false
			for _, k := range test.cleared {
				gone = gone || k == key
			}
			c.Check(exists(filepath.Join(root, key, "slot-a", "secret", "token")), Equals, !gone, Commentf("%s: %s", test.summary, key))
			c.Check(exists(filepath.Join(root, key, "slot-a", "config")), Equals, true)
			c.Check(exists(filepath.Join(root, key, "notebooks", "a")), Equals, true)
		}
		if len(test.cleared) > 0 {
			cleared, err = Unit{Dir: filepath.Join(root, test.own)}.RemoveSecretsOfGone(agents)
			c.Check(err, IsNil)
			c.Check(cleared, HasLen, 0) // told once
		}
	}
}

// TestSecrets are what no log may hold, and nothing that stands in many words.
func (s *filesSuite) TestSecrets(c *C) {
	for _, test := range []struct {
		remote string
		want   []string
	}{
		{"", []string{"the-token"}},
		{"sc://c:15002/;use_ssl=true", []string{"the-token"}}, // an address is none
		{"sc://c:15002/;use_ssl=true;token=connect-token;x=1\n", []string{"the-token", "connect-token"}},
	} {
		secret := Secret{Token: "the-token", CookieSecret: "k", Spark: map[string]string{"spark-remote": test.remote}}
		c.Assert(s.unit.WriteSlot("a", nil, secret), IsNil)
		c.Check(s.unit.Secrets("a"), DeepEquals, test.want, Commentf(test.remote))
	}
	c.Check(s.unit.Secrets("b"), HasLen, 0)
}
