package meta

import (
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
	switch {
	case !ok:
		c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", e.Parent), e.Name, "parent")
	case len(via.Targets()) == 0 || via.System:
		c.fail(fault.New(fault.Invalid, "value.type", "want", "link"), e.Name, "parent")
	case !via.Required:
		c.fail(fault.New(fault.Invalid, "value.required"), e.Name, "parent")
	default:
		e.ParentVia = via
	}
}

// parent refuses links of rights that lead in a circle or over too many objects.
func (c *compiler) parent(e *Entity) {
	if c.parents(e, 0) > MaxParents {
		c.fail(fault.New(fault.Invalid, "value.cycle"), e.Name, "parent")
	}
}

// parents counts the links that decide the rights of an object, on the longest way, up to one more than there may be.
func (c *compiler) parents(e *Entity, depth int) int {
	if e == nil || e.ParentVia == nil || depth > MaxParents {
		return depth
	}
	longest := depth
	for _, name := range e.ParentVia.Targets() {
		longest = max(longest, c.parents(c.catalog.byName[name], depth+1))
		if longest > MaxParents {
			break
		}
	}
	return longest
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
		if target.has(name) {
			name = e.Plural + "_" + a.Name
		}
	}
	switch {
	case inverse != "" && (!nameShaped(inverse) || formula.Reserved(inverse)):
		c.fail(fault.New(fault.Invalid, "catalog.name_invalid", "name", inverse), e.Name, a.Name, "inverse")
		return
	case target.has(name):
		c.fail(fault.New(fault.Conflict, "catalog.name_taken", "name", name), e.Name, a.Name, "inverse")
		return
	}
	list := List{Name: name, Entity: e, Via: a}
	target.Lists = append(target.Lists, list)
	target.byList[name] = list
}

// has says whether a name is that of a field or a list.
func (e *Entity) has(name string) bool {
	_, isList := e.byList[name]
	return isList || e.byName[name] != nil
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
	if near, ok := through.ref(k.Near); !ok || near.To != e.Name {
		c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", k.Near), e.Name, a.Name, "near")
	}
	if _, ok := through.ref(k.Far); !ok || k.Far == k.Near {
		c.fail(fault.New(fault.Invalid, "value.unknown_field", "field", k.Far), e.Name, a.Name, "far")
	}
}

// ref finds a link to one object, by the name of its field.
func (e *Entity) ref(field string) (RefKind, bool) {
	a, ok := e.byName[field]
	if !ok || a.System {
		return RefKind{}, false
	}
	link, ok := a.Kind.(RefKind)
	return link, ok
}
