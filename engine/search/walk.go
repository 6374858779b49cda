package search

import (
	"context"

	"ashna/engine/db"
)

// walk goes through the entries whose tokens fit a condition, newest first, in steps. Each step is a statement of its own.
//
// Where an index cannot stop early, a common word would be matched a hundred thousand times to show twenty. There the walk begins with
// a window: it looks at the newest entries themselves. What it finds tells how common the condition is; when looking on would cost more
// than matching, it matches.
type walk struct {
	q         db.Querier
	condition string // empty goes through all entries
	before    int64  // keys at or above it are behind us
	matching  bool   // windows are over
	looked    int    // entries that windows have looked at
	found     int    // matches among them
	done      bool   // there are no more
}

// The sizes of windows, in entries.
const (
	firstWindow = 1_000
	maxWindow   = 10_000
	minMatch    = 500 // a match costs the same for few and for many, so it takes many
)

// step gives the next matches, at most n, and fewer, even none, before the end: only done tells that there are no more.
func (w *walk) step(ctx context.Context, n int) ([]int64, error) {
	s := &w.q.Dialect().Search
	switch {
	case w.condition == "":
		return w.take(ctx, n, "SELECT id FROM search_entry WHERE id < $1 ORDER BY id DESC LIMIT $2", w.before, n)
	case s.Window == "":
		return w.take(ctx, n, s.Match, w.condition, w.before, n)
	}
	if size := w.window(n); size > 0 {
		return w.look(ctx, n, size)
	}
	w.matching = true
	n = max(n, minMatch)
	return w.take(ctx, n, s.Match, w.condition, w.before, n)
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

// window gives the size of the next window for n matches, or 0 when matching is cheaper.
func (w *walk) window(n int) int {
	switch {
	case w.matching:
		return 0
	case w.looked == 0:
		return firstWindow
	case w.found == 0 || w.looked/w.found > maxWindow/n:
		return 0
	}
	return min(maxWindow, max(firstWindow, 2*n*w.looked/w.found))
}

// look takes the matches of a window.
func (w *walk) look(ctx context.Context, n, size int) ([]int64, error) {
	row, ok, err := db.One(ctx, w.q, "SELECT id FROM search_entry WHERE id < $1 ORDER BY id DESC LIMIT 1 OFFSET $2", w.before, size-1)
	if err != nil {
		return nil, err
	}
	floor := int64(0)
	if ok {
		floor = row.Int(0)
	}
	ids, err := w.take(ctx, n, w.q.Dialect().Search.Window, w.condition, w.before, n, floor)
	if err != nil {
		return nil, err
	}
	w.looked, w.found = w.looked+size, w.found+len(ids)
	if w.done {
		w.before, w.done = floor, !ok
	}
	return ids, nil
}
