//go:build integration

package stories

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// packed packs one of the small charms in tests/charms, for the other side of a
// relation or beside the unit, and returns the file.
func packed(t *testing.T, name string) string {
	t.Helper()
	root := filepath.Join("..", "charms", name)
	file, err := os.Create(filepath.Join(t.TempDir(), name+".charm"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := zip.NewWriter(file)
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return pack(w, root, path, d)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

func pack(w *zip.Writer, root, path string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	header, err := zip.FileInfoHeader(info)
	if err != nil {
		return err
	}
	if header.Name, err = filepath.Rel(root, path); err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	entry, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = entry.Write(content)
	return err
}

// watch puts a unit beside the given one, so that its machine stays when the
// unit goes, and returns the machine.
func (m *model) watch(unit string) string {
	m.t.Helper()
	machine := m.unit(unit).Machine
	m.juju("deploy", packed(m.t, "bystander"), "bystander", "--to", machine)
	m.waitActive("bystander/0")
	return machine
}
