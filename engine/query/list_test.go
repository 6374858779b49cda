package query

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
)

// office is a database with many deals, and what is in it.
type office struct {
	catalog *meta.Catalog
	deal    *meta.Entity
	truth   *truth
	env     *formula.Env
	names   []string
	rows    map[int64][]any
}

func newOffice(t testing.TB, seed uint64, deals int, databases ...*db.DB) *office {
	t.Helper()
	c := shop(t)
	for _, d := range databases {
		createTables(t, d, c)
	}
	sizes := worldSizes
	worldOf := map[string]int{}
	for k, n := range sizes {
		worldOf[k] = n
	}
	worldOf["deal"] = deals
	r := rand.New(rand.NewPCG(seed, 11))
	o := &office{catalog: c, deal: object(t, c, "deal"), rows: map[int64][]any{}}
	o.truth = &truth{catalog: c, rows: map[string]access.Rows{}, shares: map[string][]share{}, now: noon.UnixMicro()}
	o.truth.world = formulatest.NewWorld(r, listing{c.Schema(nil), c, hiddenFields}, worldOf)
	o.truth.shares["deal"] = randomShares(r, int64(deals), o.truth.now)
	for _, e := range c.Entities {
		o.truth.rows[e.Name] = access.Rows{All: true}
		for _, rec := range o.truth.world.Records(e.Name) {
			rec.Values[meta.SlotVersion] = formula.Whole(1)
			rec.Values[meta.SlotExternalID] = formula.Value{}
			rec.Values[meta.SlotCreatedAt] = formula.Whole(noon.UnixMicro() - r.Int64N(1000))
			rec.Values[meta.SlotChangedAt] = formula.Whole(noon.UnixMicro() - r.Int64N(40)*1_000_000) // with ties
		}
	}
	o.env = &formula.Env{Now: noon, Me: 3, World: o.truth}
	for _, d := range databases {
		o.truth.store(t, d)
		o.names, _ = tableColumns(o.deal, d.Dialect())
	}
	for _, rec := range o.truth.world.Records("deal") {
		o.rows[rec.ID] = rowOf(o.deal, o.names, rec)
	}
	return o
}

// column gives the stored value of a column of a deal.
func (o *office) column(id int64, name string) any { return o.rows[id][slices.Index(o.names, name)] }

// compareStored orders stored values with the empty one first.
func compareStored(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case string:
		return strings.Compare(a, b.(string))
	}
	return bytes.Compare(a.([]byte), b.([]byte))
}

