package query

import (
	"math"
	"testing"

	"ashna/engine/access"
	"ashna/kit/formula"
)

// tableCounters know what a table says.
type tableCounters struct {
	live   int64
	rows   map[string]int64
	below  map[int64]float64
	shares int64
}

func (c tableCounters) Live(string) (int64, bool) { return c.live, true }
func (c tableCounters) Rows(_, column string, key any) (int64, bool) {
	n, known := c.rows[column+":"+shown(key)]
	return n, known
}
func (c tableCounters) Below(_, _ string, value int64) (float64, bool) {
	s, known := c.below[value]
	return s, known
}
func (c tableCounters) Shares(string, []int64) (int64, bool) { return c.shares, true }

// TestEstimates checks what a filter and a viewer are thought to let through.
func TestEstimates(t *testing.T) {
	e := object(t, shop(t), "deal")
	counters := tableCounters{live: 1000, shares: 40, rows: map[string]int64{"owner:5": 20, "owner:0": 7, "team:1": 100, "team:2": 200, "stage:won": 50, "stage:new": 500, "stage:-": 30},
		below: map[int64]float64{1: 0.2, 100: 0.2, 900: 0.6, 90000: 0.6, 18993: 0.5}}
	m := estimator{entity: e, counters: counters, env: &formula.Env{Now: noon, Me: 5}, indexes: Indexes(e)}
	mixed := access.Rows{Me: 5, Teams: []int64{1, 2, 3}, Principals: []int64{8}}
	for _, c := range []struct {
		rows    access.Rows
		source  string
		visible float64
		share   float64
		index   string
		grouped bool
	}{
		{access.Rows{All: true}, "", 1000, 1, "", false},
		{access.Rows{Me: 5}, "", 20, 1, "", false},
		{mixed, "", 20 + 100 + 200 + 100 + 40, 1, "", false}, // the third team is not known
		{access.Rows{Me: 5}, `stage = "won"`, 20, 0.05, "deal__stage", true},
		{access.Rows{Me: 5}, `"won" = stage`, 20, 0.05, "deal__stage", true},
		{access.Rows{Me: 5}, `stage in ["won", "new"]`, 20, 0.55, "deal__stage", false},
		{access.Rows{Me: 5}, `stage is empty`, 20, 0.03, "deal__stage", true},
		{access.Rows{Me: 5}, `stage = "lost"`, 20, 0.1, "deal__stage", true}, // not known
		{access.Rows{Me: 5}, `stage != "won"`, 20, 0.1, "", false},
		{access.Rows{Me: 5}, `owner = me()`, 20, 0.02, "deal__owner", true},
		{access.Rows{Me: 5}, `owner is empty`, 20, 0.007, "deal__owner", true},
		{access.Rows{Me: 5}, `amount > 1 and amount <= 900`, 20, 0.4, "deal__amount", false},
		{access.Rows{Me: 5}, `amount between 1 and 900`, 20, 0.4, "deal__amount", false},
		{access.Rows{Me: 5}, `amount between 900 and 1`, 20, 0.001, "deal__amount", false},
		{access.Rows{Me: 5}, `amount > 3`, 20, 0.1, "deal__amount", false}, // not in the counters
		{access.Rows{Me: 5}, `closes_on < "2022-01-01" and stage = "won"`, 20, 0.025, "deal__stage", true},
		{access.Rows{Me: 5}, `score > 3`, 20, 0.1, "", false},
		{access.Rows{Me: 5}, `won and score > 3`, 20, 0.01, "", false},
		{access.Rows{Me: 5}, `company.name = "x" or won`, 20, 0.1, "", false},
		{access.Rows{Me: 5}, `company.name = "x" and stage = "won"`, 20, 0.005, "deal__stage", true},
		{access.Rows{Me: 5}, `probability = score or won`, 20, 0.1, "", false},
	} {
		got := m.estimate(c.rows, parsed(t, e, c.source))
		index := ""
		if got.filter.index != nil {
			index = got.filter.index.Name
		}
		if math.Abs(got.visible-c.visible) > 1e-6 || math.Abs(got.share-c.share) > 1e-6 || index != c.index || got.filter.grouped != c.grouped {
			t.Errorf("%q: visible %g, share %g, index %q, in the order %v; want %g, %g, %q, %v",
				c.source, got.visible, got.share, index, got.filter.grouped, c.visible, c.share, c.index, c.grouped)
		}
	}
}

