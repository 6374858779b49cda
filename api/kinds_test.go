package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"ashna/engine/meta"
)

// example is a kind with a value that is written, another one, and how each is read.
type example struct {
	settings string
	in, out  [2]any // out equals in where it is nil
	derived  bool
}

// examples has one for every kind that there is.
var examples = map[string]example{
	"text":          {in: [2]any{"Ali 😀 و آب", "İstanbul ı"}},
	"long_text":     {in: [2]any{"a\nb\tc", strings.Repeat("ش", 5000)}},
	"rich_text":     {in: [2]any{"<p>a</p>", "<b>b</b>"}},
	"number":        {settings: `"decimals":2`, in: [2]any{json.Number("12.50"), json.Number("-0.01")}},
	"percent":       {in: [2]any{json.Number("12.50"), json.Number("99.99")}},
	"rating":        {in: [2]any{json.Number("0"), json.Number("5")}},
	"duration":      {in: [2]any{json.Number("90"), "1:30"}, out: [2]any{nil, json.Number("5400")}},
	"bool":          {in: [2]any{true, false}},
	"date":          {in: [2]any{"2026-03-20", "0999-01-01"}},
	"datetime":      {in: [2]any{"2026-03-20T09:00:10Z", "2026-03-20T12:30:10.000001+03:30"}, out: [2]any{nil, "2026-03-20T09:00:10.000001Z"}},
	"money":         {in: [2]any{map[string]any{"amount": "1200.50", "currency": "USD"}, map[string]any{"amount": "-3.00", "currency": "USD"}}},
	"choice":        {settings: `"options":[{"code":"a"},{"code":"b"}]`, in: [2]any{"a", "b"}},
	"multi_choice":  {settings: `"options":[{"code":"a"},{"code":"b"}]`, in: [2]any{[]any{"a"}, []any{"a", "b"}}},
	"tags":          {in: [2]any{[]any{"vip"}, []any{"new", "vip"}}},
	"link":          {settings: `"to":"company"`, in: [2]any{"@", "@"}},
	"links":         {derived: true},
	"any_link":      {in: [2]any{map[string]any{"object": "company", "id": "@"}, nil}},
	"user":          {in: [2]any{"@owner", nil}},
	"email":         {in: [2]any{"Sara@example.org", "a.b@example.com"}},
	"phone":         {in: [2]any{"+994501234567", "+982122334455"}},
	"url":           {in: [2]any{"https://example.org/a?b=c", "https://example.com/"}},
	"address":       {in: [2]any{map[string]any{"city": "Tehran", "country": "IR"}, map[string]any{"street": "Main 1"}}},
	"geo":           {in: [2]any{map[string]any{"lat": json.Number("35.700000"), "lon": json.Number("51.400000")}, nil}},
	"file":          {in: [2]any{"@", nil}},
	"image":         {in: [2]any{"@", nil}},
	"national_id":   {settings: `"country":"IR"`, in: [2]any{"0012345679", nil}},
	"economic_code": {settings: `"country":"IR"`, in: [2]any{"10380284790", nil}},
	"iban":          {in: [2]any{"GB82WEST12345698765432", nil}},
	"domain":        {in: [2]any{"example.org", "xn--mgba3a4f16a.ir"}, out: [2]any{nil, "ایران.ir"}},
	"autonumber":    {derived: true},
	"formula":       {settings: `"formula":"number_field + 1","result":{"type":"number","decimals":2}`, derived: true},
	"rollup":        {derived: true},
	"json":          {in: [2]any{map[string]any{"a": []any{json.Number("1")}}, []any{}}},
}

// everyKind declares one field of each kind: text_field, number_field and so on. Kinds that need relations of their own are left to
// the tests of the engine.
func everyKind() []meta.Field {
	var list []meta.Field
	for _, kind := range meta.KindTypes() {
		e := examples[kind]
		if kind == "links" || kind == "rollup" {
			continue
		}
		settings := e.settings
		if settings != "" {
			settings = "," + settings
		}
		k, err := meta.UnmarshalKind(json.RawMessage(`{"type":"` + kind + `"` + settings + `}`))
		if err != nil {
			panic(fmt.Sprintf("%s: %v", kind, err))
		}
		list = append(list, meta.Field{Name: kind + "_field", Kind: k, Search: kind == "text"})
	}
	return list
}

// fill puts the keys of real records into an example.
func (w *world) fill(v any, company string) any {
	switch v := v.(type) {
	case string:
		if v == "@" {
			return company
		}
		if v == "@owner" {
			return w.owner.String()
		}
	case map[string]any:
		out := map[string]any{}
		for name, part := range v {
			out[name] = w.fill(part, company)
		}
		return out
	}
	return v
}

func TestEveryKindThereAndBack(t *testing.T) {
	for _, kind := range meta.KindTypes() {
		if _, ok := examples[kind]; !ok {
			t.Errorf("kind %s has no example", kind)
		}
	}
	onEach(t, nil, func(t *testing.T, w *world) {
		w.contract = newContract(t, w.call("GET", "/api/openapi.json", nil).body)
		company := w.company("Target")
		values := func(i int) (in, out map[string]any) {
			in, out = map[string]any{}, map[string]any{}
			for kind, e := range examples {
				if e.derived {
					continue
				}
				name := kind + "_field"
				in[name] = w.fill(e.in[i], company)
				if out[name] = w.fill(e.out[i], company); e.out[i] == nil {
					out[name] = in[name]
				}
			}
			return in, out
		}
		compare := func(got, want map[string]any) {
			t.Helper()
			for name := range want {
				if !reflect.DeepEqual(got[name], want[name]) {
					t.Errorf("%s = %v, want %v", name, got[name], want[name])
				}
			}
		}
		in, out := values(0)
		created := w.call("POST", "/samples", in).want(t, http.StatusCreated)
		compare(created.object(t), out)
		path := "/samples/" + created.id(t)
		got := w.call("GET", path, nil).want(t, http.StatusOK)
		compare(got.object(t), out)
		if got.object(t)["formula_field"] != json.Number("13.50") || got.object(t)["autonumber_field"] == nil {
			t.Errorf("what is worked out: %v, %v", got.object(t)["formula_field"], got.object(t)["autonumber_field"])
		}
		// What was read can be sent back as it is, and changes nothing.
		same := got.object(t)
		if again := w.call("PATCH", path, same).want(t, http.StatusOK).object(t); again["version"] != json.Number("1") {
			t.Errorf("an echo made version %v", again["version"])
		}
		in, out = values(1)
		compare(w.call("PATCH", path, in).want(t, http.StatusOK).object(t), out)
		compare(w.call("GET", path, nil).want(t, http.StatusOK).object(t), out)
		empty := map[string]any{}
		for kind, e := range examples {
			if !e.derived {
				empty[kind+"_field"] = nil
			}
		}
		cleared := w.call("PATCH", path, empty).want(t, http.StatusOK).object(t)
		for name := range empty {
			if v := cleared[name]; v != nil && !reflect.DeepEqual(v, []any{}) {
				t.Errorf("%s = %v after it was emptied", name, v)
			}
		}
	})
}
