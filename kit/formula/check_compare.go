package formula

import (
	"slices"
	"strings"

	"ashna/kit/text"
)

// choicesOf gives the codes that a literal beside e may be, when e is a field with choices.
func choicesOf(e *Expr) *Field {
	if e.Op != OpPath {
		return nil
	}
	if f := &e.Steps[len(e.Steps)-1].Field; f.Choices != nil {
		return f
	}
	return nil
}

// adapt turns an empty or a quoted literal into the type beside it; anything else stays. Choices is the field whose codes a quoted
// text must be one of, or nil.
func (c *checker) adapt(e *Expr, t Type, choices *Field) *Expr {
	switch e.Type.Kind {
	case Empty:
		if t.Kind == Quoted {
			t = Type{Kind: Text}
		}
		return literal(t, e.Column, Value{})
	case Quoted:
	default:
		return e
	}
	switch {
	case t.Kind == Text || t.Kind == Quoted || t.Kind == Empty:
		return c.textLiteral(e, choices)
	case !e.Const.Value.Ok:
		return literal(t, e.Column, Value{})
	case t.Kind == Date || t.Kind == Moment:
		return c.dayLiteral(e, t)
	case t.Kind == Link:
		return c.idLiteral(e, t)
	}
	return e
}

// idLiteral makes a link of the text form of an id.
func (c *checker) idLiteral(e *Expr, t Type) *Expr {
	written := e.Const.Value.Raw
	if c.settings.ParseID != nil {
		if id, ok := c.settings.ParseID(written); ok {
			return literal(t, e.Column, Whole(id))
		}
	}
	return c.fail(e.Column, keyNotID, "text", written)
}

// textLiteral makes a text of a quoted literal; beside a choice it must be one of the codes.
func (c *checker) textLiteral(e *Expr, choices *Field) *Expr {
	v := e.Const.Value
	if choices == nil || !v.Ok {
		return literal(Type{Kind: Text}, e.Column, v)
	}
	code, ok := codeOf(choices, v)
	if !ok {
		return c.fail(e.Column, keyUnknownChoice, "field", choices.Name, "value", v.Raw)
	}
	return literal(Type{Kind: Text, Choice: true}, e.Column, Value{Ok: true, Text: code, Raw: code})
}

// codeOf finds the code a text means: the same text, or one with the same key.
func codeOf(f *Field, v Value) (string, bool) {
	if slices.Contains(f.Choices, v.Raw) {
		return v.Raw, true
	}
	i := slices.IndexFunc(f.Choices, func(code string) bool { return text.Key(code) == v.Text })
	if i < 0 {
		return "", false
	}
	return f.Choices[i], true
}

// dayLiteral makes a date of a quoted literal, or a moment when it has a time and a moment is beside it.
func (c *checker) dayLiteral(e *Expr, t Type) *Expr {
	v := e.Const.Value
	if day, ok := parseDay(v.Raw); ok {
		return literal(Type{Kind: Date}, e.Column, Whole(day))
	}
	if at, ok := parseMoment(v.Raw); ok && t.Kind == Moment {
		return literal(t, e.Column, Whole(at))
	}
	return c.fail(e.Column, keyNotDate, "text", v.Raw)
}

// pair makes two operands fit each other: literals take the type beside them, numbers the larger scale.
func (c *checker) pair(op string, a, b *Expr, column int) (*Expr, *Expr) {
	if unknown(a, b) {
		return a, b
	}
	x, y := c.adapt(a, b.Type, choicesOf(b)), c.adapt(b, a.Type, choicesOf(a))
	if unknown(x, y) {
		return x, y
	}
	if x.Type.Kind == Number && y.Type.Kind == Number {
		if x.Type.Money != y.Type.Money && !x.IsLiteral() && !y.IsLiteral() {
			return c.fail(column, keyMoneyAndNumber, "op", op), y
		}
		scale := max(x.Type.Scale, y.Type.Scale)
		return c.rescale(x, scale), c.rescale(y, scale)
	}
	switch {
	case together(x.Type, y.Type, Set, Quoted):
		return c.fail(column, keyUseHas, "op", op), y
	case !x.Type.fits(y.Type) && !together(x.Type, y.Type, Moment, Date):
		return c.fail(column, keyTypes, "left", a.Type.Word(), "right", b.Type.Word(), "op", op), y
	}
	return x, y
}

// together says whether two types are of two kinds, in either order.
func together(t, u Type, one, other Kind) bool {
	return t.Kind == one && u.Kind == other || t.Kind == other && u.Kind == one
}

// compare types = != < <= > and >=.
func (c *checker) compare(op string, a, b *Expr, column int) *Expr {
	a, b = c.pair(op, a, b, column)
	if unknown(a, b) {
		return apply(OpEqual, Type{Kind: Unknown}, column)
	}
	order := op != "=" && op != "!="
	if order && !a.Type.ordered() {
		return c.fail(column, keyNoOrder, "kind", a.Type.Word(), "op", op)
	}
	if a.Type.Kind == Date && b.Type.Kind == Moment {
		a, b, op = b, a, flip(op)
	}
	if a.Type.Kind == Moment && b.Type.Kind == Date && !b.Fixed() {
		return c.fail(b.Column, keyFixedDay)
	}
	e := apply(compareOp(op), Type{Kind: Bool}, column, a, b)
	if op == "!=" {
		return apply(OpNot, Type{Kind: Bool}, column, e)
	}
	return e
}

