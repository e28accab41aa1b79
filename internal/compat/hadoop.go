package compat

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// HadoopOption names the option and the resource that give Hadoop's files.
const HadoopOption = "hadoop-conf"

// hadoopLimit bounds the files of a resource together, in bytes: they are text, and
// Juju bounds a secret likewise.
const hadoopLimit = 4 << 20

// HadoopError is a configuration of Hadoop that cannot be used.
type HadoopError struct {
	Reason string
}

func (e *HadoopError) Error() string { return HadoopOption + " " + e.Reason }

// HadoopSecret returns Hadoop's files by name, of the content of a secret. What
// cannot be used is a HadoopError.
func HadoopSecret(content map[string]string) (map[string]string, error) {
	files := map[string]string{}
	for key, text := range content {
		name, ok := spark.HadoopFileName(key)
		if !ok {
			return nil, &HadoopError{fmt.Sprintf("has the key %s, which is no file of Hadoop's: use core-site, hdfs-site, yarn-site ...", key)}
		}
		files[name] = text
	}
	if len(files) == 0 {
		return nil, &HadoopError{"is an empty secret: give it core-site, yarn-site ..."}
	}
	return files, nil
}

// HadoopArchive returns Hadoop's files by name, of the resource: a tar, gzipped or
// not, with the files in whichever folder. An empty file and a tar of nothing but
// folders are no resource, and nil: Juju cannot detach a resource, so to attach an
// empty one is the way back. What cannot be used is a HadoopError.
func HadoopArchive(r io.Reader) (map[string]string, error) {
	in, err := unzipped(bufio.NewReader(r))
	if err != nil {
		return nil, notTar(err)
	}
	files, empty, err := readTar(tar.NewReader(in))
	switch {
	case err != nil:
		return nil, err
	case empty:
		return nil, nil
	case len(files) == 0:
		return nil, &HadoopError{"is a resource without any core-site.xml, hdfs-site.xml or yarn-site.xml in it"}
	}
	return files, nil
}

// readTar returns those files of a tar that are Hadoop's. empty says that there is
// nothing but folders in it.
func readTar(archive *tar.Reader) (files map[string]string, empty bool, err error) {
	files, empty = map[string]string{}, true
	for left := int64(hadoopLimit); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, empty, nil
		}
		if err != nil {
			return nil, false, notTar(err)
		}
		empty = empty && header.Typeflag == tar.TypeDir
		name, ok := spark.HadoopFileName(path.Base(header.Name))
		if !ok || header.Typeflag != tar.TypeReg || path.Ext(header.Name) == "" {
			continue // of a whole /etc/hadoop/conf, what a client needs
		}
		text, err := io.ReadAll(io.LimitReader(archive, left+1))
		if left -= int64(len(text)); err != nil || left < 0 {
			return nil, false, &HadoopError{fmt.Sprintf("is a resource that is broken or larger than %d MiB", hadoopLimit>>20)}
		}
		files[name] = string(text)
	}
}

func notTar(err error) error {
	return &HadoopError{"is a resource that is no tar (" + err.Error() + "): attach another, or set the option, which wins"}
}

// unzipped is what is in, without the compression that it may have.
func unzipped(in *bufio.Reader) (io.Reader, error) {
	if magic, _ := in.Peek(2); string(magic) != "\x1f\x8b" { // what cannot be read is the tar reader's to tell
		return in, nil
	}
	return gzip.NewReader(in)
}

// CheckHadoop reports with a HadoopError that the files of hadoop-conf do not say
// where the cluster is. Without files the image may have its own.
func CheckHadoop(s notebook.SparkSpec) error {
	if s.Hadoop == nil {
		return nil
	}
	if err := spark.CheckHadoop(s.Target, s.Hadoop); err != nil {
		return &HadoopError{err.Error()}
	}
	return nil
}

// CheckImageHadoop reports the same of the image's own files, which count on YARN
// where hadoop-conf gives none.
func CheckImageHadoop(s notebook.SparkSpec, found spark.Installation) error {
	if s.Target.Kind != spark.YARN || s.Hadoop != nil {
		return nil
	}
	if err := spark.CheckHadoop(s.Target, found.HadoopConf); err != nil {
		return &HadoopError{"is not set, and the image's own: " + err.Error()}
	}
	return nil
}
