package tools

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func resourceGet(c *Call) error {
	if err := c.Parse(1, 1, "missing required resource name"); err != nil {
		return err
	}
	source, filename, dir, err := c.Hook.Resource(c.Args[0])
	if err != nil {
		return err
	}
	target := filepath.Join(c.Host.Place("agents"), dir, "resources", filename)
	if err := copyFile(c.Host.Place(source), target); err != nil {
		return fmt.Errorf("could not download resource: %w", err)
	}
	_, err = fmt.Fprint(c.Stdout, target)
	return err
}

func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".download-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	_, err = io.Copy(out, in)
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(out.Name(), to)
}
