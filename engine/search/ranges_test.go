package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"ashna/engine/db"
	"ashna/testkit"
)

// onServer opens an empty index on the database whose index cannot stop early.
func onServer(t *testing.T) *db.DB {
	t.Helper()
	url, ok := testkit.PostgresURL(t)
	if !ok {
		t.Skip("no server")
	}
	d := open(t, db.Config{URL: url, Readers: 2})
	if d.Dialect().Search.Window == "" {
		t.Fatal("this database has no ranges")
	}
	return d
}

// ranges gives the first keys, the newest first.
func ranges(t *testing.T, d *db.DB) (firsts []int64) {
	t.Helper()
	err := d.Read(t.Context(), func(r db.Querier) (err error) {
		firsts, err = rangesBelow(t.Context(), r, 1<<62, 1_000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return firsts
}

func TestRangesBeginAboveAllEntries(t *testing.T) {
	d := onServer(t)
	begin := func(want ...int64) {
		t.Helper()
		inTx(t, d, beginRange)
		if got := ranges(t, d); !slices.Equal(got, want) {
			t.Errorf("ranges begin at %v, want %v", got, want)
		}
	}
	begin()
	add(t, d, Entry{ID: 10, Object: "deal", Words: "one"}, Entry{ID: 30, Object: "deal", Words: "one"})
	begin(31)
	begin(31)
	add(t, d, Entry{ID: 31, Object: "deal", Words: "one"}, Entry{ID: 20, Object: "deal", Words: "one"}, Entry{ID: 90, Object: "deal", Words: "one"})
	begin(91, 31)
	put(t, d, Entry{ID: 10, Object: "deal", Words: "one"}, Entry{ID: 90, Object: "deal", Words: "one"}, Entry{ID: 91, Object: "deal", Words: "one"})
	for before, want := range map[int64][]int64{200: {91, 90, 31, 30, 20, 10}, 91: {90, 31, 30, 20, 10}, 90: {31, 30, 20, 10}, 31: {30, 20, 10}, 11: {10}, 10: nil} {
		if got := below(t, d, "one", before); !slices.Equal(got, want) {
			t.Errorf("below %d: %v, want %v", before, got, want)
		}
	}
}

// below gives all keys below a bound from the ranges, without a window before.
func below(t *testing.T, d *db.DB, word string, before int64) (ids []int64) {
	t.Helper()
	err := d.Read(t.Context(), func(r db.Querier) error {
		q := Question{Text: word}
		ids, _ = steps(t, r, walk{condition: condition(&r.Dialect().Search, &q, parse(word)), before: before, looked: true}, 3)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// While somebody adds, nobody begins a range: the entries of both would disagree about where they lie.
func TestRangesWaitForThoseWhoAdd(t *testing.T) {
	d := onServer(t)
	add(t, d, Entry{ID: 1, Object: "deal", Words: "one"})
	inTx(t, d, func(ctx context.Context, tx *db.Tx) error {
		if err := Add(ctx, tx, []Entry{{ID: 5, Object: "deal", Words: "one"}}); err != nil {
			return err
		}
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		if err := d.Write(ctx, func(other *db.Tx) error { return beginRange(ctx, other) }); err != nil {
			return err
		}
		return nil
	})
	if got := ranges(t, d); len(got) != 0 {
		t.Errorf("a range began at %v while an entry was being added", got)
	}
	inTx(t, d, beginRange)
	if got := ranges(t, d); !slices.Equal(got, []int64{6}) {
		t.Errorf("ranges begin at %v, want 6", got)
	}
}

// However entries come, change and go, and wherever ranges begin, each match is found once and in order.
func TestRangesHoldUnderChange(t *testing.T) {
	d := onServer(t)
	r := rand.New(rand.NewPCG(5, 6))
	has := map[int64]bool{}
	top := int64(1)
	for range 120 {
		switch r.IntN(6) {
		case 0:
			inTx(t, d, beginRange)
		case 1:
			var ids []int64
			for id := range has {
				if r.IntN(9) == 0 {
					ids = append(ids, id)
					delete(has, id)
				}
			}
			inTx(t, d, func(ctx context.Context, tx *db.Tx) error { return Remove(ctx, tx, ids) })
		default:
			some := map[int64]Entry{}
			for range 1 + r.IntN(20) {
				id := 1 + r.Int64N(top+20)
				top = max(top, id)
				has[id] = r.IntN(3) > 0
				some[id] = Entry{ID: id, Object: "deal", Words: map[bool]string{true: "needle", false: "hay"}[has[id]]}
			}
			var entries []Entry
			for _, e := range some {
				entries = append(entries, e)
			}
			put(t, d, entries...)
		}
	}
	if n := len(ranges(t, d)); n < 5 {
		t.Errorf("only %d ranges began", n)
	}
	for _, before := range []int64{1 << 40, top, top / 2, top / 9, 1} {
		var want []int64
		for id := before - 1; id > 0 && len(want) <= len(has); id-- {
			id = min(id, top)
			if has[id] {
				want = append(want, id)
			}
		}
		if got := below(t, d, "needle", before); !slices.Equal(got, want) {
			t.Errorf("below %d: %v, want %v", before, got, want)
		}
	}
}

// Ranges begin by themselves when the last one is full, and not before.
func TestRangesGrow(t *testing.T) {
	d := onServer(t)
	const n = rangeSize + 4*lookEvery
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = Entry{ID: int64(i+1) << 12, Object: "deal", Words: fmt.Sprintf("w%d", i%50)}
	}
	add(t, d, entries...)
	got := ranges(t, d)
	if len(got) != 1 || got[0] <= rangeSize<<12 || got[0] > (rangeSize+4*lookEvery)<<12 {
		t.Errorf("ranges begin at %v, want one soon after %d", got, int64(rangeSize)<<12)
	}
	ids := below(t, d, "w7", 1<<60)
	if len(ids) != (n+42)/50 || !slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("%d keys, want %d from the newest down", len(ids), (n+42)/50)
	}
}

func TestLooksIsSeldomAndEven(t *testing.T) {
	for _, step := range []int64{1, 64, 4_096, 1 << 22} {
		count := 0
		for i := range int64(100_000) {
			if looks(1<<60 + i*step) {
				count++
			}
		}
		if count < 100_000/lookEvery/4 || count > 4*100_000/lookEvery {
			t.Errorf("in steps of %d: %d of 100,000 keys look", step, count)
		}
	}
}
