package formula

import "ashna/kit/calendar"

// Op says what an Expr does. Operands are Args unless said otherwise; left and right are Args[0] and Args[1].
type Op uint8

// The operations. Conditions give a yes or no and are never empty; a Bool that is a value (a path, a choice between values) counts as
// false where a condition stands and it is empty.
const (
	OpConst Op = iota + 1 // a fixed value: Const
	OpPath                // a field: Level and Steps; empty when a link on the way is empty or leads to no visible record

	// Arithmetic on int64 in units of the Scale; scales that must be equal are equal already. Empty when an operand is empty or when the
	// result is at or beyond ±(2^63−1).
	OpAdd
	OpSubtract     // −x is 0 − x
	OpMultiply     // the scales are added
	OpDivide       // truncates toward zero, empty for 0; the left side is raised already, so that the quotient has Type.Scale
	OpModulo       // has the sign of the left side, empty for 0
	OpAddDays      // date + days; empty outside FirstDay to LastDay
	OpSubtractDays // date − days; empty outside FirstDay to LastDay
	OpDaysBetween  // date − date

	OpRound      // half away from zero, from Args[0].Type.Scale to Type.Scale; with p = 10^difference it is x/p + (x%p)/(p/2), truncating
	OpYear       // of a date in Calendar; empty outside FirstPartDay to LastPartDay, as the two below
	OpMonth      // 1 to 12
	OpDayOfMonth // 1 to 31
	OpLength     // characters of a text as typed; the operand is a path
	OpLower      // a text that is the key of another
	OpCoalesce   // the first operand that is not empty
	OpIf         // condition, value if it holds, value if not

	// Functions of a list: Loop. Values that are empty are left out.
	OpCount
	OpSum // 0 of nothing; empty at or beyond ±2^62
	OpMin // empty of nothing
	OpMax // empty of nothing
	OpAvg // the sum as by OpSum, times and divided by powers of ten to 4 decimals, divided by how many; empty of nothing and on overflow

	// Conditions.
	OpAny   // a list function: whether a record of the Loop holds
	OpAnd   // two conditions
	OpOr    // two conditions
	OpNot   // the exact opposite
	OpEqual // of two values of one kind, also two empty ones; texts by key. A Moment equals a fixed Date when it is within that day

	// The order of numbers, dates and moments; false when a side is empty. A Moment on the left may meet a fixed Date: it is before the
	// day, within it, or from the first instant of the next day after it, by the Env's zone (see Env.DayBounds).
	OpLess
	OpLessOrEqual
	OpGreater
	OpGreaterOrEqual

	// Ranges: Args are the value, the least and the last of the order above; false when one of them is empty. A Moment may meet fixed
	// Dates, each bound by itself. The value is named once, so that ranges inside each other do not multiply the work.
	OpBetween // the last is included
	OpWithin  // a period: the least and the last are fixed Dates, and the last is not included

	OpIn         // Args[0] equals one of the others, which are fixed; false when it is empty; never a Moment with a Date
	OpContains   // the key of a text contains that of a literal, Args[1]; false when empty
	OpStartsWith // as OpContains
	OpEndsWith   // as OpContains
	OpHas        // a Set contains a literal, Args[1], whose Value.Text is a key between bars: "|vip|"
	OpIsEmpty    // whether the operand is empty
)

// OldLevel is the Level of a path that starts at the record before the change.
const OldLevel = -1

// Step is one name of a path: a field and the object it belongs to.
type Step struct {
	Object string
	Field  Field
}

// Loop is what a list function goes over: the records of List.Object whose List.Field is the value of Base.
type Loop struct {
	Owner string // the object that has the list
	Name  string // the name of the list
	List  List
	Base  *Expr // a path that ends in the id of the owner: empty, and so a list of nothing, when there is no such visible record
	Level int   // the level of the listed record, 1 to MaxNested
	Where *Expr // a condition on the listed record, or nil for all
	What  *Expr // the value of OpSum, OpMin, OpMax and OpAvg, otherwise nil
}

// Expr is a part of a checked formula. It is never changed after the check and may be shared by goroutines; one Expr can be an
// operand in two places. Level 0 is the record the formula belongs to; each list function adds a level for the record it lists.
type Expr struct {
	Op       Op
	Type     Type
	Column   int // in characters from 1
	Args     []*Expr
	Const    *Const            // of OpConst
	Level    int               // of OpPath: where it starts; OldLevel for "old"
	Steps    []Step            // of OpPath: every step but the last is a link to the object of the next
	Calendar calendar.Calendar // of OpYear, OpMonth, OpDayOfMonth
	Loop     *Loop             // of the list functions
	fixed    bool
}

// Source says where a Const takes its value from.
type Source uint8

// The sources of fixed values.
const (
	Literal     Source = iota // Const.Value, whatever the Env
	Now                       // the moment of the evaluation
	Today                     // the day of Now in the zone, plus Const.Days
	MonthStart                // the first day of today's month in Const.Calendar
	YearStart                 // the first day of today's year in Const.Calendar
	PeriodStart               // the first day of Const.Period in Const.Calendar
	PeriodEnd                 // the day after Const.Period
	Me                        // Env.Me
)

// Const is a fixed value.
type Const struct {
	Source   Source
	Value    Value
	Days     int64
	Calendar calendar.Calendar
	Period   string // as calendar.PeriodOf names it
}

// Fixed says whether the value depends on no record, so that At gives it and SQL can take it as a parameter.
func (e *Expr) Fixed() bool { return e.fixed }

// IsLiteral says whether the value is written in the formula, so that it does not depend on the Env either.
func (e *Expr) IsLiteral() bool { return e.Op == OpConst && e.Const.Source == Literal }

// At gives the value of a fixed expression. Of any other it is the value for a record whose fields are all empty.
func (e *Expr) At(env *Env) Value {
	if e.IsLiteral() {
		return e.Const.Value
	}
	m := machine{env: env, fuel: MaxRelated}
	return m.value(e)
}

// Walk calls visit for e and, while visit says so, for the parts of it: operands, then base, condition and value of a list function.
func (e *Expr) Walk(visit func(*Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	for _, a := range e.Args {
		a.Walk(visit)
	}
	if e.Loop != nil {
		e.Loop.Base.Walk(visit)
		e.Loop.Where.Walk(visit)
		e.Loop.What.Walk(visit)
	}
}

// Outer says whether a path in e starts below a level: then a subquery for the records of that level cannot stand alone. Nil does not.
func (e *Expr) Outer(level int) bool {
	found := false
	e.Walk(func(x *Expr) bool {
		found = found || x.Op == OpPath && x.Level < level
		return !found
	})
	return found
}

// apply makes an operation on operands.
func apply(op Op, t Type, column int, args ...*Expr) *Expr {
	e := &Expr{Op: op, Type: t, Column: column, Args: args, fixed: true}
	for _, a := range args {
		e.fixed = e.fixed && a.fixed
	}
	return e
}

func literal(t Type, column int, v Value) *Expr {
	return clockValue(t, column, Const{Value: v})
}

func clockValue(t Type, column int, c Const) *Expr {
	return &Expr{Op: OpConst, Type: t, Column: column, Const: &c, fixed: true}
}

// fold makes a literal of arithmetic on literals, unless the result is empty.
func fold(e *Expr) *Expr {
	for _, a := range e.Args {
		if !a.IsLiteral() {
			return e
		}
	}
	if v := e.At(&Env{}); v.Ok {
		return literal(e.Type, e.Column, v)
	}
	return e
}
