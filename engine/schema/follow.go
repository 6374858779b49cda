package schema

import (
	"fmt"
	"slices"
	"strings"

	"ashna/engine/meta"
)

// maxRounds bounds values that follow from values that follow from others.
const maxRounds = 12

// ToFill lists, in rounds that follow from each other, the fields of each object whose columns have to be filled, and the objects that have
// to be put into the search index again.
func ToFill(before, after *meta.Catalog) (rounds []map[*meta.Entity][]*meta.Attr, reindex map[*meta.Entity]bool) {
	first, reindex := map[*meta.Entity][]*meta.Attr{}, map[*meta.Entity]bool{}
	done := map[*meta.Attr]bool{}
	for _, entity := range after.Entities {
		old, existed := before.Object(entity.Name)
		if !existed {
			continue
		}
		for _, a := range entity.Fields {
			if mustFill(old, a) {
				first[entity] = append(first[entity], a)
				done[a] = true
			}
		}
		reindex[entity] = searched(old) != searched(entity)
	}
	for next := first; len(next) > 0 && len(rounds) < maxRounds; {
		rounds = append(rounds, next)
		next = following(after, next, done)
	}
	return rounds, reindex
}

// mustFill says whether a change of the catalog leaves the columns of a field behind.
func mustFill(old *meta.Entity, a *meta.Attr) bool {
	was, had := old.Attr(a.Name)
	if !had {
		i := slices.IndexFunc(old.Retired, func(r *meta.Attr) bool { return r.Name == a.Name })
		return Computed(a) || i >= 0 && a.Order != "" && old.Retired[i].Order == ""
	}
	return Computed(a) && !sameKind(was.Kind, a.Kind) || a.Order != "" && was.Order == ""
}

// searched names what an object is found by.
func searched(e *meta.Entity) string {
	text := e.SearchWhere
	for _, a := range e.Fields {
		if a.Search {
			text += "\n" + a.Name
		}
	}
	return text
}

// following lists the stored computed fields that read any of some fields and were not listed before.
func following(c *meta.Catalog, changed map[*meta.Entity][]*meta.Attr, done map[*meta.Attr]bool) map[*meta.Entity][]*meta.Attr {
	next := map[*meta.Entity][]*meta.Attr{}
	for _, entity := range c.Entities {
		for _, a := range entity.Fields {
			if Computed(a) && !done[a] && slices.ContainsFunc(sources(a), func(s *meta.Attr) bool { return slices.Contains(changed[s.Entity], s) }) {
				next[entity] = append(next[entity], a)
			}
		}
	}
	for _, list := range next {
		for _, a := range list {
			done[a] = true
		}
	}
	return next
}

// sources are the fields that a stored computed field is worked out from.
func sources(a *meta.Attr) []*meta.Attr {
	var list []*meta.Attr
	c := a.Entity.Catalog()
	if k, ok := a.Kind.(meta.RollupKind); ok {
		if over, ok := a.Entity.List(k.List); ok && k.Field != "" {
			if field, ok := over.Entity.Attr(k.Field); ok {
				list = append(list, field)
			}
		}
	}
	if a.Answer == nil {
		return list
	}
	for _, use := range a.Answer.Fields() {
		if e, ok := c.Object(use.Object); ok {
			if field, ok := e.Attr(use.Field); ok {
				list = append(list, field)
			}
		}
	}
	return list
}

func sameKind(a, b meta.Kind) bool {
	x, errX := meta.MarshalKind(a)
	y, errY := meta.MarshalKind(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// KeptAlike says whether writers under two catalogs keep the same beside the values themselves.
func KeptAlike(old, now *meta.Catalog) bool {
	for _, e := range old.Entities {
		other, ok := now.Object(e.Name)
		if ok && upkeep(e) != upkeep(other) {
			return false
		}
	}
	return true
}

// upkeep writes down what every save of an object keeps beside the values: answers of formulas and roll-ups, order keys, search.
func upkeep(e *meta.Entity) string {
	var b strings.Builder
	for _, a := range e.Fields {
		if computed := Computed(a); computed || a.Order != "" || a.Search {
			kind, _ := meta.MarshalKind(a.Kind)
			if !computed {
				kind = nil
			}
			fmt.Fprintf(&b, "%s %s %t %s\n", a.Name, a.Order, a.Search, kind)
		}
	}
	return b.String() + e.SearchWhere
}

// Computed says whether the engine works the stored value of a field out from others.
func Computed(a *meta.Attr) bool {
	switch a.Kind.(type) {
	case meta.FormulaKind, meta.RollupKind:
		return a.Stored
	}
	return false
}
