package query

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/formula"
)

// Conditions of the indexes: nearly all hold live records only.
const (
	whereLive     = "deleted = 0"
	whereDeleted  = "deleted > 0"
	whereExternal = "external_id IS NOT NULL"
)

// Index is an index that the table of an object has. Columns that may be empty are kept with the empty values first.
type Index struct {
	Name    string // unique among all tables: "deal__owner"
	Columns []string
	Empty   []bool // which columns may be empty, parallel to Columns
	Unique  bool
	Where   string // the rows that the index holds; all when empty
}

// rights are the columns that every index for walking carries, so that who may see a row is known without reading it.
var rights = []string{meta.FieldOwner, meta.FieldTeam, meta.FieldBranch}

// Indexes lists the indexes of the table of an object: three by scope in the default order, one carrying the rights for each indexed
// field, those that keep values unique, and one for the recycle bin. Small objects are always read by scope and sorted, so they have
// only the scopes owner and team. The list is in a fixed order and depends on nothing but the object.
func Indexes(e *meta.Entity) []Index {
	m := indexer{entity: e, named: map[string]bool{}}
	m.live("owner", false, meta.FieldOwner, meta.FieldChangedAt, meta.FieldID, meta.FieldTeam, meta.FieldBranch)
	m.live("team", false, meta.FieldTeam, meta.FieldChangedAt, meta.FieldID, meta.FieldOwner, meta.FieldBranch)
	if !e.Small {
		m.live("branch", false, meta.FieldBranch, meta.FieldChangedAt, meta.FieldID, meta.FieldOwner, meta.FieldTeam)
	}
	for _, a := range e.Fields {
		m.field(a)
		for _, part := range a.Parts() {
			m.field(part)
		}
	}
	for _, names := range e.Unique {
		m.together(names)
	}
	m.add("external_id", Index{Columns: []string{meta.FieldSource, meta.FieldExternalID}, Unique: true, Where: whereExternal})
	m.add("deleted", Index{Columns: []string{meta.FieldDeletedAt, meta.FieldID}, Where: whereDeleted})
	return m.list
}

type indexer struct {
	entity *meta.Entity
	list   []Index
	named  map[string]bool
}

func (m *indexer) live(name string, unique bool, columns ...string) {
	m.add(name, Index{Columns: columns, Unique: unique, Where: whereLive})
}

// add names an index and notes which of its columns may be empty.
func (m *indexer) add(name string, x Index) {
	x.Name = indexName(m.entity.Name, name)
	if m.named[x.Name] {
		return
	}
	m.named[x.Name] = true
	x.Empty = make([]bool, len(x.Columns))
	for i, c := range x.Columns {
		x.Empty[i] = mayBeEmpty(c)
	}
	m.list = append(m.list, x)
}

// indexName joins the names of object and columns by two underscores, which no name has inside, and shortens what is longer than the
// databases take.
func indexName(object, rest string) string {
	const longest, kept = 63, 54
	name := object + "__" + rest
	if len(name) <= longest {
		return name
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // it never fails
	return fmt.Sprintf("%s_%08x", name[:kept], h.Sum32())
}

// mayBeEmpty says whether a column can be NULL: all can but those that every record has a value in.
func mayBeEmpty(column string) bool {
	switch column {
	case meta.FieldID, meta.FieldVersion, meta.FieldCreatedAt, meta.FieldChangedAt, meta.FieldOwner, meta.FieldTeam, meta.FieldBranch,
		meta.FieldDeletedAt:
		return false
	}
	return true
}

// field adds the indexes of one field.
func (m *indexer) field(a *meta.Attr) {
	if a.Unique && a.Key != "" {
		m.live(a.Key+"_unique", true, a.Key)
	}
	if !m.walked(a) {
		return
	}
	if a.Order != "" {
		m.live(a.Order, false, slices.Concat([]string{a.Order, meta.FieldID}, rights)...)
	}
	switch {
	case a.Order != "" && (!a.Index || a.Unique): // its values are looked for by search, or by the unique index
	case grouped(a):
		m.live(a.Key, false, slices.Concat([]string{a.Key, meta.FieldChangedAt, meta.FieldID}, rights)...)
	default:
		m.live(a.Key, false, slices.Concat([]string{a.Key, meta.FieldID}, rights)...)
	}
}

// walked says whether a field has an index that carries the rights.
func (m *indexer) walked(a *meta.Attr) bool {
	switch {
	case m.entity.Small || !a.Indexed() || zero(a) || a.Name == meta.FieldID:
		return false
	case a.Unique && !a.Index && a.Order == "": // the unique index finds its values
		return false
	case m.entity.ParentVia != nil: // read with its parent: it is not worth an index for orders of its own
		return a.Name != meta.FieldCreatedAt && (a.Order == "" || a.Index)
	}
	return true
}

// grouped says whether many records share one value of a field, as they do a stage or a company: then the index goes on in the default
// order, so that a list of one value needs no sort.
func grouped(a *meta.Attr) bool {
	switch t := a.Formula(); t.Kind {
	case formula.Link, formula.Bool, formula.Set:
		return true
	case formula.Text:
		_, choice := a.Kind.(meta.ChoiceKind)
		return choice || a.Part != nil
	}
	return false
}

// together adds the index of several fields that occur once together.
func (m *indexer) together(names []string) {
	var columns []string
	for _, name := range names {
		a, ok := m.entity.Attr(name)
		if !ok || a.Key == "" {
			return
		}
		columns = append(columns, a.Key)
	}
	if len(columns) > 0 {
		m.live(strings.Join(names, "_")+"_unique", true, columns...)
	}
}

// Create is the statement that makes the index on a table of the object's name.
func (x Index) Create(e *meta.Entity, d *db.Dialect) string {
	columns := make([]string, len(x.Columns))
	for i, c := range x.Columns {
		columns[i] = `"` + c + `"`
		if x.Empty[i] && !x.Unique {
			columns[i] += d.EmptyFirst
		}
	}
	text := "CREATE INDEX "
	if x.Unique {
		text = "CREATE UNIQUE INDEX "
	}
	text += `"` + x.Name + `" ON ` + Table(e) + " (" + strings.Join(columns, ", ") + ")"
	if x.Where != "" {
		text += " WHERE " + x.Where
	}
	return text
}

// carries says whether the index tells who may see a row.
func (x Index) carries() bool {
	for _, c := range rights {
		if !slices.Contains(x.Columns, c) {
			return false
		}
	}
	return x.Where == whereLive
}
