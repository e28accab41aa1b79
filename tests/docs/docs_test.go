// Package docs checks that the documents speak of the charm as it is.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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

// documents lists every markdown file of the repository.
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
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
	for _, document := range documents(t) {
		content, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range link.FindAllStringSubmatch(string(content), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), match[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", document, match[1])
			}
		}
	}
}
