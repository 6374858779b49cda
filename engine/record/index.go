package record

import (
	"strings"

	"ashna/engine/meta"
	"ashna/engine/search"
)

// index notes that a record is to be found, found otherwise, or found no more.
func (t *Tx) index(now, old *Record, touched []*meta.Attr) {
	switch {
	case !searchable(now.Entity):
	case now.Deleted(), !t.found(now):
		if old == nil {
			return
		}
		t.search.Remove(int64(now.ID()))
	case old == nil:
		t.search.Add(entryOf(now, nil))
	case old.Deleted() || now.Entity.Found != nil || affectsSearch(touched):
		t.search.Put(entryOf(now, nil))
	}
}

// found says whether the object lets the record be found.
func (t *Tx) found(r *Record) bool {
	if r.Entity.Found == nil {
		return true
	}
	ok, err := r.Entity.Found.Holds(t.engine.formulaEnv(t.who, nil), r.valuesOf(t.engine.layout(r.Entity).found))
	return ok || err != nil
}

func searchable(e *meta.Entity) bool {
	for _, a := range e.Fields {
		if a.Search {
			return true
		}
	}
	return false
}

func affectsSearch(touched []*meta.Attr) bool {
	for _, a := range touched {
		if a.Search || a.Name == meta.FieldOwner || a.Name == meta.FieldTeam || a.Name == meta.FieldBranch {
			return true
		}
	}
	return false
}

// entryOf collects the words and parts of the searchable fields that a mask shows; nil shows all.
func entryOf(r *Record, mask meta.Mask) search.Entry {
	var words, parts strings.Builder
	for _, a := range r.Entity.Fields {
		s, ok := a.Kind.(meta.Searcher)
		if !ok || !a.Search || mask != nil && !mask.Readable(a) || emptySlots(a, r.Slots) {
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
		Owner: r.number(meta.SlotOwner), Team: r.number(meta.SlotTeam), Branch: r.number(meta.SlotBranch),
	}
}
