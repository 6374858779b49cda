package arch

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// moduleName is the name of the module, the first part of every import path of the house.
const moduleName = "ashna"

// A tree is the parsed sources of the house.
type tree struct {
	root fs.FS
	fset *token.FileSet
	pkgs []*room // sorted by folder
}

// A room is one folder with Go files: a package and its tests.
type room struct {
	dir   string // slash path from the root, "." for the root itself
	files []*source
}

// A source is one Go file.
type source struct {
	path      string
	room      *room
	text      []byte
	lines     int
	ast       *ast.File
	test      bool
	generated bool
	imports   map[string]string // the name in this file → the import path
}

// A finding is one place that breaks a law. The subject is what an exception names: a file, a folder, or folder.Name.
type finding struct {
	subject string
	at      string // path:line
	why     string
}

// String shows the finding as a compiler would.
func (f finding) String() string { return f.at + ": " + f.why }

// skippedFolders are folders that hold no source of the house.
var skippedFolders = []string{"bin", "node_modules", "vendor", "ashna-data"}

func skipFolder(name string) bool {
	return name != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || slices.Contains(skippedFolders, name))
}

// load reads and parses every Go file under the root; a file that does not parse is an error.
func load(root fs.FS) (*tree, error) {
	t := &tree{root: root, fset: token.NewFileSet()}
	var paths []string
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (skipFolder(d.Name()) || d.Name() == "testdata"):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(p, ".go"):
			paths = append(paths, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("walk the house: %w", err)
	}
	files, err := parseAll(t.fset, root, paths)
	if err != nil {
		return nil, err
	}
	rooms := map[string]*room{}
	for _, f := range files {
		dir := path.Dir(f.path)
		if rooms[dir] == nil {
			rooms[dir] = &room{dir: dir}
			t.pkgs = append(t.pkgs, rooms[dir])
		}
		f.room = rooms[dir]
		f.room.files = append(f.room.files, f)
	}
	slices.SortFunc(t.pkgs, func(a, b *room) int { return cmp.Compare(a.dir, b.dir) })
	return t, nil
}

// parseAll parses the files on every core, and keeps their order.
func parseAll(fset *token.FileSet, root fs.FS, paths []string) ([]*source, error) {
	files, errs := make([]*source, len(paths)), make([]error, len(paths))
	var wait sync.WaitGroup
	gate := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, p := range paths {
		gate <- struct{}{}
		wait.Go(func() {
			files[i], errs[i] = parse(fset, root, p)
			<-gate
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

var generatedMark = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func parse(fset *token.FileSet, root fs.FS, p string) (*source, error) {
	text, err := fs.ReadFile(root, p)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	file, err := parser.ParseFile(fset, p, text, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", p, err)
	}
	head := text[:fset.Position(file.Package).Offset]
	f := &source{
		path: p, text: text, ast: file, test: strings.HasSuffix(p, "_test.go"),
		lines: strings.Count(string(text), "\n"), generated: generatedMark.Match(head), imports: map[string]string{},
	}
	for _, spec := range file.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("import %s in %s: %w", spec.Path.Value, p, err)
		}
		name := lastName(target)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name != "_" && name != "." {
			f.imports[name] = target
		}
	}
	return f, nil
}

var versionPart = regexp.MustCompile(`^v[0-9]+$`)

// lastName guesses the name of a package by its path: the last part that is not a version.
func lastName(target string) string {
	base := path.Base(target)
	if versionPart.MatchString(base) && path.Dir(target) != "." {
		base = path.Base(path.Dir(target))
	}
	return base
}

// at gives the place of a position as path:line.
func (t *tree) at(pos token.Pos) string {
	p := t.fset.Position(pos)
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// each calls do for every file, tests or not.
func (t *tree) each(do func(*source)) {
	for _, r := range t.pkgs {
		for _, f := range r.files {
			do(f)
		}
	}
}

// code calls do for every file that a person wrote and that is no test.
func (r *room) code(do func(*source)) {
	for _, f := range r.files {
		if !f.test && !f.generated {
			do(f)
		}
	}
}

// selector gives the import path and the name when the expression is a name of an imported package: time.Now.
func (f *source) selector(e ast.Expr) (target, name string, ok bool) {
	sel, isSel := ast.Unparen(e).(*ast.SelectorExpr)
	if !isSel {
		return "", "", false
	}
	id, isIdent := sel.X.(*ast.Ident)
	if !isIdent || id.Obj != nil { // a local name hides the package
		return "", "", false
	}
	target, ok = f.imports[id.Name]
	return target, sel.Sel.Name, ok
}

// matches says whether a folder is one of the patterns: a path, or a path and "/*" for everything inside it.
func matches(dir string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		inside, isStar := strings.CutSuffix(p, "/*")
		return dir == p || isStar && strings.HasPrefix(dir, inside+"/")
	})
}

// plant makes a small house of a text: a line "-- path --" begins a file.
func plant(t *testing.T, archive string) *tree {
	t.Helper()
	house := fstest.MapFS{}
	var name string
	for line := range strings.Lines(archive) {
		if mark, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok && strings.HasSuffix(mark, " --") {
			name = strings.TrimSuffix(mark, " --")
			house[name] = &fstest.MapFile{}
			continue
		}
		if house[name] != nil {
			house[name].Data = append(house[name].Data, line...)
		}
	}
	planted, err := load(house)
	if err != nil {
		t.Fatalf("planted house: %v", err)
	}
	return planted
}

func TestLoad(t *testing.T) {
	house := plant(t, `
-- kit/a/a.go --
package a

import (
	"time"
	second "kit/b/v2"
)

func f(time int) { _ = time; second.F() }
-- kit/a/a_test.go --
package a_test
-- kit/a/gen.go --
// Code generated by a tool. DO NOT EDIT.

package a
-- kit/a/testdata/no.go --
this is no Go
-- .git/x.go --
nor this
`)
	if len(house.pkgs) != 1 || len(house.pkgs[0].files) != 3 {
		t.Fatalf("got %d rooms, want one of three files", len(house.pkgs))
	}
	plain, test, generated := house.pkgs[0].files[0], house.pkgs[0].files[1], house.pkgs[0].files[2]
	if plain.test || plain.generated || !test.test || !generated.generated {
		t.Error("a file is not recognised as plain, test or generated")
	}
	if plain.lines != 8 || plain.imports["second"] != "kit/b/v2" {
		t.Errorf("lines %d, imports %v", plain.lines, plain.imports)
	}
	if _, err := load(fstest.MapFS{"a.go": {Data: []byte("package")}}); err == nil {
		t.Error("a file that does not parse is not reported")
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		dir, pattern string
		want         bool
	}{
		{"crm/deals", "crm/*", true}, {"crm/deals/locale", "crm/*", true}, {"crm", "crm/*", false}, {"crmx/deals", "crm/*", false},
		{"app", "app", true}, {"app/x", "app", false}, {".", ".", true},
	} {
		if got := matches(c.dir, c.pattern); got != c.want {
			t.Errorf("matches(%q, %q) = %v", c.dir, c.pattern, got)
		}
	}
}
