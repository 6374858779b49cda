package custom_test

import (
	"slices"
	"testing"

	"ashna/engine/custom"
	"ashna/engine/meta"
	"ashna/kit/fault"
)

func catalog(t *testing.T, items ...meta.Item) *meta.Catalog {
	t.Helper()
	people := []meta.Object{
		{Name: "user", Plural: "users", Internal: true}, {Name: "team", Plural: "teams", Internal: true}, {Name: "branch", Plural: "branches", Internal: true},
	}
	c, err := meta.Compile(meta.Sources{Version: 1, Items: items, Objects: append(people, meta.Object{Name: "deal", Plural: "deals", Fields: []meta.Field{
		{Name: "name", Kind: meta.TextKind{Max: 20}}, {Name: "stage", Kind: options("a", "b")}, {Name: "person", Kind: meta.RefKind{To: "user", Inverse: "deals"}},
	}, Rules: []meta.Rule{{Name: "named", Must: `name is not empty`}}})})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func options(codes ...string) meta.ChoiceKind {
	var k meta.ChoiceKind
	for _, c := range codes {
		k.Options = append(k.Options, meta.Option{Code: c})
	}
	return k
}

func TestCheck(t *testing.T) {
	own := meta.Item{Object: "deal", Field: &meta.Field{Name: "c_size", Kind: meta.MultiChoiceKind{Options: options("x", "y").Options}, Custom: true}}
	boat := meta.Item{Define: &meta.Object{Name: "c_boat", Plural: "c_boats", Title: "id"}, Object: "c_boat"}
	c := catalog(t, boat, own)
	field := func(object string, f meta.Field) meta.Item { return meta.Item{Object: object, Field: &f} }
	cases := []struct {
		name string
		item meta.Item
		part string
		want string // key of the fault
	}{
		{"a new field", field("deal", meta.Field{Name: "c_new", Kind: meta.TextKind{}}), "field", ""},
		{"a field of an object of one's own needs no prefix", field("c_boat", meta.Field{Name: "length", Kind: meta.NumberKind{}}), "field", ""},
		{"a new object", meta.Item{Define: &meta.Object{Name: "c_car", Plural: "c_cars"}}, "object", ""},
		{"words of a shipped object", meta.Item{Define: &meta.Object{Name: "deal", Plural: "deals", Labels: map[string]string{"en": "Sale"}}}, "object", ""},
		{"a new rule", meta.Item{Object: "deal", Rule: &meta.Rule{Name: "c_rule", Must: "name is not empty"}}, "rule", ""},
		{"words of a shipped rule", meta.Item{Object: "deal", Rule: &meta.Rule{Name: "named"}}, "rule", ""},
		{"more options", field("deal", meta.Field{Name: "stage", Kind: options("b", "a", "c")}), "field", ""},
		{"only words of a field", field("deal", meta.Field{Name: "stage", Labels: map[string]string{"en": "Step"}}), "field", ""},
		{"an own field retired", field("deal", meta.Field{Name: "c_size", Kind: own.Field.Kind, Retired: true}), "field", ""},

		{"nothing", meta.Item{Object: "deal"}, "", "request.body"},
		{"no prefix", field("deal", meta.Field{Name: "size", Kind: meta.TextKind{}}), "field", "catalog.prefix"},
		{"a rule without prefix", meta.Item{Object: "deal", Rule: &meta.Rule{Name: "mine"}}, "rule", "catalog.prefix"},
		{"an unknown object", field("nosuch", meta.Field{Name: "c_x", Kind: meta.TextKind{}}), "", "value.unknown_object"},
		{"people", field("user", meta.Field{Name: "c_x", Kind: meta.TextKind{}}), "", "value.unknown_object"},
		{"another kind", field("deal", meta.Field{Name: "name", Kind: meta.NumberKind{}}), "field", "catalog.kind_change"},
		{"another target", field("deal", meta.Field{Name: "person", Kind: meta.RefKind{To: "team"}}), "field", "catalog.kind_change"},
		{"an option that goes", field("deal", meta.Field{Name: "stage", Kind: options("a")}), "field", "catalog.option_gone"},
		{"an option of several that goes", field("deal", meta.Field{Name: "c_size", Kind: meta.MultiChoiceKind{Options: options("x").Options}}), "field", "catalog.option_gone"},
		{"no kind", field("deal", meta.Field{Name: "c_x"}), "field", "value.required"},
		{"a shipped field retired", field("deal", meta.Field{Name: "name", Retired: true}), "field", "catalog.shipped"},
		{"fields with the object", meta.Item{Define: &meta.Object{Name: "c_car", Plural: "c_cars", Fields: []meta.Field{{Name: "x"}}}}, "object", "value.read_only"},
		{"another plural", meta.Item{Define: &meta.Object{Name: "deal", Plural: "sales"}}, "object", "catalog.shipped"},
		{"people again", meta.Item{Define: &meta.Object{Name: "user", Plural: "users"}}, "object", "catalog.shipped"},
	}
	for _, x := range cases {
		part, _, err := custom.Check(c, &x.item)
		got := ""
		if f := fault.Of(err); f != nil {
			got = f.Key
		}
		if got != x.want || part != x.part {
			t.Errorf("%s: %s %q, want %s %q", x.name, part, got, x.part, x.want)
		}
	}
}

// An item takes the place of its earlier form; the list that was given stays as it was.
func TestReplace(t *testing.T) {
	item := func(name, label string) meta.Item {
		return meta.Item{Object: "deal", Field: &meta.Field{Name: name, Labels: map[string]string{"en": label}}}
	}
	before := []meta.Item{item("c_a", "one"), item("c_b", "two")}
	after := custom.Replace(before, item("c_a", "three"), "field", "c_a")
	labels := func(list []meta.Item) (out []string) {
		for _, i := range list {
			out = append(out, i.Field.Labels["en"])
		}
		return out
	}
	if got := labels(after); !slices.Equal(got, []string{"three", "two"}) {
		t.Errorf("after: %v", got)
	}
	if got := labels(before); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("before: %v", got)
	}
	if got := labels(custom.Replace(before, item("c_c", "new"), "field", "c_c")); !slices.Equal(got, []string{"one", "two", "new"}) {
		t.Errorf("with a new one: %v", got)
	}
	other := item("c_a", "other")
	other.Object = "lead"
	if got := custom.Replace(before, other, "field", "c_a"); len(got) != 3 {
		t.Errorf("a field of another object took the place: %v", labels(got))
	}
}
