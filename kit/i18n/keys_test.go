package i18n_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ashna/kit/i18n"
)

// use is a place in the source that makes a fault. params is nil when they cannot be read from the source.
type use struct {
	at     string
	key    string
	params []string
}

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)

// TestEveryFaultHasWords reads the source of the floors below the pages and asks for a text for every fault it makes.
func TestEveryFaultHasWords(t *testing.T) {
	root := moduleRoot(t)
	var found []use
	for _, floor := range []string{"kit", "engine", "service"} {
		uses, err := faultUses(filepath.Join(root, floor))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, uses...)
	}
	if len(found) < 50 {
		t.Fatalf("only %d faults found in the source: does the search still work?", len(found))
	}
	for _, problem := range missing(t, found) {
		t.Error(problem)
	}
}

func TestFaultUsesAreFound(t *testing.T) {
	dir := t.TempDir()
	source := `package x
import "ashna/kit/fault"
const gone = "thing.gone"
var all = []*fault.Error{
	fault.New(fault.Invalid, "thing.odd", "max", 3),
	fault.At("name", "thing.worse"),
	fault.Wrap(fault.Internal, gone, nil, "a", 1, "b", 2),
	{Kind: fault.Full, Key: "thing.full"},
}
func refuse(pairs ...any) error { return fault.New(fault.Invalid, "thing.open", pairs...) }
`
	if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	uses, err := faultUses(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, u := range uses {
		got[u.key] = u.params
	}
	want := map[string][]string{"thing.odd": {"max"}, "thing.worse": {}, "thing.gone": {"a", "b"}, "thing.full": nil, "thing.open": nil}
	if !maps.EqualFunc(got, want, func(a, b []string) bool { return slices.Equal(a, b) && (a == nil) == (b == nil) }) {
		t.Errorf("got %v, want %v", got, want)
	}
	if problems := missing(t, uses); len(problems) != len(uses) {
		t.Errorf("%d problems for %d unknown keys: %v", len(problems), len(uses), problems)
	}
}

// missing tells which faults have no text, or a text with a parameter that the fault does not give.
func missing(t *testing.T, uses []use) []string {
	b := house(t)
	p := b.For(i18n.DefaultLocale(i18n.English))
	var problems []string
	for _, u := range uses {
		if !p.Has(u.key) {
			problems = append(problems, u.at+": no text for "+u.key)
			continue
		}
		if u.params == nil {
			continue
		}
		var pairs []any
		for _, name := range u.params {
			pairs = append(pairs, name, "x")
		}
		if left := parameter.FindString(p.Say(u.key, pairs...)); left != "" {
			problems = append(problems, u.at+": the text of "+u.key+" asks for "+left+", which is not given")
		}
	}
	return problems
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test")
	return ""
}

// faultUses finds the faults that the Go files of a folder make, and the named keys they declare. A folder that is not there has none.
func faultUses(root string) ([]use, error) {
	files := map[string][]*ast.File{}
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil // the compiler says it better
		}
		files[filepath.Dir(path)] = append(files[filepath.Dir(path)], file)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var uses []use
	for _, dir := range slices.Sorted(maps.Keys(files)) {
		s := scanner{set: set, consts: map[string]string{}}
		for _, file := range files[dir] {
			s.constants(file)
		}
		for _, file := range files[dir] {
			ast.Inspect(file, s.visit)
		}
		uses = append(uses, s.uses...)
	}
	return uses, nil
}

// scanner gathers the faults of one package.
type scanner struct {
	set    *token.FileSet
	consts map[string]string
	uses   []use
}

// constants remembers the text constants of a file. One named key… that reads as a message key counts as a use: it reaches its fault
// through a function.
func (s *scanner) constants(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if i >= len(spec.Values) {
				break
			}
			value, ok := s.text(spec.Values[i])
			if !ok {
				continue
			}
			s.consts[name.Name] = value
			if strings.HasPrefix(name.Name, "key") && keyForm.MatchString(value) {
				s.add(name, value, nil)
			}
		}
		return true
	})
}

func (s *scanner) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		s.call(n)
	case *ast.KeyValueExpr:
		name, ok := n.Key.(*ast.Ident)
		if value, isText := s.text(n.Value); ok && name.Name == "Key" && isText && keyForm.MatchString(value) {
			s.add(n, value, nil)
		}
	}
	return true
}

func (s *scanner) call(n *ast.CallExpr) {
	callee, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	if pkg, ok := callee.X.(*ast.Ident); !ok || pkg.Name != "fault" {
		return
	}
	first, known := map[string]int{"New": 2, "At": 2, "Wrap": 3}[callee.Sel.Name]
	if !known || len(n.Args) < 2 {
		return
	}
	key, ok := s.text(n.Args[1])
	if !ok {
		return
	}
	params := []string{}
	for i := first; i < len(n.Args); i += 2 {
		name, ok := s.text(n.Args[i])
		if !ok || n.Ellipsis.IsValid() {
			params = nil
			break
		}
		params = append(params, name)
	}
	s.add(n, key, params)
}

func (s *scanner) add(n ast.Node, key string, params []string) {
	s.uses = append(s.uses, use{at: s.set.Position(n.Pos()).String(), key: key, params: params})
}

// text gives the value of a text literal or of a constant of the package.
func (s *scanner) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		value, err := strconv.Unquote(e.Value)
		return value, err == nil
	case *ast.Ident:
		value, ok := s.consts[e.Name]
		return value, ok
	}
	return "", false
}
