package search

import (
	"context"

	"ashna/engine/db"
)

// walk goes through the entries whose tokens fit a condition, newest first, in steps. Each step is a statement of its own.
//
// Where an index cannot stop early, a common word would be matched a hundred thousand times to show twenty. There the walk begins with
// a window: it looks at the newest entries themselves, which is enough for what is common. Then it matches in one range of keys, then
// in the next four, and so on: the work grows with what is found, not with what there is.
type walk struct {
	q         db.Querier
	condition string  // empty goes through all entries
	before    int64   // keys at or above it are behind us
	looked    bool    // the window is behind us
	group     []int64 // the ranges that are matched now, newest first; none before the first group and in the last
	last      bool    // the group is all that is left
	done      bool    // there are no more
}

const (
	windowSize = 1_000 // entries
	groupMore  = 4     // how many times more ranges each group has
	groupMost  = 64    // ranges; what is beyond them is one group
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

// match takes matches in the group of ranges at hand, or in the next one when it is used up.
func (w *walk) match(ctx context.Context, n int) ([]int64, error) {
	if len(w.group) == 0 && !w.last {
		if err := w.regroup(ctx, 1); err != nil {
			return nil, err
		}
	}
	s := &w.q.Dialect().Search
	asked := w.condition
	if !w.last {
		marks := make([]string, len(w.group))
		for i, first := range w.group {
			marks[i] = writer{s}.token(rangeToken(first))
		}
		asked = writer{s}.join(s.And, []string{asked, writer{s}.join(s.Or, marks)})
	}
	ids, err := w.take(ctx, n, s.Match, asked, w.before, n)
	if err != nil || !w.done || w.last {
		return ids, err
	}
	w.before, w.done = w.group[len(w.group)-1], false
	return ids, w.regroup(ctx, groupMore*len(w.group))
}

// regroup takes the next n ranges, or all that is left.
func (w *walk) regroup(ctx context.Context, n int) error {
	if n > groupMost {
		w.last = true
		return nil
	}
	group, err := rangesBelow(ctx, w.q, w.before, n)
	w.group, w.last = group, len(group) < n
	return err
}
