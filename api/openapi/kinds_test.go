package openapi

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"ashna/engine/meta"
)

const someID, otherID = "01bcdefghjkmn", "01bcdefghjkmp"

var options = []meta.Option{{Code: "new"}, {Code: "won", Labels: map[string]string{"en": "Won"}}, {Code: "old", Retired: true}}

// sample is a kind, inputs that it takes, and values (JSON) that no answer has.
type sample struct {
	kind  meta.Kind
	takes []any
	never []string
}

// samples are one or more of every type of kind.
func samples() map[string]sample {
	n := func(s string) any { return json.Number(s) }
	line := []string{`5`, `true`, `[]`, `{}`, `["a"]`}
	place := map[string]any{"city": "Bakı", "country": "AZ"}
	return map[string]sample{
		"text": {meta.TextKind{}, []any{"Ali", n("5")}, line}, "long_text": {meta.LongTextKind{}, []any{"a\nb"}, line}, "rich_text": {meta.RichTextKind{}, []any{"<p>a</p>"}, line},
		"number": {meta.NumberKind{}, []any{n("5"), "-7", n("1e3")}, []string{`1.5`, `"5"`, `true`, `[]`}}, "number 2": {meta.NumberKind{Decimals: 2}, []any{"1.25", n("3")}, []string{`"5"`, `{}`}},
		"percent": {meta.PercentKind{}, []any{"12.5 %", n("100")}, []string{`"12"`, `{}`}}, "rating": {meta.RatingKind{}, []any{n("5")}, []string{`2.5`, `"5"`}},
		"duration": {meta.DurationKind{}, []any{"1:30", n("5")}, []string{`2.5`, `"1:30"`}}, "bool": {meta.BoolKind{}, []any{true, "no"}, []string{`1`, `"yes"`}},
		"date":         {meta.DateKind{}, []any{"2026-03-21", "0001-01-01", "9999-12-31"}, []string{`"21.3.2026"`, `20260321`, `"2026-03-21T00:00:00Z"`}},
		"datetime":     {meta.DateTimeKind{}, []any{"2026-03-21T10:00:00.5+03:30"}, []string{`"2026-03-21"`, `5`}},
		"money":        {meta.MoneyKind{}, []any{"12.5", "7 USD", map[string]any{"amount": "1", "currency": "EUR"}}, []string{`12.5`, `"12.5 AZN"`, `{"amount":12,"currency":"AZN"}`, `{"amount":"1"}`, `{"amount":"1","currency":"AZN","base":"1"}`}},
		"choice":       {meta.ChoiceKind{Options: options}, []any{"won", "Won", "old"}, []string{`"lost"`, `"Won"`, `["won"]`, `5`}},
		"multi_choice": {meta.MultiChoiceKind{Options: options}, []any{[]any{"won", "new"}, "old;new"}, []string{`"won"`, `["lost"]`, `[null]`, `{}`}},
		"tags":         {meta.TagsKind{}, []any{"vip;new", []any{}}, []string{`"vip"`, `[5]`}}, "link": {meta.RefKind{To: "company"}, []any{someID, map[string]any{"id": otherID}}, []string{`"x"`, `5`, `{"id":"` + someID + `"}`}},
		"links":    {meta.ManyKind{Through: "t", Near: "a", Far: "b"}, []any{[]any{someID, otherID}, someID + ";" + otherID}, []string{`null`, `"` + someID + `"`, `["x"]`, `[null]`}},
		"any_link": {meta.AnyRefKind{}, []any{"deal:" + someID}, []string{`"deal:` + someID + `"`, `{"object":"deal","id":"x"}`, `{"object":"deal","id":"` + someID + `","title":""}`}},
		"user":     {meta.RefKind{To: meta.ObjectUser}, []any{someID}, []string{`5`}}, "email": {meta.EmailKind{}, []any{"Ali@Example.com"}, line}, "phone": {meta.PhoneKind{}, []any{"09123456789"}, line},
		"url": {meta.URLKind{}, []any{"example.com"}, line}, "address": {meta.AddressKind{}, []any{place, "12 Nizami St"}, []string{`"12 Nizami St"`, `{"city":5}`, `[]`}},
		"geo":  {meta.GeoKind{}, []any{"35.7,51.4", "-90,180"}, []string{`"35.7,51.4"`, `{"lat":"1","lon":"2"}`, `{"lat":1,"lon":2,"alt":3}`}},
		"file": {meta.FileKind{}, []any{someID}, []string{`5`, `"x"`}}, "image": {meta.FileKind{Image: true}, []any{someID}, []string{`5`, `"x"`}},
		"national_id": {meta.CodeKind{Scheme: meta.NationalID}, []any{"0499370899"}, line}, "economic_code": {meta.CodeKind{Scheme: meta.EconomicCode}, []any{"10380284790"}, line},
		"iban": {meta.CodeKind{Scheme: meta.IBAN}, []any{"AZ21NABZ00000000137010001944"}, line}, "domain": {meta.CodeKind{Scheme: meta.Domain}, []any{"example.com"}, line},
		"autonumber": {meta.NumberingKind{Prefix: "C-"}, []any{"C-12"}, line}, "json": {meta.JSONKind{}, []any{map[string]any{"a": []any{true}}, "[1]", "false"}, nil},
	}
}

