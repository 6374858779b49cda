package meta

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ashna/kit/fault"
	"ashna/kit/formula"
)

func withItems(items ...Item) Sources {
	s := good()
	s.Items = items
	return s
}

func field(object string, f Field) Item { return Item{Object: object, Field: &f} }

func TestCustomObjects(t *testing.T) {
	c := compiled(t, withItems(
		Item{Define: &Object{Name: "c_visit", Plural: "c_visits", Icon: "map", Labels: map[string]string{"fa": "بازدید"}}},
		field("c_visit", str("subject")), field("c_visit", ref("company", "company")),
		field("deal", Field{Name: "c_colour", Kind: TextKind{}}),
		Item{Define: &Object{Name: "c_visit", Plural: "c_other", Icon: "pin", Sort: "subject"}},
	))
	visit := entity(t, c, "c_visit")
	if !visit.Custom || visit.Plural != "c_visits" || visit.Icon != "pin" || visit.Sort != "subject" || visit.TitleAttr.Name != "subject" {
		t.Errorf("c_visit = %+v", visit.Object)
	}
	if !attr(t, visit, "subject").Custom || !attr(t, entity(t, c, "deal"), "c_colour").Custom {
		t.Error("a custom field is not marked")
	}
	if _, ok := entity(t, c, "company").List("c_visits"); !ok {
		t.Error("a custom link has no list")
	}
}

func TestRetireAndRestore(t *testing.T) {
	make := field("deal", Field{Name: "c_x", Kind: NumberKind{}})
	retire := field("deal", Field{Name: "c_x", Retired: true})
	c := compiled(t, withItems(make, retire))
	deal := entity(t, c, "deal")
	if _, ok := deal.Attr("c_x"); ok || len(deal.Retired) != 1 || deal.Retired[0].Columns[0] != "c_x" || !deal.Retired[0].Stored {
		t.Errorf("retired: %v", deal.Retired)
	}
	deal = entity(t, compiled(t, withItems(make, retire, make)), "deal")
	if _, ok := deal.Attr("c_x"); !ok || len(deal.Retired) != 0 {
		t.Error("a restored field is not back")
	}
	if _, err := Compile(withItems(make, retire, field("deal", Field{Name: "c_y", Kind: FormulaKind{Source: "c_x + 1", Result: NumberKind{}}}))); err == nil {
		t.Error("a formula reads a retired field")
	}
	c = compiled(t, withItems(field("deal", Field{Name: "c_f", Retired: true, Kind: FormulaKind{Source: "gone", Result: NumberKind{}}})))
	if entity(t, c, "deal").Retired[0].Stored {
		t.Error("a retired formula has a column")
	}
	c = compiled(t, withItems(Item{Define: &Object{Name: "note", Retired: true}}))
	if !entity(t, c, "note").Object.Retired {
		t.Error("a shipped object cannot be retired")
	}
}

func TestOverlayOfShippedField(t *testing.T) {
	s := withItems(
		field("deal", Field{Name: "stage", Required: true, Search: true, Index: true, Labels: map[string]string{"en": "Step"},
			Kind: ChoiceKind{Options: []Option{{Code: "b", Retired: true}, {Code: "extra"}, {Code: "won", Labels: map[string]string{"en": "Signed"}}}}}),
		field("deal", Field{Name: "name", Kind: NumberKind{}, Retired: true, Derived: true, Sensitive: true}),
		field("company", Field{Name: "name"}),
	)
	s.Objects[4].Fields[2].Default = "new"
	deal := entity(t, compiled(t, s), "deal")
	stage := attr(t, deal, "stage")
	var codes []string
	for _, o := range stage.Kind.(ChoiceKind).Options {
		codes = append(codes, o.Code)
	}
	if got := strings.Join(codes, " "); got != "b extra won new old a" {
		t.Errorf("options: %s", got)
	}
	if slots, err := stage.Kind.Parse(testEnv(), "signed"); err != nil || slots[0] != "won" {
		t.Errorf("a new label is not found: %v %v", slots, err)
	}
	if !stage.Required || !stage.Index || stage.Labels["en"] != "Step" || stage.Default != "new" || stage.Custom {
		t.Errorf("stage = %+v", stage.Field)
	}
	name := attr(t, deal, "name")
	if _, text := name.Kind.(TextKind); !text || name.Derived || name.Sensitive {
		t.Error("an overlay changes what only the program may change")
	}
	if !attr(t, entity(t, deal.catalog, "company"), "name").Required {
		t.Error("an overlay makes a shipped field less strict")
	}
}

