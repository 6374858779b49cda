package formula

import "slices"

// unify makes operands one type, of which one is the result, and gives the type.
func (c *checker) unify(name string, args []*Expr, column int) (Type, bool) {
	if unknown(args...) {
		return Type{}, false
	}
	first := leading(args)
	for i := range args {
		if i == first {
			continue
		}
		x, y := c.pair(name, args[first], args[i], args[i].Column)
		if unknown(x, y) {
			return Type{}, false
		}
		if x.Type.Kind != y.Type.Kind {
			c.fail(args[i].Column, keyTypes, "left", x.Type.Word(), "right", y.Type.Word(), "op", name)
			return Type{}, false
		}
		args[first], args[i] = x, y
	}
	return c.common(name, args, column)
}

// leading gives the operand that decides the type: the first that has one, or else the first text.
func leading(args []*Expr) int {
	for _, weak := range [][]Kind{{Empty, Quoted}, {Empty}} {
		i := slices.IndexFunc(args, func(e *Expr) bool { return !slices.Contains(weak, e.Type.Kind) })
		if i >= 0 {
			return i
		}
	}
	return 0
}

// common gives the type of operands of one kind, and their numbers one scale.
func (c *checker) common(name string, args []*Expr, column int) (Type, bool) {
	t := args[0].Type
	plain := false
	for _, e := range args {
		t.Scale = max(t.Scale, e.Type.Scale)
		t.Money = t.Money || e.Type.Money
		t.Choice = t.Choice && e.Type.Choice
		plain = plain || e.Type.Kind == Number && !e.Type.Money && !e.IsLiteral()
		if e.Type.To != t.To {
			t.To = ""
		}
	}
	if t.Money && plain {
		c.fail(column, keyMoneyAndNumber, "op", name)
		return t, false
	}
	for i, e := range args {
		args[i] = c.rescale(e, t.Scale)
	}
	return t, !unknown(args...)
}

func (c *checker) coalesce(n *Node, s *scope) *Expr {
	args := c.operands(n.Args, s)
	t, ok := c.unify("coalesce", args, n.Column)
	if !ok {
		return apply(OpCoalesce, Type{Kind: Unknown}, n.Column)
	}
	return apply(OpCoalesce, t, n.Column, args...)
}

func (c *checker) choose(n *Node, s *scope) *Expr {
	condition := c.condition(n.Args[0], s)
	args := c.operands(n.Args[1:], s)
	t, ok := c.unify("if", args, n.Column)
	if !ok || unknown(condition) {
		return apply(OpIf, Type{Kind: Unknown}, n.Column)
	}
	return apply(OpIf, t, n.Column, condition, args[0], args[1])
}

func (c *checker) operands(nodes []*Node, s *scope) []*Expr {
	args := make([]*Expr, len(nodes))
	for i, n := range nodes {
		args[i] = c.expr(n, s)
	}
	return args
}