// expected gives the ids of a list, from memory.
func (o *office) expected(t testing.TB, l List) []int64 {
	t.Helper()
	s, err := sortingOf(o.deal, l.Sort, Indexes(o.deal), l.Deleted)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, rec := range o.truth.world.Records("deal") {
		owned := access.Owned{Owner: rec.Values[meta.SlotOwner].Int, Team: rec.Values[meta.SlotTeam].Int, Branch: rec.Values[meta.SlotBranch].Int}
		owned.Share = levelOf(o.truth.shares["deal"], l.Rows, rec.ID, o.truth.now)
		if formulatest.Deleted(rec.ID) != l.Deleted || !l.Rows.Pass(owned) {
			continue
		}
		if l.Filter != nil {
			if ok, err := l.Filter.Holds(o.env, rec); err != nil || !ok {
				continue
			}
		}
		ids = append(ids, rec.ID)
	}
	slices.SortFunc(ids, func(a, b int64) int {
		for _, k := range s.keys {
			c := compareStored(o.column(a, k.column), o.column(b, k.column))
			if k.desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return ids
}

// shapesOf gives the plans that exist for a list.
func shapesOf(t testing.TB, d *db.DB, l List) []choice {
	t.Helper()
	p, err := l.prepare(d.Dialect())
	if err != nil {
		t.Fatal(err)
	}
	all := []choice{{first: ShapeStart}, {first: ShapeFilter}, {}}
	if p.restricted() && p.sorting.byChange() {
		all = append(all, choice{first: ShapeMerge}, choice{first: ShapeMerge})
	}
	if p.sorting.walk != nil {
		for _, w := range []int{8, 64, 1 << 12} {
			all = append(all, choice{ShapeWalk, w, ShapeStart})
		}
	}
	if p.sorting.exact {
		all = append(all, choice{first: ShapeAll})
	}
	if l.Deleted {
		return []choice{{}}
	}
	return all
}

// pages reads all pages of a list, each by a plan that next chooses.
func pages(t testing.TB, d *db.DB, l List, next func(List) choice, seen func(Page)) []int64 {
	t.Helper()
	var ids []int64
	for range 10_000 {
		l.forced = next(l)
		var page Page
		err := d.Read(context.Background(), func(q db.Querier) (err error) {
			page, err = Read(context.Background(), q, l)
			return err
		})
		if err != nil {
			p, _ := l.prepare(d.Dialect())
			text, b, _ := p.write(l.forced.first, l.forced.window)
			t.Fatalf("%v: %v\n%s\n%v", l.forced, err, text, b.Args(l.Env))
		}
		for _, row := range page.Rows {
			ids = append(ids, row.ID)
		}
		if seen != nil {
			seen(page)
		}
		if page.Next == "" {
			return ids
		}
		l.After = page.Next
	}
	t.Fatal("the list has no end")
	return nil
}

var testFilters = []string{"", "", `stage = "won"`, `stage in ["new", "won"] and amount > 100`, "owner = me()", "closes_on < today()", `name contains "a"`,
	"won or company.active", "any(items, quantity > 0)", "amount between 0 and 1000 and won", "closes_on is empty", `company.name startsWith "t" or not won`}

func testOrders(t testing.TB, e *meta.Entity) [][]Order {
	by := func(names ...string) []Order {
		var list []Order
		for _, n := range names {
			list = append(list, Order{attr(t, e, strings.TrimPrefix(n, "-")), n[0] == '-'})
		}
		return list
	}
	return [][]Order{nil, nil, nil, by("-changed_at"), by("changed_at"), by("amount"), by("-amount"), by("name"), by("-name"), by("stage"), by("-stage"),
		by("-closes_on"), by("seen_at"), by("-seen_at"), by("id"), by("-id"), by("stage", "-amount"), by("-stage", "closes_on", "name"), by("won", "-seen_at"),
		by("-closes_on", "amount"), by("company", "-name"), by("owner", "-amount"), by("changed_at", "-amount"), by("amount", "id"), by("-score", "probability")}
}

// TestShapes holds every shape to the answer in memory, for random viewers, orders and filters, page by page, with the shape changing from
// page to page.
func TestShapes(t *testing.T) {
	cases := 250
	if testing.Short() {
		cases = 60
	}
	everywhere(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, 1, 150, d)
		r := rand.New(rand.NewPCG(5, 5))
		orders := testOrders(t, o.deal)
		tally := map[Shape]int{}
		for range cases {
			source := testFilters[r.IntN(len(testFilters))]
			l := List{Entity: o.deal, Filter: parsed(t, o.deal, source), Source: source, Sort: orders[r.IntN(len(orders))], Limit: 1 + r.IntN(40),
				Rows: randomRows(r), Deleted: r.IntN(10) == 0, Env: o.env, Columns: []*meta.Attr{attr(t, o.deal, "amount")}}
			want := o.expected(t, l)
			choices := shapesOf(t, d, l)
			var trail []choice
			got := pages(t, d, l, func(List) choice {
				trail = append(trail, choices[r.IntN(len(choices))])
				return trail[len(trail)-1]
			}, func(p Page) {
				for _, s := range p.Shapes {
					tally[s]++
				}
			})
			if !slices.Equal(got, want) {
				t.Fatalf("filter %q, order %v, rows %+v, limit %d, plans %v:\ngot  %v\nwant %v", source, orderText(l.Sort), l.Rows, l.Limit, trail, got, want)
			}
		}
		t.Log(tally)
		for _, s := range []Shape{ShapeStart, ShapeMerge, ShapeWalk, ShapeFilter, ShapeAll} {
			if tally[s] == 0 {
				t.Errorf("the shape %s was never tried", s)
			}
		}
	})
}

func orderText(orders []Order) string {
	text := ""
	for _, o := range orders {
		text += fmt.Sprintf(" %s %v", o.Attr.Name, o.Desc)
	}
	return text
}

// TestParts holds lists of parts, which carry the rights of their parent, to the answer in memory.
func TestParts(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, 2, 40, d)
		item := object(t, o.catalog, "item")
		r := rand.New(rand.NewPCG(6, 6))
		for range 12 {
			rows := randomRows(r)
			o.truth.rows["deal"] = rows
			o.truth.rows["item"] = rows
			var want []int64
			for _, rec := range o.truth.world.Records("item") {
				if !formulatest.Deleted(rec.ID) && !rows.None() && o.truth.sees("item", rec) {
					want = append(want, rec.ID)
				}
			}
			l := List{Entity: item, Rows: rows, Limit: 7, Env: o.env, Sort: []Order{{Attr: attr(t, item, "id")}}}
			got := pages(t, d, l, func(List) choice { return choice{} }, nil)
			if !slices.Equal(got, want) {
				t.Fatalf("rows %+v: got %v, want %v", rows, got, want)
			}
			if n := counted(t, d, l, 0); n.N != int64(len(want)) || n.More {
				t.Errorf("rows %+v: counted %v, want %d", rows, n, len(want))
			}
		}
	})
}

