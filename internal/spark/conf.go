package spark

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Entry is a line of Spark's configuration.
type Entry struct {
	Key, Value string
}

// named are the keys of which the charm has options: two names of one cluster
// could only contradict each other.
var named = map[string]string{"spark.master": "spark-master", "spark.remote": "spark-remote"}

// ParseLines reads an operator's lines of key=value; a blank may stand for the
// equals sign, as in spark-defaults.conf. Errors name the line and no value.
func ParseLines(text string) (out []Entry, bad []error) {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value := cutLine(line)
		switch {
		case key == "" || value == "":
			bad = append(bad, fmt.Errorf("line %d is not key=value", i+1))
		case !strings.HasPrefix(key, "spark."):
			bad = append(bad, fmt.Errorf("line %d: %s does not begin with spark., so Spark would pass over it", i+1, key))
		case named[key] != "":
			bad = append(bad, fmt.Errorf("line %d: use the option %s for %s", i+1, named[key], key))
		default:
			out = append(out, Entry{key, value})
		}
	}
	return out, bad
}

func cutLine(line string) (key, value string) {
	end := strings.IndexAny(line, "= \t")
	if end < 0 {
		return line, ""
	}
	rest := strings.TrimLeft(line[end:], " \t")
	return line[:end], strings.TrimSpace(strings.TrimPrefix(rest, "="))
}

// ParseDefaults reads a spark-defaults.conf as Spark does: as Java properties.
// Source: https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Properties.html#load(java.io.Reader).
func ParseDefaults(text string) (out []Entry) {
	for _, line := range logicalLines(text) {
		end, escaped := len(line), false
		for i, c := range line {
			if !escaped && strings.ContainsRune("=: \t\f", c) {
				end = i
				break
			}
			escaped = c == '\\' && !escaped
		}
		rest := strings.TrimLeft(line[end:], " \t\f")
		if rest != "" && (rest[0] == '=' || rest[0] == ':') {
			rest = strings.TrimLeft(rest[1:], " \t\f")
		}
		out = append(out, Entry{unescape(line[:end]), strings.TrimSpace(unescape(rest))})
	}
	return out
}

// logicalLines joins lines that a backslash continues, and leaves comments out.
func logicalLines(text string) (out []string) {
	before := ""
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		line = strings.TrimLeft(line, " \t\f")
		if before == "" && (line == "" || line[0] == '#' || line[0] == '!') {
			continue
		}
		if tail := len(line) - len(strings.TrimRight(line, `\`)); tail%2 == 1 {
			before += line[:len(line)-1]
			continue
		}
		out, before = append(out, before+line), ""
	}
	if before != "" {
		out = append(out, before)
	}
	return out
}

var escapes = map[byte]string{'t': "\t", 'n': "\n", 'r': "\r", 'f': "\f"}

func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		if text[i] == 'u' && i+4 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+5], 16, 16); err == nil {
				out.WriteRune(rune(n))
				i += 4
				continue
			}
		}
		if special, ok := escapes[text[i]]; ok {
			out.WriteString(special)
		} else {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\f", `\f`)

// keyEscaper keeps what would end a key in it.
var keyEscaper = strings.NewReplacer(`\`, `\\`, " ", `\ `, "=", `\=`, ":", `\:`, "\n", `\n`, "\t", `\t`)

// Render writes a spark-defaults.conf.
func Render(entries []Entry) string {
	var out strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&out, "%s %s\n", keyEscaper.Replace(e.Key), escaper.Replace(e.Value))
	}
	return out.String()
}

// Merge lays lists over each other: a later one wins, but for options of a Java
// machine, which are joined, so that a later list adds to them.
func Merge(lists ...[]Entry) (out []Entry) {
	for _, list := range lists {
		for _, e := range list {
			i := slices.IndexFunc(out, func(have Entry) bool { return have.Key == e.Key })
			switch {
			case i < 0:
				out = append(out, e)
			case strings.HasSuffix(e.Key, ".extraJavaOptions") && out[i].Value != e.Value:
				out[i].Value += " " + e.Value
			default:
				out[i].Value = e.Value
			}
		}
	}
	return out
}
