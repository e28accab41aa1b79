package main

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	metadata = `
name: thing
provides: {website: {interface: http}}
peers: {peers: {interface: thing-peers}}
storage: {data: {type: filesystem}}
`
	charmcraft = `
platforms: {"ubuntu@24.04:amd64": , "ubuntu@22.04:amd64": , "ubuntu@24.04:arm64": }
`
)

// sources makes a folder with all that a charm is packed from.
func sources(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"metadata.yaml": metadata, "charmcraft.yaml": charmcraft, "config.yaml": "options: {}", "actions.yaml": "{}",
		"icon.svg": "<svg/>", "LICENSE": "free", "README.md": "# thing", "program": "\x7fELF",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func pack(t *testing.T, folder, arch string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "thing.charm")
	if err := run([]string{"-source", folder, "-arch", arch, "-program", filepath.Join(folder, "program"), "-out", out}); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestSameSourcesSameBytes(t *testing.T) {
	first, second := pack(t, sources(t), "amd64"), pack(t, sources(t), "amd64")
	if !bytes.Equal(first, second) {
		t.Error("two packs of the same sources differ")
	}
}

func TestModesLinksAndHooks(t *testing.T) {
	packed := pack(t, sources(t), "amd64")
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	modes, content := map[string]fs.FileMode{}, map[string]string{}
	for _, file := range archive.File {
		modes[file.Name] = file.Mode()
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		content[file.Name] = string(data)
	}
	if modes["dispatch"] != 0o755 || modes["metadata.yaml"] != 0o644 {
		t.Errorf("modes: dispatch %v, metadata.yaml %v", modes["dispatch"], modes["metadata.yaml"])
	}
	for _, hook := range []string{"install", "secret-changed", "website-relation-broken", "peers-relation-created", "data-storage-detaching"} {
		name := "hooks/" + hook
		if modes[name]&fs.ModeSymlink == 0 || content[name] != "../dispatch" {
			t.Errorf("%s: mode %v, content %q; want a link to ../dispatch", name, modes[name], content[name])
		}
	}
	if got := strings.Count(content["manifest.yaml"], "name: ubuntu"); got != 2 || strings.Contains(content["manifest.yaml"], "arm64") {
		t.Errorf("manifest for amd64:\n%s", content["manifest.yaml"])
	}
}

// TestCharmcraftGetsTheSameHooks: charmcraft takes its links from -links.
func TestCharmcraftGetsTheSameHooks(t *testing.T) {
	folder, out := sources(t), t.TempDir()
	if err := run([]string{"-source", folder, "-links", out}); err != nil {
		t.Fatal(err)
	}
	want, err := hookNames(filepath.Join(folder, "metadata.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(out, "hooks"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("links %v, want %v", got, want)
	}
}

func TestNoPlatformForArchitecture(t *testing.T) {
	folder := sources(t)
	err := run([]string{"-source", folder, "-arch", "riscv64", "-program", filepath.Join(folder, "program"), "-out", filepath.Join(folder, "x.charm")})
	if err == nil || !strings.Contains(err.Error(), "cannot pack for riscv64") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "x.charm")); err == nil {
		t.Error("a charm was written")
	}
}