func counted(t testing.TB, d *db.DB, l List, limit int) Total {
	t.Helper()
	var n Total
	err := d.Read(context.Background(), func(q db.Querier) (err error) {
		n, err = Count(context.Background(), q, l, limit)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCount holds counts to the answer in memory, with counters that lead to each statement.
func TestCount(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, 3, 150, d)
		r := rand.New(rand.NewPCG(8, 8))
		for range 80 {
			source := testFilters[r.IntN(len(testFilters))]
			l := List{Entity: o.deal, Filter: parsed(t, o.deal, source), Rows: randomRows(r), Deleted: r.IntN(8) == 0, Env: o.env}
			l.Counters = []Counters{nil, fixedCounters{live: 1_000_000, rows: 1}, fixedCounters{live: 1_000_000, rows: 900_000}}[r.IntN(3)]
			want := int64(len(o.expected(t, l)))
			limit := []int{0, 20, 1000}[r.IntN(3)]
			total := Total{N: want}
			if limit > 0 && want > int64(limit) {
				total = Total{int64(limit), true}
			}
			if got := counted(t, d, l, limit); got != total {
				t.Fatalf("filter %q, rows %+v, limit %d: %v, want %v", source, l.Rows, limit, got, total)
			}
		}
	})
}

// fixedCounters say the same of everything.
type fixedCounters struct{ live, rows int64 }

func (c fixedCounters) Live(string) (int64, bool)                   { return c.live, true }
func (c fixedCounters) Rows(string, string, any) (int64, bool)      { return c.rows, true }
func (c fixedCounters) Below(string, string, int64) (float64, bool) { return 0.5, true }
func (c fixedCounters) Shares(string, []int64) (int64, bool)        { return 10, true }

// TestWrongCounters checks that counters which are wrong in every way change no answer.
func TestWrongCounters(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, 4, 150, d)
		r := rand.New(rand.NewPCG(9, 9))
		orders := testOrders(t, o.deal)
		tally := map[Shape]int{}
		wrong := []Counters{nil, fixedCounters{0, 0}, fixedCounters{1, 1}, fixedCounters{1 << 40, 1}, fixedCounters{1 << 40, 1 << 40}, fixedCounters{10_000, 5_000}}
		for range 100 {
			source := testFilters[r.IntN(len(testFilters))]
			l := List{Entity: o.deal, Filter: parsed(t, o.deal, source), Source: source, Sort: orders[r.IntN(len(orders))], Limit: 1 + r.IntN(60),
				Rows: randomRows(r), Env: o.env, Counters: wrong[r.IntN(len(wrong))]}
			got := pages(t, d, l, func(List) choice { return choice{} }, func(p Page) {
				for _, s := range p.Shapes {
					tally[s]++
				}
			})
			if want := o.expected(t, l); !slices.Equal(got, want) {
				t.Fatalf("filter %q, order %v, rows %+v, counters %v:\ngot  %v\nwant %v", source, orderText(l.Sort), l.Rows, l.Counters, got, want)
			}
		}
		t.Log(tally)
	})
}

// TestNoStatement checks that a viewer without any scope is answered without the database.
func TestNoStatement(t *testing.T) {
	e := object(t, shop(t), "deal")
	q := noQuerier{everyDialect(t)[0]}
	page, err := Read(context.Background(), q, List{Entity: e, Env: &formula.Env{Now: noon}})
	if err != nil || len(page.Rows) > 0 || len(page.Shapes) > 0 {
		t.Error(page, err)
	}
	if n, err := Count(context.Background(), q, List{Entity: e, Env: &formula.Env{Now: noon}}, 0); err != nil || n != (Total{}) {
		t.Error(n, err)
	}
	if rows, err := Get(context.Background(), q, List{Entity: e, Env: &formula.Env{Now: noon}}, []int64{1}); err != nil || rows != nil {
		t.Error(rows, err)
	}
}

type noQuerier struct{ d *db.Dialect }

func (n noQuerier) Dialect() *db.Dialect { return n.d }
func (n noQuerier) Query(context.Context, string, ...any) (*db.Rows, error) {
	return nil, fault.New(fault.Internal, "test.asked")
}

