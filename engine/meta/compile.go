package meta

import (
	"slices"
	"strings"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

// Attr is a field of a compiled object.
type Attr struct {
	Field
	Entity  *Entity
	At      int           // its first slot in a record
	Width   int           // how many slots it has
	Columns []string      // the names of its columns; the first is the one formulas see
	Key     string        // column of the comparison key; the column itself when the value is its own key; empty when there is none
	Order   string        // column of the order key of the language; empty when there is none
	System  bool          // one of the fields that every record has
	Part    *Attr         // the address that this field is a part of
	Stored  bool          // false: computed at each read by a formula
	Answer  *formula.Expr // of a formula field
}

// List is the records of an object whose link leads here: an inverse relation.
type List struct {
	Name   string
	Entity *Entity // the listed object
	Via    *Attr   // its link
}

// Entity is a compiled object: the declaration, with what ships, what modules add and what was made at run time.
type Entity struct {
	Object
	Fields    []*Attr // system fields first; without retired ones
	Retired   []*Attr // fields that were retired: their columns stay
	Lists     []List
	TitleAttr *Attr
	ParentVia *Attr // the link that decides the rights; nil for objects with rights of their own
	Rollups   []*Attr
	Checks    []Check       // validation rules and conditional requirements
	Found     *formula.Expr // SearchWhere; nil: every record is found
	Slots     int           // slots of a record
	byName    map[string]*Attr
	byList    map[string]List
	catalog   *Catalog
}

// Check is a compiled validation rule: where Where is true, Must has to be.
type Check struct {
	Name   string
	Field  string
	Key    string // of the message
	Labels map[string]string
	Where  *formula.Expr // nil: always
	Must   *formula.Expr // nil: Field must not be empty
}

// Catalog is all objects at one version. It never changes: a request takes one and keeps it.
type Catalog struct {
	Version  int64
	Entities []*Entity // in the order of declaration
	byName   map[string]*Entity
	byPlural map[string]*Entity
	settings formula.Settings
}

// Object finds an object by its name.
func (c *Catalog) Object(name string) (*Entity, bool) {
	e, ok := c.byName[name]
	return e, ok
}

// Plural finds an object by its plural name, as addresses and commands have it.
func (c *Catalog) Plural(name string) (*Entity, bool) {
	e, ok := c.byPlural[name]
	return e, ok
}

// Settings are those that formulas are checked with.
func (c *Catalog) Settings() formula.Settings { return c.settings }

// Attr finds a field by its name.
func (e *Entity) Attr(name string) (*Attr, bool) {
	a, ok := e.byName[name]
	return a, ok
}

// List finds an inverse relation by its name.
func (e *Entity) List(name string) (List, bool) {
	l, ok := e.byList[name]
	return l, ok
}

// Table is the table of the records: the plural, because singulars such as user, order and group are words of the databases.
func (e *Entity) Table() string { return e.Plural }

// Catalog gives the catalog that the object belongs to.
func (e *Entity) Catalog() *Catalog { return e.catalog }

// Sources is everything a catalog is made of.
type Sources struct {
	Version    int64
	Objects    []Object    // what ships, the platform's own first
	Extensions []Extension // what modules add to each other's objects
	Items      []Item      // what was made at run time, oldest first
	Settings   formula.Settings
}

// Limits of a catalog.
const (
	MaxObjects = 500
	MaxFields  = 300 // of one object
	MaxRules   = 200 // of one object
	MaxParents = 4   // links that decide the rights of a record, one after the other
)

// Compile merges what ships, what modules add and what was made at run time, checks everything and gives the catalog, or all problems at
// once as a fault.List whose fields read "object.field.setting".
func Compile(s Sources) (*Catalog, error) {
	c := &compiler{
		catalog: &Catalog{Version: s.Version, byName: map[string]*Entity{}, byPlural: map[string]*Entity{}, settings: s.Settings},
	}
	c.collect(s)
	for _, e := range c.catalog.Entities {
		c.fields(e)
	}
	for _, e := range c.catalog.Entities {
		c.relations(e)
	}
	for _, e := range c.catalog.Entities {
		c.parent(e)
	}
	c.derived()
	for _, e := range c.catalog.Entities {
		c.settings(e)
		c.checks(e)
	}
	if err := c.faults.Or(); err != nil {
		return nil, err
	}
	return c.catalog, nil
}

type compiler struct {
	catalog *Catalog
	faults  fault.List
}

func (c *compiler) fail(err error, place ...string) {
	if err == nil {
		return
	}
	at := strings.Join(place, ".")
	for _, f := range fault.All(err) {
		c.faults = append(c.faults, f.In(at))
	}
	if fault.All(err) == nil {
		c.faults.Add(err)
	}
}

// collect merges the declarations into one object each.
func (c *compiler) collect(s Sources) {
	for _, o := range s.Objects {
		c.add(o)
	}
	for _, x := range s.Extensions {
		if e := c.entity(x.Object); e != nil {
			e.Object.Fields = append(e.Object.Fields, x.Fields...)
			e.Object.Rules = append(e.Object.Rules, x.Rules...)
			e.Object.Actions = append(e.Object.Actions, x.Actions...)
		}
	}
	for _, item := range s.Items {
		c.apply(item)
	}
	if len(c.catalog.Entities) > MaxObjects {
		c.fail(fault.New(fault.Invalid, "catalog.too_many", "max", MaxObjects))
	}
}

func (c *compiler) add(o Object) {
	switch {
	case c.taken(o.Name) || c.taken(o.Plural):
		c.fail(fault.New(fault.Conflict, "catalog.name_taken", "name", o.Name), o.Name)
		return
	case !nameShaped(o.Name) || !validName(o.Plural) || o.Name == o.Plural:
		c.fail(fault.New(fault.Invalid, "catalog.name_invalid", "name", o.Name), o.Name)
		return
	}
	o.Fields, o.Rules, o.Actions = slices.Clone(o.Fields), slices.Clone(o.Rules), slices.Clone(o.Actions)
	e := &Entity{Object: o, byName: map[string]*Attr{}, byList: map[string]List{}, catalog: c.catalog}
	c.catalog.Entities = append(c.catalog.Entities, e)
	c.catalog.byName[o.Name], c.catalog.byPlural[o.Plural] = e, e
}

// taken says whether a name is that of an object already, singular or plural.
func (c *compiler) taken(name string) bool {
	return c.catalog.byName[name] != nil || c.catalog.byPlural[name] != nil
}

func (c *compiler) entity(name string) *Entity {
	e := c.catalog.byName[name]
	if e == nil {
		c.fail(fault.New(fault.Invalid, "value.unknown_object", "object", name), name)
	}
	return e
}
