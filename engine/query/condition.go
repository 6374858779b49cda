package query

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"ashna/kit/formula"
)

// positive writes a condition, or its exact opposite, in which NULL counts as false.
func positive(text string, yes bool) string {
	if yes {
		return text
	}
	return "(" + text + ") IS NOT TRUE"
}

// condition writes a condition, or its opposite when yes is false. Negation is pushed to the leaves, so that NULL, which a database
// counts as false at the top, is false everywhere.
func (g *generator) condition(x *formula.Expr, yes bool) string {
	if g.err != nil {
		return "NULL"
	}
	if x.Fixed() {
		return g.fixedCondition(x, yes)
	}
	switch x.Op {
	case formula.OpAnd, formula.OpOr:
		op := " AND "
		if (x.Op == formula.OpOr) == yes {
			op = " OR "
		}
		return g.bounded("(" + g.condition(x.Args[0], yes) + op + g.condition(x.Args[1], yes) + ")")
	case formula.OpNot:
		return g.condition(x.Args[0], !yes)
	case formula.OpAny:
		return g.any(x.Loop, yes)
	case formula.OpEqual:
		return g.bounded(g.equal(x.Args[0], x.Args[1], yes))
	case formula.OpLess, formula.OpLessOrEqual, formula.OpGreater, formula.OpGreaterOrEqual:
		return positive(g.bounded(g.order(x)), yes)
	case formula.OpBetween, formula.OpWithin:
		return positive(g.bounded(g.inRange(x)), yes)
	case formula.OpIn:
		return positive(g.in(x), yes)
	case formula.OpContains, formula.OpStartsWith, formula.OpEndsWith, formula.OpHas:
		return positive(g.bounded(g.match(x)), yes)
	case formula.OpIsEmpty:
		return g.isEmpty(x.Args[0], yes)
	}
	if x.Op >= formula.OpAny {
		return g.fail(fmt.Errorf("compile condition at column %d: unknown operation %d", x.Column, x.Op))
	}
	return g.truth(x, yes)
}

// fixedCondition writes a condition that depends on no record.
func (g *generator) fixedCondition(x *formula.Expr, yes bool) string {
	if x.IsLiteral() {
		if x.Const.Value.Holds() == yes {
			return "1 = 1"
		}
		return "1 = 0"
	}
	return g.b.computed(func(env *formula.Env) any {
		if x.At(env).Holds() == yes {
			return int64(1)
		}
		return int64(0)
	}) + " = 1"
}

// truth writes a yes or no that is a value.
func (g *generator) truth(x *formula.Expr, yes bool) string {
	if x.Op == formula.OpPath {
		p, ok := g.follow(x)
		if ok && !p.attr.Stored {
			return g.inline(p, func(g *generator, answer *formula.Expr) string { return g.condition(answer, yes) })
		}
	}
	return positive(g.value(x)+" = 1", yes)
}

func emptyLiteral(x *formula.Expr) bool { return x.IsLiteral() && !x.Const.Value.Ok }

// certain says whether a value is never empty.
func certain(x *formula.Expr) bool {
	switch {
	case x.IsLiteral():
		return x.Const.Value.Ok
	case x.Op == formula.OpConst:
		return x.Const.Source != formula.Me
	}
	return x.Op == formula.OpCount || x.Op >= formula.OpAny
}

// equal writes that two values are equal, or both empty.
func (g *generator) equal(a, b *formula.Expr, yes bool) string {
	if a.Fixed() && a.Type.Kind == b.Type.Kind {
		a, b = b, a
	}
	switch {
	case emptyLiteral(b):
		return g.isEmpty(a, yes)
	case a.Type.Kind == formula.Moment && b.Type.Kind == formula.Date:
		return positive(g.withinDay(a, b), yes)
	}
	if column, ok := g.zeroColumn(a); ok && b.Fixed() {
		op := " = "
		if !yes {
			op = " <> "
		}
		return column + op + g.zeroKey(b)
	}
	left, right := g.value(a), g.value(b)
	switch {
	case !yes:
		return left + " " + g.b.dialect.IsNot + " " + right
	case certain(a) || certain(b):
		return left + " = " + right
	case b.Fixed() && a.Op == formula.OpPath: // a form that an index serves
		return "(" + left + " = " + right + " OR (" + left + " IS NULL AND " + right + " IS NULL))"
	}
	return left + " " + g.b.dialect.Is + " " + right
}

// zeroColumn gives the column of a path to a field that keeps 0 for empty.
func (g *generator) zeroColumn(x *formula.Expr) (string, bool) {
	if x.Op != formula.OpPath || len(x.Steps) != 1 {
		return "", false // over a link the column is NULL when there is no record
	}
	p, ok := g.follow(x)
	if !ok || !zero(p.attr) {
		return "", false
	}
	return g.raw(p), true
}

// zeroKey binds a fixed key for such a column: empty is 0, and a key 0, which no record has, is none of them.
func (g *generator) zeroKey(x *formula.Expr) string {
	return g.b.computed(func(env *formula.Env) any {
		switch v := x.At(env); {
		case !v.Ok:
			return int64(0)
		case v.Int == 0:
			return int64(-1)
		default:
			return v.Int
		}
	})
}

