package search

import (
	"context"
	"fmt"
	"testing"

	"ashna/engine/db"
)

// The last step of a record counts, whatever came before in the transaction.
func TestQueue(t *testing.T) {
	entry := func(words string) Entry { return Entry{ID: 77, Object: "lead", Words: words} }
	cases := []struct {
		name  string
		steps func(q *Queue)
		want  string
	}{
		{"new", func(q *Queue) { q.Add(entry("first")) }, "[ first ]"},
		{"changed", func(q *Queue) { q.Put(entry("second")) }, "[ second ]"},
		{"gone", func(q *Queue) { q.Remove(77) }, "[]"},
		{"new and changed", func(q *Queue) { q.Add(entry("first")); q.Put(entry("second")); q.Put(entry("third")) }, "[ third ]"},
		{"gone and back", func(q *Queue) { q.Remove(77); q.Put(entry("back")) }, "[ back ]"},
		{"changed and gone", func(q *Queue) { q.Put(entry("x")); q.Remove(77) }, "[]"},
		{"came and went", func(q *Queue) { q.Add(entry("x")); q.Remove(77) }, "[]"},
		{"came, went and came", func(q *Queue) { q.Add(entry("x")); q.Remove(77); q.Put(entry("y")) }, "[ y ]"},
	}
	onBoth(t, func(t *testing.T, d *db.DB) {
		for _, c := range cases {
			var words []string
			inTx(t, d, func(ctx context.Context, tx *db.Tx) error {
				var q Queue
				c.steps(&q)
				if err := q.Flush(ctx, tx); err != nil {
					return err
				}
				if len(q) > 0 {
					t.Errorf("%s: %d steps are left", c.name, len(q))
				}
				return db.Each(ctx, tx, "SELECT words FROM search_entry WHERE id = 77", nil, func(r db.Row) error {
					words = append(words, r.Text(0))
					return nil
				})
			})
			if fmt.Sprint(words) != c.want {
				t.Errorf("%s: %q, want %s", c.name, words, c.want)
			}
		}
	})
}
