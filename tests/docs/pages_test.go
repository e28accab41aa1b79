package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// longest is how many characters a line of a document may have: it is read in
// terminals too.
const longest = 119

// relativeLink matches a link to a file of the repository, to a heading of the same
// document, or to a heading of another file.
var relativeLink = regexp.MustCompile(`\]\(([^)#:\s]*)(?:#([^)\s]*))?\)`)

// link is where a document leads: a file by its path from the root, and a heading of
// it, "" for none.
type link struct{ file, heading string }

// linksOf reads the relative links of a document, which is named by its path from the
// root. What stands in a block of code links nowhere.
func linksOf(t *testing.T, document string) (out []link) {
	t.Helper()
	for _, m := range relativeLink.FindAllStringSubmatch(prose(read(t, document)), -1) {
		file := document
		if m[1] != "" {
			file = filepath.Join(filepath.Dir(document), m[1])
		}
		out = append(out, link{file, m[2]})
	}
	return out
}

var fenced = regexp.MustCompile("(?ms)^```.*?^```$")

// prose is a document without its blocks of code.
func prose(document string) string { return fenced.ReplaceAllString(document, "") }

// anchors are the names by which GitHub leads to the headings of a document.
func anchors(document string) (out []string) {
	for line := range strings.Lines(prose(document)) {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		out = append(out, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(strings.TrimLeft(line, "#"))))
	}
	return out
}

func TestLinksLeadSomewhere(t *testing.T) {
	for _, document := range documents(t) {
		for _, l := range linksOf(t, document) {
			if _, err := os.Stat(filepath.Join(root, l.file)); err != nil {
				t.Errorf("%s links to %s, which is not there", document, l.file)
			} else if l.heading != "" && !slices.Contains(anchors(read(t, l.file)), l.heading) {
				t.Errorf("%s links to the heading #%s of %s, which is not there", document, l.heading, l.file)
			}
		}
	}
}

// Whoever opens the README, or the index, finds each page from there in one step.
func TestEveryPageIsLinked(t *testing.T) {
	for _, index := range []string{"README.md", "docs/README.md"} {
		linked := map[string]bool{index: true}
		for _, l := range linksOf(t, index) {
			linked[l.file] = true
		}
		for _, document := range documents(t) {
			if strings.HasPrefix(document, "docs/") && !linked[document] {
				t.Errorf("%s does not link to %s", index, document)
			}
		}
	}
}

func TestPicturesAreUsedAndSmall(t *testing.T) {
	pictures, err := filepath.Glob(filepath.Join(root, "docs/pictures/*.png"))
	if err != nil || len(pictures) == 0 {
		t.Fatalf("no pictures in docs/pictures (%v)", err)
	}
	readme := read(t, "README.md")
	for _, picture := range pictures {
		if name := filepath.Base(picture); !strings.Contains(readme, "(docs/pictures/"+name+")") {
			t.Errorf("README.md does not show %s", name)
		}
		if about, err := os.Stat(picture); err != nil || about.Size() > 150_000 {
			t.Errorf("%s has %d bytes (%v), want 150000 at most", picture, about.Size(), err)
		}
	}
}

func TestLinesAreShort(t *testing.T) {
	for _, document := range documents(t) {
		number := 0
		for line := range strings.Lines(read(t, document)) {
			number++
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > longest {
				t.Errorf("%s:%d has %d characters, want %d at most", document, number, n, longest)
			}
		}
	}
}

// CONTRIBUTING says what each story guards: one that is new is added there, and one
// that is gone is taken out.
func TestEveryStoryIsNamed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "tests/stories/*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories (%v)", err)
	}
	stories := map[string]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(\w+ \*testing\.T\)`).FindAllStringSubmatch(string(content), -1) {
			stories[m[1]] = true
		}
	}
	named := map[string]int{}
	_, guards, _ := strings.Cut(read(t, "CONTRIBUTING.md"), "## Which story guards what")
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(guards, -1) {
		named[m[1]]++
	}
	for name := range stories {
		if named[name] != 1 {
			t.Errorf("CONTRIBUTING.md names the story %s %d times, want once", name, named[name])
		}
	}
	for name := range named {
		if !stories[name] {
			t.Errorf("CONTRIBUTING.md names the story %s, which does not exist", name)
		}
	}
}
