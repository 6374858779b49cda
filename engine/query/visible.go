package query

import (
	"fmt"
	"strings"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/formula"
)

// VisibleRows gives the condition that a row of an object, over the alias of its table, is among rows; empty when all are. A record
// that belongs to a parent carries owner, team and branch of that parent, so its own columns decide. It says nothing about deleted records.
func VisibleRows(e *meta.Entity, rows access.Rows, alias string, b *Builder) string {
	switch {
	case rows.All:
		return ""
	case rows.None():
		return "1 = 0"
	}
	return "(" + strings.Join(texts(atoms(e, rows, alias, b, false)), " OR ") + ")"
}

// ByRows makes Visible of a function that gives the rows a viewer may see of each object.
func ByRows(of func(*meta.Entity) access.Rows) Visible {
	return func(e *meta.Entity, alias string, b *Builder) string { return VisibleRows(e, of(e), alias, b) }
}

// atom is one way to see a row: a condition on one column.
type atom struct {
	column string // owner, team, branch, or id for shares
	key    string // the text that stands for the key, when it is one
	arg    int    // the number of the argument that is the list of keys, when they are many
	text   string // the condition
	not    string // its opposite
}

// atoms writes the ways to see a row of an object. The columns owner, team and branch are never empty, so that a condition and its
// opposite leave no row out. Loose ones are not served by an index.
func atoms(e *meta.Entity, rows access.Rows, alias string, b *Builder, loose bool) []atom {
	column := func(name string) string {
		if loose {
			return loosen(alias+"."+name, meta.Int, b.dialect)
		}
		return alias + "." + name
	}
	var list []atom
	if rows.Me != 0 {
		me := b.Int(rows.Me)
		owner := column(meta.FieldOwner)
		list = append(list, atom{meta.FieldOwner, me, 0, owner + " = " + me, owner + " <> " + me})
	}
	keys := func(name string, keys []int64) {
		if len(keys) > 0 {
			arg := b.Ints(keys)
			text := b.dialect.InInts(column(name), arg)
			list = append(list, atom{name, "", arg, text, "NOT (" + text + ")"})
		}
	}
	keys(meta.FieldTeam, rows.Teams)
	keys(meta.FieldBranch, rows.Branches)
	if len(rows.Principals) > 0 {
		text := alias + ".id IN (" + shared(e, rows, b) + ")"
		list = append(list, atom{meta.FieldID, "", 0, text, "NOT (" + text + ")"})
	}
	return list
}

// shared selects the records of an object that are shared with a viewer now.
func shared(e *meta.Entity, rows access.Rows, b *Builder) string {
	s := b.Alias("s")
	now := b.computed(func(env *formula.Env) any { return env.Now.UnixMicro() })
	return fmt.Sprintf("SELECT %[1]s.record FROM record_share AS %[1]s WHERE %[1]s.object = %[2]s AND %[3]s AND %[1]s.level >= %[4]s"+
		" AND (%[1]s.until IS NULL OR %[1]s.until > %[5]s)",
		s, db.Quote(e.Name), b.InInts(s+".principal", rows.Principals), b.Int(int64(max(rows.Level, access.ShareRead))), now)
}

func texts(list []atom) []string {
	all := make([]string, len(list))
	for i, a := range list {
		all[i] = a.text
	}
	return all
}

// apart gives the atoms as conditions of which each row meets one at most.
func apart(list []atom) []string {
	all := make([]string, len(list))
	before := ""
	for i, a := range list {
		all[i] = a.text + before
		before += " AND " + a.not
	}
	return all
}
