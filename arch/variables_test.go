package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// Package variables are tables and faults that nobody writes. A variable may hold a literal, a compiled expression, an error, a
// function or an embedded file; it is never assigned, appended to, indexed for writing, or given away by address. Methods that
// change their receiver cannot be seen without types, so types that exist to be changed (locks, pools, counters) are refused too.

// constantMakers are functions of other packages whose results nobody can change.
var constantMakers = map[string][]string{
	"errors":                     {"New"},
	"fmt":                        {"Errorf"},
	"regexp":                     {"MustCompile", "MustCompilePOSIX"},
	"strings":                    {"NewReplacer", "Repeat", "Fields", "Split"},
	"time":                       {"Date", "FixedZone", "Duration"},
	"sync":                       {"OnceFunc", "OnceValue", "OnceValues"},
	"net/netip":                  {"MustParseAddr", "MustParsePrefix"},
	"ashna/kit/fault":            {"New", "At", "Wrap"},
	"golang.org/x/text/language": {"MustParse", "Make", "NewMatcher"},
}

// mutablePackages hold types that are there to be changed.
var mutablePackages = []string{"sync", "sync/atomic", "bytes", "strings", "math/big", "container/list", "math/rand/v2"}

// writers are functions that write into their first argument.
var writers = map[string][]string{
	"slices": {"Sort", "SortFunc", "SortStableFunc", "Reverse", "Insert", "Delete", "DeleteFunc", "Replace", "Compact", "CompactFunc", "Grow", "Clip"},
	"maps":   {"Copy", "DeleteFunc", "Insert"},
	"sort":   {"Slice", "SliceStable", "Sort", "Stable", "Strings", "Ints"},
}

// checkVariables finds package variables that are not constant tables, and writes to any of them.
func checkVariables(t *tree) []finding {
	var found []finding
	for _, r := range t.pkgs {
		known := packageScope(r)
		r.code(func(f *source) { found = append(found, variablesOfFile(t, f, known)...) })
		for _, f := range r.files {
			if !f.generated {
				found = append(found, writesOfFile(t, f, known)...)
			}
		}
	}
	return found
}

// A scope is what a package declares at its top, by name.
type scope struct {
	vars  map[string]*ast.ValueSpec
	types map[string]ast.Expr
	funcs map[string]*ast.FuncDecl
}

func packageScope(r *room) scope {
	s := scope{map[string]*ast.ValueSpec{}, map[string]ast.Expr{}, map[string]*ast.FuncDecl{}}
	r.code(func(f *source) {
		for _, decl := range f.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				s.funcs[fn.Name.Name] = fn
			}
		}
		eachSpec(f, func(tok token.Token, spec ast.Spec) {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				s.types[spec.Name.Name] = spec.Type
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if tok == token.VAR && name.Name != "_" {
						s.vars[name.Name] = spec
					}
				}
			}
		})
	})
	return s
}

func eachSpec(f *source, do func(token.Token, ast.Spec)) {
	for _, decl := range f.ast.Decls {
		if d, ok := decl.(*ast.GenDecl); ok {
			for _, spec := range d.Specs {
				do(d.Tok, spec)
			}
		}
	}
}

func variablesOfFile(t *tree, f *source, known scope) []finding {
	var found []finding
	for _, decl := range f.ast.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			continue
		}
		for _, spec := range d.Specs {
			s := spec.(*ast.ValueSpec)
			if why := whyMutable(f, d, s, known); why != "" {
				found = append(found, finding{f.room.dir + "." + s.Names[0].Name, t.at(s.Pos()), fmt.Sprintf("package variable %s %s", s.Names[0].Name, why)})
			}
		}
	}
	return found
}

func whyMutable(f *source, d *ast.GenDecl, s *ast.ValueSpec, known scope) string {
	if s.Names[0].Name == "_" || embeds(d.Doc) || embeds(s.Doc) {
		return ""
	}
	if len(s.Values) == 0 {
		return "has no value: it is there to be written"
	}
	for _, v := range s.Values {
		if why := known.whyNotConstant(f, v); why != "" {
			return why
		}
	}
	return ""
}

func embeds(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// whyNotConstant gives the reason why a value may change under its readers, or nothing.
func (s scope) whyNotConstant(f *source, value ast.Expr) string {
	switch v := ast.Unparen(value).(type) {
	case *ast.CompositeLit:
		if s.changeable(f, v.Type, 0) {
			return "is of a type that is there to be changed"
		}
		return ""
	case *ast.FuncLit, *ast.Ident, *ast.SelectorExpr:
		return "" // another name of a function or of a table
	case *ast.BasicLit:
		return "holds a plain value: make it a constant"
	case *ast.CallExpr:
		return s.whyNotConstantCall(f, v)
	case *ast.UnaryExpr:
		if lit, ok := v.X.(*ast.CompositeLit); ok && v.Op == token.AND {
			return s.whyNotConstant(f, lit) // a pointer to a table that nobody writes through
		}
	}
	return "is computed: make it a constant, a table, or a function"
}

func (s scope) whyNotConstantCall(f *source, call *ast.CallExpr) string {
	if target, name, ok := f.selector(call.Fun); ok {
		if slices.Contains(constantMakers[target], name) {
			return ""
		}
		return fmt.Sprintf("is made by %s.%s, which may give something to change", lastName(target), name)
	}
	fun := ast.Unparen(call.Fun)
	if index, ok := fun.(*ast.IndexExpr); ok {
		fun = index.X
	}
	id, ok := fun.(*ast.Ident)
	if !ok {
		if s.changeable(f, fun, 0) {
			return "is computed: make it a constant, a table, or a function"
		}
		return "" // a conversion: []byte("…")
	}
	if fn := s.funcs[id.Name]; fn != nil && fn.Type.Results.NumFields() > 0 {
		if s.changeable(f, fn.Type.Results.List[0].Type, 0) {
			return fmt.Sprintf("is made by %s, whose result is there to be changed", id.Name)
		}
		return ""
	}
	if s.types[id.Name] != nil && !s.changeable(f, id, 0) {
		return ""
	}
	return fmt.Sprintf("is made by %s, which may give something to change", id.Name)
}

// maxTypeDepth bounds the walk through the types of a package, which may refer to themselves.
const maxTypeDepth = 8

// changeable says whether a type is there to be changed: a pointer, a channel, a lock, or a struct with one of these.
func (s scope) changeable(f *source, e ast.Expr, depth int) bool {
	if depth > maxTypeDepth {
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.StarExpr, *ast.ChanType, *ast.InterfaceType:
		return true
	case *ast.Ident:
		under, own := s.types[e.Name]
		_, isStruct := under.(*ast.StructType)
		return own && (isStruct || depth == 0) && s.changeable(f, under, depth+1)
	case *ast.StructType:
		return slices.ContainsFunc(e.Fields.List, func(field *ast.Field) bool { return s.changeableField(f, field.Type, depth+1) })
	case *ast.SelectorExpr:
		target, _, ok := f.selector(e)
		return ok && slices.Contains(mutablePackages, target)
	case *ast.IndexExpr:
		return s.changeable(f, e.X, depth+1)
	}
	return false
}

// changeableField is changeable for a field, where pointers and interfaces usually lead to other tables.
func (s scope) changeableField(f *source, e ast.Expr, depth int) bool {
	switch e.(type) {
	case *ast.StarExpr, *ast.InterfaceType:
		return false
	}
	return s.changeable(f, e, depth)
}
