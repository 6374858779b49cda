package formulatest_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
	"ashna/kit/text"
)

// TestGeneratorMostlyPasses holds the share of sources that the checker takes, and that every operation of the language comes up.
func TestGeneratorMostlyPasses(t *testing.T) {
	catalog := formulatest.Shop()
	g := formulatest.New(catalog, 5)
	seen := map[formula.Op]bool{}
	passed, tried := 0, 0
	note := func(object, source string, want formula.Want) {
		tried++
		x, err := formula.Compile(catalog, object, source, want, formula.Settings{BaseScale: 2})
		if err != nil {
			return
		}
		passed++
		x.Walk(func(e *formula.Expr) bool {
			seen[e.Op] = true
			return true
		})
	}
	for i := range 6000 {
		object := catalog.Objects()[i%len(catalog)]
		note(object, g.Condition(object, i%5), formula.Condition())
		note(object, g.Number(object, i%4), formula.AnyValue())
		note(object, g.Date(object, i%4), formula.AnyValue())
	}
	if passed < tried/2 {
		t.Errorf("%d of %d passed", passed, tried)
	}
	for op := formula.OpConst; op <= formula.OpIsEmpty; op++ {
		if !seen[op] {
			t.Errorf("operation %d never came up", op)
		}
	}
}

func TestGeneratorIsRepeatable(t *testing.T) {
	a, b, c := formulatest.New(formulatest.Shop(), 1), formulatest.New(formulatest.Shop(), 1), formulatest.New(formulatest.Shop(), 2)
	same, other := 0, 0
	for range 100 {
		x := a.Condition("deal", 3)
		if x == b.Condition("deal", 3) {
			same++
		}
		if x != c.Condition("deal", 3) {
			other++
		}
	}
	if same != 100 || other < 90 {
		t.Errorf("same seed gave %d of 100 the same, another %d others", same, other)
	}
}

func TestTextsAreStorable(t *testing.T) {
	list := formulatest.Texts()
	for _, s := range list {
		if s == "" || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
			t.Errorf("%q cannot be stored", s)
		}
	}
	list[0] = "changed"
	if formulatest.Texts()[0] == "changed" {
		t.Error("the list can be changed from outside")
	}
}

// TestValues holds the values of every kind to what storage takes, and sees that the nasty ones come.
func TestValues(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, f := range formulatest.Fields(formulatest.Shop(), "deal") {
		empty, extreme := 0, 0
		for range 2000 {
			v := formulatest.Value(r, f, []int64{1, 2, 3})
			if !v.Ok {
				empty++
				if v != (formula.Value{}) {
					t.Fatalf("%s: an empty value holds %v", f.Name, v)
				}
				continue
			}
			if v.Int == math.MaxInt64 || v.Int <= -math.MaxInt64 {
				t.Fatalf("%s: %d is never stored", f.Name, v.Int)
			}
			if v.Int > math.MaxInt64/2 || v.Int == formula.LastDay {
				extreme++
			}
			check(t, f, v)
		}
		if empty < 400 || empty > 700 && f.Type.Kind != formula.Set {
			t.Errorf("%s: %d of 2000 are empty", f.Name, empty)
		}
		if (f.Type.Kind == formula.Number || f.Type.Kind == formula.Date) && extreme == 0 {
			t.Errorf("%s: no extremes", f.Name)
		}
	}
	if v := formulatest.Value(r, formula.Field{Type: formula.Type{Kind: formula.Link}}, nil); v.Ok {
		t.Error("a link without ids is not empty")
	}
}

func check(t *testing.T, f formula.Field, v formula.Value) {
	t.Helper()
	switch f.Type.Kind {
	case formula.Text:
		if f.Type.Choice && !slices.Contains(f.Choices, v.Text) || !f.Type.Choice && v.Text != text.Key(v.Raw) {
			t.Fatalf("%s: %q has the key %q", f.Name, v.Raw, v.Text)
		}
	case formula.Set:
		keys := strings.Split(strings.Trim(v.Text, "|"), "|")
		if !strings.HasPrefix(v.Text, "|") || !strings.HasSuffix(v.Text, "|") || !slices.IsSorted(keys) || slices.Contains(keys, "") {
			t.Fatalf("%s: %q is no set", f.Name, v.Text)
		}
	case formula.Bool:
		if v.Int != 0 && v.Int != 1 {
			t.Fatalf("%s: %d", f.Name, v.Int)
		}
	case formula.Date:
		if v.Int < formula.FirstDay || v.Int > formula.LastDay {
			t.Fatalf("%s: day %d", f.Name, v.Int)
		}
	case formula.Link:
		if v.Int < 1 || v.Int > 3 {
			t.Fatalf("%s: %d", f.Name, v.Int)
		}
	}
}

func TestWorldHidesTheDeleted(t *testing.T) {
	catalog := formulatest.Shop()
	w := formulatest.NewWorld(rand.New(rand.NewPCG(2, 2)), catalog, map[string]int{"company": 10, "deal": 60})
	if len(w.Records("deal")) != 60 || len(w.Records("company")) != 10 || len(w.Records("item")) != 0 {
		t.Fatal("the sizes are wrong")
	}
	index := 6 // deal.company
	for id := range int64(12) {
		_, found := w.Get("company", id)
		if want := id >= 1 && id <= 10 && id != 6; found != want {
			t.Errorf("company %d found: %v", id, found)
		}
		want := 0
		for _, r := range w.Records("deal") {
			if v := r.Values[index]; v.Ok && v.Int == id && !formulatest.Deleted(r.ID) {
				want++
			}
		}
		if got := len(w.Inverse("deal", "company", id)); got != want {
			t.Errorf("company %d has %d deals, want %d", id, got, want)
		}
	}
	for _, r := range w.Records("deal") {
		if r.Values[7].Ok {
			t.Fatal("a link to an object that is not there is not empty")
		}
	}
}

func TestZonesBeginWithUTC(t *testing.T) {
	if z := formulatest.Zones(); len(z) == 0 || z[0].String() != "UTC" {
		t.Errorf("zones %v", z)
	}
}

func TestCatalog(t *testing.T) {
	c := formulatest.Shop()
	for _, object := range c.Objects() {
		for i, f := range formulatest.Fields(c, object) {
			if f.Index != i || formula.Reserved(f.Name) {
				t.Errorf("%s.%s is at %d", object, f.Name, f.Index)
			}
			if _, ok := c[f.Type.To]; f.Type.Kind == formula.Link && f.Type.To != "" && !ok {
				t.Errorf("%s.%s links to nothing", object, f.Name)
			}
		}
		for name, l := range c[object].Lists {
			if f, ok := c.Field(l.Object, l.Field); !ok || f.Type.To != object {
				t.Errorf("list %s.%s is of %v", object, name, l)
			}
		}
	}
	if _, ok := c.Field("nothing", "name"); ok {
		t.Error("an object that is not there has a field")
	}
	if names := c.Names("item"); len(names) != 6 {
		t.Errorf("names %v", names)
	}
}
