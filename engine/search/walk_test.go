package search

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ashna/engine/db"
)

// steps walks to the end and gives all keys.
func steps(t *testing.T, q db.Querier, w walk, n int) (ids []int64, count int) {
	t.Helper()
	w.q = q
	for range 1_000 {
		some, err := w.step(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) > max(n, minMatch) {
			t.Fatalf("a step of %d, asked for %d", len(some), n)
		}
		ids, count = append(ids, some...), count+1
		if w.done {
			return ids, count
		}
	}
	t.Fatalf("%q: the walk does not end", w.condition)
	return nil, 0
}

// Whatever mix of windows and matches the words lead to, a walk gives every match once, newest first.
func TestWalkGivesEveryMatchOnce(t *testing.T) {
	const n = 9_000
	words := map[string]func(id int64) bool{
		"always":  func(int64) bool { return true },
		"often":   func(id int64) bool { return id%3 == 0 },
		"seldom":  func(id int64) bool { return id%150 == 7 },
		"rarely":  func(id int64) bool { return id%4_000 == 9 },
		"recent":  func(id int64) bool { return id > n-500 },
		"ancient": func(id int64) bool { return id < 900 },
		"edges":   func(id int64) bool { return id == 1 || id == n || id == n-windowSize || id == n-windowSize+1 },
		"never":   func(int64) bool { return false },
	}
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = Entry{ID: int64(i + 1), Object: "deal"}
		for word, has := range words {
			if has(entries[i].ID) {
				entries[i].Words += word + " "
			}
		}
	}
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d, entries...)
		for word, has := range words {
			for _, before := range []int64{n + 1, n / 2, 2, 1} {
				var want []int64
				for id := before - 1; id > 0; id-- {
					if has(id) {
						want = append(want, id)
					}
				}
				for _, size := range []int{32, 700} {
					q := Question{Text: word}
					var got []int64
					err := d.Read(t.Context(), func(r db.Querier) error {
						got, _ = steps(t, r, walk{condition: condition(&r.Dialect().Search, &q, parse(word)), before: before}, size)
						return nil
					})
					if err != nil || !slices.Equal(got, want) {
						t.Errorf("%q below %d by %d: %d keys, want %d (%v)", word, before, size, len(got), len(want), err)
					}
				}
			}
		}
	})
}

// What is rare must cost few steps, or every keystroke would walk through the table.
func TestRareWordsTakeFewSteps(t *testing.T) {
	entries := make([]Entry, 8_000)
	for i := range entries {
		entries[i] = Entry{ID: int64(i + 1), Object: "deal", Words: "filler"}
	}
	entries[5].Words = "needle"
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d, entries...)
		for word, most := range map[string]int{"needle": 2, "absent": 2} {
			q := Question{Text: word}
			err := d.Read(t.Context(), func(r db.Querier) error {
				w := walk{condition: condition(&r.Dialect().Search, &q, parse(word)), before: 1 << 40}
				if _, count := steps(t, r, w, 32); count > most {
					t.Errorf("%q took %d steps, want at most %d", word, count, most)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// The databases must answer from the index: a plan that reads the table would only show with a million entries.
func TestPlans(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		entries := make([]Entry, 6_000)
		for i := range entries {
			entries[i] = Entry{ID: int64(i + 1), Object: "deal", Words: fmt.Sprintf("w%d other%d", i%900, i%400)}
		}
		add(t, d, entries...)
		inTx(t, d, func(ctx context.Context, tx *db.Tx) error {
			if tx.Dialect().Search.Window != "" { // what waits to be indexed is scanned, and makes the index look dear
				if _, err := tx.Exec(ctx, "SELECT gin_clean_pending_list('search_entry_tokens')"); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, "ANALYZE search_entry")
			return err
		})
		s := &d.Dialect().Search
		plan := func(text string, args ...any) string {
			t.Helper()
			var b strings.Builder
			explain := "EXPLAIN "
			if s.Window == "" {
				explain = "EXPLAIN QUERY PLAN "
			}
			err := d.Read(t.Context(), func(r db.Querier) error {
				return db.Each(t.Context(), r, explain+text, args, func(row db.Row) error {
					b.WriteString(row.Text(len(row)-1) + "\n")
					return nil
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		q := Question{Text: "w17"}
		asked := condition(s, &q, parse(q.Text))
		got := plan(s.Match, asked, int64(1<<40), int64(32))
		if s.Window == "" {
			if !strings.Contains(got, "VIRTUAL TABLE INDEX") || strings.Contains(got, "TEMP B-TREE") {
				t.Errorf("a match sorts or does not use the index:\n%s", got)
			}
			return
		}
		if !strings.Contains(got, "search_entry_tokens") || strings.Contains(got, "Seq Scan") {
			t.Errorf("a match does not use the index of tokens:\n%s", got)
		}
		got = plan(s.Window, asked, int64(1<<40), int64(32), int64(5_000))
		if strings.Contains(got, "search_entry_tokens") || !strings.Contains(got, "search_entry_pkey") {
			t.Errorf("a window does not walk the keys:\n%s", got)
		}
	})
}

// The end of the context ends a search with an error, not with a short answer.
func TestCancelled(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d, Entry{ID: 1, Object: "deal", Words: "one"}, Entry{ID: 2, Object: "deal", Words: "one"})
		err := d.Read(t.Context(), func(r db.Querier) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, _, err := Find(ctx, r, Question{Text: "one"}, everything)
			if err == nil {
				t.Error("a cancelled search gave an answer")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
