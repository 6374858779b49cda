package row

import (
	"strings"

	"ashna/engine/meta"
	"ashna/engine/search"
)

// Searchable says whether an object has fields to be found by.
func Searchable(e *meta.Entity) bool {
	for _, a := range e.Fields {
		if a.Search {
			return true
		}
	}
	return false
}

// AffectsSearch says whether the entry of a record in the search changes with any of some fields.
func AffectsSearch(touched []*meta.Attr) bool {
	for _, a := range touched {
		if a.Search || a.Name == meta.FieldOwner || a.Name == meta.FieldTeam || a.Name == meta.FieldBranch {
			return true
		}
	}
	return false
}

// Entry collects the words and parts of the searchable fields that a mask shows; nil shows all.
func Entry(r *Record, mask meta.Mask) search.Entry {
	var words, parts strings.Builder
	for _, a := range r.Entity.Fields {
		s, ok := a.Kind.(meta.Searcher)
		if !ok || !a.Search || mask != nil && !mask.Readable(a) || EmptySlots(a, r.Slots) {
			continue
		}
		w, p := s.Terms(r.Slots[a.At : a.At+a.Width])
		if w != "" {
			words.WriteString(w + " ")
		}
		if p != "" {
			parts.WriteString(p + " ")
		}
	}
	return search.Entry{
		ID: int64(r.ID()), Object: r.Entity.Name, Words: words.String(), Parts: parts.String(),
		Owner: r.Number(meta.SlotOwner), Team: r.Number(meta.SlotTeam), Branch: r.Number(meta.SlotBranch),
	}
}
