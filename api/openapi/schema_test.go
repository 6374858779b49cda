package openapi

import (
	"encoding/json"
	"reflect"
	"testing"

	"ashna/engine/meta"
	"ashna/kit/formula"
)

func kindOf(t *testing.T, settings string) meta.Kind {
	t.Helper()
	k, err := meta.UnmarshalKind(json.RawMessage(settings))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestReadSchema(t *testing.T) {
	for settings, want := range map[string]any{
		`"text"`: []any{"string", "null"}, `"number"`: []any{"integer", "null"}, `{"type":"number","decimals":2}`: []any{"number", "null"},
		`"percent"`: []any{"number", "null"}, `"rating"`: []any{"integer", "null"}, `"bool"`: []any{"boolean", "null"}, `"money"`: []any{"object", "null"},
		`"tags"`: []any{"array", "null"}, `"link"`: []any{"string", "null"}, `"links"`: "array", `"any_link"`: []any{"object", "null"}, `"json"`: nil,
		`"address"`: []any{"object", "null"}, `"geo"`: []any{"object", "null"}, `"iban"`: []any{"string", "null"}, `"autonumber"`: []any{"string", "null"},
		`{"type":"formula","formula":"1","result":"money"}`: []any{"number", "null"}, `{"type":"formula","formula":"1","result":"date"}`: []any{"string", "null"},
		`{"type":"choice","options":[{"code":"a"}]}`: []any{"string", "null"},
	} {
		if got := readSchema(kindOf(t, settings))["type"]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", settings, got, want)
		}
	}
	choice := readSchema(kindOf(t, `{"type":"choice","options":[{"code":"a"},{"code":"b"}]}`))
	if !reflect.DeepEqual(choice["enum"], []any{"a", "b", nil}) {
		t.Errorf("choices %v", choice["enum"])
	}
}

// TestEveryKindHasSchemas makes both schemas of every kind; a text is written as it is read, all else also as the text of a cell.
func TestEveryKindHasSchemas(t *testing.T) {
	for _, name := range meta.KindTypes() {
		settings := `"` + name + `"`
		if name == "formula" {
			settings = `{"type":"formula","formula":"1","result":"number"}`
		}
		k := kindOf(t, settings)
		write := writeSchema(k)
		_, free := write["anyOf"]
		plain := name == "text" || name == "long_text" || name == "rich_text" || name == "email" || name == "phone" || name == "url" || k.Formula().Kind == formula.Text && name != "choice"
		if free == plain {
			t.Errorf("%s is written as %v", name, write)
		}
	}
}

func TestNamed(t *testing.T) {
	e := &meta.Entity{Object: meta.Object{Name: "deal"}}
	for schema, want := range map[string]string{"problem": "problem", "@": "record.deal", "@page": "record.deal.page"} {
		if got := named(schema, e); got != want {
			t.Errorf("%s: %s, want %s", schema, got, want)
		}
	}
}

func TestDocs(t *testing.T) {
	if got := DeclareField.Changing(); got.Summary != "Change a field" || got.Status != 0 || got.In != "declaration" {
		t.Errorf("%+v", got)
	}
	if got := DeclareRule.Turning("Retire"); got.Summary != "Retire a rule" || got.In != "" {
		t.Errorf("%+v", got)
	}
	for _, d := range []Doc{List, Create, Get, Update, Delete, Batch, Search, Changes, Export, Jobs, Upload} {
		for _, name := range append(append([]string{}, d.Query...), d.Header...) {
			if queryParameters[name].schema == "" || queryParameters[name].words == "" {
				t.Errorf("%s: the parameter %s is not described", d.Summary, name)
			}
		}
		if d.In != "" && d.In[0] != '@' && fixedSchemas()[d.In] == nil || d.Out != "" && d.Out[0] != '@' && fixedSchemas()[d.Out] == nil {
			t.Errorf("%s: a schema is missing", d.Summary)
		}
	}
}
