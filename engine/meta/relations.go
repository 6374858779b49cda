package meta

import (
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

// relations resolves links to their targets and gives each target its list.
func (c *compiler) relations(e *Entity) {
	for _, a := range e.Fields {
		switch k := a.Kind.(type) {
		case RefKind:
			if !a.System {
				c.link(e, a, k.To, k.Inverse)
			}
		case AnyRefKind:
			for _, to := range a.Targets() {
				c.link(e, a, to, k.Inverse)
			}
		case ManyKind:
			c.many(e, a, k)
		}
	}
	if e.Parent == "" {
		return
	}
	via, ok := e.byName[e.Parent]
	if !ok {
		c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", e.Parent), e.Name, "parent")
		return
	}
	e.ParentVia = via
}

func (c *compiler) link(e *Entity, a *Attr, to, inverse string) {
	target := c.catalog.byName[to]
	if target == nil {
		c.fail(fault.New(fault.Invalid, "value.unknown_object", "object", to), e.Name, a.Name, "to")
		return
	}
	name := inverse
	if name == "" {
		name = e.Plural
		if _, taken := target.byList[name]; taken {
			name = e.Plural + "_" + a.Name
		}
	}
	_, taken := target.byList[name]
	if _, isField := target.byName[name]; taken || isField {
		c.fail(fault.New(fault.Conflict, "catalog.name_taken", "name", name), e.Name, a.Name, "inverse")
		return
	}
	list := List{Name: name, Entity: e, Via: a}
	target.Lists = append(target.Lists, list)
	target.byList[name] = list
}

// Targets gives the names of the objects that a link may lead to; none for other kinds. An any_link that names none leads to every
// object but its own and those of the platform.
func (a *Attr) Targets() []string {
	switch k := a.Kind.(type) {
	case RefKind:
		return []string{k.To}
	case AnyRefKind:
		if len(k.To) > 0 {
			return k.To
		}
		var all []string
		for _, other := range a.Entity.catalog.Entities {
			if !other.Internal && other != a.Entity {
				all = append(all, other.Name)
			}
		}
		return all
	}
	return nil
}

// many checks that the object between has links to both sides.
func (c *compiler) many(e *Entity, a *Attr, k ManyKind) {
	through := c.catalog.byName[k.Through]
	if through == nil {
		c.fail(fault.New(fault.Invalid, "value.unknown_object", "object", k.Through), e.Name, a.Name, "through")
		return
	}
	near, okNear := through.byName[k.Near]
	_, okFar := through.byName[k.Far]
	if ref, isRef := attrKind(near).(RefKind); !okNear || !okFar || !isRef || ref.To != e.Name {
		c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", k.Near), e.Name, a.Name, "near")
	}
}

func attrKind(a *Attr) Kind {
	if a == nil {
		return nil
	}
	return a.Kind
}

// derived compiles formulas and roll-ups.
func (c *compiler) derived(e *Entity) {
	for _, a := range e.Fields {
		if k, ok := a.Kind.(RollupKind); ok {
			c.rollup(e, a, k)
		}
	}
	for _, a := range e.Fields {
		if k, ok := a.Kind.(FormulaKind); ok {
			c.formula(e, a, k)
		}
	}
}

func (c *compiler) rollup(e *Entity, a *Attr, k RollupKind) {
	list, ok := e.byList[k.List]
	if !ok {
		c.fail(fault.New(fault.Invalid, "formula.unknown_list", "object", e.Name, "list", k.List), e.Name, a.Name, "list")
		return
	}
	k.Result = NumberKind{}
	if k.Function != Count {
		field, ok := list.Entity.byName[k.Field]
		if !ok || !field.Stored || field.Formula().Kind == formula.Text || len(field.Columns) == 0 {
			c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", k.Field), e.Name, a.Name, "field")
			return
		}
		k.Result = rollupResult(field, k.Function)
	}
	a.Kind = k
	if k.Where != "" {
		x, err := formula.Compile(c.catalog.Schema(nil), list.Entity.Name, k.Where, formula.Condition(), c.catalog.settings)
		if err == nil && !ownAndTimeless(x) {
			err = fault.New(fault.Invalid, "formula.own_fields")
		}
		c.fail(err, e.Name, a.Name, "where")
		a.Answer = x
	}
	e.Rollups = append(e.Rollups, a)
}

func rollupResult(field *Attr, f Function) Kind {
	if f != Average {
		if k, ok := field.Kind.(FormulaKind); ok {
			return k.Result
		}
		return field.Kind
	}
	if field.Formula().Money {
		return MoneyKind{}
	}
	return NumberKind{Decimals: 4}
}

// Formula is the type of the field in formulas.
func (a *Attr) Formula() formula.Type { return a.Kind.Formula() }

func (c *compiler) formula(e *Entity, a *Attr, k FormulaKind) {
	x, err := formula.Compile(c.catalog.Schema(nil), e.Name, k.Source, formula.Of(k.Result.Formula()), c.catalog.settings)
	if err != nil {
		c.fail(err, e.Name, a.Name, "formula")
		return
	}
	a.Answer = x
	a.Stored = ownAndTimeless(x)
	for _, use := range x.Fields() {
		if read := c.catalog.byName[use.Object].byName[use.Field]; read != nil {
			if _, computed := read.Kind.(FormulaKind); computed {
				c.fail(fault.New(fault.Invalid, "formula.computed", "field", use.Field), e.Name, a.Name, "formula")
			}
		}
	}
}

// ownAndTimeless says whether a formula reads only fields of its own record and neither the clock nor the viewer, so that its answer can
// be kept.
func ownAndTimeless(x *formula.Expr) bool {
	for _, use := range x.Fields() {
		if len(use.Hops) > 0 {
			return false
		}
	}
	own := true
	x.Walk(func(part *formula.Expr) bool {
		if part.Op == formula.OpConst && part.Const.Source != formula.Literal {
			own = false
		}
		return own
	})
	return own
}

// checks compiles validation rules and conditional requirements.
func (c *compiler) checks(e *Entity) {
	if len(e.Object.Rules) > MaxRules {
		c.fail(fault.New(fault.Invalid, "catalog.too_many", "max", MaxRules), e.Name)
		return
	}
	settings := c.catalog.settings
	settings.Old = true
	compile := func(source string, place ...string) *formula.Expr {
		if source == "" {
			return nil
		}
		x, err := formula.Compile(c.catalog.Schema(nil), e.Name, source, formula.Condition(), settings)
		c.fail(err, place...)
		return x
	}
	for _, r := range e.Object.Rules {
		if r.Retired {
			continue
		}
		if r.Must == "" {
			c.fail(fault.New(fault.Invalid, "value.required"), e.Name, r.Name, "must")
			continue
		}
		e.Checks = append(e.Checks, Check{
			Name: r.Name, Field: r.Field, Key: ruleKey(e, r), Labels: r.Labels,
			Where: compile(r.Where, e.Name, r.Name, "where"), Must: compile(r.Must, e.Name, r.Name, "must"),
		})
	}
	for _, a := range e.Fields {
		if a.RequiredWhen != "" {
			e.Checks = append(e.Checks, Check{
				Name: a.Name, Field: a.Name, Key: "value.required", Where: compile(a.RequiredWhen, e.Name, a.Name, "required_when"),
			})
		}
	}
}

// ruleKey names the message of a rule: a key of the locale files for shipped rules, the general one for custom rules, which bring
// their own words.
func ruleKey(e *Entity, r Rule) string {
	if len(r.Labels) > 0 || strings.HasPrefix(r.Name, "c_") {
		return "value.rule"
	}
	return e.Name + ".rules." + r.Name
}
