package meta

import (
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// derived compiles roll-ups and formulas. Types come first, because each may read the other; then formulas, which decides what is
// stored; then the conditions of roll-ups, which read only what is stored.
func (c *compiler) derived() {
	each := func(do func(a *Attr)) {
		for _, e := range c.catalog.Entities {
			for _, a := range e.Fields {
				do(a)
			}
		}
	}
	each(func(a *Attr) { c.rollupType(a, 0) })
	each(c.formula)
	each(c.rollup)
	each(c.circle)
}

// Formula is the type of the field in formulas.
func (a *Attr) Formula() formula.Type {
	t := a.Kind.Formula()
	if t.Money {
		t.Scale = a.Entity.catalog.settings.BaseScale
	}
	return t
}

// maxRollups bounds roll-ups over roll-ups.
const maxRollups = 8

// rollupType finds the kind of a roll-up's answer, after those of the roll-ups it goes over.
func (c *compiler) rollupType(a *Attr, depth int) {
	k, ok := a.Kind.(RollupKind)
	if !ok || k.Result != nil || depth > maxRollups {
		return
	}
	k.Result, k.digits = NumberKind{}, c.catalog.settings.BaseScale
	if field := listed(a.Entity, k); field != nil {
		c.rollupType(field, depth+1)
		k.Result = rollupResult(field, k.Function)
	}
	a.Kind = k
}

// listed is the field that a roll-up joins; nil for counts and when there is no such field.
func listed(e *Entity, k RollupKind) *Attr {
	if k.Function == Count {
		return nil
	}
	return e.byList[k.List].field(k.Field)
}

func (l List) field(name string) *Attr {
	if l.Entity == nil {
		return nil
	}
	return l.Entity.byName[name]
}

func rollupResult(field *Attr, f Function) Kind {
	kind := field.Kind
	switch k := kind.(type) {
	case FormulaKind:
		kind = k.Result
	case RollupKind:
		kind = k.result()
	}
	switch {
	case f != Average:
		return kind
	case kind.Formula().Money:
		return MoneyKind{}
	}
	return NumberKind{Decimals: 4}
}

// rollup checks what a roll-up goes over and compiles its condition.
func (c *compiler) rollup(a *Attr) {
	k, ok := a.Kind.(RollupKind)
	if !ok {
		return
	}
	e := a.Entity
	list, ok := e.byList[k.List]
	if !ok {
		c.fail(fault.New(fault.Invalid, "formula.unknown_list", "object", e.Name, "list", k.List), e.Name, a.Name, "list")
		return
	}
	if k.Function != Count {
		if err := joinable(list.field(k.Field), k); err != nil {
			c.fail(err, e.Name, a.Name, "field")
			return
		}
	}
	if k.Where != "" {
		a.Answer = c.expr(list.Entity.Name, k.Where, formula.Condition(), c.catalog.settings, e.Name, a.Name, "where")
		if a.Answer != nil && !list.Entity.keeps(a.Answer) {
			c.fail(fault.New(fault.Invalid, "formula.own_fields"), e.Name, a.Name, "where")
		}
	}
	e.Rollups = append(e.Rollups, a)
}

// joinable says why a roll-up cannot go over a field: sums and averages need numbers, the least and the most something in order.
func joinable(field *Attr, k RollupKind) error {
	if field == nil || !field.Stored || len(field.Columns) == 0 {
		return fault.New(fault.Invalid, "value.unknown_field", "field", k.Field)
	}
	switch t := field.Formula(); {
	case t.Kind == formula.Number:
		return nil
	case (t.Kind == formula.Date || t.Kind == formula.Moment) && (k.Function == Min || k.Function == Max):
		return nil
	default:
		want := formula.Type{Kind: formula.Number}.Word()
		return fault.New(fault.Invalid, "formula.needs", "name", string(k.Function), "want", want, "kind", t.Word())
	}
}

// expr compiles a formula and notes everything that is wrong with it; then it gives nil.
func (c *compiler) expr(object, source string, want formula.Want, settings formula.Settings, place ...string) *formula.Expr {
	n, err := formula.Parse(source)
	if err != nil {
		c.fail(err, place...)
		return nil
	}
	x, err := formula.CheckAll(c.catalog.Schema(nil), object, n, want, settings)
	if err != nil {
		c.fail(err, place...)
		return nil
	}
	return x
}

// formula compiles a computed field and finds out whether its answer can be kept.
func (c *compiler) formula(a *Attr) {
	k, ok := a.Kind.(FormulaKind)
	if !ok {
		return
	}
	k.digits = c.catalog.settings.BaseScale
	a.Kind = k
	e := a.Entity
	a.Answer = c.expr(e.Name, k.Source, formula.Of(a.Formula()), c.catalog.settings, e.Name, a.Name, "formula")
	if a.Answer == nil {
		return
	}
	for _, use := range a.Answer.Fields() {
		if _, computed := c.read(use).Kind.(FormulaKind); computed {
			c.fail(fault.New(fault.Invalid, "formula.computed", "field", use.Field), e.Name, a.Name, "formula")
		}
	}
	if a.Stored = e.keeps(a.Answer); !a.Stored {
		a.Order = ""
	}
}

// read is the field that a formula reads.
func (c *compiler) read(use formula.Use) *Attr { return c.catalog.byName[use.Object].byName[use.Field] }

// keeps says whether a formula over a record of the object reads only stored fields of that record, and neither the clock nor the
// viewer, so that its answer can be kept.
func (e *Entity) keeps(x *formula.Expr) bool {
	for _, use := range x.Fields() {
		if len(use.Hops) > 0 || !e.byName[use.Field].Stored {
			return false
		}
	}
	own := true
	x.Walk(func(part *formula.Expr) bool {
		clock := part.Op == formula.OpConst && part.Const.Source != formula.Literal
		away := part.Op == formula.OpPath && len(part.Steps) > 1 // also to the id alone, which is empty when that record is gone
		if clock || away || part.Loop != nil {
			own = false
		}
		return own
	})
	return own
}

// circle refuses a roll-up whose value comes back to itself.
func (c *compiler) circle(a *Attr) {
	if _, ok := a.Kind.(RollupKind); ok && c.feeds(a, a, map[*Attr]bool{}) {
		c.fail(fault.New(fault.Invalid, "formula.computed", "field", a.Name), a.Entity.Name, a.Name)
	}
}

// feeds says whether the value of a field is worked out with that of target; seen are the fields looked at.
func (c *compiler) feeds(target, a *Attr, seen map[*Attr]bool) bool {
	if seen[a] {
		return false
	}
	seen[a] = true
	var sources []*Attr
	if k, ok := a.Kind.(RollupKind); ok {
		if field := listed(a.Entity, k); field != nil {
			sources = append(sources, field)
		}
	}
	if a.Answer != nil && a.Stored {
		for _, use := range a.Answer.Fields() {
			sources = append(sources, c.read(use))
		}
	}
	for _, s := range sources {
		if s == target || c.feeds(target, s, seen) {
			return true
		}
	}
	return false
}
