// Package docs checks that the documents speak of the charm as it is.
package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// rows reads the first column of a table, where it is in backquotes.
func rows(document string) map[string]bool {
	found := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(document, -1) {
		found[match[1]] = true
	}
	return found
}

func TestReferenceNamesWhatJujuSees(t *testing.T) {
	var config struct{ Options map[string]any }
	var actions map[string]any
	if err := yaml.Unmarshal([]byte(read(t, "config.yaml")), &config); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(read(t, "actions.yaml")), &actions); err != nil {
		t.Fatal(err)
	}
	for document, names := range map[string]map[string]any{
		"docs/reference/options.md": config.Options, "docs/reference/actions.md": actions,
	} {
		documented := rows(read(t, document))
		for name := range names {
			if !documented[name] {
				t.Errorf("%s says nothing of %s", document, name)
			}
		}
		for name := range documented {
			if _, exists := names[name]; !exists {
				t.Errorf("%s tells of %s, which does not exist", document, name)
			}
		}
	}
}

// documents lists every markdown file of the repository, by its path from the root.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && name != root:
			return filepath.SkipDir
		case filepath.Ext(name) == ".md":
			name, err = filepath.Rel(root, name)
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sentences are the texts of a Go file that people may read, without what is put
// into them.
func sentences(t *testing.T, file string) (out []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	verb := regexp.MustCompile(`%\.?[0-9]*[a-z]`)
	ast.Inspect(parsed, func(n ast.Node) bool {
		text, ok := n.(*ast.BasicLit)
		if !ok || text.Kind != token.STRING || strings.Contains(text.Value, "[^") { // a pattern
			return true
		}
		whole, err := strconv.Unquote(text.Value)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range verb.Split(whole, -1) {
			if part = strings.Trim(part, " :;,+"); strings.Count(part, " ") > 1 {
				out = append(out, part)
			}
		}
		return true
	})
	return out
}

func TestStatusExplainsEveryMessage(t *testing.T) {
	document := strings.Join(strings.Fields(read(t, "docs/reference/status.md")), " ")
	for _, file := range []string{"charm/problems.go", "charm/report.go", "internal/workload/errors.go"} {
		for _, text := range sentences(t, file) {
			if !strings.Contains(document, text) {
				t.Errorf("docs/reference/status.md does not explain %q, which %s prints", text, file)
			}
		}
	}
}