// isEmpty writes whether a value is empty.
func (g *generator) isEmpty(x *formula.Expr, yes bool) string {
	if column, ok := g.zeroColumn(x); ok {
		if yes {
			return column + " = 0"
		}
		return column + " <> 0"
	}
	text := ""
	if x.Type.Kind == formula.Text { // texts without a key can be asked too
		text = g.typed(x)
	} else {
		text = g.value(x)
	}
	if yes {
		return text + " IS NULL"
	}
	return text + " IS NOT NULL"
}

// order writes < <= > >=, also between a moment and a fixed day.
func (g *generator) order(x *formula.Expr) string {
	a, b := x.Args[0], x.Args[1]
	left := g.value(a)
	days := a.Type.Kind == formula.Moment && b.Type.Kind == formula.Date
	op, after := " >= ", false // with a day: from its first instant, or from that of the day after
	switch x.Op {
	case formula.OpLess:
		op = " < "
	case formula.OpLessOrEqual:
		op, after = " <= ", true
		if days {
			op = " < "
		}
	case formula.OpGreater:
		op, after = " > ", true
		if days {
			op = " >= "
		}
	}
	if days {
		return left + op + g.dayBound(b, after, 0)
	}
	return left + op + g.value(b)
}

// inRange writes that a value is from the least to the last, or before it. What is not included is a day or a microsecond less.
func (g *generator) inRange(x *formula.Expr) string {
	v, least, last := x.Args[0], x.Args[1], x.Args[2]
	days := func(bound *formula.Expr) bool {
		return v.Type.Kind == formula.Moment && bound.Type.Kind == formula.Date
	}
	within := x.Op == formula.OpWithin
	text, low, high := g.value(v), "", ""
	if days(least) {
		low = g.dayBound(least, false, 0)
	} else {
		low = g.value(least)
	}
	switch {
	case days(last):
		high = g.dayBound(last, !within, -1)
	case within:
		high = g.dayBefore(last)
	default:
		high = g.value(last)
	}
	return text + " BETWEEN " + low + " AND " + high
}

// dayBefore binds the day before a fixed one; NULL when that is empty.
func (g *generator) dayBefore(day *formula.Expr) string {
	return g.b.computed(func(env *formula.Env) any {
		if v := day.At(env); v.Ok {
			return v.Int - 1
		}
		return nil
	})
}

// dayBound binds the first instant of a fixed day, or of the day after it, and some microseconds; NULL when the day is empty.
func (g *generator) dayBound(day *formula.Expr, after bool, plus int64) string {
	return g.b.computed(func(env *formula.Env) any {
		v := day.At(env)
		if !v.Ok {
			return nil
		}
		from, to := env.DayBounds(v.Int)
		if after {
			return to + plus
		}
		return from + plus
	})
}

// withinDay writes that a moment is within a fixed day, or both are empty.
func (g *generator) withinDay(moment, day *formula.Expr) string {
	at, from := g.value(moment), g.dayBound(day, false, 0)
	text := at + " BETWEEN " + from + " AND " + g.dayBound(day, true, -1)
	if certain(day) {
		return text
	}
	return "(" + text + " OR (" + at + " IS NULL AND " + from + " IS NULL))"
}

// in writes that a value is one of fixed ones.
func (g *generator) in(x *formula.Expr) string {
	left, ok := g.zeroColumn(x.Args[0])
	if !ok {
		left = g.value(x.Args[0])
	}
	members := make([]string, len(x.Args)-1)
	for i, m := range x.Args[1:] {
		if ok {
			members[i] = "nullif(" + g.value(m) + ", 0)"
		} else {
			members[i] = g.value(m)
		}
	}
	return left + " IN (" + strings.Join(members, ", ") + ")"
}

// match writes contains, startsWith, endsWith and has.
func (g *generator) match(x *formula.Expr) string {
	left, want := g.value(x.Args[0]), x.Args[1].Const.Value.Text
	if want == "" {
		return left + " IS NOT NULL"
	}
	switch x.Op {
	case formula.OpStartsWith:
		end := following(want)
		if end == "" {
			return left + " >= " + g.b.Text(want)
		}
		return "(" + left + " >= " + g.b.Text(want) + " AND " + left + " < " + g.b.Text(end) + ")"
	case formula.OpEndsWith:
		return fmt.Sprintf(g.b.dialect.EndsWith, left, utf8.RuneCountInString(want), g.b.Text(want))
	}
	return fmt.Sprintf(g.b.dialect.Contains, left, g.b.Text(want))
}

// following is the least text after every text that starts with s, by code points; empty when there is none.
func following(s string) string {
	const lastBeforeSurrogates, firstAfterSurrogates = 0xD7FF, 0xE000
	runes := []rune(s)
	for i := len(runes) - 1; i >= 0; i-- {
		switch r := runes[i]; {
		case r == utf8.MaxRune:
			continue
		case r == lastBeforeSurrogates:
			runes[i] = firstAfterSurrogates
		default:
			runes[i]++
		}
		return string(runes[:i+1])
	}
	return ""
}