// TestPagingUnderWrites reads pages while others write: what is there all the time comes once.
func TestPagingUnderWrites(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, 5, 120, d)
		r := rand.New(rand.NewPCG(10, 10))
		rows := access.Rows{Me: 2, Teams: []int64{1, 2}, Branches: []int64{1}}
		stop := make(chan struct{})
		var writers sync.WaitGroup
		var written int
		var failed error
		writers.Go(func() { written, failed = writeForEver(d, o, stop) })
		defer func() {
			close(stop)
			writers.Wait()
			if written == 0 || failed != nil {
				t.Errorf("%d rows were written meanwhile: %v", written, failed)
			}
		}()
		for _, order := range testOrders(t, o.deal) {
			if slices.ContainsFunc(order, func(x Order) bool { return x.Attr.Name == "changed_at" }) {
				continue
			}
			l := List{Entity: o.deal, Sort: order, Limit: 9, Rows: rows, Env: o.env}
			choices := shapesOf(t, d, l)
			want := o.expected(t, l)
			got := pages(t, d, l, func(List) choice { return choices[r.IntN(len(choices))] }, nil)
			old := slices.DeleteFunc(slices.Clone(got), func(id int64) bool { return id > 120 })
			slices.Sort(got)
			if len(slices.Compact(got)) != len(got) {
				t.Errorf("order %s: a row came twice: %v", orderText(order), got)
			}
			if !slices.Equal(old, want) {
				t.Errorf("order %s: got %v, want %v", orderText(order), old, want)
			}
		}
	})
}

// writeForEver makes copies of deals and deletes the copies again, until it is stopped; it gives how many it made.
func writeForEver(d *db.DB, o *office, stop chan struct{}) (int, error) {
	r := rand.New(rand.NewPCG(12, 12))
	ctx := context.Background()
	for id := int64(1_000); ; id++ {
		select {
		case <-stop:
			return int(id - 1_000), nil
		default:
		}
		row := slices.Clone(o.rows[1+r.Int64N(120)])
		row[slices.Index(o.names, "id")] = id
		row[slices.Index(o.names, "deleted")] = int64(0)
		err := d.Write(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, "DELETE FROM deals WHERE id = $1 AND id >= 1000", id-r.Int64N(100)); err != nil {
				return err
			}
			return tx.Insert(ctx, Table(o.deal), o.names, [][]any{row})
		})
		if err != nil {
			return 0, err
		}
	}
}

// TestGet reads single records with the rights of a viewer.
func TestGet(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, 6, 60, d)
		r := rand.New(rand.NewPCG(13, 13))
		ids := append(numbers(1, 60), 999)
		for range 20 {
			l := List{Entity: o.deal, Rows: randomRows(r), Env: o.env, Deleted: r.IntN(3) == 0, Columns: []*meta.Attr{attr(t, o.deal, "name"), attr(t, o.deal, "amount")}}
			want := o.expected(t, l)
			slices.Sort(want)
			var got []int64
			err := d.Read(context.Background(), func(q db.Querier) error {
				rows, err := Get(context.Background(), q, l, ids)
				for _, row := range rows {
					got = append(got, row.ID)
					if len(row.Values) != 1+4 || row.Values[0] != o.column(row.ID, "name") || row.Values[1] != o.column(row.ID, "amount") {
						t.Errorf("deal %d has %v", row.ID, row.Values)
					}
				}
				return err
			})
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("rows %+v: got %v, want %v: %v", l.Rows, got, want, err)
			}
		}
		_, err := Get(context.Background(), noQuerier{d.Dialect()}, List{Entity: o.deal, Env: o.env, Rows: access.Rows{All: true}}, make([]int64, MaxLimit+1))
		if !fault.Is(err, fault.TooLarge) {
			t.Error("too many ids:", err)
		}
	})
}

// TestAllColumns reads whole records, computed fields with them.
func TestAllColumns(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, 7, 30, d)
		company := object(t, o.catalog, "company")
		l := List{Entity: company, Rows: access.Rows{All: true}, Env: o.env, Limit: 100}
		width, load := 0, -1
		for _, a := range company.Fields {
			if a.Name == "load" {
				load = width
			}
			width += a.Width
		}
		err := d.Read(context.Background(), func(q db.Querier) error {
			page, err := Read(context.Background(), q, l)
			for _, row := range page.Rows {
				rec, _ := o.truth.world.Get("company", row.ID)
				if len(row.Values) != width || row.Values[0] != row.ID {
					t.Fatalf("company %d has %d values, want %d: %v", row.ID, len(row.Values), width, row.Values)
				}
				want, _ := attr(t, company, "load").Answer.Eval(o.env, rec)
				if row.Values[load] != want.Int {
					t.Errorf("company %d has load %v, want %d", row.ID, row.Values[load], want.Int)
				}
			}
			if len(page.Rows) == 0 {
				t.Error("no rows")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
