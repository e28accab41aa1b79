package arrows

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const gocheck = "gopkg.in/check.v1"

// gocheckUse is what the tests of one package do with gocheck.
type gocheckUse struct {
	suites, runs bool
}

// TestSuitesAreRun guards against suites that nobody runs: without a call of
// TestingT, go test passes over them in silence.
func TestSuitesAreRun(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range ours(t) {
		if p.Dir == "" || seen[p.Dir] {
			continue
		}
		seen[p.Dir] = true
		if use := useOfGocheck(t, p.Dir); use.suites && !use.runs {
			t.Errorf("%s has gocheck suites and no test that calls TestingT", p.ImportPath)
		}
	}
}

func useOfGocheck(t *testing.T, dir string) gocheckUse {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var use gocheckUse
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Errorf("cannot parse %s: %v", name, err)
			continue
		}
		inFile := useInFile(file)
		use.suites = use.suites || inFile.suites
		use.runs = use.runs || inFile.runs
	}
	return use
}

func useInFile(file *ast.File) gocheckUse {
	name, imported := importName(file, gocheck)
	if !imported {
		return gocheckUse{}
	}
	var use gocheckUse
	ast.Inspect(file, func(node ast.Node) bool {
		call, isCall := node.(*ast.CallExpr)
		if isCall {
			use.suites = use.suites || names(call.Fun, name, "Suite")
			use.runs = use.runs || names(call.Fun, name, "TestingT")
		}
		return true
	})
	return use
}

// importName is the name by which a file knows a package that it imports.
func importName(file *ast.File, importPath string) (string, bool) {
	for _, spec := range file.Imports {
		if spec.Path.Value != strconv.Quote(importPath) {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name, true
		}
		// A version at the end of a path is not part of the package's name.
		name, _, _ := strings.Cut(path.Base(importPath), ".")
		return name, true
	}
	return "", false
}

// names says whether an expression is the function of a package, whatever name
// the package was imported under, a dot included.
func names(expr ast.Expr, pkg, function string) bool {
	switch expr := expr.(type) {
	case *ast.SelectorExpr:
		x, isIdent := expr.X.(*ast.Ident)
		return isIdent && x.Name == pkg && expr.Sel.Name == function
	case *ast.Ident:
		return pkg == "." && expr.Name == function
	}
	return false
}