// flip gives the comparison that says the same with its sides changed.
func flip(op string) string {
	switch op[0] {
	case '<':
		return ">" + op[1:]
	case '>':
		return "<" + op[1:]
	}
	return op
}

func compareOp(op string) Op {
	switch op {
	case "<":
		return OpLess
	case "<=":
		return OpLessOrEqual
	case ">":
		return OpGreater
	case ">=":
		return OpGreaterOrEqual
	}
	return OpEqual
}

// between types a value from the least to the greatest, both of them included.
func (c *checker) between(n *Node, s *scope) *Expr {
	args := c.operands(n.Args, s)
	v, least := c.pair("between", args[0], args[1], n.Column)
	v, last := c.pair("between", v, args[2], n.Column)
	if unknown(v, least, last) {
		return apply(OpBetween, Type{Kind: Unknown}, n.Column)
	}
	least = c.rescale(least, v.Type.Scale)
	for _, bound := range []*Expr{least, last} {
		switch {
		case !v.Type.ordered():
			return c.fail(n.Column, keyNoOrder, "kind", v.Type.Word(), "op", "between")
		case v.Type.Kind == Moment && bound.Type.Kind == Date && !bound.Fixed():
			return c.fail(bound.Column, keyFixedDay)
		case v.Type.Kind == Date && bound.Type.Kind == Moment:
			return c.fail(bound.Column, keyTypes, "left", v.Type.Word(), "right", bound.Type.Word(), "op", "between")
		}
	}
	return apply(OpBetween, Type{Kind: Bool}, n.Column, v, least, last)
}

// in types a list of fixed values. The value is raised to the scale of the finest member.
func (c *checker) in(n *Node, s *scope) *Expr {
	a := c.expr(n.Args[0], s)
	args := make([]*Expr, len(n.Args))
	for i, m := range n.Args[1:] {
		b := c.expr(m, s)
		x, y := c.pair("in", a, b, m.Column)
		switch {
		case unknown(x, y):
			a = x
		case !y.Fixed() || b.Type.Kind == Empty || y.IsLiteral() && !y.Const.Value.Ok:
			c.fail(m.Column, keyNeedsFixed, "name", "in")
		case x.Type.Kind != y.Type.Kind:
			c.fail(m.Column, keyTypes, "left", x.Type.Word(), "right", y.Type.Word(), "op", "in")
		}
		a, args[i+1] = x, y
		if unknown(a) {
			break
		}
	}
	args[0] = a
	for i, m := range args {
		if m == nil || unknown(m) {
			return apply(OpIn, Type{Kind: Unknown}, n.Column)
		}
		args[i] = c.rescale(m, a.Type.Scale)
	}
	return apply(OpIn, Type{Kind: Bool}, n.Column, args...)
}

func (c *checker) isEmpty(n *Node, s *scope) *Expr {
	a := c.expr(n.Args[0], s)
	if a.Type.Kind == Empty || a.Type.Kind == Quoted {
		return c.fail(n.Args[0].Column, keyNeedsField, "name", "is empty")
	}
	return apply(OpIsEmpty, Type{Kind: Bool}, n.Column, a)
}

// like types contains, startsWith and endsWith; a set contains what it has.
func (c *checker) like(n *Node, a, b *Expr) *Expr {
	if a = c.settle(a); unknown(a, b) {
		return apply(OpContains, Type{Kind: Unknown}, n.Column)
	}
	if a.Type.Kind == Set && n.Text == "contains" {
		return c.has(n, a, b)
	}
	switch {
	case a.Type.Kind != Text:
		return c.fail(a.Column, keyNeeds, "name", n.Text, "want", wordText, "kind", a.Type.Word())
	case b.Type.Kind != Quoted || !b.Const.Value.Ok:
		return c.fail(b.Column, keyNeedsFixed, "name", n.Text)
	}
	op := OpContains
	switch n.Text {
	case "startsWith":
		op = OpStartsWith
	case "endsWith":
		op = OpEndsWith
	}
	return apply(op, Type{Kind: Bool}, n.Column, a, literal(Type{Kind: Text}, b.Column, b.Const.Value))
}

// has types whether a set holds a fixed text.
func (c *checker) has(n *Node, a, b *Expr) *Expr {
	switch {
	case unknown(a, b):
		return apply(OpHas, Type{Kind: Unknown}, n.Column)
	case a.Type.Kind != Set:
		return c.fail(a.Column, keyNeeds, "name", "has", "want", wordSet, "kind", a.Type.Word())
	case b.Type.Kind != Quoted || !b.Const.Value.Ok:
		return c.fail(b.Column, keyNeedsFixed, "name", "has")
	}
	v := c.textLiteral(b, choicesOf(a))
	if unknown(v) {
		return v
	}
	key := v.Const.Value.Text
	if key == "" || strings.Contains(key, "|") {
		return c.fail(b.Column, keyNotMember, "text", b.Const.Value.Raw)
	}
	member := literal(Type{Kind: Text}, b.Column, Value{Ok: true, Text: "|" + key + "|", Raw: v.Const.Value.Raw})
	return apply(OpHas, Type{Kind: Bool}, n.Column, a, member)
}
