package record

import (
	"context"
	"strings"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/search"
	"ashna/kit/ident"
)

// searchQueue collects what a transaction changes about the search index, so that it is written once at the end.
type searchQueue struct {
	fresh   []search.Entry
	changed []search.Entry
	gone    []int64
}

func (s *searchQueue) remove(id ident.ID) { s.gone = append(s.gone, int64(id)) }

func (s *searchQueue) flush(ctx context.Context, tx *db.Tx) error {
	if err := search.Remove(ctx, tx, s.gone); err != nil {
		return err
	}
	if err := search.Put(ctx, tx, s.changed); err != nil {
		return err
	}
	err := search.Add(ctx, tx, s.fresh)
	*s = searchQueue{}
	return err
}

// index notes that a record is to be found, found otherwise, or found no more.
func (t *Tx) index(now, old *Record, touched []*meta.Attr) {
	switch {
	case !searchable(now.Entity):
	case now.Deleted(), !t.found(now):
		if old == nil {
			return
		}
		t.search.remove(now.ID())
	case old == nil:
		t.search.fresh = append(t.search.fresh, entryOf(now))
	case old.Deleted() || now.Entity.Found != nil || affectsSearch(touched):
		t.search.changed = append(t.search.changed, entryOf(now))
	}
}

// found says whether the object lets the record be found.
func (t *Tx) found(r *Record) bool {
	if r.Entity.Found == nil {
		return true
	}
	ok, err := r.Entity.Found.Holds(t.engine.formulaEnv(t.who, nil), r.values())
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

// entryOf collects the words and parts of the searchable fields.
func entryOf(r *Record) search.Entry {
	var words, parts strings.Builder
	for _, a := range r.Entity.Fields {
		s, ok := a.Kind.(meta.Searcher)
		if !ok || !a.Search || emptySlots(a, r.Slots) {
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

// reindex puts the children of a record into the search index again after their owner changed.
func (t *Tx) reindex(ctx context.Context, list meta.List, parent ident.ID) error {
	if !searchable(list.Entity) {
		return nil
	}
	children, err := t.Find(ctx, list.Entity, list.Via.Name, int64(parent), maxCascade)
	if err != nil {
		return err
	}
	for _, c := range children {
		t.search.changed = append(t.search.changed, entryOf(c))
	}
	return nil
}
