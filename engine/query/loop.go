package query

import (
	"fmt"

	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// averageScale is how many decimals an average has.
const averageScale = 4

// any writes whether a list has a record that its condition keeps, or that it has none. Where the condition looks at the listed record
// only, the list is read once, for all records together.
func (g *generator) any(l *formula.Loop, yes bool) string {
	base := g.value(l.Base)
	via, ok := g.via(l)
	if !ok {
		return "NULL"
	}
	if l.Where == nil || !l.Where.Outer(l.Level) {
		inner := g.listed(l, via, "", nil)
		return positive(base+" IN (SELECT "+inner.alias+"."+via.Columns[0]+" FROM "+inner.text+")", yes)
	}
	text := "EXISTS (SELECT 1 FROM " + g.listed(l, via, base, nil).text + ")"
	if yes {
		return text
	}
	return "NOT " + text
}

// via finds the link field of a list.
func (g *generator) via(l *formula.Loop) (*meta.Attr, bool) {
	e, ok := g.frames[0].entity.Catalog().Object(l.List.Object)
	if !ok {
		g.fail(fault.New(fault.Invalid, "value.unknown_object", "object", l.List.Object))
		return nil, false
	}
	via, ok := e.Attr(l.List.Field)
	if !ok {
		g.fail(fault.New(fault.Invalid, keyUnknown, "field", l.List.Field))
	}
	return via, ok
}

// list is the FROM and WHERE of the records of a list function.
type list struct {
	alias string
	text  string
	what  string
}

// listed writes the live and visible records of a list that its condition keeps: those of one record, the base, or without a base those
// of any. What is the value that is taken of each.
func (g *generator) listed(l *formula.Loop, via *meta.Attr, base string, what *formula.Expr) list {
	if l.Level < 1 || l.Level > len(g.frames) {
		return list{text: g.fail(fmt.Errorf("compile list %s: level %d inside %d", l.Name, l.Level, len(g.frames)))}
	}
	f := frame{entity: via.Entity, alias: g.b.Alias("a"), source: &source{}}
	outer := g.frames
	g.frames = append(outer[:l.Level:l.Level], f)
	link := f.alias + "." + via.Columns[0]
	where := link + " IS NOT NULL"
	if base != "" {
		where = link + " = " + base
	}
	if _, many := via.Kind.(meta.AnyRefKind); many {
		where += " AND " + f.alias + "." + via.Columns[1] + " = " + g.b.Text(l.Owner)
	}
	where += " AND " + g.seen(f)
	if l.Where != nil {
		where += " AND " + g.condition(l.Where, true)
	}
	made := list{alias: f.alias}
	if what != nil {
		made.what = g.value(what)
	}
	g.frames = outer
	made.text = g.bounded(Table(via.Entity) + " AS " + f.alias + f.source.text() + " WHERE " + where)
	return made
}

// aggregate writes count, sum, min, max and avg of a list. The value is taken in a SELECT of its own: an aggregate over columns of
// the outer record alone would belong to the outer SELECT.
func (g *generator) aggregate(x *formula.Expr) string {
	l := x.Loop
	base := g.value(l.Base)
	via, ok := g.via(l)
	if !ok {
		return "NULL"
	}
	if x.Op == formula.OpCount {
		return "(SELECT count(*) FROM " + g.listed(l, via, base, nil).text + ")"
	}
	inner := g.listed(l, via, base, l.What)
	s := g.b.Alias("s")
	text := ""
	switch v := s + ".v"; x.Op {
	case formula.OpSum:
		text = fmt.Sprintf(g.b.dialect.Sum, v)
	case formula.OpMin:
		text = "min(" + v + ")"
	case formula.OpMax:
		text = "max(" + v + ")"
	default:
		text = g.average(v, l.What.Type.Scale)
	}
	return "(SELECT " + text + " FROM (SELECT " + inner.what + " AS v FROM " + inner.text + ") AS " + s + ")"
}

// average writes the mean of a column whose numbers have scale decimals, truncated toward zero.
func (g *generator) average(column string, scale int) string {
	sum, count := fmt.Sprintf(g.b.dialect.Sum, column), "count("+column+")"
	p := int64(1)
	for range max(scale-averageScale, averageScale-scale) {
		p *= 10
	}
	unit := fmt.Sprint(p)
	if scale > averageScale {
		return g.arithmetic(formula.OpDivide, sum, count+" * "+unit)
	}
	return g.arithmetic(formula.OpDivide, g.arithmetic(formula.OpMultiply, sum, unit), count)
}