func env() *meta.Env {
	return &meta.Env{Country: "IR", Currency: "AZN", Language: "fa", Rate: func(string) (string, bool) { return "1.7", true }}
}

// Each kind of value that an answer can hold fits what the description says of its kind, and the description says something.
func TestAnswersOfEveryKindFit(t *testing.T) {
	for name, s := range samples() {
		read := readSchema(s.kind)
		empty := `null`
		if name == "links" {
			empty = `[]`
		}
		for _, in := range append(slices.Clone(s.takes), nil) {
			slots, err := s.kind.Parse(env(), in)
			if err != nil {
				t.Errorf("%s takes no %v: %v", name, in, err)
				continue
			}
			raw := string(s.kind.AppendJSON(nil, slots))
			if err := fits(nil, read, decoded(raw)); err != nil {
				t.Errorf("%s: the answer %s does not fit: %v", name, raw, err)
			}
		}
		if err := fits(nil, read, decoded(empty)); err != nil {
			t.Errorf("%s: empty does not fit: %v", name, err)
		}
		for _, raw := range s.never {
			if fits(nil, read, decoded(raw)) == nil {
				t.Errorf("%s: the description lets %s pass", name, raw)
			}
		}
	}
}

// What an answer shows may be written back, and so may the text of a cell and the input of a person.
func TestWritesOfEveryKindFit(t *testing.T) {
	for name, s := range samples() {
		write := writeSchema(s.kind)
		for _, in := range s.takes {
			slots, err := s.kind.Parse(env(), in)
			if err != nil {
				t.Fatal(err)
			}
			for what, v := range map[string]any{"answer": decoded(string(s.kind.AppendJSON(nil, slots))), "cell": s.kind.Text(slots), "nothing": nil} {
				if err := fits(nil, write, v); err != nil {
					t.Errorf("%s: the %s of %v does not fit: %v", name, what, in, err)
				}
				if _, err := s.kind.Parse(env(), v); err != nil {
					t.Errorf("%s: the %s of %v is described, but refused: %v", name, what, in, err)
				}
			}
		}
	}
}

// Answers of computed fields are numbers of the base currency, or what their kind says.
func TestComputedKindsAreDescribed(t *testing.T) {
	for _, c := range []struct {
		result   meta.Kind
		fit, not string
	}{
		{meta.MoneyKind{}, `1200.50`, `{"amount":"1","currency":"AZN"}`}, {meta.NumberKind{}, `5`, `5.5`}, {meta.NumberKind{Decimals: 4}, `5.5`, `"5"`}, {meta.PercentKind{}, `12.5`, `"a"`},
		{meta.BoolKind{}, `true`, `1`}, {meta.DateKind{}, `"2026-03-21"`, `"soon"`}, {meta.DateTimeKind{}, `"2026-03-21T06:30:00Z"`, `"2026-03-21"`}, {meta.TextKind{}, `"x"`, `5`}, {nil, `5.5`, `"5"`},
	} {
		for _, k := range []meta.Kind{meta.FormulaKind{Source: "1", Result: c.result}, meta.RollupKind{List: "l", Function: meta.Max, Field: "f", Result: c.result}} {
			if err := fits(nil, readSchema(k), decoded(c.fit)); err != nil {
				t.Errorf("%s of %T: %v", k.Type(), c.result, err)
			}
			if fits(nil, readSchema(k), decoded(c.not)) == nil || fits(nil, readSchema(k), nil) != nil {
				t.Errorf("%s of %T lets %s pass, or does not take empty", k.Type(), c.result, c.not)
			}
		}
	}
}

// A kind that is new in the house has to be described before this passes.
func TestEveryKindHasASample(t *testing.T) {
	all := samples()
	for _, name := range meta.KindTypes() {
		if _, ok := all[name]; !ok && name != "formula" && name != "rollup" {
			t.Errorf("no sample of the kind %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(all[name].never) == 0 && name != "json" {
			t.Errorf("%s: nothing that its answers never are", name)
		}
	}
}

// The codes of a choice are those of its options in their order, with null at the end, and the options stay as they are.
func TestChoicesAreListed(t *testing.T) {
	list := readSchema(meta.ChoiceKind{Options: options})["enum"].([]any)
	if !slices.Equal(list, []any{"new", "won", "old", nil}) {
		t.Errorf("enum = %v", list)
	}
	items := readSchema(meta.MultiChoiceKind{Options: options})["items"].(node)["enum"].([]any)
	if !slices.Equal(items, []any{"new", "won", "old"}) {
		t.Errorf("items = %v", items)
	}
	if codes := codesOf(nil); codes == nil || len(codes) != 0 {
		t.Errorf("no options give %v", codes)
	}
}
