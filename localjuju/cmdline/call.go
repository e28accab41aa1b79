// Package cmdline is what hook tools and commands share: flags as Juju parses
// them, output formats, and the exit codes 0, 1 (failed) and 2 (bad usage).
package cmdline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/juju/gnuflag"

	"github.com/jupyter-docker/jupyter-docker/localjuju/output"
)

// Call is one run of a tool or a command.
type Call struct {
	context.Context
	Name    string
	Args    []string // after Parse: those that are not flags
	Cwd     string
	Env     map[string]string // of the caller, as far as it matters
	Stdin   func() ([]byte, error)
	Stdout  io.Writer
	Stderr  io.Writer
	Flags   *gnuflag.FlagSet
	format  *string
	outFile *string
	formats []string
}

type usageError struct{ error }

// Usage makes an error that ends with exit code 2.
func Usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// ErrSilent ends with exit code 1, without a message.
var ErrSilent = errors.New("")

// Start gets a call ready for its flags.
func (c *Call) Start() {
	c.Flags = gnuflag.NewFlagSetWithFlagKnownAs(c.Name, gnuflag.ContinueOnError, "option")
	c.Flags.SetOutput(io.Discard)
	c.Flags.Usage = func() {}
}

// Formats adds --format and --output; the first format is the default.
func (c *Call) Formats(names ...string) {
	c.formats = names
	c.format = new(string)
	value := &formatValue{c.format, names}
	*c.format = names[0]
	c.Flags.Var(value, "format", "Specify output format ("+strings.Join(names, "|")+")")
	c.outFile = new(string)
	c.Flags.StringVar(c.outFile, "o", "", "Specify an output file")
	c.Flags.StringVar(c.outFile, "output", "", "")
}

// Format is the chosen output format.
func (c *Call) Format() string { return *c.format }

type formatValue struct {
	value *string
	names []string
}

func (f *formatValue) Set(s string) error {
	if !slices.Contains(f.names, s) {
		return fmt.Errorf("unknown format %q", s)
	}
	*f.value = s
	return nil
}

func (f *formatValue) String() string { return *f.value }

// Parse parses the flags, which may stand among the arguments, and checks the
// number of arguments; most below 0 is any.
func (c *Call) Parse(least, most int, missing string) error {
	return c.parse(true, least, most, missing)
}

// ParseFirst parses the flags that stand before the arguments.
func (c *Call) ParseFirst(least, most int, missing string) error {
	return c.parse(false, least, most, missing)
}

func (c *Call) parse(anywhere bool, least, most int, missing string) error {
	if err := c.Flags.Parse(anywhere, c.Args); err != nil {
		if errors.Is(err, gnuflag.ErrHelp) {
			return err
		}
		return usageError{err}
	}
	c.Args = c.Flags.Args()
	switch {
	case len(c.Args) < least:
		return Usage("%s", missing)
	case most >= 0 && len(c.Args) > most:
		return Usage("unrecognized args: [%s]", quoted(c.Args[most:]))
	}
	return nil
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(out, " ")
}

// Arg is the nth argument, or "".
func (c *Call) Arg(n int) string {
	if n < len(c.Args) {
		return c.Args[n]
	}
	return ""
}

// Print writes the value in the chosen format.
func (c *Call) Print(value any) error {
	w, done, err := c.Out()
	if err != nil {
		return err
	}
	defer done()
	return output.Write(w, *c.format, value)
}

// Out is where output goes: stdout, or the file of --output.
func (c *Call) Out() (w io.Writer, done func() error, err error) {
	if c.outFile == nil || *c.outFile == "" {
		return c.Stdout, func() error { return nil }, nil
	}
	f, err := os.Create(c.Path(*c.outFile))
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

// Path makes a path of the caller absolute.
func (c *Call) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Cwd, name)
}

// ReadFile reads a file of the caller; "-" is its standard input.
func (c *Call) ReadFile(name string) ([]byte, error) {
	if name == "-" || name == "/dev/stdin" {
		return c.Stdin()
	}
	return os.ReadFile(c.Path(name))
}

// Warn tells the caller something on stderr.
func (c *Call) Warn(format string, args ...any) { fmt.Fprintf(c.Stderr, format+"\n", args...) }

// End turns the error of a call into its exit code, and says it.
func (c *Call) End(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, gnuflag.ErrHelp):
		c.help()
		return 0
	case errors.Is(err, ErrSilent):
		return 1
	}
	fmt.Fprintf(c.Stderr, "ERROR %v\n", err)
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

func (c *Call) help() {
	fmt.Fprintf(c.Stdout, "Usage: %s [options] ...\n\nOptions:\n", c.Name)
	c.Flags.SetOutput(c.Stdout)
	c.Flags.PrintDefaults()
}

// KeyValues reads words of the form key=value.
func KeyValues(words []string) (map[string]string, error) {
	values := map[string]string{}
	for _, word := range words {
		k, v, ok := strings.Cut(word, "=")
		if !ok || k == "" {
			return nil, Usage("expected \"key=value\", got %q", word)
		}
		values[k] = v
	}
	return values, nil
}

// CommandLine joins words to a shell command: one as it is, several quoted.
func CommandLine(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shellQuote(w)
	}
	return strings.Join(out, " ")
}

func shellQuote(w string) string {
	if w != "" && strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,@%+") == "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'"'"'`) + "'"
}
