package query

import (
	"fmt"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// place is a field of a record in the FROM of a SELECT.
type place struct {
	frame frame
	attr  *meta.Attr
}

// follow joins the tables that a path leads over and gives its last field; false after an error.
func (g *generator) follow(x *formula.Expr) (place, bool) {
	if x.Level < 0 || x.Level >= len(g.frames) {
		g.fail(fmt.Errorf("compile path at column %d: no record at level %d", x.Column, x.Level))
		return place{}, false
	}
	at := g.frames[x.Level]
	last := len(x.Steps) - 1
	for i, step := range x.Steps {
		attr, ok := at.entity.Attr(step.Field.Name)
		if !ok {
			g.fail(fault.New(fault.Invalid, keyUnknown, "field", step.Field.Name))
			return place{}, false
		}
		if i == last {
			return place{at, attr}, true
		}
		if at, ok = g.join(at, attr, x.Steps[i+1].Object); !ok {
			return place{}, false
		}
	}
	g.fail(fmt.Errorf("compile path at column %d: it has no steps", x.Column))
	return place{}, false
}

// join adds the record that a link leads to, when it is live and visible; otherwise all its fields are empty.
func (g *generator) join(from frame, link *meta.Attr, object string) (frame, bool) {
	way := from.alias + "." + link.Columns[0]
	if f, ok := from.source.seen[way]; ok {
		return f, true
	}
	target, ok := from.entity.Catalog().Object(object)
	if !ok {
		g.fail(fault.New(fault.Invalid, "value.unknown_object", "object", object))
		return frame{}, false
	}
	if len(from.source.joins) >= maxJoins {
		g.fail(fault.New(fault.TooLarge, keyTooLarge, "max", maxSQL))
		return frame{}, false
	}
	f := frame{entity: target, alias: g.b.Alias("j"), source: from.source}
	text := fmt.Sprintf(" LEFT JOIN %s AS %s ON %s.id = %s AND %s", Table(target), f.alias, f.alias, way, g.seen(f))
	from.source.joins = append(from.source.joins, text)
	if from.source.seen == nil {
		from.source.seen = map[string]frame{}
	}
	from.source.seen[way] = f
	return f, true
}

// seen is the condition that a related record is live and visible.
func (g *generator) seen(f frame) string {
	text := f.alias + ".deleted = 0"
	if g.visible == nil {
		return text
	}
	if visible := g.visible(f.entity, f.alias, g.b); visible != "" {
		text += " AND " + visible
	}
	return text
}

// zero says whether a column keeps 0 for empty.
func zero(a *meta.Attr) bool {
	if !a.System {
		return false
	}
	switch a.Name {
	case meta.FieldOwner, meta.FieldTeam, meta.FieldBranch, meta.FieldDeletedAt:
		return true
	}
	return false
}

// raw is the column of a field that is compared.
func (g *generator) raw(p place) string {
	column := p.frame.alias + "." + p.attr.Key
	if !g.loose || p.frame.source != g.root || p.frame.alias != g.frames[0].alias {
		return column
	}
	return loosen(column, keyStorage(p.attr), g.b.dialect)
}

// loosen makes an expression of a column, so that no index on it is used.
func loosen(column string, s meta.Storage, d *db.Dialect) string {
	switch s {
	case meta.Int:
		return "(" + column + " + 0)"
	case meta.Bytes: // which one database makes a text when they are joined
		return "CAST((" + column + " || '') AS " + d.Bytes + ")"
	}
	return "(" + column + " || '')"
}

// keyStorage is the storage of the column that a field is compared by.
func keyStorage(a *meta.Attr) meta.Storage {
	if a.Key != a.Columns[0] {
		return meta.Text
	}
	return a.ColumnStorage(0)
}

// path writes a field as values are compared: texts by key.
func (g *generator) path(x *formula.Expr) string {
	p, ok := g.follow(x)
	switch {
	case !ok:
		return "NULL"
	case !p.attr.Stored:
		return g.inline(p, (*generator).value)
	case p.attr.Key == "":
		return g.fail(fault.At(p.attr.Name, keyLongText, "field", p.attr.Name, "column", x.Column))
	case zero(p.attr):
		return "nullif(" + g.raw(p) + ", 0)"
	}
	return g.raw(p)
}

// typedPath writes a text field as it was typed.
func (g *generator) typedPath(x *formula.Expr) string {
	p, ok := g.follow(x)
	switch {
	case !ok:
		return "NULL"
	case !p.attr.Stored:
		return g.inline(p, (*generator).typed)
	}
	return p.frame.alias + "." + p.attr.Columns[0]
}

// inline writes the formula of a computed field in place of a column.
func (g *generator) inline(p place, write func(*generator, *formula.Expr) string) string {
	if p.attr.Answer == nil {
		return g.fail(fmt.Errorf("compile field %s.%s: it has neither a column nor a formula", p.attr.Entity.Name, p.attr.Name))
	}
	if g.inlined >= maxInline {
		return g.fail(fault.New(fault.TooLarge, keyTooLarge, "max", maxSQL))
	}
	outer := g.frames
	g.frames = []frame{p.frame}
	g.inlined++
	text := write(g, p.attr.Answer)
	g.inlined--
	g.frames = outer
	return text
}
