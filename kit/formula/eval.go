package formula

import (
	"strings"
	"unicode/utf8"

	"ashna/kit/calendar"
	"ashna/kit/fault"
)

// Eval gives the value of the formula for a record. The fault is formula.too_much_work, when more than MaxRelated related records
// were looked at.
func (e *Expr) Eval(env *Env, r Record) (Value, error) {
	m := machine{env: env, fuel: MaxRelated}
	m.frames[0] = r
	v := m.value(e)
	if m.fuel < 0 {
		return Value{}, fault.New(fault.TooLarge, keyTooMuchWork, "column", e.Column, "max", MaxRelated)
	}
	return v, nil
}

// Holds says whether the formula, as a condition, is true for a record. Its faults are those of Eval.
func (e *Expr) Holds(env *Env, r Record) (bool, error) {
	v, err := e.Eval(env, r)
	return v.Holds(), err
}

// machine evaluates one formula for one record. Fuel below zero means it ran out: loops stop and the answer counts for nothing.
type machine struct {
	env    *Env
	frames [MaxNested + 1]Record
	fuel   int
}

// value evaluates any expression.
func (m *machine) value(e *Expr) Value {
	switch {
	case e.Op == OpConst:
		if e.Const.Source == Literal {
			return e.Const.Value
		}
		return e.Const.at(m.env)
	case e.Op == OpPath:
		return m.path(e)
	case e.Op <= OpDaysBetween:
		return m.arithmetic(e)
	case e.Op <= OpIf:
		return m.choice(e)
	case e.Op <= OpAvg:
		return m.aggregate(e)
	}
	return Truth(m.condition(e))
}

// holds evaluates where a condition stands.
func (m *machine) holds(e *Expr) bool {
	if e.Op >= OpAny {
		return m.condition(e)
	}
	return m.value(e).Holds()
}

// path follows links from the frame it starts at.
func (m *machine) path(e *Expr) Value {
	var r *Record
	if e.Level == OldLevel {
		r = &m.env.Old
	} else {
		r = &m.frames[e.Level]
	}
	last := len(e.Steps) - 1
	if last == 0 {
		return r.at(e.Steps[0].Field.Index)
	}
	var hop Record
	for i := range last {
		link := r.at(e.Steps[i].Field.Index)
		if !link.Ok || m.env.World == nil {
			return Value{}
		}
		var found bool
		if hop, found = m.env.World.Get(e.Steps[i+1].Object, link.Int); !found {
			return Value{}
		}
		r = &hop
	}
	return r.at(e.Steps[last].Field.Index)
}

func (m *machine) arithmetic(e *Expr) Value {
	a, b := m.value(e.Args[0]), m.value(e.Args[1])
	if !a.Ok || !b.Ok {
		return Value{}
	}
	switch e.Op {
	case OpAdd:
		return add(a.Int, b.Int)
	case OpSubtract, OpDaysBetween:
		return subtract(a.Int, b.Int)
	case OpMultiply:
		return multiply(a.Int, b.Int)
	case OpDivide:
		return divide(a.Int, b.Int)
	case OpModulo:
		return modulo(a.Int, b.Int)
	case OpAddDays:
		return dayValue(add(a.Int, b.Int))
	}
	return dayValue(subtract(a.Int, b.Int))
}

// choice evaluates the functions of one value and those that choose between values.
func (m *machine) choice(e *Expr) Value {
	switch e.Op {
	case OpIf:
		if m.holds(e.Args[0]) {
			return m.value(e.Args[1])
		}
		return m.value(e.Args[2])
	case OpCoalesce:
		for _, a := range e.Args {
			if v := m.value(a); v.Ok {
				return v
			}
		}
		return Value{}
	}
	v := m.value(e.Args[0])
	if !v.Ok {
		return Value{}
	}
	switch e.Op {
	case OpRound:
		return Whole(round(v.Int, e.Args[0].Type.Scale-e.Type.Scale))
	case OpLength:
		return Whole(int64(utf8.RuneCountInString(v.Raw)))
	case OpLower:
		return Value{Ok: true, Text: v.Text, Raw: v.Text}
	}
	return datePart(e.Op, v.Int, e.Calendar)
}

