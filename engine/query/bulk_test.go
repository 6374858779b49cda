package query

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ashna/engine/access"
	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/kit/formula"
)

var bulkRows = flag.Int("bulk.rows", 20_000, "how many deals the benchmarks have")

// bulk is a database with many deals: 2,000 owners in 200 teams in 40 branches, whose parts are uneven.
type bulk struct {
	deal     *meta.Entity
	env      *formula.Env
	counters *bulkCounters
	n        int
}

// bulkCounters are exact counters of a bulk.
type bulkCounters struct {
	live   int64
	counts map[string]int64
	sorted map[string][]int64
}

func (c *bulkCounters) Live(string) (int64, bool) { return c.live, true }
func (c *bulkCounters) Rows(_, column string, key any) (int64, bool) {
	return c.counts[fmt.Sprint(column, key)], slices.Contains([]string{"owner", "team", "branch", "stage"}, column)
}
func (c *bulkCounters) Below(_, column string, value int64) (float64, bool) {
	all := c.sorted[column]
	if len(all) == 0 {
		return 0, false
	}
	i, _ := slices.BinarySearch(all, value)
	return float64(i) / float64(len(all)), true
}
func (c *bulkCounters) Shares(string, []int64) (int64, bool) { return 150, true }

// Owner, team and branch of a bulk go together. The last team is dormant: its deals are the oldest.
func placeOf(owner int64) (team, branch int64) { return 1 + owner%200, 1 + owner%40 }

const dormantOwner = 199

// newBulk fills a database with n deals.
func newBulk(t testing.TB, d *db.DB, n int) *bulk {
	t.Helper()
	c := shop(t)
	createTables(t, d, c)
	e := object(t, c, "deal")
	b := &bulk{deal: e, n: n, env: &formula.Env{Now: noon, Me: 5}, counters: &bulkCounters{counts: map[string]int64{}, sorted: map[string][]int64{}}}
	columns := []string{"id", "version", "created_at", "changed_at", "owner", "team", "branch", "deleted", "name", "name_k", "name_s", "amount",
		"closes_on", "seen_at", "company", "won", "stage"}
	r := rand.New(rand.NewPCG(1, 2))
	const batch = 20_000
	for from := 0; from < n; from += batch {
		var rows [][]any
		for i := from; i < min(n, from+batch); i++ {
			rows = append(rows, b.row(r, columns, i))
		}
		insert(t, d, Table(e), columns, rows)
	}
	for _, list := range b.counters.sorted {
		slices.Sort(list)
	}
	var shares []share
	for range 150 {
		shares = append(shares, share{principal: 7, record: 1 + r.Int64N(int64(n)), level: 1})
	}
	slices.SortFunc(shares, func(a, b share) int { return int(a.record - b.record) })
	insertShares(t, d, "deal", slices.Compact(shares))
	b.tidy(t, d)
	return b
}

// row makes one deal and counts it.
func (b *bulk) row(r *rand.Rand, columns []string, i int) []any {
	owner := 1 + int64(math.Abs(r.NormFloat64())*600)%2000
	if owner%200 == dormantOwner {
		owner++
	}
	if i < b.n/200 {
		owner = dormantOwner + 200*r.Int64N(10)
	}
	team, branch := placeOf(owner)
	changed := noon.UnixMicro() - int64(b.n-i)*1_000_000
	name := fmt.Sprintf("deal %x", r.Uint32())
	amount, day := r.Int64N(10_000_000), 18_000+r.Int64N(1_500)
	stage := []string{"new", "new", "new", "new", "new", "new", "new", "lost", "lost", "won"}[r.IntN(10)]
	var deleted int64
	if r.IntN(33) == 0 {
		deleted = changed
	}
	var closes any = day
	if r.IntN(10) == 0 {
		closes = nil
	}
	if deleted == 0 {
		b.counters.live++
		for _, k := range []string{fmt.Sprint("owner", owner), fmt.Sprint("team", team), fmt.Sprint("branch", branch), "stage" + stage} {
			b.counters.counts[k]++
		}
		b.counters.sorted["amount"] = append(b.counters.sorted["amount"], amount)
		b.counters.sorted["closes_on"] = append(b.counters.sorted["closes_on"], day)
	}
	values := map[string]any{"id": int64(i + 1), "version": int64(1), "created_at": changed - 5, "changed_at": changed, "owner": owner, "team": team,
		"branch": branch, "deleted": deleted, "name": name, "name_k": name, "name_s": []byte(name), "amount": amount, "closes_on": closes,
		"seen_at": changed, "company": 1 + r.Int64N(50), "won": r.Int64N(2), "stage": stage}
	row := make([]any, len(columns))
	for i, c := range columns {
		row[i] = values[c]
	}
	return row
}

// tidy lets the database look at what it has, as its own daemon would.
func (b *bulk) tidy(t testing.TB, d *db.DB) {
	t.Helper()
	if d.Dialect().Lateral {
		read(t, d, "VACUUM ANALYZE deals")
	}
}

