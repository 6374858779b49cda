package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// emptyNames say nothing about what a room gives.
var emptyNames = []string{"util", "utils", "common", "base", "helper", "helpers", "manager", "managers", "misc", "shared"}

// promise finds a comment that promises work instead of doing it. The three letters count only at the start of a line, because they
// are also the code of no currency.
var promise = regexp.MustCompile(`\b(TODO|FIXME)\b|(?m)^(//|/\*|\*)?\s*XXX\b`)

// turners are characters that change the direction of text, so that a reader sees other code than the compiler. In Go they are escaped.
const turners = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

// checkShape finds rooms with empty names, init functions, promises in comments, and text that turns.
func checkShape(t *tree) []finding {
	var found []finding
	for _, r := range t.pkgs {
		for part := range strings.SplitSeq(r.dir, "/") {
			if slices.Contains(emptyNames, part) {
				found = append(found, finding{r.dir, r.files[0].path + ":1", fmt.Sprintf("a room called %q: name it for what it gives", part)})
			}
		}
		for _, f := range r.files {
			found = append(found, shapeOfFile(t, f)...)
		}
	}
	return found
}

func shapeOfFile(t *tree, f *source) []finding {
	var found []finding
	name := strings.TrimSuffix(f.ast.Name.Name, "_test")
	if slices.Contains(emptyNames, name) && path.Base(f.room.dir) != name {
		found = append(found, finding{f.room.dir, t.at(f.ast.Name.Pos()), fmt.Sprintf("a package called %q: name it for what it gives", name)})
	}
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !f.generated {
			found = append(found, finding{f.path, t.at(fn.Pos()), "has an init function: nothing happens on import"})
		}
	}
	if i := bytes.IndexAny(f.text, turners); i >= 0 {
		at := fmt.Sprintf("%s:%d", f.path, 1+bytes.Count(f.text[:i], []byte("\n")))
		found = append(found, finding{f.path, at, "holds a character that turns the direction of text: escape it"})
	}
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if word := promise.FindString(c.Text); word != "" {
				found = append(found, finding{f.path, t.at(c.Pos()), fmt.Sprintf("promises (%s): do it, or take it out", strings.TrimLeft(word, "/* "))})
			}
		}
	}
	return found
}

var shapePlanted = []planted{
	{name: "plain", archive: `
-- kit/money/money.go --
package money

// The code XXX stands for no currency, and VTODO is a task of iCalendar.
func initial() {}

type setup struct{}

func (setup) init() {}
`},
	{name: "empty names, init, promises", archive: `
-- kit/money/helpers.go --
package helpers

func init() {}

// TODO: round
// XXX wrong
func f() {} // a FIXME here
-- service/common/common.go --
package common
`, want: []string{
		`kit/money/helpers.go:1: a package called "helpers"`,
		"kit/money/helpers.go:3: has an init function",
		"kit/money/helpers.go:5: promises (TODO)",
		"kit/money/helpers.go:6: promises (XXX)",
		"kit/money/helpers.go:7: promises (FIXME)",
		`service/common/common.go:1: a room called "common"`,
	}},
	{name: "text that turns", archive: "-- kit/text/text.go --\npackage text\n\nconst admin = \"a\u202eb\"\n", want: []string{"kit/text/text.go:3: holds a character that turns"}},
	{name: "a half-space", archive: "-- kit/text/text.go --\npackage text\n\nconst goes = \"می\u200cرود\"\n"},
}
