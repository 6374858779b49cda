package formulatest_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"ashna/kit/fault"
	"ashna/kit/formula"
	"ashna/kit/formula/formulatest"
)

// TestGeneratedFormulasKeepTheContract sees that sources parse, unless they cross a limit, and never name what SQL tests cannot have.
func TestGeneratedFormulasKeepTheContract(t *testing.T) {
	catalog := formulatest.Shop()
	g := formulatest.New(catalog, 21)
	limits := map[string]bool{"formula.too_deep": true, "formula.too_many_parts": true, "formula.too_long": true}
	parsed, longer := 0, [2]int{}
	for i := range 4000 {
		object, depth := catalog.Objects()[i%len(catalog)], i%6
		for _, source := range []string{g.Condition(object, depth), g.Number(object, depth), g.Date(object, depth)} {
			longer[min(depth/3, 1)] += len(source)
			n, err := formula.Parse(source)
			if err != nil {
				if !limits[fault.Of(err).Key] {
					t.Fatalf("%s: %v", source, err)
				}
				continue
			}
			parsed++
			if old(n) {
				t.Fatalf("%s names the old record", source)
			}
		}
	}
	if parsed < 10_000 || longer[1] < 2*longer[0] {
		t.Errorf("%d of 12000 parsed; %d bytes of the small, %d of the big", parsed, longer[0], longer[1])
	}
}

// old says whether a path of a tree starts at the record before the change.
func old(n *formula.Node) bool {
	if n.Kind == formula.NodePath && n.Steps[0].Text == "old" {
		return true
	}
	for _, a := range n.Args {
		if old(a) {
			return true
		}
	}
	return false
}

// blind is a schema without the fields of a kind.
type blind struct {
	formulatest.Catalog
	kind formula.Kind
}

func (b blind) Field(object, name string) (formula.Field, bool) {
	f, ok := b.Catalog.Field(object, name)
	return f, ok && f.Type.Kind != b.kind
}

// TestGeneratorsWithoutAKind makes formulas over schemas that lack a kind of field: they are made all the same, and do not name it.
func TestGeneratorsWithoutAKind(t *testing.T) {
	for kind := formula.Bool; kind <= formula.Set; kind++ {
		schema := blind{formulatest.Shop(), kind}
		g := formulatest.New(schema, uint64(kind))
		passed := 0
		for i := range 400 {
			for source, want := range map[string]formula.Want{g.Condition("deal", i%5): formula.Condition(), g.Number("deal", i%4): formula.AnyValue(), g.Date("item", 0): formula.AnyValue()} {
				if source == "" || strings.Contains(source, "()()") {
					t.Fatalf("kind %d: %q", kind, source)
				}
				x, err := formula.Compile(schema, "deal", source, want, formula.Settings{})
				if err != nil {
					continue
				}
				passed++
				for _, use := range x.Fields() {
					f, _ := schema.Catalog.Field(use.Object, use.Field)
					if l := len(use.Hops); f.Type.Kind == kind && (kind != formula.Link || l == 0) {
						t.Fatalf("kind %d: %s reads %s.%s", kind, source, use.Object, use.Field)
					}
				}
			}
		}
		if passed < 200 {
			t.Errorf("without kind %d only %d pass", kind, passed)
		}
	}
}

// TestWorldsAreRepeatable makes worlds of one seed twice: the same records, in the order of their ids, with every field of the schema.
func TestWorldsAreRepeatable(t *testing.T) {
	catalog := formulatest.Shop()
	sizes := map[string]int{"company": 7, "deal": 20, "item": 13, "user": 2}
	world := func(seed uint64) *formulatest.World {
		return formulatest.NewWorld(rand.New(rand.NewPCG(seed, 1)), catalog, sizes)
	}
	a, b, c := world(1), world(1), world(2)
	differ := false
	for object, size := range sizes {
		records := a.Records(object)
		if len(records) != size || !reflect.DeepEqual(records, b.Records(object)) {
			t.Errorf("%s: %d records, or others the second time", object, len(records))
		}
		differ = differ || !reflect.DeepEqual(records, c.Records(object))
		for i, r := range records {
			if r.ID != int64(i)+1 || len(r.Values) != len(formulatest.Fields(catalog, object)) {
				t.Errorf("%s %d has %d values", object, r.ID, len(r.Values))
			}
			got, found := a.Get(object, r.ID)
			if found == formulatest.Deleted(r.ID) || found && !reflect.DeepEqual(got, r) {
				t.Errorf("%s %d: found %v", object, r.ID, found)
			}
		}
		for _, id := range []int64{0, -1, int64(size) + 1} {
			if _, found := a.Get(object, id); found {
				t.Errorf("%s %d is found", object, id)
			}
		}
	}
	if !differ {
		t.Error("another seed makes the same world")
	}
	if _, found := a.Get("nothing", 1); found || a.Inverse("deal", "name", 1) != nil || a.Inverse("deal", "company", 999) != nil {
		t.Error("there are records of nothing")
	}
}

// TestZonesHaveOddMidnights sees that the zones of the kit have days without midnight, so that tests with them bite.
func TestZonesHaveOddMidnights(t *testing.T) {
	odd := 0
	for _, zone := range formulatest.Zones() {
		for day := range 4000 {
			if time.Date(2014, 1, 1+day, 0, 0, 0, 0, zone).Hour() != 0 {
				odd++
			}
		}
	}
	if len(formulatest.Zones()) > 3 && odd < 10 {
		t.Errorf("only %d days without midnight", odd)
	}
}
