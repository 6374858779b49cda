package formula

import (
	"maps"
	"slices"
	"strings"

	"ashna/kit/calendar"
)

// function says which function a name is and how many arguments it takes.
type function struct {
	op       Op
	source   Source // of the functions that are constants
	min, max int
}

// maxCoalesce is how many values coalesce() takes.
const maxCoalesce = 10

// functions are all the functions there are. empty() and between() are here for their messages only: the parser makes operators of
// them when they have the right number of arguments.
var functions = map[string]function{
	"any":          {op: OpAny, min: 1, max: 2},
	"count":        {op: OpCount, min: 1, max: 2},
	"sum":          {op: OpSum, min: 2, max: 3},
	"min":          {op: OpMin, min: 2, max: 3},
	"max":          {op: OpMax, min: 2, max: 3},
	"avg":          {op: OpAvg, min: 2, max: 3},
	"coalesce":     {op: OpCoalesce, min: 2, max: maxCoalesce},
	"if":           {op: OpIf, min: 3, max: 3},
	"empty":        {op: OpIsEmpty, min: 1, max: 1},
	"between":      {op: OpBetween, min: 3, max: 3},
	"within":       {op: OpWithin, min: 2, max: 2},
	"has":          {op: OpHas, min: 2, max: 2},
	"length":       {op: OpLength, min: 1, max: 1},
	"lower":        {op: OpLower, min: 1, max: 1},
	"round":        {op: OpRound, min: 1, max: 2},
	"year":         {op: OpYear, min: 1, max: 2},
	"month":        {op: OpMonth, min: 1, max: 2},
	"day":          {op: OpDayOfMonth, min: 1, max: 2},
	"now":          {op: OpConst, source: Now},
	"today":        {op: OpConst, source: Today},
	"me":           {op: OpConst, source: Me},
	"daysAgo":      {op: OpSubtractDays, source: Today, min: 1, max: 1},
	"daysAhead":    {op: OpAddDays, source: Today, min: 1, max: 1},
	"startOfMonth": {op: OpConst, source: MonthStart, max: 1},
	"startOfYear":  {op: OpConst, source: YearStart, max: 1},
}

// Functions gives the names of all functions, sorted: for the help page and the editor.
func Functions() []string { return slices.Sorted(maps.Keys(functions)) }

// call types a function.
func (c *checker) call(n *Node, s *scope) *Expr {
	f, ok := functions[n.Text]
	if !ok {
		if other := near(n.Text, Functions()); other != "" {
			return c.fail(n.Column, keyNearFunction, "name", n.Text, "near", other)
		}
		return c.fail(n.Column, keyUnknownFunction, "name", n.Text)
	}
	if len(n.Args) < f.min || len(n.Args) > f.max {
		return c.fail(n.Column, keyArguments, "name", n.Text, "min", f.min, "max", f.max, "n", len(n.Args))
	}
	switch f.op {
	case OpConst:
		return c.clock(n, f)
	case OpAddDays, OpSubtractDays:
		return c.daysAway(n, s, f.op)
	case OpCoalesce:
		return c.coalesce(n, s)
	case OpIf:
		return c.choose(n, s)
	case OpWithin:
		return c.within(n, s)
	case OpHas:
		return c.has(n, c.expr(n.Args[0], s), c.expr(n.Args[1], s))
	case OpYear, OpMonth, OpDayOfMonth:
		return c.part(n, s, f.op)
	case OpRound:
		return c.round(n, s)
	case OpLength, OpLower:
		return c.ofText(n, s, f.op)
	}
	return c.loop(n, s, f.op)
}

// clock types the functions whose value is fixed by the Env.
func (c *checker) clock(n *Node, f function) *Expr {
	t := Type{Kind: Date}
	fixed := Const{Source: f.source, Calendar: c.settings.Calendar}
	switch f.source {
	case Now:
		t.Kind = Moment
	case Me:
		t = Type{Kind: Link, To: UserObject}
	case MonthStart, YearStart:
		var ok bool
		if fixed.Calendar, ok = c.calendar(n, 0); !ok {
			return apply(OpConst, Type{Kind: Unknown}, n.Column)
		}
	}
	return clockValue(t, n.Column, fixed)
}

// calendar reads the calendar named by an argument, which may be left out.
func (c *checker) calendar(n *Node, i int) (calendar.Calendar, bool) {
	if len(n.Args) <= i {
		return c.settings.Calendar, true
	}
	if a := n.Args[i]; a.Kind == NodeText {
		switch a.Text {
		case "jalali":
			return calendar.Jalali, true
		case "gregorian":
			return calendar.Gregorian, true
		}
	}
	c.fail(n.Args[i].Column, keyCalendar, "name", n.Text)
	return 0, false
}

