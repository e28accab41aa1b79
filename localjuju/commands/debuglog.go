package commands

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

type logFlags struct {
	include, exclude, modules, notModules list
	level                                 string
	limit, lines                          int
	replay, tail, noTail, date, ms        bool
}

func debugLog(c *call) error {
	f := &logFlags{}
	c.modelFlag()
	c.Formats("text", "json")
	c.Flags.Var(&f.include, "i", "Only show log messages for these entities")
	c.Flags.Var(&f.include, "include", "")
	c.Flags.Var(&f.exclude, "x", "Do not show log messages for these entities")
	c.Flags.Var(&f.exclude, "exclude", "")
	c.Flags.Var(&f.modules, "include-module", "Only show log messages for these logging modules")
	c.Flags.Var(&f.notModules, "exclude-module", "Do not show log messages for these logging modules")
	c.Flags.StringVar(&f.level, "l", "", "Log level to show")
	c.Flags.StringVar(&f.level, "level", "", "")
	c.Flags.IntVar(&f.limit, "limit", 0, "Show this many of the most recent logs and then exit")
	c.Flags.IntVar(&f.lines, "n", 0, "Show this many of the most recent lines and continue to append new ones")
	c.Flags.IntVar(&f.lines, "lines", 0, "")
	c.Flags.BoolVar(&f.replay, "replay", false, "Show the entire log and continue to append new ones")
	c.Flags.BoolVar(&f.tail, "tail", false, "Show existing log messages and continue to append new ones")
	c.Flags.BoolVar(&f.noTail, "no-tail", false, "Show existing log messages and then exit")
	c.Flags.BoolVar(&f.date, "date", false, "Show dates as well as times")
	c.Flags.BoolVar(&f.ms, "ms", false, "Show times to millisecond precision")
	c.ignore("color", "utc", "location", "retry")
	if err := c.Parse(0, 0, ""); err != nil {
		return err
	}
	if f.tail && f.noTail {
		return cmdline.Usage("setting --tail and --no-tail not valid")
	}
	if f.level = strings.ToUpper(f.level); f.level != "" && !slices.Contains(state.Levels, f.level) {
		return cmdline.Usage("level value %q is not one of %q", f.level, state.Levels)
	}
	return c.showLog(f)
}

func (c *call) showLog(f *logFlags) error {
	var name string
	if err := c.read(func(m *state.Model) error {
		name = m.Name
		return nil
	}); err != nil {
		return err
	}
	file, err := os.Open(c.store.LogFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		file, err = os.Open(os.DevNull)
	}
	if err != nil {
		return fmt.Errorf("cannot read the log: %v", err)
	}
	defer file.Close()
	r := &lineReader{r: bufio.NewReader(file)}
	lines := f.kept(r.lines())
	// Without a word on it, only a terminal is shown what comes next.
	ends := f.noTail || f.limit > 0 || (!f.tail && c.Env["TERMINAL"] == "")
	if f.lines == 0 && !ends && !f.replay {
		f.lines = 10
	}
	for _, most := range []int{f.limit, f.lines} {
		if most > 0 {
			lines = lines[max(0, len(lines)-most):]
		}
	}
	c.printLines(f, lines)
	if ends {
		return nil
	}
	return c.follow(f, r)
}

func (c *call) follow(f *logFlags, r *lineReader) error {
	for {
		select {
		case <-c.Done():
			return nil
		case <-time.After(300 * time.Millisecond):
		}
		c.printLines(f, f.kept(r.lines()))
	}
}

// lineReader reads whole lines of a file that grows.
type lineReader struct {
	r    *bufio.Reader
	rest string
}

func (l *lineReader) lines() (lines []state.LogLine) {
	for {
		text, err := l.r.ReadString('\n')
		l.rest += text
		if err == io.EOF || err != nil {
			return lines
		}
		var line state.LogLine
		if json.Unmarshal([]byte(l.rest), &line) == nil {
			lines = append(lines, line)
		}
		l.rest = ""
	}
}

func (f *logFlags) kept(lines []state.LogLine) []state.LogLine {
	return slices.DeleteFunc(lines, func(l state.LogLine) bool {
		return (len(f.include) > 0 && !matches(f.include, l.Entity)) || matches(f.exclude, l.Entity) ||
			(len(f.modules) > 0 && !within(f.modules, l.Module)) || within(f.notModules, l.Module) ||
			slices.Index(state.Levels, l.Level) < slices.Index(state.Levels, f.level)
	})
}

// matches compares entities: unit-app-0 or app/0, with wildcards.
func matches(patterns []string, entity string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if strings.Contains(p, "/") {
			p = "unit-" + strings.ReplaceAll(p, "/", "-")
		}
		ok, err := path.Match(p, entity)
		return ok && err == nil
	})
}

func within(modules []string, module string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return module == m || strings.HasPrefix(module, m+".") })
}

func (c *call) printLines(f *logFlags, lines []state.LogLine) {
	layout := "15:04:05"
	if f.date {
		layout = "2006-01-02 15:04:05"
	}
	if f.ms {
		layout += ".000"
	}
	var b strings.Builder
	for _, l := range lines {
		if c.Format() == "json" {
			data, _ := json.Marshal(map[string]any{"timestamp": l.Time.UTC(), "entity": l.Entity, "level": l.Level, "module": l.Module, "message": l.Message})
			b.Write(append(data, '\n'))
			continue
		}
		fmt.Fprintf(&b, "%s: %s %s %s %s\n", l.Entity, l.Time.UTC().Format(layout), l.Level, l.Module, l.Message)
	}
	io.WriteString(c.Stdout, b.String())
}
