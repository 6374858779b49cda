package formulatest

import "ashna/kit/formula"

// condition makes a condition. Kinds the object has no field of fall back to a comparison of numbers.
func (g *Generator) condition(object string, depth int) string {
	if depth <= 0 {
		if p := g.path(object, formula.Bool, 2); p != "" && g.chance(4) {
			return p
		}
		return g.numbers(object, 0)
	}
	made := ""
	switch g.Rand.IntN(10) {
	case 0, 1:
		made = "(" + g.condition(object, depth-1) + g.one(" and ", " or ") + g.condition(object, depth-1) + ")"
	case 2, 3:
		made = "(not " + g.condition(object, depth-1) + ")"
	case 4, 5:
		made = g.texts(object)
	case 6:
		made = g.loop(object, depth, []string{"any"}, nil)
	default:
		made = g.leaf(object, depth)
	}
	if made == "" {
		return g.numbers(object, depth-1)
	}
	return made
}

// leaf makes a condition on values; "" when the object lacks what it needs.
func (g *Generator) leaf(object string, depth int) string {
	switch g.Rand.IntN(7) {
	case 0:
		return "(" + g.date(object, depth-1) + g.comparison() + g.date(object, depth-1) + ")"
	case 1:
		return g.moments(object)
	case 2:
		return g.empties(object)
	case 3:
		return "(" + g.number(object, depth-1) + g.one(" between ", " not between ") + g.number(object, 0) + " and " +
			g.number(object, depth-1) + ")"
	case 4:
		if p := g.path(object, formula.Bool, 2); p != "" {
			return "(" + p + g.one(" = ", " != ") + g.condition(object, depth-1) + ")"
		}
	case 5:
		return g.links(object)
	case 6:
		return "(" + g.number(object, depth-1) + g.one(" in [", " not in [") + g.literal() + ", " + g.literal() + "])"
	}
	return ""
}

func (g *Generator) comparison() string { return g.one(" = ", " != ", " < ", " <= ", " > ", " >= ") }

func (g *Generator) numbers(object string, depth int) string {
	return "(" + g.number(object, depth) + g.comparison() + g.number(object, depth) + ")"
}

// texts makes a condition on a text or a set.
func (g *Generator) texts(object string) string {
	if p := g.path(object, formula.Set, 2); p != "" && g.chance(4) {
		return g.one("(", "(not ") + "has(" + p + ", " + g.word() + "))"
	}
	t := g.text(object)
	if t == "" {
		return ""
	}
	switch g.Rand.IntN(4) {
	case 0:
		return "(" + t + g.one(" = ", " != ") + g.one(g.word(), g.text(object)) + ")"
	case 1:
		return "(" + t + g.one(" in [", " not in [") + g.word() + ", " + g.word() + "])"
	}
	return "(" + t + g.one(" ", " not ") + g.one("contains ", "startsWith ", "endsWith ") + g.word() + ")"
}

// moments makes a condition on a moment.
func (g *Generator) moments(object string) string {
	p := g.path(object, formula.Moment, 2)
	if p == "" {
		return ""
	}
	if g.chance(4) {
		return "(" + p + " between " + g.one("daysAgo(2)", "today()", `"2022-03-21"`) + " and " + g.one("today()", "now()", "daysAhead(1)") + ")"
	}
	if g.chance(3) {
		return "within(" + p + ", \"" + pick(g.Rand, formula.Periods()) + "\")"
	}
	return "(" + p + g.comparison() + g.one("today()", "daysAgo(1)", "now()", `"2022-03-22"`, `"2022-03-22T00:00:00+03:30"`,
		`startOfMonth("jalali")`, "empty", "(today() - 1)", p, g.path(object, formula.Moment, 2)) + ")"
}

// empties asks whether a field of any kind is empty.
func (g *Generator) empties(object string) string {
	kinds := []formula.Kind{formula.Text, formula.Number, formula.Date, formula.Moment, formula.Bool, formula.Link, formula.Set}
	p := g.path(object, pick(g.Rand, kinds), 2)
	if p == "" {
		return ""
	}
	return "(" + p + g.one(" is empty", " is not empty", " = empty", " != empty") + ")"
}

func (g *Generator) links(object string) string {
	a, b := g.path(object, formula.Link, 2), g.path(object, formula.Link, 2)
	if a == "" || b == "" {
		return ""
	}
	return "(" + a + g.one(" = ", " != ") + g.one(b, "me()") + ")"
}
