package compat_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing/iotest"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/compat"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

type hadoopSuite struct{}

var _ = Suite(hadoopSuite{})

// archive is a tar of entries: a name that ends in / is a folder, one with -> a
// link, and the text of a file is its name.
func archive(c *C, names ...string) string {
	var out bytes.Buffer
	pack := tar.NewWriter(&out)
	for _, name := range names {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(name))}
		if at, to, ok := strings.Cut(name, "->"); ok {
			header = &tar.Header{Typeflag: tar.TypeSymlink, Name: at, Linkname: to}
		} else if strings.HasSuffix(name, "/") {
			header = &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o700}
		}
		c.Assert(pack.WriteHeader(header), IsNil)
		if header.Typeflag == tar.TypeReg {
			_, err := pack.Write([]byte(name))
			c.Assert(err, IsNil)
		}
	}
	c.Assert(pack.Close(), IsNil)
	return out.String()
}

func zipped(c *C, text string) string {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write([]byte(text))
	c.Assert(err, IsNil)
	c.Assert(z.Close(), IsNil)
	return out.String()
}

// sized is a tar of one file of that many blanks.
func sized(c *C, size int) string {
	var out bytes.Buffer
	pack := tar.NewWriter(&out)
	c.Assert(pack.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "core-site.xml", Size: int64(size)}), IsNil)
	_, err := pack.Write(bytes.Repeat([]byte(" "), size))
	c.Assert(err, IsNil)
	c.Assert(pack.Close(), IsNil)
	return out.String()
}

// The empty ones are fault 33: Juju has no command that detaches a resource, so
// that a unit with an empty one was blocked for ever.
func (hadoopSuite) TestHadoopArchive(c *C) {
	conf := archive(c, "conf/", "conf/core-site.xml", "./yarn-site.xml", "conf/README", "conf/masters", "hive-site", "hdfs-site.xml->x")
	files := map[string]string{"core-site.xml": "conf/core-site.xml", "yarn-site.xml": "./yarn-site.xml"}
	for _, test := range []struct {
		summary, content string
		files            map[string]string
		err              string
	}{
		{"a folder of files", conf, files, ""},
		{"the same, gzipped", zipped(c, conf), files, ""},
		{"an empty file", "", nil, ""},
		{"an empty file, gzipped", zipped(c, ""), nil, ""},
		{"a tar of nothing", archive(c), nil, ""},
		{"a tar of nothing, gzipped", zipped(c, archive(c)), nil, ""},
		{"a tar of an empty folder", archive(c, "./", "conf/"), nil, ""},
		{"other files", archive(c, "README"), nil, "hadoop-conf is a resource without any core-site.xml, .*"},
		{"other files before a folder", archive(c, "README", "conf/"), nil, "hadoop-conf is a resource without any .*"},
		{"a link to the folder", archive(c, "conf->/etc/hadoop/conf"), nil, "hadoop-conf is a resource without any .*"},
		{"a file of Hadoop's itself", "<configuration/>", nil, `hadoop-conf is a resource that is no tar \(unexpected EOF\): .*`},
		{"one letter", "x", nil, "hadoop-conf is a resource that is no tar .*"},
		{"a broken gzip", "\x1f\x8bxxxxxxxxxxxxxxxx", nil, `hadoop-conf is a resource that is no tar \(gzip: invalid header\): .*`},
		{"it ends early", conf[:3*512+5], nil, "hadoop-conf is a resource that is .*"},
		{"a file ends early", conf[:2*512+5], nil, "hadoop-conf is a resource that is broken or larger than 4 MiB"},
		{"as large as it may be", sized(c, 4<<20), map[string]string{"core-site.xml": strings.Repeat(" ", 4<<20)}, ""},
		{"too large", sized(c, 4<<20+1), nil, "hadoop-conf is a resource that is broken or larger than 4 MiB"},
	} {
		got, err := compat.HadoopArchive(strings.NewReader(test.content))
		check(c, err, test.err, test.summary)
		c.Check(got, DeepEquals, test.files, Commentf(test.summary))
	}
	for _, failing := range []io.Reader{iotest.ErrReader(errors.New("disk on fire")), io.MultiReader(strings.NewReader(conf[:512]), iotest.ErrReader(errors.New("disk on fire")))} {
		_, err := compat.HadoopArchive(failing)
		check(c, err, `hadoop-conf is a resource that is no tar \(disk on fire\): .*`, "it cannot be read")
	}
}

func (hadoopSuite) TestHadoopSecret(c *C) {
	for _, test := range []struct {
		summary        string
		content, files map[string]string
		err            string
	}{
		{"two names of files", map[string]string{"core-site": "a", "yarn-site.xml": "b"}, map[string]string{"core-site.xml": "a", "yarn-site.xml": "b"}, ""},
		{"another key", map[string]string{"core-site": "a", "password": "b"}, nil, "hadoop-conf has the key password, which is no file of Hadoop's: .*"},
		{"nothing", nil, nil, "hadoop-conf is an empty secret: give it core-site, .*"},
	} {
		got, err := compat.HadoopSecret(test.content)
		check(c, err, test.err, test.summary)
		c.Check(got, DeepEquals, test.files, Commentf(test.summary))
	}
}

// onYARN is Hadoop's files for a client of that resource manager; "" leaves it out.
func onYARN(manager, page string) map[string]string {
	text := "<configuration><property><name>fs.defaultFS</name><value>hdfs://n:8020</value></property>"
	for name, value := range map[string]string{"yarn.resourcemanager.hostname": manager, "yarn.resourcemanager.webapp.address": page} {
		if value != "" {
			text += "<property><name>" + name + "</name><value>" + value + "</value></property>"
		}
	}
	return map[string]string{"yarn-site.xml": text + "</configuration>"}
}

func (hadoopSuite) TestCheckHadoop(c *C) {
	for _, test := range []struct {
		summary, master string
		ours, images    map[string]string
		err, imageErr   string
	}{
		{"no files and no need of them", "spark://m:7077", nil, nil, "", ""},
		{"of hadoop-conf", "yarn", onYARN("rm", ""), nil, "", ""},
		{"hadoop-conf lacks the resource manager", "yarn", onYARN("", ""), onYARN("rm", ""),
			"hadoop-conf does not say where YARN is: .*", ""},
		{"hadoop-conf is no XML", "local[*]", map[string]string{"core-site.xml": "x"}, nil,
			"hadoop-conf has a core-site.xml that is no Hadoop configuration: .*", ""},
		{"of the image", "yarn", nil, onYARN("rm", ""), "", ""},
		{"of nobody", "yarn", nil, nil, "", "hadoop-conf is not set, and the image's own: is empty: .*"},
		{"the image's lack the resource manager", "yarn", nil, onYARN("", ""), "",
			"hadoop-conf is not set, and the image's own: does not say where YARN is: .*"},
	} {
		s := notebook.SparkSpec{Hadoop: test.ours}
		s.Target = target(c, test.master)
		check(c, compat.CheckHadoop(s), test.err, test.summary)
		check(c, compat.CheckImageHadoop(s, spark.Installation{HadoopConf: test.images}), test.imageErr, test.summary)
	}
}

// check compares an error with a pattern, "" for none; Hadoop's files fail in words
// for an operator.
func check(c *C, err error, pattern, summary string) {
	if pattern == "" {
		c.Check(err, IsNil, Commentf(summary))
		return
	}
	c.Check(err, ErrorMatches, pattern, Commentf(summary))
	if strings.HasPrefix(pattern, compat.HadoopOption) {
		var bad *compat.HadoopError
		c.Check(errors.As(err, &bad), Equals, true, Commentf(summary))
	}
}
