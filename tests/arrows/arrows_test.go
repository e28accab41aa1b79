// Package arrows keeps the import arrows of the design: what is pure stays
// pure, and each engine or format has the one importer that it was given.
package arrows

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/jupyter-docker/jupyter-docker"

// effects are the packages by which a program meets the world. A pure package
// imports none of them, nor a package of ours that is not pure itself.
var effects = []string{
	"os", "os/exec", "os/signal", "os/user", "io/ioutil", "net", "net/http", "log", "log/slog", "syscall", "unsafe",
	"math/rand", "math/rand/v2", "crypto/rand", "github.com/juju/loggo", "github.com/docker/docker",
}

// harmless are the parts of such packages that only work on strings.
var harmless = map[string][]string{"net": {"JoinHostPort", "SplitHostPort"}}

var pure = []string{"internal/relation", "internal/notebook", "internal/spark", "internal/plan", "internal/probe"}

// soleImporter says which packages of ours may import a path or what is below it.
var soleImporter = map[string][]string{
	"github.com/docker/docker":      {"internal/docker"},
	"github.com/containerd/errdefs": {"internal/docker"},
	"github.com/juju/gnuflag":       {"localjuju"},
	"github.com/gorilla/websocket":  {"internal/jupyter", "tests"},
	"github.com/google/shlex":       {"internal/notebook"},
	"google.golang.org/protobuf":    {"internal/cluster"},
}

// goPackage is what `go list` says of a package, tests included.
type goPackage struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// modules are the folders of our Go modules, the charm's first.
var modules = []string{"../..", "../../localjuju"}

// ours lists the packages of all modules, as built and with the tags of the stories.
func ours(t *testing.T) (packages []goPackage) {
	t.Helper()
	for _, dir := range modules {
		packages = slices.Concat(packages, goList(t, dir, ""), goList(t, dir, "integration,bench,clusters"))
	}
	return packages
}

func goList(t *testing.T, dir, tags string) []goPackage {
	t.Helper()
	command := exec.Command("go", "list", "-e", "-tags", tags,
		"-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports,Deps", "./...")
	command.Dir = dir
	output, err := command.Output()
	if err != nil {
		t.Fatalf("cannot list packages: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("cannot parse the list of packages: %v", err)
		}
		packages = append(packages, p)
	}
}

// below says whether a path is another or lies under it, whole elements only.
func below(importPath, root string) bool {
	return importPath == root || strings.HasPrefix(importPath, root+"/")
}

func isPure(importPath string) bool {
	return slices.ContainsFunc(pure, func(p string) bool { return below(importPath, path.Join(module, p)) })
}

func isEffect(importPath string) bool {
	return slices.Contains(effects, importPath) || below(importPath, "github.com/docker/docker")
}

func TestPurePackagesImportNoEffects(t *testing.T) {
	for _, p := range ours(t) {
		if !isPure(p.ImportPath) {
			continue
		}
		for _, imported := range p.Imports {
			if below(imported, module) && !isPure(imported) {
				t.Errorf("%s is pure and imports %s, which is not", p.ImportPath, imported)
			}
			if !isEffect(imported) {
				continue
			}
			if used := usedOf(t, p, imported); len(used) > 0 {
				t.Errorf("%s is pure and uses %s of %s", p.ImportPath, used, imported)
			}
		}
	}
}

// usedOf lists what a package uses of one that it imports, less what is harmless.
func usedOf(t *testing.T, p goPackage, imported string) []string {
	t.Helper()
	var used []string
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
		if err != nil {
			t.Fatalf("cannot parse %s: %v", name, err)
		}
		local, found := importName(file, imported)
		if !found {
			continue
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if s, ok := node.(*ast.SelectorExpr); ok && names(s, local, s.Sel.Name) &&
				!slices.Contains(harmless[imported], s.Sel.Name) {
				used = append(used, s.Sel.Name)
			}
			return true
		})
	}
	return used
}

func TestEachEngineHasOneImporter(t *testing.T) {
	for _, p := range ours(t) {
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for root, importers := range soleImporter {
				allowed := slices.ContainsFunc(importers, func(i string) bool { return below(p.ImportPath, path.Join(module, i)) })
				if below(imported, root) && !allowed {
					t.Errorf("%s imports %s, which is for %s alone", p.ImportPath, imported, importers)
				}
			}
		}
	}
}

// forTests are the packages that stand in for something: no program has them in.
var forTests = []string{"internal/docker/dockertest", "internal/jupyter/jupytertest"}

func TestStandInsAreForTests(t *testing.T) {
	for _, p := range ours(t) {
		for _, imported := range p.Imports {
			if slices.ContainsFunc(forTests, func(f string) bool { return imported == path.Join(module, f) }) {
				t.Errorf("%s imports %s, which is for tests", p.ImportPath, imported)
			}
		}
	}
}

func TestGatewayImportsNothingOfOurs(t *testing.T) {
	gateway := path.Join(module, "internal/gateway")
	for _, p := range ours(t) {
		if !below(p.ImportPath, gateway) {
			continue
		}
		for _, imported := range p.Imports {
			if below(imported, module) && !below(imported, gateway) {
				t.Errorf("%s imports %s: the gateway stands alone", p.ImportPath, imported)
			}
		}
	}
}

// TestLocaljujuStandsAlone: it is a tool for any charm, and the charm needs none of it.
func TestLocaljujuStandsAlone(t *testing.T) {
	localjuju := path.Join(module, "localjuju")
	for _, p := range ours(t) {
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if below(imported, module) && below(imported, localjuju) != below(p.ImportPath, localjuju) {
				t.Errorf("%s imports %s, of another module", p.ImportPath, imported)
			}
		}
	}
}

// TestProgramsStayFree looks at all that is linked in: hook tools speak JSON,
// Juju's API is AGPL and comes in a module of its own.
func TestProgramsStayFree(t *testing.T) {
	barred := map[string][]string{
		"hooks": {"go.yaml.in/yaml", "gopkg.in/yaml.v2", "gopkg.in/yaml.v3", "sigs.k8s.io/yaml", "github.com/goccy/go-yaml",
			"github.com/juju/gnuflag", "github.com/juju/juju", "gopkg.in/check.v1", "testing"},
		"localjuju": {"github.com/juju/juju", "github.com/docker/docker", "gopkg.in/check.v1"},
	}
	for _, p := range ours(t) {
		for _, root := range barred[strings.TrimPrefix(p.ImportPath, module+"/")] {
			for _, dep := range p.Deps {
				if below(dep, root) {
					t.Errorf("%s links %s in", p.ImportPath, dep)
				}
			}
		}
	}
}

// TestGoVersion: a dependency that asks for a newer Go than the README does
// raises the version in go.mod without a word.
func TestGoVersion(t *testing.T) {
	for _, dir := range modules {
		command := exec.Command("go", "list", "-m", "-f", "{{.GoVersion}}")
		command.Dir = dir
		output, err := command.Output()
		if err != nil {
			t.Fatalf("cannot read the Go version of %s: %v", dir, err)
		}
		if got := strings.TrimSpace(string(output)); got != "1.24" && !strings.HasPrefix(got, "1.24.") {
			t.Errorf("go.mod in %s asks for Go %s, the README for 1.24", dir, got)
		}
	}
}