// viewer is somebody with a name and rows.
type viewer struct {
	name string
	rows access.Rows
}

func bulkViewers() []viewer {
	team, _ := placeOf(dormantOwner)
	return []viewer{
		{"administrator", access.Rows{All: true}},
		{"nobody", access.Rows{Me: 99_999}},
		{"seller", access.Rows{Me: 5}},
		{"team", access.Rows{Me: 5, Teams: []int64{3, 4, 5}}},
		{"dormant team", access.Rows{Teams: []int64{team}}},
		{"half", access.Rows{Teams: numbers(1, 100)}},
		{"branch", access.Rows{Branches: []int64{2}}},
		{"shared", access.Rows{Me: 5, Principals: []int64{7, 8}, Level: 1}},
	}
}

func (b *bulk) list(t testing.TB, rows access.Rows, source string, orders ...string) List {
	l := List{Entity: b.deal, Filter: parsed(t, b.deal, source), Source: source, Rows: rows, Env: b.env, Counters: b.counters}
	for _, o := range orders {
		l.Sort = append(l.Sort, Order{attr(t, b.deal, strings.TrimPrefix(o, "-")), o[0] == '-'})
	}
	return l
}

// explained gives the plan that the database makes of a list by a shape.
func explained(t testing.TB, d *db.DB, l List, shape Shape, window int) string {
	t.Helper()
	p, err := l.prepare(d.Dialect())
	if err != nil {
		t.Fatal(err)
	}
	text, b, err := p.write(shape, window)
	if err != nil {
		t.Fatal(err)
	}
	return planOf(t, d, text, b.Args(l.Env))
}

func planOf(t testing.TB, d *db.DB, text string, args []any) string {
	t.Helper()
	how, column := "EXPLAIN QUERY PLAN ", 3
	if d.Dialect().Lateral {
		how, column = "EXPLAIN ", 0
	}
	var lines []string
	for _, r := range read(t, d, how+text, args...) {
		lines = append(lines, r.Text(column))
	}
	return strings.Join(lines, "\n")
}

// fullScans are the words of a plan that reads a whole table of deals.
var fullScans = []string{"SCAN t\n", "SCAN deals", "Seq Scan on deals", "SCAN d\n"}

// TestPlans reads the plan of each shape on both databases: the index it was made for is used, and the table is never read as a whole.
func TestPlans(t *testing.T) {
	n := 20_000
	if testing.Short() {
		n = 8_000
	}
	everywhere(t, func(t *testing.T, d *db.DB) {
		b := newBulk(t, d, n)
		all, mixed := access.Rows{All: true}, access.Rows{Me: 5, Teams: []int64{3, 4}, Branches: []int64{2}}
		after := func(l List) List { // a cursor in the middle
			p, err := l.prepare(d.Dialect())
			if err != nil {
				t.Fatal(err)
			}
			values := make([]any, len(p.sorting.keys))
			for i, k := range p.sorting.keys {
				values[i] = map[meta.Storage]any{meta.Int: int64(19_000), meta.Text: "m", meta.Bytes: []byte("deal 8")}[k.storage]
			}
			l.After = encodeCursor(p.bound, values)
			return l
		}
		for _, c := range []struct {
			name   string
			list   List
			shape  Shape
			window int
			want   []string
			not    []string
		}{
			{"start by owner", b.list(t, access.Rows{Me: 5}, "", "-amount"), ShapeStart, 0, []string{"deals__owner"}, []string{"deals__amount"}},
			{"start by all scopes", b.list(t, mixed, `stage = "won"`, "amount"), ShapeStart, 0, []string{"deals__owner", "deals__team", "deals__branch"}, []string{"deals__stage"}},
			{"merge", b.list(t, mixed, ""), ShapeMerge, 0, []string{"deals__owner", "deals__team", "deals__branch"}, nil},
			{"merge, further", after(b.list(t, mixed, "")), ShapeMerge, 0, []string{"deals__owner", "deals__team", "deals__branch"}, nil},
			{"walk by change", b.list(t, mixed, ""), ShapeWalk, 64, []string{"deals__changed_at"}, nil},
			{"walk down", after(b.list(t, mixed, "", "-amount")), ShapeWalk, 64, []string{"deals__amount"}, nil},
			{"walk up", after(b.list(t, mixed, "won", "amount")), ShapeWalk, 64, []string{"deals__amount"}, nil},
			{"walk by name", after(b.list(t, mixed, "", "name")), ShapeWalk, 64, []string{"deals__name_s"}, nil},
			{"walk down with empty values", after(b.list(t, mixed, "", "-closes_on")), ShapeWalk, 64, []string{"deals__closes_on"}, nil},
			{"walk up with empty values", after(b.list(t, mixed, "", "closes_on")), ShapeWalk, 64, []string{"deals__closes_on"}, nil},
			{"walk by stage", after(b.list(t, mixed, "", "-stage")), ShapeWalk, 64, []string{"deals__stage"}, nil},
			{"walk by two", after(b.list(t, mixed, "", "-amount", "name")), ShapeWalk, 64, []string{"deals__amount"}, nil},
			{"filter", b.list(t, mixed, `closes_on between "2019-04-15" and "2019-04-20"`, "-amount"), ShapeFilter, 0, []string{"deals__closes_on"}, []string{"deals__amount"}},
			{"filter in the order", b.list(t, all, `stage = "won"`), ShapeFilter, 0, []string{"deals__stage"}, []string{"Sort Key: t", "USE TEMP B-TREE FOR ORDER BY\nSEARCH"}},
			{"filter by link", b.list(t, mixed, "owner = me()"), ShapeFilter, 0, []string{"deals__owner"}, []string{"deals__team"}},
			{"all", after(b.list(t, mixed, "", "amount")), ShapeAll, 0, []string{"deals__amount"}, nil},
		} {
			// The names of indexes come from the object.
			plan := explained(t, d, c.list, c.shape, c.window)
			for _, want := range c.want {
				if want = strings.Replace(want, "deals__", "deal__", 1); !strings.Contains(plan, want) {
					t.Errorf("%s: no %s in\n%s", c.name, want, plan)
				}
			}
			for _, not := range append(c.not, fullScans...) {
				if not = strings.Replace(not, "deals__", "deal__", 1); strings.Contains(plan+"\n", not) {
					t.Errorf("%s: %s in\n%s", c.name, not, plan)
				}
			}
		}
	})
}

