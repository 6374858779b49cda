// Package schema brings the tables of a workspace to the shape that a catalog asks for: it compares what is there with what is wanted and
// makes what is missing. It takes nothing away but indexes, so that what is retired can come back.
package schema

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"ashna/engine/db"
	"ashna/engine/meta"
)

// Index is one index that an object wants, with the statement that makes it.
type Index struct {
	Name string
	Text string
}

// Step is one statement of a plan, with what it does in words.
type Step struct {
	Words string
	Text  string
}

// Found is what a database has.
type Found struct {
	Columns map[string][]string
	Indexes map[string][]string
}

// Inspect reads what the database has.
func Inspect(ctx context.Context, q db.Querier) (Found, error) {
	columns, err := db.Columns(ctx, q)
	if err != nil {
		return Found{}, fmt.Errorf("inspect columns: %w", err)
	}
	indexes, err := db.Indexes(ctx, q)
	if err != nil {
		return Found{}, fmt.Errorf("inspect indexes: %w", err)
	}
	return Found{columns, indexes}, nil
}

// Plan gives the steps from what was found to what the catalog wants. The indexes of an object come from wanted.
func Plan(d *db.Dialect, found Found, c *meta.Catalog, wanted func(*meta.Entity) []Index) []Step {
	p := &planner{dialect: d, found: found}
	for _, e := range c.Entities {
		p.table(e)
	}
	p.references()
	for _, e := range c.Entities {
		p.indexes(e, wanted(e))
	}
	return p.steps
}

// Apply runs the steps in a transaction.
func Apply(ctx context.Context, tx *db.Tx, steps []Step) error {
	for _, s := range steps {
		if _, err := tx.Exec(ctx, s.Text); err != nil {
			return fmt.Errorf("%s: %w", s.Words, err)
		}
	}
	return nil
}

type planner struct {
	dialect *db.Dialect
	found   Found
	steps   []Step
	links   []link // to declare once every table is there
}

type link struct{ table, column, target string }

func (p *planner) add(words, text string) { p.steps = append(p.steps, Step{words, text}) }

// column is one wanted column.
type column struct {
	name, definition, target string
}

// Columns gives the names of all columns that an object's table has for live fields: values, keys and order keys.
func Columns(e *meta.Entity) []string {
	var names []string
	for _, a := range e.Fields {
		names = append(names, fieldColumns(a)...)
	}
	return names
}

// fieldColumns are the columns of one field: its values, then its keys.
func fieldColumns(a *meta.Attr) []string {
	if !a.Stored {
		return nil
	}
	names := slices.Clone(a.Columns)
	if a.Key != "" && a.Key != a.Columns[0] {
		names = append(names, a.Key)
	}
	if a.Order != "" {
		names = append(names, a.Order)
	}
	for _, part := range a.Parts() {
		names = append(names, part.Key)
	}
	return names
}

func (p *planner) wanted(e *meta.Entity) []column {
	var list []column
	for _, a := range slices.Concat(e.Fields, e.Retired) {
		if !a.Stored {
			continue
		}
		for i, name := range a.Columns {
			list = append(list, p.valueColumn(a, i, name))
		}
		for _, name := range fieldColumns(a)[len(a.Columns):] {
			kind := p.dialect.Text
			if name == a.Order {
				kind = p.dialect.Bytes
			}
			list = append(list, column{name: name, definition: kind})
		}
	}
	return list
}

func (p *planner) valueColumn(a *meta.Attr, i int, name string) column {
	c := column{name: name, definition: p.dialect.Int}
	if a.ColumnStorage(i) == meta.Text {
		c.definition = p.dialect.Text
	}
	switch {
	case a.Name == meta.FieldID:
		c.definition = p.dialect.Key
	case a.System && a.Kind.Columns()[0].Storage == meta.Int:
		c.definition += " NOT NULL DEFAULT 0"
	}
	if ref, ok := a.Kind.(meta.RefKind); ok && !a.System && !a.Retired {
		if target, ok := a.Entity.Catalog().Object(ref.To); ok {
			c.target = target.Table()
		}
	}
	return c
}

func (p *planner) table(e *meta.Entity) {
	have, exists := p.found.Columns[e.Table()]
	var definitions []string
	for _, c := range p.wanted(e) {
		if exists && slices.Contains(have, c.name) {
			continue
		}
		definition := c.name + " " + c.definition
		if c.target != "" && !p.dialect.LateReferences {
			definition += " REFERENCES " + c.target + "(id)"
		}
		if c.target != "" && p.dialect.LateReferences {
			p.links = append(p.links, link{e.Table(), c.name, c.target})
		}
		definitions = append(definitions, definition)
	}
	if !exists {
		p.add("make table "+e.Table(), "CREATE TABLE "+e.Table()+" ("+strings.Join(definitions, ", ")+")"+p.dialect.TableOptions)
	} else {
		for _, d := range definitions {
			p.add("add column "+d, "ALTER TABLE "+e.Table()+" ADD COLUMN "+d)
		}
	}
}

func (p *planner) references() {
	for _, l := range p.links {
		p.add("declare link "+l.table+"."+l.column, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s(id)",
			l.table, linkName(l), l.column, l.target))
	}
}

// linkName names the constraint of a link, shortened where it is longer than the database takes.
func linkName(l link) string {
	const longest, kept = 63, 54
	name := l.table + "_" + l.column + "_link"
	if len(name) <= longest {
		return name
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // it never fails
	return fmt.Sprintf("%s_%08x", name[:kept], h.Sum32())
}

func (p *planner) indexes(e *meta.Entity, wanted []Index) {
	have := p.found.Indexes[e.Table()]
	for _, name := range have {
		if !slices.ContainsFunc(wanted, func(i Index) bool { return i.Name == name }) {
			p.add("drop index "+name, "DROP INDEX "+name)
		}
	}
	for _, i := range wanted {
		if slices.Contains(have, i.Name) {
			continue
		}
		p.add("make index "+i.Name, i.Text)
	}
}

// Row gives the values of a record for Columns, in the same order: the slots, then the keys made from them. Order makes the order key of
// a text in the language of the workspace.
func Row(e *meta.Entity, slots []any, order func(string) []byte) []any {
	row := make([]any, 0, len(slots)+16)
	for _, a := range e.Fields {
		row = AppendField(row, a, slots, order)
	}
	return row
}

// FieldColumns gives the columns of one field, in the order of AppendField.
func FieldColumns(a *meta.Attr) []string { return fieldColumns(a) }

// AppendField appends the values of one field, in the order of FieldColumns.
func AppendField(row []any, a *meta.Attr, slots []any, order func(string) []byte) []any {
	if !a.Stored {
		return row
	}
	own := slots[a.At : a.At+a.Width]
	row = append(row, own...)
	if a.Key != "" && a.Key != a.Columns[0] {
		row = append(row, keyOf(a, own[0]))
	}
	if a.Order != "" {
		row = append(row, orderOf(own[0], order))
	}
	for i, part := range a.Parts() {
		row = append(row, keyOf(part, own[i]))
	}
	return row
}

func keyOf(a *meta.Attr, v any) any {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return a.KeyOf(s)
}

func orderOf(v any, order func(string) []byte) any {
	if s, ok := v.(string); ok {
		return order(s)
	}
	return nil
}
