package formulatest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"ashna/kit/formula"
)

func sorted(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

// Fields gives the fields of an object that the schema names, in the order of Names.
func Fields(schema formula.Schema, object string) []formula.Field {
	var list []formula.Field
	for _, name := range schema.Names(object) {
		if f, ok := schema.Field(object, name); ok {
			list = append(list, f)
		}
	}
	return list
}

// Generator makes random formulas as source text. Most of them pass the checker; a test skips those it refuses. Formulas never use
// "old" and ids only by name, so that a SQL test can run all of them.
type Generator struct {
	Schema formula.Schema
	Rand   *rand.Rand

	loops int    // list functions around the part being made
	root  string // the object of the formula
}

// New makes a generator with a seed.
func New(schema formula.Schema, seed uint64) *Generator {
	return &Generator{Schema: schema, Rand: rand.New(rand.NewPCG(seed, seed))}
}

// Condition makes a condition on records of an object; depth from 0 says how big it may be.
func (g *Generator) Condition(object string, depth int) string {
	g.root, g.loops = object, 0
	return g.condition(object, depth)
}

// Number makes a number from records of an object.
func (g *Generator) Number(object string, depth int) string {
	g.root, g.loops = object, 0
	return g.number(object, depth)
}

// Date makes a date from records of an object.
func (g *Generator) Date(object string, depth int) string {
	g.root, g.loops = object, 0
	return g.date(object, depth)
}

func (g *Generator) one(choices ...string) string { return pick(g.Rand, choices) }

// chance says yes once in n times.
func (g *Generator) chance(n int) bool { return g.Rand.IntN(n) == 0 }

// path makes a path to a field of a kind, over at most hops links; "" when there is none.
func (g *Generator) path(object string, kind formula.Kind, hops int) string {
	if g.loops > 0 && hops == 2 && g.chance(4) {
		if p := g.path(g.root, kind, 1); p != "" {
			return "record." + p
		}
	}
	if hops > 0 && g.chance(3) {
		if links := g.fields(object, formula.Link); len(links) > 0 {
			f := pick(g.Rand, links)
			if p := g.path(f.Type.To, kind, hops-1); f.Type.To != "" && p != "" {
				return f.Name + "." + p
			}
		}
	}
	if kind == formula.Link && g.chance(6) {
		return "id"
	}
	if list := g.fields(object, kind); len(list) > 0 {
		return pick(g.Rand, list).Name
	}
	return ""
}

func (g *Generator) fields(object string, kind formula.Kind) []formula.Field {
	return slices.DeleteFunc(Fields(g.Schema, object), func(f formula.Field) bool { return f.Type.Kind != kind })
}

// list picks a list of an object or of a record it links to: the path to the list, and the object listed.
func (g *Generator) list(object string) (name, listed string) {
	prefix := ""
	if links := g.fields(object, formula.Link); len(links) > 0 && g.chance(4) {
		if f := pick(g.Rand, links); f.Type.To != "" {
			prefix, object = f.Name+".", f.Type.To
		}
	}
	var names []string
	for _, n := range g.Schema.Names(object) {
		if _, ok := g.Schema.List(object, n); ok {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return "", ""
	}
	name = pick(g.Rand, names)
	l, _ := g.Schema.List(object, name)
	return prefix + name, l.Object
}

// loop makes a call of a list function, whose value is made by what when it is not nil.
func (g *Generator) loop(object string, depth int, functions []string, what func(string, int) string) string {
	name, listed := g.list(object)
	if name == "" || g.loops >= formula.MaxNested || depth <= 0 {
		return ""
	}
	g.loops++
	defer func() { g.loops-- }()
	parts := []string{name}
	if what != nil {
		parts = append(parts, what(listed, depth-1))
	}
	if g.chance(2) {
		parts = append(parts, g.condition(listed, depth-1))
	}
	return g.one(functions...) + "(" + strings.Join(parts, ", ") + ")"
}

func (g *Generator) literal() string {
	return g.one("0", "1", "2", "7", "100", "0.5", "12.75", "1_000_000", "1000000000000000", "9223372036854775806", "-3", "0.001",
		strconv.Itoa(g.Rand.IntN(100_000)))
}

// number makes a number.
func (g *Generator) number(object string, depth int) string {
	simple := g.path(object, formula.Number, 2)
	if simple == "" || g.chance(3) {
		simple = g.literal()
	}
	if depth <= 0 {
		return simple
	}
	made := ""
	switch g.Rand.IntN(8) {
	case 0, 1:
		made = "(" + g.number(object, depth-1) + g.one(" + ", " - ", " * ", " / ", " % ") + g.number(object, depth-1) + ")"
	case 2:
		made = g.loop(object, depth, []string{"count"}, nil)
	case 3:
		made = g.loop(object, depth, []string{"sum", "min", "max", "avg"}, g.number)
	case 4:
		made = "(-" + g.number(object, depth-1) + ")"
	default:
		made = g.call(object, depth)
	}
	if made == "" {
		return simple
	}
	return made
}

// call makes a number by a function; "" when the object lacks what it needs.
func (g *Generator) call(object string, depth int) string {
	switch g.Rand.IntN(6) {
	case 0:
		return "coalesce(" + g.number(object, depth-1) + ", " + g.number(object, depth-1) + ")"
	case 1:
		return "if(" + g.condition(object, depth-1) + ", " + g.number(object, depth-1) + ", " + g.number(object, depth-1) + ")"
	case 2:
		if p := g.path(object, formula.Text, 2); p != "" {
			return "length(" + p + ")"
		}
	case 3:
		return g.one("year(", "month(", "day(") + g.date(object, depth-1) + g.one(")", `, "jalali")`, `, "gregorian")`)
	case 4:
		return "(" + g.date(object, depth-1) + " - " + g.date(object, depth-1) + ")"
	case 5:
		return "round(" + g.number(object, depth-1) + g.one(")", ", 0)", ", 1)", ", 2)")
	}
	return ""
}

// date makes a date.
func (g *Generator) date(object string, depth int) string {
	p := g.path(object, formula.Date, 2)
	if p == "" || g.chance(4) {
		return g.one("today()", "daysAgo(3)", "daysAhead(40)", "startOfMonth()", `startOfMonth("jalali")`, `startOfYear("jalali")`,
			"startOfYear()", "(today() - 2)")
	}
	if depth <= 0 {
		return p
	}
	made := ""
	switch g.Rand.IntN(8) {
	case 0, 1:
		made = "(" + p + g.one(" + ", " - ") + g.one("1", "30", "(2 * 5)", "100000000000", g.number(object, depth-1)) + ")"
	case 2:
		made = "coalesce(" + p + ", " + g.date(object, depth-1) + ")"
	case 3:
		made = g.loop(object, depth, []string{"min", "max"}, g.date)
	case 4:
		made = "if(" + g.condition(object, depth-1) + ", " + p + ", " + g.date(object, depth-1) + ")"
	}
	if made == "" {
		return p
	}
	return made
}

// text makes a text that is no literal; "" when the object has none.
func (g *Generator) text(object string) string {
	p := g.path(object, formula.Text, 2)
	if p == "" {
		return ""
	}
	switch g.Rand.IntN(10) {
	case 0, 1:
		return "coalesce(" + p + ", " + g.path(object, formula.Text, 2) + ")"
	case 2:
		return "lower(" + p + ")"
	}
	return p
}

// word makes a quoted text: one of the hostile ones, or a part of it.
func (g *Generator) word() string {
	runes := []rune(pick(g.Rand, hostile))
	if len(runes) > 1 && g.chance(2) {
		from := g.Rand.IntN(len(runes))
		runes = runes[from : from+1+g.Rand.IntN(len(runes)-from)]
	}
	n := formula.Node{Kind: formula.NodeText, Text: string(runes)}
	return n.String()
}
