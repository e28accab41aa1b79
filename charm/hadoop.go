package charm

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// hadoopOption names both the option and the resource.
const hadoopOption = "hadoop-conf"

// hadoopLimit bounds the files of hadoop-conf together, in bytes: they are text,
// and Juju bounds a secret likewise.
const hadoopLimit = 4 << 20

// hadoopError is a configuration of Hadoop that cannot be used.
type hadoopError struct {
	reason string
}

func (e *hadoopError) Error() string { return hadoopOption + " " + e.reason }

// hadoop reads the files of hadoop-conf: of the secret that the option names, else
// of the resource, else none. The resource, which takes a hook tool to look for,
// counts only where a cluster is named.
func (c *Charm) hadoop(uri string, named bool) (map[string]string, error) {
	if uri != "" {
		return c.hadoopSecret(uri)
	}
	if !named {
		return nil, nil
	}
	before, err := filepath.Glob(filepath.Join(c.event.Dir, "..", "resources", "*", "hadoop-conf.tar"))
	if err != nil {
		return nil, fmt.Errorf("cannot look for the resource %s: %v", hadoopOption, err)
	}
	flat, _ := filepath.Glob(filepath.Join(c.event.Dir, "..", "resources", "hadoop-conf.tar")) // as some Jujus have it
	archive, err := c.tools.Resource(hadoopOption, len(before)+len(flat) > 0)
	if err != nil || archive == "" {
		return nil, err
	}
	f, err := os.Open(archive)
	if err != nil {
		return nil, fmt.Errorf("cannot read the resource %s: %v", hadoopOption, err)
	}
	defer f.Close()
	return untar(f)
}

func (c *Charm) hadoopSecret(uri string) (map[string]string, error) {
	content, found, err := c.tools.UserSecret(uri)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &hadoopError{"names a secret that this application may not read: juju grant-secret it to " + c.unit.Application()}
	}
	files := map[string]string{}
	for key, text := range content {
		name, ok := spark.HadoopFileName(key)
		if !ok {
			return nil, &hadoopError{fmt.Sprintf("has the key %s, which is no file of Hadoop's: use core-site, hdfs-site, yarn-site ...", key)}
		}
		files[name] = text
	}
	if len(files) == 0 {
		return nil, &hadoopError{"is an empty secret: give it core-site, yarn-site ..."}
	}
	return files, nil
}

// untar reads the configuration files in a tar, gzipped or not, in whichever
// folder they are.
func untar(r io.Reader) (map[string]string, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		zipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, &hadoopError{"is a resource that is no tar (" + err.Error() + "): attach another, or set the option, which wins"}
		}
		in = bufio.NewReader(zipped)
	}
	files, left := map[string]string{}, int64(hadoopLimit)
	for archive := tar.NewReader(in); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, &hadoopError{"is a resource that is no tar (" + err.Error() + "): attach another, or set the option, which wins"}
		}
		name, ok := spark.HadoopFileName(path.Base(header.Name))
		if !ok || header.Typeflag != tar.TypeReg || path.Ext(header.Name) == "" {
			continue // of a whole /etc/hadoop/conf, what a client needs
		}
		text, err := io.ReadAll(io.LimitReader(archive, left+1))
		if left -= int64(len(text)); err != nil || left < 0 {
			return nil, &hadoopError{fmt.Sprintf("is a resource that is broken or larger than %d MiB", hadoopLimit>>20)}
		}
		files[name] = string(text)
	}
	if len(files) == 0 {
		return nil, &hadoopError{"is a resource without any core-site.xml, hdfs-site.xml or yarn-site.xml in it"}
	}
	return files, nil
}

// checkHadoop looks whether the files say where the cluster is.
func checkHadoop(s notebook.SparkSpec) error {
	if s.Hadoop == nil {
		return nil // the image may have its own
	}
	if err := spark.CheckHadoop(s.Target, s.Hadoop); err != nil {
		return &hadoopError{err.Error()}
	}
	return nil
}
