package core

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tabernetes/tabernetes/"

// mayImport is the map: what a package of ours may import of ours. A name ends
// at a folder; "/..." stands for everything below it.
var mayImport = map[string][]string{
	"core":                  {},
	"core/sim":              {},
	"core/zone":             {},
	"core/api":              {"core/apiextensions/...", "core/managed", "core/zone"},
	"core/apiextensions":    {"core/apiextensions/v1", "core/managed"},
	"core/apiextensions/v1": {},
	"core/store":            {},
	"core/store/frame":      {"core/store"},
	"core/store/memory":     {"core/store"},
	"core/store/file":       {"core/store", "core/store/frame"},
	"core/store/indexeddb":  {"core/store", "core/store/frame"},
	"core/store/storetest":  {"core/store", "core/store/memory"},
	"core/archive":          {"core/store", "core/store/frame", "core/store/memory"},
	"core/rest":             {"core/api", "core/rbac"}, // who asks is rbac's User
	"core/strategic":        {},
	"core/managed":          {},
	"core/rbac":             {},
	"core/trace":            {"core/api", "core/store"},
	"core/apiserver":        {"core/api", "core/apiextensions/v1", "core/managed", "core/rbac", "core/rest", "core/store", "core/strategic"},
	"core/apiserver/edge":   {"core/apiserver", "core/rest"},
	"core/client":           {"core/api", "core/rest", "core/sim", "core/trace"},
	"core/controller":       {"core/api", "core/client", "core/rest"},
	"core/controller/...":   {"core/api", "core/apiextensions/v1", "core/client", "core/controller", "core/rest", "core/sim", "core/zone"},
	"core/scheduler/...":    {"core/api", "core/client", "core/rest", "core/sim", "core/trace", "core/scheduler/..."},
	"core/network":          {"core/api", "core/client", "core/sim"},
	"core/kubelet/...":      {"core/api", "core/client", "core/network", "core/rest", "core/sim", "core/trace", "core/kubelet/..."},
	"core/kubectl/...":      {"core/managed", "core/rest", "core/strategic", "core/kubectl/..."},
	"core/cluster":          {"core/..."},
	"core/parity":           {},
	"wasm":                  {"core/cluster", "core/store/indexeddb", "core/...", "lessons/...", "wasm/..."},
	"wasm/...":              {"core/...", "lessons/...", "wasm/..."},
	"cmd/...":               {"core/...", "lessons/...", "site", "wasm/driver"},
	"lessons/...":           {"core/...", "lessons/..."},
}

// edges are the packages of core that stand with one foot in the machine: they
// may start goroutines or touch the outside, each for the reason given.
var edges = map[string]string{
	"core/store/indexeddb": "the browser's completions arrive on a committer goroutine",
	"core/apiserver/edge":  "each client has a goroutine; one alone owns the world",
	"core/store/file":      "it writes files",
	"core/store/storetest": "it is only for tests",
}

// forbidden are imports that no package of core may have.
var forbidden = map[string]string{
	"math/rand":                   "chance comes from sim's dice",
	"crypto/rand":                 "chance comes from sim's dice",
	"os":                          "files are an edge's",
	"os/exec":                     "processes are an edge's",
	"sync":                        "nothing runs at the same time",
	"sync/atomic":                 "nothing runs at the same time",
	"syscall/js":                  "JavaScript is an edge's",
	"net/http":                    "a single name of it brings 0.2 MB into the browser's engine",
	"text/template":               "it keeps every method of every type in the module",
	"html/template":               "it keeps every method of every type in the module",
	"log":                         "errors are returned, what happened is in the trace",
	"k8s.io/client-go/kubernetes": "the clientset is 20 MB",
	"k8s.io/client-go/informers":  "it brings the clientset",
	"k8s.io/apiserver":            "the API server is ours",
	"k8s.io/kubernetes":           "it is the judge, not a library",
}