// TestChosenPlans checks that the choice follows the prices: what is cheap for each viewer and question.
func TestChosenPlans(t *testing.T) {
	d := opened(t, db.Config{Dir: t.TempDir()})
	b := newBulk(t, d, 20_000)
	b.counters.live *= 50 // as if there were a million
	for k := range b.counters.counts {
		b.counters.counts[k] *= 50
	}
	for _, c := range []struct {
		viewer, source, order string
		want                  string
	}{
		{"administrator", "", "-changed_at", "walk>all"}, {"administrator", "", "-amount", "walk>all"}, {"administrator", "", "id", "walk>all"},
		{"administrator", `closes_on = "2020-01-01"`, "-changed_at", "walk>filter"},
		{"nobody", "", "-changed_at", "start"}, {"seller", "", "-changed_at", "merge"}, {"team", "", "-changed_at", "merge"},
		{"dormant team", "", "-changed_at", "merge"}, {"half", "", "-changed_at", "walk>merge"}, {"half", "", "-amount", "walk>all"},
		{"half", `stage = "won"`, "-amount", "walk>filter"}, {"seller", "won", "-name", "start"}, {"half", "won", "-name", "walk>start"},
	} {
		v := bulkViewers()[slices.IndexFunc(bulkViewers(), func(v viewer) bool { return v.name == c.viewer })]
		l := b.list(t, v.rows, c.source, c.order)
		p, err := l.prepare(d.Dialect())
		if err != nil {
			t.Fatal(err)
		}
		got := choose(p.estimates, p.sorting, false, p.filtered(), p.n)
		text := string(got.first)
		if got.then != "" {
			text += ">" + string(got.then)
		}
		if text != c.want {
			t.Errorf("%s, %q by %s: %s (window %d), want %s; %+v", c.viewer, c.source, c.order, text, got.window, c.want, p.estimates)
		}
	}
}

// BenchmarkList reads the first page of a list for each viewer and question; -bulk.rows says how many deals there are.
func BenchmarkList(b *testing.B) {
	questions := [][2]string{{"", "-changed_at"}, {"", "-amount"}, {"", "name"}, {`stage = "won"`, "-changed_at"},
		{`closes_on between "2019-04-15" and "2019-05-15"`, "-changed_at"}, {`closes_on between "2019-04-15" and "2019-05-15"`, "-amount"}, {"", "-stage"},
		{"company.name contains \"a\" or won", "-changed_at"}}
	for _, where := range []string{"sqlite", "postgres"} {
		b.Run(where, func(b *testing.B) {
			c := db.Config{Dir: b.TempDir()}
			if where == "postgres" {
				c = db.Config{URL: postgresURL(b)}
			}
			d := opened(b, c)
			data := newBulk(b, d, *bulkRows)
			for _, v := range bulkViewers() {
				for _, q := range questions {
					l := data.list(b, v.rows, q[0], q[1])
					l.Columns = []*meta.Attr{attr(b, data.deal, "name"), attr(b, data.deal, "amount"), attr(b, data.deal, "stage")}
					var shapes []Shape
					b.Run(fmt.Sprintf("%s/%s/%s", v.name, q[0], q[1]), func(b *testing.B) {
						for b.Loop() {
							err := d.Read(context.Background(), func(q db.Querier) error {
								page, err := Read(context.Background(), q, l)
								shapes = page.Shapes
								return err
							})
							if err != nil {
								b.Fatal(err)
							}
						}
					})
					b.Log(v.name, q, shapes)
				}
			}
		})
	}
}
