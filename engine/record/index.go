package record

import (
	"context"
	"strings"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/search"
	"ashna/kit/ident"
)

// searchQueue collects what a transaction changes about the search index, in order, so that it is written once at the end.
type searchQueue []searchStep

// searchStep is one change of the index: the entry of a record that is new, that changed, or that is gone.
type searchStep struct {
	entry search.Entry
	fresh bool
	gone  bool
}

func (s *searchQueue) add(e search.Entry) { *s = append(*s, searchStep{entry: e, fresh: true}) }
func (s *searchQueue) put(e search.Entry) { *s = append(*s, searchStep{entry: e}) }
func (s *searchQueue) remove(id ident.ID) {
	*s = append(*s, searchStep{entry: search.Entry{ID: int64(id)}, gone: true})
}

// flush writes the last step of each record. A record whose first step made it new has no entry yet.
func (s *searchQueue) flush(ctx context.Context, tx *db.Tx) error {
	at := make(map[int64]int, len(*s))
	var steps []searchStep
	for _, step := range *s {
		i, known := at[step.entry.ID]
		if !known {
			at[step.entry.ID] = len(steps)
			steps = append(steps, step)
			continue
		}
		step.fresh = steps[i].fresh
		steps[i] = step
	}
	*s = nil
	var fresh, changed []search.Entry
	var gone []int64
	for _, step := range steps {
		switch {
		case step.gone && step.fresh: // it came and went
		case step.gone:
			gone = append(gone, step.entry.ID)
		case step.fresh:
			fresh = append(fresh, step.entry)
		default:
			changed = append(changed, step.entry)
		}
	}
	if err := search.Remove(ctx, tx, gone); err != nil {
		return err
	}
	if err := search.Put(ctx, tx, changed); err != nil {
		return err
	}
	return search.Add(ctx, tx, fresh)
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
		t.search.add(entryOf(now, nil))
	case old.Deleted() || now.Entity.Found != nil || affectsSearch(touched):
		t.search.put(entryOf(now, nil))
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
