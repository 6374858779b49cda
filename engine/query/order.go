package query

import (
	"slices"
	"strings"

	"ashna/engine/meta"
	"ashna/kit/fault"
)

// maxKeys is how many fields a list may be ordered by.
const maxKeys = 4

// Order is one field that a list is ordered by.
type Order struct {
	Attr *meta.Attr
	Desc bool
}

// key is one column that a list is ordered by.
type key struct {
	column  string
	storage meta.Storage
	desc    bool
	empty   bool // it may be empty
}

func (k key) direction() string {
	switch {
	case k.empty && k.desc:
		return " DESC NULLS LAST"
	case k.desc:
		return " DESC"
	case k.empty:
		return " ASC NULLS FIRST"
	}
	return " ASC"
}

func (k key) after() string {
	if k.desc {
		return " < "
	}
	return " > "
}

func keyOf(a *meta.Attr, desc bool) key {
	k := key{column: a.SortColumn(), desc: desc, storage: a.ColumnStorage(0)}
	switch {
	case a.Order != "":
		k.storage = meta.Bytes
	case a.Key != "":
		k.storage = keyStorage(a)
	}
	k.empty = mayBeEmpty(k.column)
	return k
}

// sorting is the complete order of a list: its last key is the id, in the direction of the first.
type sorting struct {
	keys  []key
	walk  *Index // the index that holds the rows in the order of the first key, with the rights
	exact bool   // the index holds them in the order of all keys
}

// sortingOf completes the order that was asked for. A field with many records of one value is followed by the time of the last change,
// as its index is.
func sortingOf(e *meta.Entity, orders []Order, indexes []Index, deleted bool) (sorting, error) {
	if len(orders) > maxKeys {
		return sorting{}, fault.New(fault.Invalid, "value.too_many", "max", maxKeys)
	}
	var s sorting
	for _, o := range orders {
		if o.Attr == nil || !o.Attr.Sortable() {
			return s, notSortable(o.Attr)
		}
		k := keyOf(o.Attr, o.Desc)
		if !slices.ContainsFunc(s.keys, func(other key) bool { return other.column == k.column }) {
			s.keys = append(s.keys, k)
		}
	}
	if len(s.keys) == 0 {
		name := meta.FieldChangedAt
		if deleted {
			name = meta.FieldDeletedAt
		}
		a, _ := e.Attr(name)
		s.keys = []key{keyOf(a, true)}
	}
	if !deleted {
		s.findWalk(indexes)
	}
	s.complete()
	return s, nil
}

func notSortable(a *meta.Attr) error {
	if a == nil {
		return fault.New(fault.Invalid, keyUnknown, "field", "")
	}
	return fault.At(a.Name, keyNotSortable, "field", a.Name)
}

func (s *sorting) findWalk(indexes []Index) {
	if s.keys[0].column == meta.FieldID {
		s.walk = &Index{Columns: []string{meta.FieldID}, Empty: []bool{false}} // that of the primary key: it does not tell who may see a row
		return
	}
	for i := range indexes {
		if x := &indexes[i]; x.carries() && x.Columns[0] == s.keys[0].column {
			s.walk = x
			return
		}
	}
}

// complete adds what makes the order total, and sees whether the index is in it.
func (s *sorting) complete() {
	first := s.keys[0]
	if s.walk != nil && len(s.keys) == 1 && len(s.walk.Columns) > 1 && s.walk.Columns[1] == meta.FieldChangedAt {
		s.keys = append(s.keys, key{column: meta.FieldChangedAt, storage: meta.Int, desc: first.desc})
	}
	if i := slices.IndexFunc(s.keys, func(k key) bool { return k.column == meta.FieldID }); i >= 0 {
		s.keys = s.keys[:i+1]
	} else {
		s.keys = append(s.keys, key{column: meta.FieldID, storage: meta.Int, desc: first.desc})
	}
	s.exact = s.walk != nil && len(s.walk.Columns) >= len(s.keys)
	for i, k := range s.keys {
		s.exact = s.exact && s.walk.Columns[i] == k.column && k.desc == first.desc
	}
}

// byChange says whether the order is the one that the scope indexes are in.
func (s *sorting) byChange() bool {
	return len(s.keys) == 2 && s.keys[0].column == meta.FieldChangedAt && s.keys[1].column == meta.FieldID && s.keys[0].desc == s.keys[1].desc
}

// columns lists the keys over an alias, named k1, k2 …, so that they can be read from the outside.
func (s *sorting) columns(alias string) string {
	parts := make([]string, len(s.keys))
	for i, k := range s.keys {
		parts[i] = alias + "." + k.column + " AS " + keyName(i)
	}
	return strings.Join(parts, ", ")
}

// names lists the keys as columns names them, of an alias with its dot.
func (s *sorting) names(prefix string) string {
	parts := make([]string, len(s.keys))
	for i := range s.keys {
		parts[i] = prefix + keyName(i)
	}
	return strings.Join(parts, ", ")
}

// id is the name of the last key.
func (s *sorting) id() string { return keyName(len(s.keys) - 1) }

func keyName(i int) string { return "k" + string(rune('1'+i)) }

// by is the ORDER BY over the columns of a table.
func (s *sorting) by(write columnOf) string {
	parts := make([]string, len(s.keys))
	for i, k := range s.keys {
		parts[i] = write(k) + k.direction()
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

// byNames is by over the columns as columns names them, of an alias with its dot.
func (s *sorting) byNames(prefix string) string {
	parts := make([]string, len(s.keys))
	for i, k := range s.keys {
		parts[i] = prefix + keyName(i) + k.direction()
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}
