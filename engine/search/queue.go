package search

import (
	"context"

	"ashna/engine/db"
)

// Queue collects what a transaction changes about the index, in order, so that it is written once at the end. Its zero value is ready.
type Queue []step

// step is one change of the index: the entry of a record that is new, that changed, or that is gone.
type step struct {
	entry Entry
	fresh bool
	gone  bool
}

// Add notes the entry of a record that is new.
func (s *Queue) Add(e Entry) { *s = append(*s, step{entry: e, fresh: true}) }

// Put notes the entry of a record that changed.
func (s *Queue) Put(e Entry) { *s = append(*s, step{entry: e}) }

// Remove notes that a record is not to be found any more.
func (s *Queue) Remove(id int64) {
	*s = append(*s, step{entry: Entry{ID: id}, gone: true})
}

// Flush writes the last step of each record. A record whose first step made it new has no entry yet.
func (s *Queue) Flush(ctx context.Context, tx *db.Tx) error {
	at := make(map[int64]int, len(*s))
	var steps []step
	for _, next := range *s {
		i, known := at[next.entry.ID]
		if !known {
			at[next.entry.ID] = len(steps)
			steps = append(steps, next)
			continue
		}
		next.fresh = steps[i].fresh
		steps[i] = next
	}
	*s = nil
	var fresh, changed []Entry
	var gone []int64
	for _, last := range steps {
		switch {
		case last.gone && last.fresh: // it came and went
		case last.gone:
			gone = append(gone, last.entry.ID)
		case last.fresh:
			fresh = append(fresh, last.entry)
		default:
			changed = append(changed, last.entry)
		}
	}
	if err := Remove(ctx, tx, gone); err != nil {
		return err
	}
	if err := Put(ctx, tx, changed); err != nil {
		return err
	}
	return Add(ctx, tx, fresh)
}
