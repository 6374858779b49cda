// Package formulatest makes random typed formulas against any schema, random values with the nasty ones among them, and a world of
// records in memory, for tests that hold evaluation and SQL to one answer.
package formulatest

import (
	"maps"
	"slices"

	"ashna/kit/formula"
)

// Object is one object of a Catalog. Lists are by name.
type Object struct {
	Fields []formula.Field
	Lists  map[string]formula.List
}

// Catalog is a schema written by hand.
type Catalog map[string]Object

// Field gives a field of an object.
func (c Catalog) Field(object, name string) (formula.Field, bool) {
	for _, f := range c[object].Fields {
		if f.Name == name {
			return f, true
		}
	}
	return formula.Field{}, false
}

// List gives an inverse relation of an object.
func (c Catalog) List(object, name string) (formula.List, bool) {
	l, ok := c[object].Lists[name]
	return l, ok
}

// Names gives the names of the fields and lists of an object.
func (c Catalog) Names(object string) []string {
	var names []string
	for _, f := range c[object].Fields {
		names = append(names, f.Name)
	}
	return append(names, slices.Sorted(maps.Keys(c[object].Lists))...)
}

// Objects gives the names of the objects, sorted.
func (c Catalog) Objects() []string { return slices.Sorted(maps.Keys(c)) }

// fields numbers fields in the order they are written.
func fields(list ...formula.Field) []formula.Field {
	for i := range list {
		list[i].Index = i
	}
	return list
}

func field(name string, kind formula.Kind) formula.Field {
	return formula.Field{Name: name, Type: formula.Type{Kind: kind}}
}

func number(name string, scale int) formula.Field {
	return formula.Field{Name: name, Type: formula.Type{Kind: formula.Number, Scale: scale}}
}

func money(name string) formula.Field {
	return formula.Field{Name: name, Type: formula.Type{Kind: formula.Number, Scale: 2, Money: true}}
}

func link(name, to string) formula.Field {
	return formula.Field{Name: name, Type: formula.Type{Kind: formula.Link, To: to}}
}

// Shop is a small catalog with every kind of field: companies with deals, deals with items, and users.
func Shop() Catalog {
	stage := formula.Field{Name: "stage", Type: formula.Type{Kind: formula.Text, Choice: true}, Choices: []string{"new", "won", "lost"}}
	return Catalog{
		"company": {
			Fields: fields(field("name", formula.Text), field("region", formula.Text), money("credit"), field("active", formula.Bool),
				field("founded", formula.Date), link("parent", "company"), link("owner", "user"), field("tags", formula.Set),
				field("created", formula.Moment)),
			Lists: map[string]formula.List{"deals": {Object: "deal", Field: "company"}, "children": {Object: "company", Field: "parent"}},
		},
		"deal": {
			Fields: fields(field("name", formula.Text), money("amount"), number("probability", 0), number("score", 3),
				field("closes_on", formula.Date), field("created", formula.Moment), link("company", "company"), link("owner", "user"),
				field("won", formula.Bool), stage, field("tags", formula.Set), link("about", "")),
			Lists: map[string]formula.List{"items": {Object: "item", Field: "deal"}},
		},
		"item": {
			Fields: fields(link("deal", "deal"), number("quantity", 0), money("price"), field("note", formula.Text),
				field("due", formula.Date), field("sent", formula.Moment)),
		},
		"user": {
			Fields: fields(field("name", formula.Text), field("active", formula.Bool), link("lead", "user")),
			Lists:  map[string]formula.List{"deals": {Object: "deal", Field: "owner"}},
		},
	}
}