func TestOverlayOfShippedObject(t *testing.T) {
	c := compiled(t, withItems(Item{Define: &Object{Name: "company", Plural: "firms", Title: "phone", Unique: [][]string{{"phone"}, {"name", "kind"}}, Internal: true}}))
	company := entity(t, c, "company")
	if company.Plural != "companies" || company.TitleAttr.Name != "phone" || company.Internal || company.Sort != "-changed_at,name" {
		t.Errorf("company = %+v", company.Object)
	}
	if !slices.EqualFunc(company.Unique, [][]string{{"name", "kind"}, {"phone"}}, slices.Equal[[]string]) {
		t.Errorf("unique = %v", company.Unique)
	}
}

func TestCustomRules(t *testing.T) {
	rule := func(r Rule) Item { return Item{Object: "deal", Rule: &r} }
	words := map[string]string{"en": "No way back"}
	c := compiled(t, withItems(
		rule(Rule{Name: "c_big", Must: "amount < 5", Labels: words}), rule(Rule{Name: "c_big", Must: "amount < 9", Field: "amount"}),
		rule(Rule{Name: "no_back", Must: "amount = 1", Labels: words}),
	))
	checks := entity(t, c, "deal").Checks
	if len(checks) != 2 || checks[0].Key != "value.rule" || checks[0].Where == nil || checks[1].Name != "c_big" || checks[1].Field != "amount" || checks[1].Key != "value.rule" {
		t.Errorf("checks = %+v", checks)
	}
	c = compiled(t, withItems(rule(Rule{Name: "no_back", Retired: true})))
	if n := len(entity(t, c, "deal").Checks); n != 0 {
		t.Errorf("%d checks after the rule was retired", n)
	}
}

func TestItemsRefused(t *testing.T) {
	base := field("deal", Field{Name: "c_x", Kind: NumberKind{Decimals: 2}})
	change := func(k Kind) []Item { return []Item{base, field("deal", Field{Name: "c_x", Kind: k})} }
	cases := []struct {
		items []Item
		want  string
	}{
		{[]Item{{Define: &Object{Name: "visit", Plural: "c_visits"}}}, "visit catalog.name_invalid"},
		{[]Item{{Define: &Object{Name: "c_visit", Plural: "visits"}}}, "c_visit catalog.name_invalid"},
		{[]Item{{Define: &Object{Name: "user", Retired: true}}}, "user.retired catalog.shipped"},
		{[]Item{field("lost", str("c_x"))}, "lost value.unknown_object"},
		{[]Item{field("deal", str("x"))}, "deal.x catalog.name_invalid"},
		{[]Item{field("deal", Field{Name: "c_x"})}, "deal.c_x.kind value.required"},
		{[]Item{{Object: "deal", Rule: &Rule{Name: "x", Must: "amount > 1"}}}, "deal.x catalog.name_invalid"},
		{change(TextKind{}), "deal.c_x.kind catalog.kind_change"},
		{change(NumberKind{Decimals: 3}), "deal.c_x.kind catalog.kind_change"},
		{change(NumberKind{Decimals: 2, Unit: "kg"}), ""},
		{[]Item{base, field("deal", Field{Name: "c_x", Retired: true})}, ""},
		{[]Item{field("deal", ref("c_r", "company")), field("deal", ref("c_r", "deal"))}, "deal.c_r.kind catalog.kind_change"},
		{[]Item{field("deal", of("c_f", FormulaKind{Source: "1", Result: NumberKind{}})), field("deal", of("c_f", FormulaKind{Source: "2", Result: PercentKind{}}))}, "deal.c_f.kind catalog.kind_change"},
		{[]Item{field("deal", of("c_f", FormulaKind{Source: "1", Result: NumberKind{}})), field("deal", of("c_f", FormulaKind{Source: "2", Result: NumberKind{}}))}, ""},
	}
	for i, c := range cases {
		_, err := Compile(withItems(c.items...))
		var got []string
		for _, f := range fault.All(err) {
			got = append(got, f.Field+" "+f.Key)
		}
		if c.want == "" && err != nil || c.want != "" && !slices.Contains(got, c.want) {
			t.Errorf("case %d: faults %q, want %q", i, got, c.want)
		}
	}
}

