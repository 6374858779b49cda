package query

import (
	"fmt"
	"strings"

	"ashna/kit/calendar"
	"ashna/kit/formula"
)

// value writes a value as it is compared: texts by key, yes and no as 1 and 0.
func (g *generator) value(x *formula.Expr) string {
	if g.err != nil {
		return "NULL"
	}
	if x.Fixed() {
		return g.fixed(x, false)
	}
	return g.bounded(g.written(x))
}

func (g *generator) written(x *formula.Expr) string {
	switch x.Op {
	case formula.OpPath:
		return g.path(x)
	case formula.OpAdd, formula.OpSubtract, formula.OpMultiply, formula.OpDivide, formula.OpModulo:
		return g.arithmetic(x.Op, g.value(x.Args[0]), g.value(x.Args[1]))
	case formula.OpAddDays, formula.OpSubtractDays:
		return g.addDays(x)
	case formula.OpDaysBetween:
		return "(" + g.value(x.Args[0]) + " - " + g.value(x.Args[1]) + ")"
	case formula.OpRound:
		return g.round(x)
	case formula.OpYear, formula.OpMonth, formula.OpDayOfMonth:
		return g.datePart(x)
	case formula.OpLength:
		return "length(" + g.typed(x.Args[0]) + ")"
	case formula.OpLower:
		return g.value(x.Args[0])
	case formula.OpCoalesce:
		return g.coalesce(x, g.value)
	case formula.OpIf:
		return g.choice(x, g.value)
	case formula.OpCount, formula.OpSum, formula.OpMin, formula.OpMax, formula.OpAvg:
		return g.aggregate(x)
	}
	if x.Op < formula.OpAny {
		return g.fail(fmt.Errorf("compile value at column %d: unknown operation %d", x.Column, x.Op))
	}
	return "(CASE WHEN " + g.condition(x, true) + " THEN 1 ELSE 0 END)"
}

// typed writes a text as it was typed.
func (g *generator) typed(x *formula.Expr) string {
	if g.err != nil {
		return "NULL"
	}
	if x.Fixed() {
		return g.fixed(x, true)
	}
	switch x.Op {
	case formula.OpPath:
		return g.typedPath(x)
	case formula.OpCoalesce:
		return g.bounded(g.coalesce(x, g.typed))
	case formula.OpIf:
		return g.bounded(g.choice(x, g.typed))
	}
	return g.value(x)
}

func isText(t formula.Type) bool { return t.Kind == formula.Text || t.Kind == formula.Set }

// fixed binds a value that depends on no record.
func (g *generator) fixed(x *formula.Expr, typed bool) string {
	if emptyLiteral(x) {
		if isText(x.Type) {
			return "CAST(NULL AS text)"
		}
		return "CAST(NULL AS bigint)"
	}
	if !isText(x.Type) {
		return g.b.computed(func(env *formula.Env) any {
			if v := x.At(env); v.Ok {
				return v.Int
			}
			return nil
		})
	}
	return fmt.Sprintf(g.b.dialect.CastText, g.b.bind(func(env *formula.Env) any {
		switch v := x.At(env); {
		case !v.Ok:
			return nil
		case typed:
			return v.Raw
		default:
			return v.Text
		}
	}))
}

// arithmetic writes an operation whose result is empty when it leaves 64 bits.
func (g *generator) arithmetic(op formula.Op, a, b string) string {
	d := g.b.dialect
	a, b = fmt.Sprintf(d.Wide, a), fmt.Sprintf(d.Wide, b)
	text := ""
	switch op {
	case formula.OpAdd:
		text = a + " + " + b
	case formula.OpSubtract:
		text = a + " - " + b
	case formula.OpMultiply:
		text = a + " * " + b
	case formula.OpDivide:
		text = fmt.Sprintf(d.Divide, a, b)
	default:
		text = fmt.Sprintf(d.Modulo, a, b)
	}
	return fmt.Sprintf(d.Clamp, text)
}

// addDays writes a date with days added or taken, empty outside the days of the language.
func (g *generator) addDays(x *formula.Expr) string {
	d := g.b.dialect
	sign := " + "
	if x.Op == formula.OpSubtractDays {
		sign = " - "
	}
	sum := fmt.Sprintf(d.Wide, g.value(x.Args[0])) + sign + fmt.Sprintf(d.Wide, g.value(x.Args[1]))
	const low, high = formula.FirstDay - 1, formula.LastDay + 1
	text := fmt.Sprintf("nullif(nullif(%s(%s(%s, %d), %d), %d), %d)", d.Greatest, d.Least, sum, high, low, high, low)
	return fmt.Sprintf(d.Narrow, text)
}

// round writes a number with decimals taken off, half away from zero.
func (g *generator) round(x *formula.Expr) string {
	places := x.Args[0].Type.Scale - x.Type.Scale
	value := g.value(x.Args[0])
	if places <= 0 {
		return value
	}
	p := int64(1)
	for range places {
		p *= 10
	}
	unit, half := g.b.Int(p), g.b.Int(p/2)
	r := g.b.Alias("r")
	return fmt.Sprintf("(SELECT %[1]s.v / %[2]s + (%[1]s.v %% %[2]s) / %[3]s FROM (SELECT %[4]s AS v) AS %[1]s)", r, unit, half, value)
}

// datePart looks the year, month or day of a date up in the table of days.
func (g *generator) datePart(x *formula.Expr) string {
	column := "g"
	if x.Calendar == calendar.Jalali {
		column = "j"
	}
	switch x.Op {
	case formula.OpYear:
		column += "y"
	case formula.OpMonth:
		column += "m"
	default:
		column += "d"
	}
	c := g.b.Alias("c")
	return fmt.Sprintf("(SELECT %[1]s.%[2]s FROM calendar_day AS %[1]s WHERE %[1]s.day = %[3]s)", c, column, g.value(x.Args[0]))
}

func (g *generator) coalesce(x *formula.Expr, write func(*formula.Expr) string) string {
	parts := make([]string, len(x.Args))
	for i, a := range x.Args {
		parts[i] = write(a)
	}
	return "coalesce(" + strings.Join(parts, ", ") + ")"
}

func (g *generator) choice(x *formula.Expr, write func(*formula.Expr) string) string {
	return "(CASE WHEN " + g.condition(x.Args[0], true) + " THEN " + write(x.Args[1]) + " ELSE " + write(x.Args[2]) + " END)"
}
