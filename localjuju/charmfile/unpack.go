package charmfile

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Unpack puts the charm into dir, with symlinks and modes as in the archive.
// Files of the charm that was there before, and that the new one does not have,
// are removed; the list file remembers which those are. What hooks wrote stays.
func Unpack(path, dir, list string) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("cannot unpack charm: %v", err)
	}
	defer z.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot unpack charm: %v", err)
	}
	names, err := unpackAll(z.File, dir)
	if err != nil {
		return fmt.Errorf("cannot unpack charm: %w", err)
	}
	return removeOld(dir, list, names)
}

func unpackAll(files []*zip.File, dir string) ([]string, error) {
	var names []string
	for _, f := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(f.Name, "./"), "/")
		if name == "" || name == "." {
			continue
		}
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("%q leaves the charm's directory", f.Name)
		}
		if err := unpackOne(f, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func unpackOne(f *zip.File, target string) error {
	mode := f.Mode()
	if mode.IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if mode&fs.ModeSymlink != 0 {
		return makeLink(r, target)
	}
	return makeFile(r, target, mode.Perm())
}

func makeLink(r io.Reader, target string) error {
	to, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	return os.Symlink(string(to), target)
}

// makeFile writes beside the target and renames: the old program may be running.
func makeFile(r io.Reader, target string, perm fs.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(target), ".unpack-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = io.Copy(tmp, r)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if err := os.Chmod(tmp.Name(), perm); err != nil {
		return err
	}
	if info, err := os.Lstat(target); err == nil && info.IsDir() {
		os.RemoveAll(target)
	}
	return os.Rename(tmp.Name(), target)
}

func removeOld(dir, list string, names []string) error {
	var old []string
	if data, err := os.ReadFile(list); err == nil {
		if err := json.Unmarshal(data, &old); err != nil {
			return fmt.Errorf("cannot read %s: %v", list, err)
		}
	}
	slices.Reverse(old) // files before the folders that hold them
	for _, name := range old {
		if !slices.Contains(names, name) {
			os.Remove(filepath.Join(dir, name)) // a folder with a hook's files in it stays
		}
	}
	data, err := json.Marshal(names)
	if err != nil {
		return err
	}
	return os.WriteFile(list, data, 0o644)
}
