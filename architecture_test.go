package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows lists which packages of ours each package may import. ARCHITECTURE.md
// tells why. An adapter is any other folder below sources.
var arrows = map[string][]string{
	".":                       {"cli"},
	"kpi":                     {},
	"pattern":                 {},
	"snapshot":                {"kpi"},
	"profit":                  {"kpi"},
	"sources":                 {"kpi"},
	"sources/httpkit":         {"kpi", "sources"},
	"sources/sourcetest":      {"kpi", "sources", "sources/httpkit", "sources/simulator", "sources/simulator/world"},
	"sources/simulator":       {"kpi", "sources/simulator/world"},
	"sources/simulator/world": {"kpi"},
	"sources/record":          {"kpi", "sources", "sources/httpkit"},
	"sources/(adapter)":       {"kpi", "sources", "sources/httpkit", "sources/record"},
	"store":                   {"kpi", "sources", "snapshot"},
	"store/storetest":         {"kpi", "sources", "store"},
	"config":                  {"kpi", "sources", "pattern"},
	"alert":                   {"kpi", "snapshot", "profit", "pattern"},
	"alert/notify":            {"kpi", "snapshot", "alert", "pattern"},
	"alert/notify/targets":    {"snapshot", "alert/notify", "sources", "sources/httpkit"}, // options hold sources.Secret; HTTP redacts and waits as there
	"monitor":                 {"kpi", "sources", "store", "profit", "alert", "alert/notify", "snapshot"},
	"ui":                      {"kpi", "snapshot", "monitor"},
	"ui/ssh":                  {"kpi", "snapshot", "ui"},
	"cli":                     nil, // the composition root: everything
}

// testArrows lists what the tests of a package may import besides.
var testArrows = map[string][]string{
	"sources/(adapter)":    {"sources/simulator", "sources/simulator/world", "sources/sourcetest"},
	"sources/sourcetest":   {"sources/simulator", "sources/simulator/world"},
	"store":                {"store/storetest"},
	"alert/notify/targets": {"pattern"},
	"monitor":              append(adapters(), "sources/record", "sources/simulator", "sources/simulator/world"),
	"cli":                  nil,
}

// adapters are the folders below sources that are no room of their own.
func adapters() (all []string) {
	entries, err := os.ReadDir("sources")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		if dir := path.Join("sources", e.Name()); e.IsDir() && arrows[dir] == nil {
			all = append(all, dir)
		}
	}
	return all
}

// fenced lists packages that only some of ours may import.
var fenced = []struct {
	prefix string
	allow  []string
	why    string
}{
	{"charm.land/", []string{"ui", "ui/ssh", "cli"}, "screens are drawn in ui"},
	{"database/sql", []string{"store", "sources/sql"}, "SQL stays in store, and in the source whose users write it"},
	{"github.com/mattn/go-sqlite3", []string{"store", "sources/sql"}, "SQL stays in store, and in the source whose users write it"},
	{"github.com/jackc/pgx", []string{"sources/sql"}, "only the users' queries go to PostgreSQL"},
	{"net/http", []string{"sources/httpkit", "sources/(adapter)", "sources/simulator", "sources/sourcetest", "alert/notify/targets", "cli"}, "only adapters and targets speak HTTP"},
}

// timeless packages take the time as an argument.
var timeless = []string{"kpi", "pattern", "snapshot", "profit", "alert", "store", "sources"}

func folder(dir string) string {
	if strings.HasPrefix(dir, "sources/") {
		if _, known := arrows[dir]; !known {
			return "sources/(adapter)"
		}
	}
	return dir
}

func TestImportsFollowTheArrowsOfTheHouse(t *testing.T) {
	for _, file := range goFiles(t) {
		room := folder(path.Dir(file.name))
		allowed, known := arrows[room]
		if !known {
			t.Errorf("%s: no arrows are listed for this folder", file.name)
			continue
		}
		isTest := strings.HasSuffix(file.name, "_test.go")
		for _, spec := range file.ast.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fenced {
				if strings.HasPrefix(name, f.prefix) && !isTest && !slices.Contains(f.allow, room) && !slices.Contains(f.allow, path.Dir(file.name)) {
					t.Errorf("%s imports %s: %s", file.name, name, f.why)
				}
			}
			ours, found := strings.CutPrefix(name, "adtop/")
			if !found || room == "cli" || ours == path.Dir(file.name) {
				continue
			}
			if slices.Contains(allowed, ours) || (isTest && slices.Contains(testArrows[room], ours)) {
				continue
			}
			t.Errorf("%s imports %s: no arrow leads there", file.name, name)
		}
	}
}

func TestTimeIsAnArgument(t *testing.T) {
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file.name, "_test.go") || !slices.Contains(timeless, path.Dir(file.name)) {
			continue
		}
		ast.Inspect(file.ast, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := call.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Tick", "After", "NewTimer", "NewTicker", "Sleep"}, call.Sel.Name) {
					t.Errorf("%s uses time.%s", file.name, call.Sel.Name)
				}
			}
			return true
		})
	}
}

type goFile struct {
	name string // relative to the module, with slashes
	ast  *ast.File
}

func goFiles(t *testing.T) (files []goFile) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(set, name, content, 0)
		files = append(files, goFile{filepath.ToSlash(name), parsed})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("found only %d files", len(files))
	}
	return files
}
