package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entryTime is the earliest that a zip can hold: when a charm was packed must
// not change its bytes.
var entryTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// copiedFiles go into the charm as they are.
var copiedFiles = []string{"metadata.yaml", "config.yaml", "actions.yaml", "icon.svg", "LICENSE", "README.md"}

type entry struct {
	name    string
	mode    fs.FileMode
	content []byte // of a symlink, its target
}

func charmEntries(source, arch, program string) ([]entry, error) {
	manifestYAML, err := manifest(filepath.Join(source, "charmcraft.yaml"), arch)
	if err != nil {
		return nil, err
	}
	entries := []entry{{"manifest.yaml", 0o644, manifestYAML}}
	for _, name := range copiedFiles {
		entries, err = appendFile(entries, name, 0o644, filepath.Join(source, name))
		if err != nil {
			return nil, err
		}
	}
	entries, err = appendFile(entries, "dispatch", 0o755, program)
	if err != nil {
		return nil, err
	}
	hooks, err := hookNames(filepath.Join(source, "metadata.yaml"))
	if err != nil {
		return nil, err
	}
	for _, hook := range hooks {
		entries = append(entries, entry{"hooks/" + hook, fs.ModeSymlink | 0o777, []byte("../dispatch")})
	}
	return entries, nil
}

func appendFile(entries []entry, name string, mode fs.FileMode, path string) ([]entry, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot pack %s: %w", name, err)
	}
	return append(entries, entry{name, mode, content}), nil
}

func writeCharm(path string, entries []entry) error {
	var packed bytes.Buffer
	if err := writeZip(&packed, entries); err != nil {
		return fmt.Errorf("cannot pack %s: %w", path, err)
	}
	// Renamed into place: a run that is cut short leaves no half charm.
	if err := os.WriteFile(path+".part", packed.Bytes(), 0o644); err != nil {
		return fmt.Errorf("cannot write charm: %w", err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("cannot write charm: %w", err)
	}
	return nil
}

func writeZip(w io.Writer, entries []entry) error {
	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	for _, e := range entries {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: entryTime}
		header.SetMode(e.mode)
		content, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := content.Write(e.content); err != nil {
			return err
		}
	}
	return archive.Close()
}
