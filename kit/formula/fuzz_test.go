package formula_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
)

// FuzzFormula gives any text to the parser. Whatever parses must print to what parses to the same tree, and whatever passes the
// checker must evaluate and end, and its opposite must be the opposite.
func FuzzFormula(f *testing.F) {
	for _, c := range append(parseRefusals[:len(parseRefusals):len(parseRefusals)], checkRefusals...) {
		if len(c.source) < 200 {
			f.Add(c.source)
		}
	}
	g := formulatest.New(formulatest.Shop(), 3)
	for i := range 60 {
		f.Add(g.Condition("deal", i%4))
		f.Add(g.Number("company", i%4))
	}
	catalog := formulatest.Shop()
	w := formulatest.NewWorld(rand.New(rand.NewPCG(1, 1)), catalog, map[string]int{"company": 5, "deal": 8, "item": 12, "user": 3})
	e := &formula.Env{Now: time.Date(2022, 3, 22, 3, 0, 0, 0, time.UTC), World: w, Me: 2, Old: w.Records("deal")[0]}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 400 {
			return // long sources are in TestHostile; here they only slow the search
		}
		n, err := formula.Parse(source)
		if err != nil {
			column, _ := fault.Of(err).Params["column"].(int)
			if column < 1 || column > formula.MaxSource+1 {
				t.Fatalf("column %d: %v", column, err)
			}
			return
		}
		reparse(t, n)
		x, err := formula.CheckAll(catalog, "deal", n, formula.AnyValue(), settings())
		if (x == nil) != (err != nil) {
			t.Fatalf("both or neither: %v %v", x, err)
		}
		_, first := formula.Check(catalog, "deal", n, formula.AnyValue(), settings())
		if (err == nil) != (first == nil) {
			t.Fatalf("Check says %v, CheckAll %v", first, err)
		}
		if err != nil {
			return
		}
		x.Fields()
		for _, r := range w.Records("deal") {
			if _, err := x.Eval(e, r); err != nil && !fault.Is(err, fault.TooLarge) {
				t.Fatal(err)
			}
		}
	})
}

// reparse holds the canonical text to its tree, unless it crosses a limit the source kept.
func reparse(t *testing.T, n *formula.Node) {
	again, err := formula.Parse(n.String())
	if one := fault.Of(err); one != nil && (one.Key == "formula.too_long" || one.Key == "formula.too_deep") {
		return
	}
	if err != nil || !again.Equal(n) {
		t.Fatalf("%s parses to %v (%v)", n, again, err)
	}
}

const typical = `amount > 1000 and company.region in ["Tehran", "Baku"] and closes_on < daysAgo(30) and not name contains "test"`

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := formula.Parse(typical); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	catalog := formulatest.Shop()
	for b.Loop() {
		if _, err := formula.Compile(catalog, "deal", typical, formula.Condition(), formula.Settings{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	x, err := compile(typical, formula.Condition())
	if err != nil {
		b.Fatal(err)
	}
	catalog := formulatest.Shop()
	w := formulatest.NewWorld(rand.New(rand.NewPCG(1, 1)), catalog, map[string]int{"company": 5, "deal": 1})
	r := w.Records("deal")[0]
	company, _ := w.Get("company", 1)
	company.Values[1] = word("Tehran")
	r.Values[0], r.Values[1], r.Values[4], r.Values[6] = word("a name"), formula.Whole(2000_00), formula.Whole(18_000), formula.Whole(1)
	e := &formula.Env{Now: time.Date(2022, 3, 22, 3, 0, 0, 0, time.UTC), Zone: tehran(b), World: w}
	b.ReportAllocs()
	for b.Loop() {
		if holds, err := x.Holds(e, r); err != nil || !holds {
			b.Fatal(holds, err)
		}
	}
}
