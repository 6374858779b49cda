package query

import (
	"context"
	"testing"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
)

// notes is a catalog with a field that no index orders by, and one that an index finds by.
func notes(t testing.TB) *meta.Entity {
	t.Helper()
	c := compiled(t, append([]meta.Object{{Name: "note", Plural: "notes", Fields: []meta.Field{
		{Name: "rank", Kind: meta.NumberKind{}},
		{Name: "kind", Kind: meta.ChoiceKind{Options: []meta.Option{{Code: "rare"}, {Code: "common"}}}, Index: true},
	}}}, platform...)...)
	return object(t, c, "note")
}

// The viewers of the notes: one owns few of them.
const (
	owner   = 11
	newcome = 12
	few     = 30 // notes of the newcomer, and rare ones
)

// manyNotes writes n notes: the ranks fall while the ids rise.
func manyNotes(t testing.TB, d *db.DB, e *meta.Entity, n int) {
	t.Helper()
	createTables(t, d, e.Catalog())
	names, _ := tableColumns(e, d.Dialect())
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = make([]any, len(names))
		for j, name := range names {
			switch v := int64(i); name {
			case meta.FieldID:
				rows[i][j] = v + 1
			case "rank":
				rows[i][j] = int64(n) - v
			case "kind":
				rows[i][j] = map[bool]string{true: "rare", false: "common"}[i >= n-few]
			case meta.FieldOwner:
				rows[i][j] = map[bool]int64{true: newcome, false: owner}[i < few]
			default:
				if !mayBeEmpty(name) {
					rows[i][j] = int64(0)
				}
			}
		}
	}
	insert(t, d, Table(e), names, rows)
}

// An order without an index over too many records is refused with the field to choose another for. Nobody is refused on a counter's word:
// what it believes is counted first.
func TestOrderWithoutIndex(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		e := notes(t)
		const n = maxSorted + few + 10
		manyNotes(t, d, e, n)
		rank := []Order{{Attr: attr(t, e, "rank")}}
		all, mine := access.Rows{All: true}, access.Rows{Me: newcome}
		cases := []struct {
			name    string
			list    List
			refused bool
			first   int64 // the id of the first record
		}{
			{"all of them", List{Rows: all, Sort: rank, Counters: fixedCounters{n, n}}, true, 0},
			{"all of them, the other way", List{Rows: all, Sort: []Order{{Attr: rank[0].Attr, Desc: true}}, Counters: fixedCounters{n, n}}, true, 0},
			{"as many as the owner has", List{Rows: access.Rows{Me: owner}, Sort: rank, Counters: fixedCounters{n, n}}, true, 0},
			{"few, whatever the counter says", List{Rows: mine, Sort: rank, Counters: fixedCounters{1 << 40, 1 << 40}}, false, few},
			{"few by a filter with an index", List{Rows: all, Sort: rank, Filter: parsed(t, e, `kind = "rare"`), Source: "rare", Counters: fixedCounters{n, few}}, false, n},
			{"few by a filter without an index", List{Rows: all, Sort: rank, Filter: parsed(t, e, "rank < 9"), Source: "low", Counters: fixedCounters{n, n}}, true, 0},
			{"nobody counts", List{Rows: all, Sort: rank}, false, n},
			{"an order with an index", List{Rows: all, Sort: []Order{{Attr: attr(t, e, meta.FieldID)}}, Counters: fixedCounters{n, n}}, false, 1},
			{"the deleted", List{Rows: all, Sort: rank, Deleted: true, Counters: fixedCounters{n, n}}, false, 0},
			{"none at all", List{Sort: rank, Counters: fixedCounters{n, n}}, false, 0},
		}
		for _, c := range cases {
			c.list.Entity, c.list.Env, c.list.Limit = e, &formula.Env{Now: noon}, 3
			var page Page
			err := d.Read(context.Background(), func(q db.Querier) (err error) {
				page, err = Read(context.Background(), q, c.list)
				return err
			})
			f := fault.Of(err)
			if c.refused {
				if f == nil || f.Kind != fault.Invalid || f.Key != keyNoIndex || f.Field != "sort" || f.Params["field"] != "rank" || f.Params["max"] != maxSorted || len(page.Rows) != 0 {
					t.Errorf("%s: %d rows, %v", c.name, len(page.Rows), err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if c.first == 0 != (len(page.Rows) == 0) || c.first != 0 && (page.Rows[0].ID != c.first || len(page.Rows) != 3) {
				t.Errorf("%s: rows %v, want the first to be %d", c.name, ids(page.Rows), c.first)
			}
		}
		exec(t, d, "UPDATE notes SET deleted = 1") // the bin may be looked through in any order
		err := d.Read(context.Background(), func(q db.Querier) error {
			page, err := Read(context.Background(), q, List{Entity: e, Env: &formula.Env{Now: noon}, Rows: all, Sort: rank, Deleted: true, Counters: fixedCounters{n, n}})
			if err == nil && (len(page.Rows) != DefaultLimit || page.Rows[0].ID != n) {
				t.Errorf("the bin begins with %v", ids(page.Rows))
			}
			return err
		})
		if err != nil {
			t.Errorf("the bin: %v", err)
		}
	})
}

func ids(rows []Row) (list []int64) {
	for _, r := range rows {
		list = append(list, r.ID)
	}
	return list
}

// A count stops at its cap and says so, and a page of a list that is refused can still be counted.
func TestCountOfMany(t *testing.T) {
	d := opened(t, db.Config{Dir: t.TempDir()})
	e := notes(t)
	const n = 2_000
	manyNotes(t, d, e, n)
	for _, c := range []struct {
		rows  access.Rows
		limit int
		want  Total
	}{
		{access.Rows{All: true}, 0, Total{n, false}},
		{access.Rows{All: true}, n, Total{n, false}},
		{access.Rows{All: true}, n - 1, Total{n - 1, true}},
		{access.Rows{All: true}, 1, Total{1, true}},
		{access.Rows{Me: newcome}, 0, Total{few, false}},
		{access.Rows{Me: newcome}, few - 1, Total{few - 1, true}},
		{access.Rows{}, 0, Total{}},
	} {
		var got Total
		err := d.Read(context.Background(), func(q db.Querier) (err error) {
			got, err = Count(context.Background(), q, List{Entity: e, Env: &formula.Env{Now: noon}, Rows: c.rows, Sort: []Order{{Attr: attr(t, e, "rank")}}}, c.limit)
			return err
		})
		if err != nil || got != c.want {
			t.Errorf("%+v up to %d: %+v, %v; want %+v", c.rows, c.limit, got, err, c.want)
		}
	}
}