// daysAway types daysAgo() and daysAhead().
func (c *checker) daysAway(n *Node, s *scope, op Op) *Expr {
	a := c.expr(n.Args[0], s)
	if unknown(a) {
		return a
	}
	days, ok := wholeLiteral(a, MaxDays)
	if !ok {
		return c.fail(n.Args[0].Column, keyFixedDays, "name", n.Text, "max", MaxDays)
	}
	if op == OpSubtractDays {
		days = -days
	}
	return clockValue(Type{Kind: Date}, n.Column, Const{Source: Today, Days: days})
}

// wholeLiteral gives a literal whole number from 0 to limit.
func wholeLiteral(e *Expr, limit int64) (int64, bool) {
	if !e.IsLiteral() || e.Type.Kind != Number || e.Type.Scale != 0 {
		return 0, false
	}
	v := e.Const.Value
	return v.Int, v.Ok && v.Int >= 0 && v.Int <= limit
}

// part types year(), month() and day().
func (c *checker) part(n *Node, s *scope, op Op) *Expr {
	a := c.adapt(c.expr(n.Args[0], s), Type{Kind: Date}, nil)
	cal, ok := c.calendar(n, 1)
	switch {
	case unknown(a) || !ok:
		return apply(op, Type{Kind: Unknown}, n.Column)
	case a.Type.Kind == Moment:
		return c.fail(a.Column, keyPartOfMoment, "name", n.Text)
	case a.Type.Kind != Date:
		return c.fail(a.Column, keyNeeds, "name", n.Text, "want", wordDate, "kind", a.Type.Word())
	}
	e := apply(op, Type{Kind: Number}, n.Column, a)
	e.Calendar = cal
	return e
}

// within types whether a date or moment lies in a period around today.
func (c *checker) within(n *Node, s *scope) *Expr {
	a := c.adapt(c.expr(n.Args[0], s), Type{Kind: Date}, nil)
	written := n.Args[1]
	period, ok := periodName(written.Text)
	switch {
	case written.Kind != NodeText || !ok:
		return c.fail(written.Column, keyPeriod, "text", written.Text)
	case unknown(a):
		return a
	case a.Type.Kind != Date && a.Type.Kind != Moment:
		return c.fail(a.Column, keyNeeds, "name", n.Text, "want", wordDate, "kind", a.Type.Word())
	}
	bound := func(source Source) *Expr {
		return clockValue(Type{Kind: Date}, n.Column, Const{Source: source, Calendar: c.settings.Calendar, Period: period})
	}
	return apply(OpWithin, Type{Kind: Bool}, n.Column, a, bound(PeriodStart), bound(PeriodEnd))
}

// Periods gives the names that within() takes, in the order of a menu. Underscores may stand for the spaces.
func Periods() []string {
	names := calendar.PeriodNames()
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, "_", " ")
	}
	return names
}

// periodName gives the name of a period as the calendar knows it.
func periodName(written string) (string, bool) {
	name := strings.ReplaceAll(written, " ", "_")
	return name, slices.Contains(calendar.PeriodNames(), name)
}

// round types round(x) and round(x, places). Without places an amount keeps the decimals of the base currency, a number none.
func (c *checker) round(n *Node, s *scope) *Expr {
	a := c.expr(n.Args[0], s)
	if unknown(a) {
		return a
	}
	if a.Type.Kind != Number {
		return c.fail(a.Column, keyNeeds, "name", n.Text, "want", wordNumber, "kind", a.Type.Word())
	}
	places := int64(0)
	if a.Type.Money {
		places = int64(c.settings.BaseScale)
	}
	if len(n.Args) == 2 {
		var ok bool
		if places, ok = wholeLiteral(c.expr(n.Args[1], s), MaxScale); !ok {
			return c.fail(n.Args[1].Column, keyFixedPlaces, "max", MaxScale)
		}
	}
	return c.rescale(a, min(int(places), a.Type.Scale))
}

// ofText types length() and lower(). The characters of a text are known of a field only.
func (c *checker) ofText(n *Node, s *scope, op Op) *Expr {
	a := c.settle(c.expr(n.Args[0], s))
	switch {
	case unknown(a):
		return a
	case a.Type.Kind != Text:
		return c.fail(a.Column, keyNeeds, "name", n.Text, "want", wordText, "kind", a.Type.Word())
	case op == OpLower:
		return apply(op, Type{Kind: Text, Choice: a.Type.Choice}, n.Column, a)
	case a.Op != OpPath:
		return c.fail(a.Column, keyNeedsField, "name", n.Text)
	}
	return apply(op, Type{Kind: Number}, n.Column, a)
}