// TestPrices checks the prices against the table they come from.
func TestPrices(t *testing.T) {
	walk := &Index{Columns: []string{"changed_at", "id", "owner", "team", "branch"}, Where: whereLive}
	change := sorting{keys: []key{{column: "changed_at", desc: true}, {column: "id", desc: true}}, walk: walk, exact: true}
	amount := sorting{keys: []key{{column: "amount"}, {column: "id"}}, walk: &Index{Columns: append([]string{"amount"}, walk.Columns[1:]...), Where: whereLive}, exact: true}
	ties := sorting{keys: []key{{column: "amount"}, {column: "name_s"}, {column: "id"}}, walk: amount.walk}
	bare := sorting{keys: []key{{column: "seen_at"}, {column: "id"}}}
	never := math.Inf(1)
	const n = 50
	for _, c := range []struct {
		name     string
		e        estimates
		s        sorting
		filtered bool
		want     map[Shape]float64
	}{
		{"plain", estimates{live: 1e6, visible: 500, keys: 1, share: 1}, change, false,
			map[Shape]float64{ShapeStart: 500, ShapeMerge: 60, ShapeWalk: 1e5, ShapeFilter: never, ShapeAll: 1e6}},
		{"by amount", estimates{live: 1e6, visible: 500, keys: 1, share: 1}, amount, false,
			map[Shape]float64{ShapeStart: 7500, ShapeMerge: never, ShapeWalk: 1e5, ShapeFilter: never, ShapeAll: 1e6}},
		{"shares", estimates{live: 1e6, visible: 500, keys: 2, shares: 100, share: 1}, change, false,
			map[Shape]float64{ShapeStart: 7500, ShapeMerge: 1620, ShapeWalk: 1e5, ShapeFilter: never, ShapeAll: 1e6}},
		{"filter", estimates{live: 1e6, visible: 1e5, keys: 3, share: 0.1, filter: filtering{walk, 0.1, false}}, amount, true,
			map[Shape]float64{ShapeStart: 1.5e6, ShapeMerge: never, ShapeWalk: 5000 + 7500, ShapeFilter: 270_800, ShapeAll: 1e6 + 1.5e6}},
		{"filter in the order", estimates{live: 1e6, visible: 1e5, keys: 3, share: 0.1, filter: filtering{walk, 0.1, true}}, change, true,
			map[Shape]float64{ShapeStart: 1.5e6, ShapeMerge: 22_500, ShapeWalk: 12_500, ShapeFilter: 600, ShapeAll: 1e6 + 1.5e6}},
		{"ties", estimates{live: 1e6, visible: 1e6, share: 1}, ties, false,
			map[Shape]float64{ShapeStart: 1.5e7, ShapeMerge: never, ShapeWalk: 750, ShapeFilter: never, ShapeAll: never}},
		{"no index", estimates{live: 1e6, visible: 1e6, share: 1}, bare, false,
			map[Shape]float64{ShapeStart: 1.5e7, ShapeMerge: never, ShapeWalk: never, ShapeFilter: never, ShapeAll: never}},
	} {
		got := prices(c.e, c.s, c.filtered, n)
		for shape, want := range c.want {
			if math.Abs(got[shape]-want) > 1e-6*want && got[shape] != want {
				t.Errorf("%s: %s costs %g, want %g", c.name, shape, got[shape], want)
			}
		}
	}
}

// TestWindow checks that windows are powers of two that hold what was asked for.
func TestWindow(t *testing.T) {
	for entries, want := range map[float64]int{0: 1, 1: 1, 2: 2, 3: 4, 500: 512, 512: 512, 513: 1024, 1e12: 1 << 24} {
		if got := window(entries); got != want {
			t.Errorf("a window for %g has %d entries, want %d", entries, got, want)
		}
	}
	c := choose(estimates{live: 1e6, visible: 5e5, keys: 10, share: 1}, sorting{keys: []key{{column: "amount"}, {column: "id"}}, walk: &Index{Columns: []string{"amount", "id", "owner", "team", "branch"}, Where: whereLive}, exact: true}, false, false, 51)
	if c.first != ShapeWalk || c.window != 1024 || c.then == "" {
		t.Error(c)
	}
	if c := choose(estimates{live: 100, visible: 100, share: 1}, sorting{keys: []key{{column: "id"}}}, true, false, 51); c.first != ShapeStart {
		t.Error("a small object is read whole:", c)
	}
}
