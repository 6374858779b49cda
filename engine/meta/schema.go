package meta

import "ashna/kit/formula"

// Mask decides which fields a reader may see; nil shows all.
type Mask interface {
	// Readable says whether the reader may see a field.
	Readable(a *Attr) bool
	// Object says whether the reader may see any record of an object.
	Object(e *Entity) bool
}

// Schema gives the catalog to formulas, as a reader may see it: what is hidden is simply not there.
func (c *Catalog) Schema(mask Mask) formula.Schema { return schema{c, mask} }

type schema struct {
	catalog *Catalog
	mask    Mask
}

func (s schema) entity(name string) *Entity {
	e := s.catalog.byName[name]
	if e == nil || s.mask != nil && !s.mask.Object(e) {
		return nil
	}
	return e
}

// Field finds a field that formulas can read.
func (s schema) Field(object, name string) (formula.Field, bool) {
	e := s.entity(object)
	if e == nil {
		return formula.Field{}, false
	}
	a := e.byName[name]
	if !s.visible(a) {
		return formula.Field{}, false
	}
	t := a.Formula()
	if t.Kind == formula.Unknown || len(a.Columns) == 0 {
		return formula.Field{}, false
	}
	return formula.Field{Name: name, Type: t, Index: a.At, Choices: choices(a.Kind)}, true
}

func (s schema) visible(a *Attr) bool {
	if a == nil {
		return false
	}
	if s.mask == nil {
		return true
	}
	if a.Part != nil {
		a = a.Part
	}
	return s.mask.Readable(a)
}

// List finds an inverse relation.
func (s schema) List(object, name string) (formula.List, bool) {
	e := s.entity(object)
	if e == nil {
		return formula.List{}, false
	}
	l, ok := e.byList[name]
	if !ok || s.entity(l.Entity.Name) == nil || !s.visible(l.Via) {
		return formula.List{}, false
	}
	return formula.List{Object: l.Entity.Name, Field: l.Via.Name}, true
}

// choices are the codes that a literal beside a choice may be.
func choices(k Kind) []string {
	var options []Option
	switch k := k.(type) {
	case ChoiceKind:
		options = k.Options
	case MultiChoiceKind:
		options = k.Options
	}
	if options == nil {
		return nil
	}
	codes := make([]string, len(options))
	for i, o := range options {
		codes[i] = o.Code
	}
	return codes
}

// Names lists the fields and lists that a reader may see, for suggestions.
func (s schema) Names(object string) []string {
	e := s.entity(object)
	if e == nil {
		return nil
	}
	names := make([]string, 0, len(e.Fields))
	for _, a := range e.Fields {
		if s.visible(a) {
			names = append(names, a.Name)
		}
		for _, part := range a.Parts() {
			if s.visible(part) {
				names = append(names, part.Name)
			}
		}
	}
	for _, l := range e.Lists {
		if _, ok := s.List(object, l.Name); ok {
			names = append(names, l.Name)
		}
	}
	return names
}
