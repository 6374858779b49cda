package arch

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An importWall says which rooms may import some packages.
type importWall struct {
	packages []string // import paths; "/*" takes everything inside
	rooms    []string // who may; nobody when empty
	height   int      // rooms of this floor and above may too, when not 0
	tests    bool     // whether tests are held to it as well
	why      string
}

var importWalls = []importWall{
	{
		packages: []string{"database/sql", "database/sql/*", "github.com/mattn/go-sqlite3", "github.com/jackc/pgx/v5", "github.com/jackc/pgx/v5/*"},
		rooms:    []string{"engine/db", "testkit"}, tests: true,
		why: "one room knows drivers, so that there are two databases and one way to speak to them",
	},
	{
		packages: []string{"net/http", "net/http/*"},
		rooms:    []string{"kit/egress"}, height: httpFloor,
		why: "the engine must not know how it is reached; kit/egress knows because it makes the one outbound client",
	},
	{
		packages: []string{"math/rand"}, tests: true,
		why: "its global source repeats itself and its seeds are weak: math/rand/v2 with a seed for tests, crypto/rand for secrets",
	},
	{
		packages: []string{"C", "unsafe"}, tests: true,
		why: "memory safety is worth more than the speed",
	},
}

// checkImportWalls finds imports that a wall forbids, and imports whose names or effects cannot be seen.
func checkImportWalls(t *tree) []finding {
	var found []finding
	t.each(func(f *source) {
		for _, spec := range f.ast.Imports {
			target, _ := strconv.Unquote(spec.Path.Value)
			if why := whyWalled(f, target); why != "" {
				found = append(found, finding{f.room.dir, t.at(spec.Pos()), fmt.Sprintf("imports %s: %s", target, why)})
			}
			if why := whyHidden(f, spec, target); why != "" {
				found = append(found, finding{f.room.dir, t.at(spec.Pos()), why})
			}
		}
	})
	return found
}

func whyWalled(f *source, target string) string {
	height, _ := heightOf(f.room.dir)
	for _, w := range importWalls {
		allowed := matches(f.room.dir, w.rooms...) || w.height > 0 && height >= w.height || f.test && !w.tests
		if matches(target, w.packages...) && !allowed {
			return w.why
		}
	}
	return ""
}

// blankRooms are the rooms that may import a package only for its effect: drivers, time zones. Tests may too.
var blankRooms = []string{"engine/db", "testkit", "app", "cmd/*"}

func whyHidden(f *source, spec *ast.ImportSpec, target string) string {
	switch {
	case spec.Name == nil:
		return ""
	case spec.Name.Name == ".":
		return "dot import of " + target + ": a reader must see where a name comes from"
	case spec.Name.Name == "_" && target != "embed" && !f.test && !matches(f.room.dir, blankRooms...):
		return "blank import of " + target + ": nothing happens on import"
	}
	return ""
}

// A nameWall says which rooms may use some names of a package. Tests are free.
type nameWall struct {
	target string
	names  []string
	rooms  []string
	why    string
}

const onlyEgress = "outbound connections go through kit/egress, which checks the address after it is resolved"

var nameWalls = []nameWall{
	{"net", []string{"Dial", "DialTimeout", "Dialer", "DialTCP", "DialUDP", "DialIP", "DialUnix"}, []string{"kit/egress"}, onlyEgress},
	{"crypto/tls", []string{"Dial", "DialWithDialer", "Dialer"}, []string{"kit/egress"}, onlyEgress},
	{"net/http", []string{"DefaultClient", "DefaultTransport", "Transport", "Get", "Head", "Post", "PostForm"}, []string{"kit/egress"}, onlyEgress},
	{"net/smtp", []string{"Dial", "SendMail"}, []string{"kit/egress"}, onlyEgress},
	{"os", []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}, []string{"app", "cmd/*", "testkit"}, "settings come by argument, so that two workspaces can differ"},
	{"time", []string{"Now", "Since", "Until"}, []string{"kit/clock", "app", "cmd/*", "testkit"}, "time comes by argument, so that tests can choose it"},
}

// panicRooms are the functions, as folder.Name, that may panic, each with its reason.
var panicRooms = map[string]string{}

// checkNameWalls finds names that a wall forbids, HTTP clients made by hand, and panics.
func checkNameWalls(t *tree) []finding {
	var found []finding
	for _, r := range t.pkgs {
		r.code(func(f *source) {
			for _, decl := range f.ast.Decls {
				found = append(found, namesOfDecl(t, f, decl)...)
			}
		})
	}
	return found
}

func namesOfDecl(t *tree, f *source, decl ast.Decl) []finding {
	var found []finding
	subject := f.room.dir + "." + declName(decl)
	add := func(n ast.Node, why string) { found = append(found, finding{subject, t.at(n.Pos()), why}) }
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if target, name, ok := f.selector(n); ok {
				if why := whyNamed(f.room.dir, target, name); why != "" {
					add(n, fmt.Sprintf("uses %s.%s: %s", lastName(target), name, why))
				}
			}
		case *ast.CompositeLit:
			if target, name, ok := f.selector(n.Type); ok && target == "net/http" && name == "Client" && f.room.dir != "kit/egress" {
				add(n, "makes an http.Client: "+onlyEgress)
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "panic" && id.Obj == nil && panicRooms[subject] == "" {
				add(n, "panics: bad input is an error, and so is a defect that somebody can report")
			}
		}
		return true
	})
	return found
}

func whyNamed(dir, target, name string) string {
	for _, w := range nameWalls {
		if w.target == target && slices.Contains(w.names, name) && !matches(dir, w.rooms...) {
			return w.why
		}
	}
	return ""
}

// declName gives the name of a function, as Type.Method for a method, or the first name of another declaration.
func declName(decl ast.Decl) string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && len(d.Recv.List) == 1 {
			return typeName(d.Recv.List[0].Type) + "." + d.Name.Name
		}
		return d.Name.Name
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				return s.Name.Name
			case *ast.ValueSpec:
				return s.Names[0].Name
			}
		}
	}
	return ""
}

// typeName gives the name of a type behind a pointer and type parameters.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.ParenExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// databaseWord is a word that only the room of a database may say, because everything above works on any of them.
var databaseWord = regexp.MustCompile(`(?i)sqlite|postgres|duckdb`)

// databaseRooms are where those words live: the drivers, those who choose one, and the kit that starts one for tests.
var databaseRooms = []string{"engine/db", "app", "cmd/*", "testkit", "testkit/*", "arch"}

// checkDatabaseWords finds names of databases in identifiers and literals. Comments may explain, and tests say on which database they run.
func checkDatabaseWords(t *tree) []finding {
	var found []finding
	for _, r := range t.pkgs {
		if matches(r.dir, databaseRooms...) {
			continue
		}
		r.code(func(f *source) {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				word := ""
				switch n := n.(type) {
				case *ast.ImportSpec:
					return false // the walls of imports speak about these
				case *ast.Ident:
					word = n.Name
				case *ast.BasicLit:
					word = n.Value
				}
				said := strings.ToLower(databaseWord.FindString(word))
				if said != "" && (said != "duckdb" || r.dir != "service/insight") {
					found = append(found, finding{r.dir, t.at(n.Pos()), fmt.Sprintf("says %q: what differs between databases lives in engine/db", said)})
				}
				return true
			})
		})
	}
	return found
}
