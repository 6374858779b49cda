package search

import (
	"context"

	"ashna/engine/db"
)

// walk goes through the entries whose tokens fit a condition, newest first, in steps. Each step is a statement of its own.
//
// Where an index cannot stop early, a common word would be matched a hundred thousand times to show twenty. There the walk begins with
// a window: it looks at the newest entries themselves, which is enough for what is common. Then it matches within one range of keys
// after the other. When ranges give little, what is left cannot be much, and is matched at once.
type walk struct {
	q         db.Querier
	condition string // empty goes through all entries
	before    int64  // keys at or above it are behind us
	looked    bool   // the window is behind us
	first     int64  // the range that is matched now; 0 before the first one
	found     int    // matches in it
	last      bool   // all that is left is matched now
	done      bool   // there are no more
}

const (
	windowSize = 1_000 // entries
	fewInRange = 4     // matches; with fewer in 16,384 entries, a million has some hundred
	minMatch   = 500   // in a range few matches cost as much as many, so a step takes many
)

// step gives the next matches, at most n or minMatch, and fewer, even none, before the end: only done tells that there are no more.
func (w *walk) step(ctx context.Context, n int) ([]int64, error) {
	s := &w.q.Dialect().Search
	switch {
	case w.condition == "":
		return w.take(ctx, n, "SELECT id FROM search_entry WHERE id < $1 ORDER BY id DESC LIMIT $2", w.before, n)
	case s.Window == "":
		return w.take(ctx, n, s.Match, w.condition, w.before, n)
	case !w.looked:
		return w.look(ctx, n)
	}
	return w.match(ctx, max(n, minMatch))
}

// take runs a statement that gives keys; fewer than asked for are the last.
func (w *walk) take(ctx context.Context, n int, text string, args ...any) ([]int64, error) {
	ids := make([]int64, 0, n)
	err := db.Each(ctx, w.q, text, args, func(r db.Row) error {
		ids = append(ids, r.Int(0))
		return nil
	})
	if len(ids) > 0 {
		w.before = ids[len(ids)-1]
	}
	w.done = len(ids) < n
	return ids, err
}

// look takes the matches among the newest entries.
func (w *walk) look(ctx context.Context, n int) ([]int64, error) {
	row, more, err := db.One(ctx, w.q, "SELECT id FROM search_entry WHERE id < $1 ORDER BY id DESC LIMIT 1 OFFSET $2", w.before, windowSize-1)
	if err != nil {
		return nil, err
	}
	floor := int64(0)
	if more {
		floor = row.Int(0)
	}
	w.looked = true
	ids, err := w.take(ctx, n, w.q.Dialect().Search.Window, w.condition, w.before, n, floor)
	if err == nil && w.done {
		w.before, w.done = floor, !more
	}
	return ids, err
}

// match takes matches in the range at hand, or in the next one when it is used up.
func (w *walk) match(ctx context.Context, n int) ([]int64, error) {
	if w.first == 0 && !w.last {
		if err := w.turn(ctx); err != nil {
			return nil, err
		}
	}
	s := &w.q.Dialect().Search
	if w.last {
		return w.take(ctx, n, s.Match, w.condition, w.before, n)
	}
	write := writer{s}
	ids, err := w.take(ctx, n, s.Match, write.join(s.And, []string{w.condition, write.token(rangeToken(w.first))}), w.before, n)
	w.found += len(ids)
	if err != nil || !w.done {
		return ids, err
	}
	w.before, w.done = w.first, false
	w.last = w.found < fewInRange
	return ids, w.turn(ctx)
}

// turn goes to the next range below, unless it is the lowest one or all that is left is taken anyway.
func (w *walk) turn(ctx context.Context) error {
	if w.last {
		return nil
	}
	below, err := rangesBelow(ctx, w.q, w.before, 1)
	w.found, w.last = 0, len(below) == 0
	if len(below) > 0 {
		w.first = below[0]
	}
	return err
}