// A kind comes back from its JSON the same, whatever the kind and its settings.
func TestKindJSON(t *testing.T) {
	low, high := int64(1), int64(9)
	kinds := []Kind{
		TextKind{Max: 9, Pattern: "a+"}, LongTextKind{Max: 7}, RichTextKind{LongTextKind{Max: 5}}, NumberKind{Decimals: 2, Min: &low, Max: &high, Unit: "kg"},
		PercentKind{Wide: true}, RatingKind{Max: 3}, MoneyKind{Positive: true}, RefKind{To: "user", Inverse: "x", OnDelete: Clear, Acyclic: true},
		AnyRefKind{To: []string{"a", "b"}, Inverse: "z"}, FileKind{Image: true}, CodeKind{Scheme: IBAN, Country: "AZ"}, NumberingKind{Prefix: "C", Digits: 4, Start: 9},
		FormulaKind{Source: "1", Result: NumberKind{Decimals: 1}}, RollupKind{List: "l", Function: Sum, Field: "f", Where: "w"}, JSONKind{Max: 9},
	}
	for _, k := range sampleKinds() {
		kinds = append(kinds, k)
	}
	for _, k := range kinds {
		raw, err := MarshalKind(k)
		if err != nil {
			t.Errorf("%s: %v", k.Type(), err)
			continue
		}
		again, err := UnmarshalKind(raw)
		if err != nil || !reflect.DeepEqual(again, k) {
			t.Errorf("%#v is written %s and read %#v, %v", k, raw, again, err)
		}
		f := Field{Name: "x", Kind: k, Required: true, Labels: map[string]string{"fa": "ی"}}
		raw, err = json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var read Field
		if err := json.Unmarshal(raw, &read); err != nil || !reflect.DeepEqual(read, f) {
			t.Errorf("field %s is read %#v, %v", raw, read, err)
		}
	}
	if k, err := UnmarshalKind(json.RawMessage(`{"type":"user"}`)); err != nil || !reflect.DeepEqual(k, RefKind{To: ObjectUser, OnDelete: Clear}) {
		t.Errorf("user = %#v, %v", k, err)
	}
	if len(KindTypes()) < 33 || !slices.IsSorted(KindTypes()) {
		t.Errorf("kinds: %q", KindTypes())
	}
}

