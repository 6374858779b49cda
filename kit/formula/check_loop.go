package formula

// loop types a function of a list. Its scope is the listed record.
func (c *checker) loop(n *Node, s *scope, op Op) *Expr {
	l, ok := c.listed(n, s)
	if !ok {
		return apply(op, Type{Kind: Unknown}, n.Column)
	}
	inner := &scope{object: l.List.Object, level: l.Level}
	rest := n.Args[1:]
	if op != OpAny && op != OpCount {
		l.What = c.expr(rest[0], inner)
		rest = rest[1:]
	}
	if len(rest) > 0 {
		l.Where = c.condition(rest[0], inner)
	}
	t, ok := c.loopType(n, op, l.What)
	if !ok || l.Where != nil && unknown(l.Where) {
		return apply(op, Type{Kind: Unknown}, n.Column)
	}
	return &Expr{Op: op, Type: t, Column: n.Column, Loop: l}
}

// loopType gives the type of a list function from that of its value.
func (c *checker) loopType(n *Node, op Op, what *Expr) (Type, bool) {
	switch {
	case op == OpAny:
		return Type{Kind: Bool}, true
	case op == OpCount:
		return Type{Kind: Number}, true
	case unknown(what):
		return Type{}, false
	}
	t := what.Type
	extreme := (op == OpMin || op == OpMax) && t.ordered()
	if t.Kind != Number && !extreme {
		c.fail(what.Column, keyNeeds, "name", n.Text, "want", wordNumber, "kind", t.Word())
		return Type{}, false
	}
	if op == OpAvg {
		t.Scale = quotientScale
	}
	return t, true
}

// listed finds the list that a function names first, within the limits on lists.
func (c *checker) listed(n *Node, s *scope) (*Loop, bool) {
	first := n.Args[0]
	if first.Kind != NodePath {
		c.fail(first.Column, keyNeedsList, "name", n.Text)
		return nil, false
	}
	name := first.Steps[len(first.Steps)-1]
	from, names := c.root(first.Steps, s)
	if len(names) == 0 {
		c.fail(first.Column, keyNeedsList, "name", n.Text)
		return nil, false
	}
	id := Name{Text: "id", Column: name.Column}
	base := c.follow(first.Column, from, append(names[:len(names)-1:len(names)-1], id))
	if unknown(base) {
		return nil, false
	}
	owner := base.Type.To
	list, ok := c.schema.List(owner, name.Text)
	if !ok {
		c.noList(owner, name)
		return nil, false
	}
	c.lists++
	level := s.level + 1
	switch {
	case c.lists > MaxLists:
		c.fail(n.Column, keyTooManyLists, "max", MaxLists)
		return nil, false
	case level > MaxNested:
		c.fail(n.Column, keyTooNested, "max", MaxNested)
		return nil, false
	}
	return &Loop{Owner: owner, Name: name.Text, List: list, Base: base, Level: level}, true
}

// noList says why a name is no list of an object.
func (c *checker) noList(owner string, name Name) {
	if _, ok := c.schema.Field(owner, name.Text); ok || name.Text == "id" {
		c.fail(name.Column, keyNotList, "field", name.Text)
		return
	}
	c.fail(name.Column, keyUnknownList, "object", owner, "list", name.Text)
}