// condition evaluates what gives a yes or no by itself.
func (m *machine) condition(e *Expr) bool {
	switch e.Op {
	case OpAnd:
		return m.holds(e.Args[0]) && m.holds(e.Args[1])
	case OpOr:
		return m.holds(e.Args[0]) || m.holds(e.Args[1])
	case OpNot:
		return !m.holds(e.Args[0])
	case OpAny:
		return m.any(e.Loop)
	case OpIn:
		return m.in(e)
	case OpBetween, OpWithin:
		return m.inRange(e)
	case OpIsEmpty:
		return !m.value(e.Args[0]).Ok
	case OpContains, OpStartsWith, OpEndsWith, OpHas:
		return m.match(e)
	}
	return m.compare(e)
}

func (m *machine) compare(e *Expr) bool {
	a, b := m.value(e.Args[0]), m.value(e.Args[1])
	if !a.Ok || !b.Ok {
		return e.Op == OpEqual && a.Ok == b.Ok
	}
	kind := e.Args[0].Type.Kind
	if kind == Text || kind == Set {
		return a.Text == b.Text
	}
	if kind == Moment && e.Args[1].Type.Kind == Date {
		return m.againstDay(e.Op, a.Int, calendar.Day(b.Int))
	}
	return ordered(e.Op, a.Int, b.Int)
}

// ordered compares what is stored as a whole number.
func ordered(op Op, a, b int64) bool {
	switch op {
	case OpEqual:
		return a == b
	case OpLess:
		return a < b
	case OpLessOrEqual:
		return a <= b
	case OpGreater:
		return a > b
	}
	return a >= b
}

// inRange compares a value with two bounds.
func (m *machine) inRange(e *Expr) bool {
	v, least, last := m.value(e.Args[0]), m.value(e.Args[1]), m.value(e.Args[2])
	if !v.Ok || !least.Ok || !last.Ok {
		return false
	}
	upper := OpLessOrEqual
	if e.Op == OpWithin {
		upper = OpLess
	}
	return m.bound(OpGreaterOrEqual, e, v.Int, e.Args[1], least.Int) && m.bound(upper, e, v.Int, e.Args[2], last.Int)
}

// bound compares the value of a range with one of its bounds.
func (m *machine) bound(op Op, e *Expr, v int64, bound *Expr, at int64) bool {
	if e.Args[0].Type.Kind == Moment && bound.Type.Kind == Date {
		return m.againstDay(op, v, calendar.Day(at))
	}
	return ordered(op, v, at)
}

// againstDay compares a moment with a day by the first instants of the day and the next.
func (m *machine) againstDay(op Op, moment int64, day calendar.Day) bool {
	switch op {
	case OpLess:
		return moment < m.env.start(day)
	case OpLessOrEqual:
		return moment < m.env.start(day+1)
	case OpGreater:
		return moment >= m.env.start(day+1)
	case OpGreaterOrEqual:
		return moment >= m.env.start(day)
	}
	return moment >= m.env.start(day) && moment < m.env.start(day+1)
}

func (m *machine) in(e *Expr) bool {
	v := m.value(e.Args[0])
	if !v.Ok {
		return false
	}
	text := e.Args[0].Type.Kind == Text
	for _, a := range e.Args[1:] {
		w := m.value(a)
		if w.Ok && (text && w.Text == v.Text || !text && w.Int == v.Int) {
			return true
		}
	}
	return false
}

// match looks for the key of a literal in a text or a set.
func (m *machine) match(e *Expr) bool {
	v, want := m.value(e.Args[0]), m.value(e.Args[1]).Text
	if !v.Ok {
		return false
	}
	switch e.Op {
	case OpStartsWith:
		return strings.HasPrefix(v.Text, want)
	case OpEndsWith:
		return strings.HasSuffix(v.Text, want)
	}
	return strings.Contains(v.Text, want)
}
