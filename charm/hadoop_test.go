package charm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"

	. "gopkg.in/check.v1"
)

type hadoopSuite struct{}

var _ = Suite(&hadoopSuite{})

// archive makes a tar of files, gzipped or not.
func archive(c *C, zipped bool, files ...string) *bytes.Buffer {
	var out bytes.Buffer
	pack := tar.NewWriter(&out)
	for _, name := range files {
		c.Assert(pack.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(name))}), IsNil)
		_, err := pack.Write([]byte(name))
		c.Assert(err, IsNil)
	}
	c.Assert(pack.Close(), IsNil)
	if !zipped {
		return &out
	}
	var small bytes.Buffer
	z := gzip.NewWriter(&small)
	_, err := z.Write(out.Bytes())
	c.Assert(err, IsNil)
	c.Assert(z.Close(), IsNil)
	return &small
}

func (hadoopSuite) TestUntar(c *C) {
	want := map[string]string{"core-site.xml": "conf/core-site.xml", "yarn-site.xml": "./yarn-site.xml"}
	for _, zipped := range []bool{false, true} {
		files, err := untar(archive(c, zipped, "conf/core-site.xml", "./yarn-site.xml", "conf/README", "conf/masters"))
		c.Assert(err, IsNil)
		c.Check(files, DeepEquals, want)
	}
}

func (hadoopSuite) TestUntarRefuses(c *C) {
	for reason, text := range map[string]string{
		"hadoop-conf is a resource without any core-site.xml.*": archive(c, false, "README").String(),
		"hadoop-conf is a resource that is no tar.*":            "<configuration/>",
	} {
		_, err := untar(bytes.NewBufferString(text))
		c.Check(err, ErrorMatches, reason)
	}
	_, err := untar(&bytes.Buffer{}) // an empty file
	c.Check(err, ErrorMatches, "hadoop-conf is a resource .*")
}
