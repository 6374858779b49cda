package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
)

// writesOfFile finds where a file writes a package variable, of its own package or of another.
func writesOfFile(t *tree, f *source, known scope) []finding {
	var found []finding
	target := func(e ast.Expr, how string) {
		if name := written(f, e, known); name != "" {
			found = append(found, finding{f.room.dir + "." + name, t.at(e.Pos()), fmt.Sprintf("%s package variable %s", how, name)})
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, left := range n.Lhs {
					target(left, "assigns")
				}
			}
		case *ast.IncDecStmt:
			target(n.X, "assigns")
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				target(n.Key, "assigns")
				target(n.Value, "assigns")
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				target(n.X, "gives away the address of")
			}
		case *ast.CallExpr:
			if len(n.Args) > 0 && writesFirst(f, n.Fun) {
				target(n.Args[0], "changes")
			}
		}
		return true
	})
	return found
}

// writesFirst says whether a function writes into its first argument.
func writesFirst(f *source, fun ast.Expr) bool {
	if id, ok := fun.(*ast.Ident); ok {
		return id.Obj == nil && slices.Contains([]string{"append", "copy", "delete", "clear"}, id.Name)
	}
	target, name, ok := f.selector(fun)
	return ok && slices.Contains(writers[target], name)
}

// written gives the name of the package variable that a write to the expression reaches, or nothing.
func written(f *source, e ast.Expr, known scope) string {
	switch e := e.(type) {
	case *ast.Ident:
		if spec := known.vars[e.Name]; spec != nil && (e.Obj == nil || e.Obj.Decl == spec) {
			return e.Name
		}
	case *ast.SelectorExpr:
		if target, name, ok := f.selector(e); ok {
			return lastName(target) + "." + name
		}
		return written(f, e.X, known)
	case *ast.IndexExpr:
		return written(f, e.X, known)
	case *ast.SliceExpr:
		return written(f, e.X, known)
	case *ast.StarExpr:
		return written(f, e.X, known)
	case *ast.ParenExpr:
		return written(f, e.X, known)
	}
	return ""
}

var variablesPlanted = []planted{
	{name: "tables", archive: `
-- kit/a/a.go --
package a

import (
	"embed"
	"errors"
	"regexp"
	"sync"
	"ashna/kit/fault"
)

type table [3]int

type rule struct {
	name string
	next *rule
	do   func() int
}

type list []rule

var (
	errGone = errors.New("gone")
	bad     = fault.New(fault.Invalid, "a.bad")
	worse   = &fault.Error{Key: "a.worse"}
	top     = &rule{name: "a"}
	digits  = regexp.MustCompile("[0-9]+")
	names   = map[string]int{"a": 1}
	order   = [...]string{"a"}
	rules   = list{{name: "a"}}
	first   = rule{name: "b"}
	mark    = []byte("x")
	squares = build()
	all     = func() []rule { return rules }
	once    = sync.OnceValue(build)
	alias   = first
	as      = table(squares)
)

var _ error = (*fault.Error)(nil)

//go:embed a.txt
var files embed.FS

func build() table {
	var t table
	names := map[string]int{}
	names["b"] = t[0]
	names["c"]++
	delete(names, "b")
	p := &names
	_ = p
	t[1] = 2
	for i := range order {
		order := order[i:]
		order[0] = "b"
	}
	return t
}
`},
	{name: "variables", archive: `
-- kit/a/a.go --
package a

import (
	"sync"
	"net/http"
)

type cache struct {
	mu sync.Mutex
	m  map[string]int
}

type held struct{ c cache }

var (
	count  int
	limit  = 10
	lock   = sync.Mutex{}
	cached = cache{}
	deep   = held{}
	shared = newCache()
	ptr    = &cache{}
	queue  = make(chan int)
	client = http.NewRequest("", "", nil)
	sum    = 1 + 2
)

func newCache() *cache { return nil }
`, want: []string{
		"count has no value", "limit holds a plain value", "lock is of a type", "cached is of a type", "deep is of a type", "shared is made by newCache",
		"ptr is of a type", "queue is made by make", "client is made by http.NewRequest", "sum is computed",
	}},
	{name: "writes", archive: `
-- kit/a/a.go --
package a

var (
	names = map[string]int{}
	order = []string{}
	pair  = struct{ a, b int }{}
)
-- kit/a/b.go --
package a

import (
	"net/http"
	"slices"
)

func write() {
	names = nil
	names["a"]++
	pair.a = 1
	delete(names, "a")
	_ = append(order[:0], "b")
	slices.Sort(order)
	_ = &pair
	for order[0] = range names {
	}
	http.DefaultClient.Timeout = 1
}

func fine(names map[string]int) { names["a"] = 1 }
-- kit/a/a_test.go --
package a

func replace() { order = nil }
`, want: []string{
		"kit/a/a_test.go:3: assigns package variable order",
		"kit/a/b.go:9: assigns package variable names",
		"kit/a/b.go:10: assigns package variable names",
		"kit/a/b.go:11: assigns package variable pair",
		"kit/a/b.go:12: changes package variable names",
		"kit/a/b.go:13: changes package variable order",
		"kit/a/b.go:14: changes package variable order",
		"kit/a/b.go:15: gives away the address of package variable pair",
		"kit/a/b.go:16: assigns package variable order",
		"kit/a/b.go:18: assigns package variable http.DefaultClient",
	}},
}
