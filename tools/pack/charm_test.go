//go:build integration

package main

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"testing"
)

const largest = 15 << 20

// TestPackedCharm looks at the charm that the stories deploy.
func TestPackedCharm(t *testing.T) {
	name := os.Getenv("CHARM")
	if name == "" {
		t.Fatal("CHARM is not set: run make integration")
	}
	if info, err := os.Stat(name); err != nil {
		t.Fatal(err)
	} else if info.Size() > largest {
		t.Errorf("%s has %d bytes, more than %d", name, info.Size(), largest)
	}
	archive, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	dispatch, err := archive.Open("dispatch")
	if err != nil {
		t.Fatal(err)
	}
	program, err := io.ReadAll(dispatch)
	if err != nil {
		t.Fatal(err)
	}
	mustBeStaticAndStripped(t, program)
}

func mustBeStaticAndStripped(t *testing.T, program []byte) {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatalf("cannot read dispatch: %v", err)
	}
	for _, header := range file.Progs {
		if header.Type == elf.PT_INTERP {
			t.Error("dispatch is linked dynamically")
		}
	}
	for _, section := range []string{".symtab", ".debug_info", ".zdebug_info"} {
		if file.Section(section) != nil {
			t.Errorf("dispatch is not stripped: it has %s", section)
		}
	}
}
