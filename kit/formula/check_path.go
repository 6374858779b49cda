package formula

// path types a path from the record in scope, from "record" or from "old".
func (c *checker) path(n *Node, s *scope) *Expr {
	from, names := c.root(n.Steps, s)
	if len(names) == 0 {
		names = []Name{{Text: "id", Column: n.Column}}
	}
	return c.follow(n.Column, from, names)
}

// root gives the scope that a path starts from, and its names after that.
func (c *checker) root(names []Name, s *scope) (*scope, []Name) {
	switch first := names[0].Text; {
	case first == "record":
		return &scope{object: c.object}, names[1:]
	case first == "old" && c.settings.Old:
		return &scope{object: c.object, level: OldLevel}, names[1:]
	}
	return s, names
}

// follow types names from a scope: all but the last are links.
func (c *checker) follow(column int, from *scope, names []Name) *Expr {
	if len(names) > MaxPath {
		return c.fail(names[MaxPath].Column, keyTooManySteps, "max", MaxPath)
	}
	e := &Expr{Op: OpPath, Column: column, Level: from.level, Steps: make([]Step, 0, len(names))}
	object := from.object
	for i, name := range names {
		f, ok := c.field(object, name)
		if !ok {
			return &Expr{Op: OpConst, Const: &Const{}, Column: column}
		}
		e.Steps = append(e.Steps, Step{Object: object, Field: f})
		e.Type = f.Type
		if i == len(names)-1 {
			break
		}
		if f.Type.Kind != Link {
			return c.fail(names[i+1].Column, keyNotLink, "field", f.Name, "kind", f.Type.Word())
		}
		if f.Type.To == "" {
			return c.fail(names[i+1].Column, keyAnyLink, "field", f.Name)
		}
		object = f.Type.To
	}
	return e
}

// field looks a name up, or reports why it is no field. A hidden field gives the fault of a missing one.
func (c *checker) field(object string, name Name) (Field, bool) {
	if name.Text == "id" {
		return Field{Name: "id", Type: Type{Kind: Link, To: object}, Index: IDIndex}, true
	}
	if f, ok := c.schema.Field(object, name.Text); ok {
		return f, true
	}
	if _, ok := c.schema.List(object, name.Text); ok {
		c.fail(name.Column, keyIsList, "field", name.Text)
	} else if other := near(name.Text, c.schema.Names(object)); other != "" {
		c.fail(name.Column, keyNearField, "object", object, "field", name.Text, "near", other)
	} else {
		c.fail(name.Column, keyUnknownField, "object", object, "field", name.Text)
	}
	return Field{}, false
}
