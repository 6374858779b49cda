package formula

import (
	"slices"
	"strconv"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// Check types a tree for records of an object and gives the first fault, in the order of reading.
func Check(schema Schema, object string, n *Node, want Want, settings Settings) (*Expr, error) {
	e, faults := check(schema, object, n, want, settings)
	if len(faults) > 0 {
		return nil, faults[0]
	}
	return e, nil
}

// CheckAll is Check with up to MaxFaults faults at once, as a fault.List.
func CheckAll(schema Schema, object string, n *Node, want Want, settings Settings) (*Expr, error) {
	e, faults := check(schema, object, n, want, settings)
	if len(faults) > 0 {
		return nil, faults
	}
	return e, nil
}

func check(schema Schema, object string, n *Node, want Want, settings Settings) (*Expr, fault.List) {
	c := checker{schema: schema, settings: settings, object: object}
	e := c.finish(n, c.expr(n, &scope{object: object}), want)
	return e, c.faults
}

// checker types one tree. A part at fault becomes an Expr of type Unknown, which every operation takes in silence, so that one mistake
// is reported once and the rest is still looked at.
type checker struct {
	schema   Schema
	settings Settings
	object   string
	lists    int
	faults   fault.List
}

// scope is where bare names are looked up: the record of the formula, or the listed record of a list function.
type scope struct {
	object string
	level  int
}

// fail reports a fault and gives the part that stands for it.
func (c *checker) fail(column int, key string, pairs ...any) *Expr {
	if len(c.faults) < MaxFaults {
		c.faults = append(c.faults, refuse(column, key, pairs...))
	}
	return &Expr{Op: OpConst, Const: &Const{}, Column: column}
}

func unknown(operands ...*Expr) bool {
	for _, e := range operands {
		if e.Type.Kind == Unknown {
			return true
		}
	}
	return false
}

// expr types a part.
func (c *checker) expr(n *Node, s *scope) *Expr {
	switch n.Kind {
	case NodeNumber:
		return c.number(n)
	case NodeText:
		return literal(Type{Kind: Quoted}, n.Column, Value{Ok: n.Text != "", Raw: n.Text, Text: text.Key(n.Text)})
	case NodeBool:
		return literal(Type{Kind: Bool}, n.Column, Truth(n.Text == "true"))
	case NodeEmpty:
		return literal(Type{Kind: Empty}, n.Column, Value{})
	case NodePath:
		return c.path(n, s)
	case NodeCall:
		return c.call(n, s)
	case NodeNot:
		return apply(OpNot, Type{Kind: Bool}, n.Column, c.condition(n.Args[0], s))
	case NodeNegate:
		return c.negate(n, s)
	case NodeIn:
		return c.in(n, s)
	case NodeBetween:
		return c.between(n, s)
	case NodeIsEmpty:
		return c.isEmpty(n, s)
	case NodeBinary:
		return c.binary(n, s)
	}
	return c.fail(n.Column, keyUnexpected, "text", n.Text)
}

func (c *checker) binary(n *Node, s *scope) *Expr {
	switch n.Text {
	case "and":
		return apply(OpAnd, Type{Kind: Bool}, n.Column, c.condition(n.Args[0], s), c.condition(n.Args[1], s))
	case "or":
		return apply(OpOr, Type{Kind: Bool}, n.Column, c.condition(n.Args[0], s), c.condition(n.Args[1], s))
	}
	a, b := c.expr(n.Args[0], s), c.expr(n.Args[1], s)
	switch n.Text {
	case "contains", "startsWith", "endsWith":
		return c.like(n, a, b)
	case "+", "-", "*", "/", "%":
		return c.arithmetic(n.Text, a, b, n.Column)
	}
	return c.compare(n.Text, a, b, n.Column)
}

// number reads digits as a decimal.
func (c *checker) number(n *Node) *Expr {
	digits, decimals, _ := strings.Cut(n.Text, ".")
	if len(decimals) > MaxDecimals {
		return c.fail(n.Column, keyTooManyDecimals, "max", MaxDecimals)
	}
	i, err := strconv.ParseInt(digits+decimals, 10, 64)
	if v := whole(i); err == nil && v.Ok {
		return literal(Type{Kind: Number, Scale: len(decimals)}, n.Column, v)
	}
	return c.fail(n.Column, keyTooLarge, "text", n.Text)
}

// condition types a part that must be a condition.
func (c *checker) condition(n *Node, s *scope) *Expr {
	e := c.expr(n, s)
	if e.Type.Kind != Bool && !unknown(e) {
		return c.fail(n.Column, keyNeedsCondition, "kind", e.Type.Word())
	}
	return e
}

// finish makes the whole formula what is wanted of it.
func (c *checker) finish(n *Node, e *Expr, want Want) *Expr {
	switch {
	case unknown(e):
		return e
	case want.any:
		return c.settle(e)
	case !want.value || want.typ.Kind == Bool:
		if e.Type.Kind != Bool && !(want.value && e.Type.Kind == Empty) {
			return c.fail(n.Column, keyNeedsCondition, "kind", e.Type.Word())
		}
		return e
	}
	e = c.adapt(e, want.typ, nil)
	if unknown(e) {
		return e
	}
	t := want.typ
	if !e.Type.fits(t) || e.Type.Money != t.Money && !e.IsLiteral() {
		return c.fail(n.Column, keyWrongResult, "want", t.Word(), "kind", e.Type.Word())
	}
	if t.Kind != Number {
		return e
	}
	if e = c.rescale(e, t.Scale); !unknown(e) && e.Type.Money != t.Money {
		return literal(t, e.Column, e.Const.Value)
	}
	return e
}

// settle makes a text of a quoted text that met no type.
func (c *checker) settle(e *Expr) *Expr { return c.adapt(e, Type{Kind: Text}, nil) }

// near gives the name a person may have meant, or "".
func near(name string, names []string) string {
	const longest = 64
	if len(name) > longest {
		return ""
	}
	best, found := 3, ""
	for _, other := range slices.Sorted(slices.Values(names)) {
		if len(other) > longest {
			continue
		}
		if d := text.Distance(name, other); d < best && d < len(name) {
			best, found = d, other
		}
	}
	return found
}
