// Command pack makes the charm that Juju deploys: a zip of Juju's files, the
// hook program and its links. The same input gives the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("pack", flag.ContinueOnError)
	source := flags.String("source", ".", "folder with metadata.yaml and the other files of the charm")
	arch := flags.String("arch", "amd64", "architecture that the program was built for")
	program := flags.String("program", "", "the built hook program")
	out := flags.String("out", "", "file to write")
	links := flags.String("links", "", "only make the hooks/ links, in this folder")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *links != "" {
		return makeLinks(*source, *links)
	}
	if *program == "" || *out == "" {
		return errors.New("-program and -out are needed")
	}
	entries, err := charmEntries(*source, *arch, *program)
	if err != nil {
		return err
	}
	return writeCharm(*out, entries)
}

// makeLinks is for charmcraft, whose go plugin builds the program but knows
// nothing of hooks.
func makeLinks(source, folder string) error {
	hooks, err := hookNames(filepath.Join(source, "metadata.yaml"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(folder, "hooks"), 0o755); err != nil {
		return fmt.Errorf("cannot make the hooks folder: %w", err)
	}
	for _, hook := range hooks {
		if err := os.Symlink("../dispatch", filepath.Join(folder, "hooks", hook)); err != nil {
			return fmt.Errorf("cannot link hook: %w", err)
		}
	}
	return nil
}
