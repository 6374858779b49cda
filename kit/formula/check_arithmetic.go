package formula

import "strconv"

// rescale raises a number to more decimals, or rounds it to fewer; what is no number stays.
func (c *checker) rescale(e *Expr, scale int) *Expr {
	t := e.Type
	more := scale - t.Scale
	if t.Kind != Number || more == 0 {
		return e
	}
	t.Scale = scale
	switch {
	case more < 0:
		return fold(apply(OpRound, t, e.Column, e))
	case !e.IsLiteral():
		return apply(OpMultiply, t, e.Column, e, literal(Type{Kind: Number}, e.Column, Whole(pow10(more))))
	case !e.Const.Value.Ok:
		return literal(t, e.Column, Value{})
	}
	v := multiply(e.Const.Value.Int, pow10(more))
	if !v.Ok {
		return c.fail(e.Column, keyTooLarge, "text", strconv.FormatInt(e.Const.Value.Int, 10))
	}
	return literal(t, e.Column, v)
}

func (c *checker) negate(n *Node, s *scope) *Expr {
	a := c.expr(n.Args[0], s)
	switch {
	case unknown(a):
		return a
	case a.Type.Kind != Number:
		return c.fail(n.Column, keyNeeds, "name", "-", "want", wordNumber, "kind", a.Type.Word())
	}
	return fold(apply(OpSubtract, a.Type, n.Column, literal(a.Type, n.Column, Whole(0)), a))
}

// arithmetic types + - * / and %.
func (c *checker) arithmetic(op string, a, b *Expr, column int) *Expr {
	if op == "-" {
		a, b = c.dates(a, b)
	}
	if unknown(a, b) {
		return apply(OpAdd, Type{Kind: Unknown}, column)
	}
	left, right := a.Type.Kind, b.Type.Kind
	switch {
	case left == Empty || right == Empty:
		return c.fail(column, keyEmptyOperand, "op", op)
	case left == Date && (op == "+" || op == "-"):
		return c.days(op, a, b, column)
	case left != Number || right != Number:
		return c.fail(column, keyTypes, "left", a.Type.Word(), "right", b.Type.Word(), "op", op)
	}
	switch op {
	case "*":
		return c.product(a, b, column)
	case "/":
		return c.quotient(a, b, column)
	case "%":
		return c.remainder(a, b, column)
	}
	return c.sum(op, a, b, column)
}

// dates makes a date of a quoted text beside a date.
func (c *checker) dates(a, b *Expr) (*Expr, *Expr) {
	switch {
	case a.Type.Kind == Quoted && b.Type.Kind == Date:
		return c.adapt(a, b.Type, nil), b
	case a.Type.Kind == Date && b.Type.Kind == Quoted:
		return a, c.adapt(b, a.Type, nil)
	}
	return a, b
}

func (c *checker) remainder(a, b *Expr, column int) *Expr {
	if a.Type.Scale+b.Type.Scale > 0 || a.Type.Money || b.Type.Money {
		return c.fail(column, keyWholeNumbers, "op", "%")
	}
	return fold(apply(OpModulo, Type{Kind: Number}, column, a, b))
}

// days types a date with days added or taken, and the days between two dates.
func (c *checker) days(op string, a, b *Expr, column int) *Expr {
	switch {
	case b.Type.Kind == Date && op == "-":
		return apply(OpDaysBetween, Type{Kind: Number}, column, a, b)
	case b.Type.Kind != Number || b.Type.Money:
		return c.fail(column, keyTypes, "left", a.Type.Word(), "right", b.Type.Word(), "op", op)
	case b.Type.Scale > 0:
		return c.fail(b.Column, keyWholeNumbers, "op", op)
	case op == "+":
		return apply(OpAddDays, Type{Kind: Date}, column, a, b)
	}
	return apply(OpSubtractDays, Type{Kind: Date}, column, a, b)
}

func (c *checker) sum(op string, a, b *Expr, column int) *Expr {
	a, b = c.pair(op, a, b, column)
	t := Type{Kind: Number, Scale: a.Type.Scale, Money: a.Type.Money || b.Type.Money}
	switch {
	case unknown(a, b):
		return apply(OpAdd, Type{Kind: Unknown}, column)
	case op == "+":
		return fold(apply(OpAdd, t, column, a, b))
	}
	return fold(apply(OpSubtract, t, column, a, b))
}

func (c *checker) product(a, b *Expr, column int) *Expr {
	t := Type{Kind: Number, Scale: a.Type.Scale + b.Type.Scale, Money: a.Type.Money || b.Type.Money}
	switch {
	case a.Type.Money && b.Type.Money:
		return c.fail(column, keyMoneyTimesMoney)
	case t.Scale > MaxScale:
		return c.fail(column, keyTooManyDecimals, "max", MaxScale)
	}
	return fold(apply(OpMultiply, t, column, a, b))
}

// quotient raises one side so that whole division leaves quotientScale decimals.
func (c *checker) quotient(a, b *Expr, column int) *Expr {
	if b.Type.Money && !a.Type.Money {
		return c.fail(column, keyNumberByMoney)
	}
	t := Type{Kind: Number, Scale: quotientScale, Money: a.Type.Money && !b.Type.Money}
	if more := quotientScale + b.Type.Scale - a.Type.Scale; more >= 0 {
		a = c.rescale(a, a.Type.Scale+more)
	} else {
		b = c.rescale(b, b.Type.Scale-more)
	}
	if unknown(a, b) {
		return apply(OpDivide, Type{Kind: Unknown}, column)
	}
	return fold(apply(OpDivide, t, column, a, b))
}
