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
	switch g.Rand.IntN(16) {
	case 0, 1, 2:
		made = "(" + g.condition(object, depth-1) + g.one(" and ", " or ") + g.condition(object, depth-1) + ")"
	case 3, 4:
		made = "(not " + g.condition(object, depth-1) + ")"
	case 5, 6, 7:
		made = g.texts(object)
	case 8:
		made = "(" + g.date(object, depth-1) + g.comparison() + g.date(object, depth-1) + ")"
	case 9:
		made = g.moments(object)
	case 10:
		made = g.empties(object)
	case 11:
		made = g.loop(object, depth, []string{"any"}, nil)
	case 12:
		made = "(" + g.number(object, depth-1) + g.one(" between ", " not between ") + g.number(object, 0) + " and " +
			g.number(object, depth-1) + ")"
	case 13:
		if p := g.path(object, formula.Bool, 2); p != "" {
			made = "(" + p + g.one(" = ", " != ") + g.condition(object, depth-1) + ")"
		}
	case 14:
		made = g.links(object)
	case 15:
		made = "(" + g.number(object, depth-1) + g.one(" in [", " not in [") + g.literal() + ", " + g.literal() + "])"
	}
	if made == "" {
		return g.numbers(object, depth-1)
	}
	return made
}

func (g *Generator) comparison() string { return g.one(" = ", " != ", " < ", " <= ", " > ", " >= ") }

func (g *Generator) numbers(object string, depth int) string {
	return "(" + g.number(object, depth) + g.comparison() + g.number(object, depth) + ")"
}

// texts makes a condition on a text or a set.
func (g *Generator) texts(object string) string {
	if p := g.path(object, formula.Set, 2); p != "" && g.chance(4) {
		return g.one("", "not ") + "has(" + p + ", " + g.word() + ")"
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