func TestKindJSONRefused(t *testing.T) {
	deep := strings.Repeat(`{"type":"formula","formula":"1","result":`, 3000) + `"text"` + strings.Repeat("}", 3000)
	for raw, want := range map[string]string{
		`{"type":"text","max":"x"}`:          "kind value.json",
		`{"type":"text","colour":1}`:         "kind value.json",
		`{"type":"image","colour":1}`:        "kind value.json",
		`{"type":"file","image":true}`:       "kind value.json",
		`{"type":"nothing"}`:                 "kind.type value.choice",
		`{}`:                                 "kind.type value.required",
		`null`:                               "kind.type value.choice",
		`5`:                                  "kind value.json",
		``:                                   "kind value.json",
		`{"type":"formula","formula":"1"}`:   "kind.result.kind value.json",
		`{"type":"formula","result":"tags"}`: "kind.result.kind.type value.choice",
		`{"type":"formula","result":{"type":"formula"}}`: "kind.result.kind.type value.choice",
		deep: "kind.result.kind.type value.choice",
	} {
		_, err := UnmarshalKind(json.RawMessage(raw))
		one := fault.Of(err)
		if one == nil || one.Field+" "+one.Key != want {
			t.Errorf("%.80s: %v, want %s", raw, err, want)
		}
	}
	var f Field
	if err := json.Unmarshal([]byte(`{"name":"x","kind":"text","colour":1}`), &f); err == nil {
		t.Error("an unknown setting of a field is taken")
	}
	if err := json.Unmarshal([]byte(`{"name":"x","kind":{"type":"nothing"}}`), &f); !fault.Is(err, fault.Invalid) {
		t.Errorf("a field of an unknown kind: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"name":"x"}`), &f); err != nil || f.Kind != nil {
		t.Errorf("a field without a kind: %v", err)
	}
}

// hiding is a mask that hides some names: "deal" or "deal.amount".
type hiding []string

func (h hiding) Readable(a *Attr) bool { return !slices.Contains(h, a.Entity.Name+"."+a.Name) }

func (h hiding) Object(e *Entity) bool { return !slices.Contains(h, e.Name) }

func TestSchemaWithMask(t *testing.T) {
	c := compiled(t, good())
	cases := []struct {
		object, source string
		hide           hiding
		ok             bool
	}{
		{"deal", "amount > 5", nil, true},
		{"deal", "amount > 5", hiding{"deal.amount"}, false},
		{"deal", "amount > 5", hiding{"deal"}, false},
		{"deal", "company.name = 'x'", hiding{"deal.amount"}, true},
		{"deal", "company.name = 'x'", hiding{"company.name"}, false},
		{"deal", "company.name = 'x'", hiding{"company"}, false},
		{"deal", "company.name = 'x'", hiding{"deal.company"}, false},
		{"company", "address_city = 'x'", hiding{"company.name"}, true},
		{"company", "address_city = 'x'", hiding{"company.address"}, false},
		{"company", "count(deals) > 1", nil, true},
		{"company", "count(deals) > 1", hiding{"deal"}, false},
		{"company", "count(deals) > 1", hiding{"deal.company"}, false},
		{"company", "sum(deals, amount) > 1", hiding{"deal.amount"}, false},
		{"company", "address = 'x'", nil, false},
		{"company", "kind = 'lost'", nil, false},
		{"company", "kind = 'old'", nil, true},
		{"person", "companies = 'x'", nil, false},
		{"lost", "name = 'x'", nil, false},
	}
	for _, k := range cases {
		var mask Mask
		if k.hide != nil {
			mask = k.hide
		}
		if _, err := formula.Compile(c.Schema(mask), k.object, k.source, formula.Condition(), c.Settings()); (err == nil) != k.ok {
			t.Errorf("%s: %s with %q hidden: %v", k.object, k.source, k.hide, err)
		}
	}
	names := c.Schema(hiding{"company.credit", "deal", "company.address"}).Names("company")
	for name, want := range map[string]bool{
		"name": true, "credit": false, "address": false, "address_city": false, "deals": false, "notes": true, "owner": true,
	} {
		if slices.Contains(names, name) != want {
			t.Errorf("%s among the names: %v, want %v", name, !want, want)
		}
	}
	if !slices.Contains(c.Schema(nil).Names("company"), "address_city") || c.Schema(hiding{"deal"}).Names("deal") != nil || c.Schema(nil).Names("lost") != nil {
		t.Error("names of an object are wrong")
	}
}