// allowedNames are the only names that may be used of these packages.
var allowedNames = map[string]func(name string) bool{
	"math/rand/v2": func(name string) bool { return slices.Contains([]string{"New", "NewPCG", "Rand", "Source"}, name) },
	"time": func(name string) bool {
		return !slices.Contains([]string{"Now", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Since", "Until"}, name)
	},
	"net":     func(name string) bool { return name == "JoinHostPort" },
	"reflect": func(name string) bool { return name != "MethodByName" },
}

type source struct {
	pkg  string // folder from the top
	name string
	file *ast.File
}

func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	var all []source
	for _, top := range []string{"core", "wasm", "cmd", "lessons"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist) && path == filepath.Join("..", top):
				return nil
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
				return filepath.SkipDir
			case d.IsDir() || !strings.HasSuffix(path, ".go"):
				return nil
			}
			f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			pkg := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
			all = append(all, source{pkg, filepath.Base(path), f})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 40 {
		t.Fatalf("found only %d source files: is the test looking in the right place?", len(all))
	}
	return fset, all
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

func matches(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
	}
	return pattern == pkg
}

// allowed is the map's row for a package: the exact one, else the longest pattern.
func allowed(pkg string) (row []string, found bool) {
	if row, ok := mayImport[pkg]; ok {
		return row, true
	}
	best := ""
	for pattern := range mayImport {
		if matches(pattern, pkg) && len(pattern) > len(best) {
			best = pattern
		}
	}
	return mayImport[best], best != ""
}

func TestImportsFollowTheMap(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.isTest() {
			continue
		}
		row, found := allowed(s.pkg)
		if !found {
			t.Errorf("%s is not on the map: add it to mayImport with what it may import", s.pkg)
			continue
		}
		for _, imp := range s.file.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			ours, is := strings.CutPrefix(path, module)
			if is && !slices.ContainsFunc(row, func(p string) bool { return matches(p, ours) }) {
				t.Errorf("%s: %s may not import %s", fset.Position(imp.Pos()), s.pkg, ours)
			}
		}
	}
}

func TestTheMapHasNoRuinsOnIt(t *testing.T) {
	_, all := sources(t)
	for pattern := range mayImport {
		if strings.HasPrefix(pattern, "lessons") {
			continue // the folder is filled by a later piece of work
		}
		if !slices.ContainsFunc(all, func(s source) bool { return matches(pattern, s.pkg) }) {
			t.Errorf("the map names %s, which is not there", pattern)
		}
	}
}

func TestCoreIsDeterministic(t *testing.T) {
	fset, all := sources(t)
	for _, s := range all {
		if s.isTest() || !strings.HasPrefix(s.pkg, "core") || edges[s.pkg] != "" {
			continue
		}
		checkImports(t, fset, s)
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: core starts no goroutine", fset.Position(n.Pos()))
			case *ast.SelectStmt:
				t.Errorf("%s: core waits for no channel", fset.Position(n.Pos()))
			case *ast.ChanType:
				t.Errorf("%s: core has no channels", fset.Position(n.Pos()))
			case *ast.SelectorExpr:
				checkName(t, fset, s, n)
			}
			return true
		})
	}
}

func checkImports(t *testing.T, fset *token.FileSet, s source) {
	t.Helper()
	for _, imp := range s.file.Imports {
		path, _ := strconv.Unquote(imp.Path.Value)
		for bad, why := range forbidden {
			if path == bad || strings.HasPrefix(path, bad+"/") && strings.Contains(bad, ".") {
				t.Errorf("%s: core may not import %s: %s", fset.Position(imp.Pos()), path, why)
			}
		}
	}
}

// checkName holds package.Name against allowedNames.
func checkName(t *testing.T, fset *token.FileSet, s source, sel *ast.SelectorExpr) {
	t.Helper()
	id, ok := sel.X.(*ast.Ident)
	if !ok || id.Obj != nil {
		return
	}
	for _, imp := range s.file.Imports {
		path, _ := strconv.Unquote(imp.Path.Value)
		ok := allowedNames[path]
		if ok == nil {
			continue
		}
		name := filepath.Base(strings.TrimSuffix(path, "/v2"))
		if imp.Name != nil {
			name = imp.Name.Name
		}
		if id.Name == name && !ok(sel.Sel.Name) {
			t.Errorf("%s: core may not use %s.%s", fset.Position(sel.Pos()), id.Name, sel.Sel.Name)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	_, all := sources(t)
	said, seen := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		if s.isTest() {
			continue
		}
		seen[s.pkg] = true
		if s.file.Doc != nil && len(s.file.Doc.Text()) > 80 {
			said[s.pkg] = true
		}
	}
	for pkg := range seen {
		if !said[pkg] {
			t.Errorf("%s has no package comment that says what it is, how it fits and what it leaves out", pkg)
		}
	}
}
