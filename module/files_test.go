package module_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/module"
	"ashna/service/exporter"
	"ashna/service/importer"
	"ashna/testkit/enginetest"
)

// everyKind is a module with an object that has a field of every kind there is, so that a new kind is covered from its first day.
func everyKind(t *testing.T) module.Module {
	t.Helper()
	options := []meta.Option{{Code: "new"}, {Code: "won", Labels: map[string]string{"en": "Won; at last"}}}
	given := map[string]meta.Kind{
		"number": meta.NumberKind{Decimals: 3}, "percent": meta.PercentKind{Wide: true}, "choice": meta.ChoiceKind{Options: options},
		"multi_choice": meta.MultiChoiceKind{Options: options}, "link": meta.RefKind{To: "thing", Inverse: "linked", OnDelete: meta.Clear},
		"links": meta.ManyKind{Through: "pair", Near: "one", Far: "other"}, "any_link": meta.AnyRefKind{To: []string{"thing"}, Inverse: "any"},
		"formula": meta.FormulaKind{Source: "f_number + 1", Result: meta.NumberKind{Decimals: 3}}, "text": meta.TextKind{Max: 1_000},
		"rollup": meta.RollupKind{List: "linked", Function: meta.Count}, "autonumber": meta.NumberingKind{Prefix: "T-", Digits: 4},
	}
	thing := meta.Object{Name: "thing", Plural: "things", Title: "key", Fields: []meta.Field{{Name: "key", Kind: meta.TextKind{}, Required: true, Index: true}}}
	for _, name := range meta.KindTypes() {
		kind := given[name]
		if kind == nil {
			var err error
			if kind, err = meta.UnmarshalKind(json.RawMessage(`"` + name + `"`)); err != nil {
				t.Fatalf("a kind without a sample: %v", err)
			}
		}
		thing.Fields = append(thing.Fields, meta.Field{Name: "f_" + name, Kind: kind})
	}
	pair := meta.Object{Name: "pair", Plural: "pairs", Fields: []meta.Field{
		{Name: "one", Kind: meta.RefKind{To: "thing", Inverse: "pairs", OnDelete: meta.Cascade}, Required: true, Fixed: true},
		{Name: "other", Kind: meta.RefKind{To: "thing", Inverse: "pairs_back", OnDelete: meta.Cascade}, Required: true, Fixed: true},
	}}
	return module.Module{Name: "things", Objects: []meta.Object{thing, pair}}
}

// alphabet has what breaks files: quotes, separators, signs of formulas, line ends, other scripts.
var alphabet = []rune("ab 19\"'''=+-@;,|\t\r\n\\{}<&سیپəİ\u200c😀")

func randomText(r *rand.Rand) string {
	runes := make([]rune, r.IntN(12))
	for i := range runes {
		runes[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(runes)
}

// pick gives an input for a kind; another than those named takes texts.
func pick(r *rand.Rand, kind string, ids []string, user string) any {
	from := func(list ...any) any { return list[r.IntN(len(list))] }
	id := func() string { return ids[r.IntN(len(ids))] }
	switch kind {
	case "number", "percent":
		return from("-3", "1.5", "1234567", "0", "-0.125")
	case "rating":
		return from("0", "3", "5")
	case "duration":
		return from("90", "1:30")
	case "bool":
		return from(true, false)
	case "date":
		return from("2026-03-21", "0001-01-01", "9999-12-31")
	case "datetime":
		return from("2026-03-21T08:00:00.000001Z", "1969-12-31T23:59:59+03:30")
	case "money":
		return from("12.5", "-7 USD", "0 USD")
	case "choice":
		return from("new", "won")
	case "multi_choice":
		return from([]any{"won", "new"}, []any{"new"})
	case "link":
		return id()
	case "links":
		return []any{id(), id()}
	case "any_link":
		return "thing:" + id()
	case "user":
		return user
	case "file", "image":
		return id()
	case "email":
		return from("a.b@example.com", "=x@example.com", "ali@شرکت.ایران")
	case "phone":
		return "+994501234567"
	case "url":
		return "http://a.example/x?y=<b>&z='"
	case "national_id", "economic_code":
		return "1234567" // of no country that checks: refused, so empty
	case "autonumber":
		return fmt.Sprint("=N-", r.IntN(100)) // never empty: then a new record gets a number of its own
	case "iban":
		return "AZ21NABZ00000000137010001944"
	case "domain":
		return "example.com"
	case "address":
		return map[string]any{"street": randomText(r), "city": randomText(r), "country": "ir"}
	case "geo":
		return from("-35.7,51.4", "0,-0.000001")
	case "json":
		return map[string]any{"a": []any{randomText(r), nil, true}}
	}
	return randomText(r)
}

// stock makes records with random values in random fields, and gives the fields in the order of a file.
func stock(w *enginetest.World, n int) []string {
	w.Helper()
	r := rand.New(rand.NewPCG(11, 12))
	user := w.User("u@example.com", "member", nil).User.String()
	entity := w.Entity("thing")
	var ids, fields []string
	for i := range 5 {
		ids = append(ids, w.Create(w.System(), "thing", record.Patch{"key": fmt.Sprint("seed", i)}).ID().String())
	}
	for _, a := range entity.Fields {
		if !a.System {
			fields = append(fields, a.Name)
		}
	}
	filled := map[string]bool{}
	for i := range n {
		made := w.Create(w.System(), "thing", record.Patch{"key": fmt.Sprintf("k%03d", i)})
		for _, name := range fields {
			kind := strings.TrimPrefix(name, "f_")
			if r.IntN(3) == 0 || name == "key" {
				continue
			}
			err := w.Try(w.System(), func(tx *record.Tx) error {
				_, err := tx.Update(context.Background(), w.System(), entity, made.ID(), record.Patch{name: pick(r, kind, ids, user)}, 0)
				return err
			})
			filled[name] = filled[name] || err == nil
		}
		ids = append(ids, made.ID().String())
	}
	for _, name := range fields {
		computed := name == "f_formula" || name == "f_rollup"
		if !filled[name] && !computed && name != "key" && name != "f_national_id" && name != "f_economic_code" {
			w.Errorf("no record has a value of %s", name)
		}
	}
	return fields
}

// file exports all things, with the fields that are told.
func file(w *enginetest.World, format, filter string, fields []string) string {
	w.Helper()
	var b bytes.Buffer
	if _, err := exporter.Export(context.Background(), w.Engine, w.System(), change.ViaAPI,
		exporter.Spec{Object: "things", Format: format, Filter: filter, Fields: fields}, &b); err != nil {
		w.Fatal(err)
	}
	return b.String()
}

func bring(w *enginetest.World, format, text, match string) importer.Run {
	w.Helper()
	im := importer.New(w.Engine)
	run, err := im.Import(context.Background(), w.System(), change.ViaImport, importer.Spec{Object: "things", Format: format, Match: match}, strings.NewReader(text), nil)
	if err != nil || run.State != importer.Done {
		w.Fatalf("%+v: %v", run, err)
	}
	list, err := im.Errors(context.Background(), run.ID, 0, 5)
	if err != nil || len(list) > 0 {
		w.Fatalf("rows were left out: %+v %v", list, err)
	}
	return run
}

// TestFilesOfEveryKind carries records of every kind out and in again. Brought into the records they came from, a file changes nothing, not
// one row of the log; brought in as new records, it makes the same records.
func TestFilesOfEveryKind(t *testing.T) {
	for _, format := range exporter.Formats {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			o := module.Options([]module.Module{everyKind(t)}, record.Options{Tables: importer.Tables})
			enginetest.Everywhere(t, o, func(w *enginetest.World) {
				fields := stock(w, 40)
				out := file(w, format, "", fields)
				before := len(w.Changes())
				run := bring(w, format, out, "key")
				log := w.Changes()
				if run.Updated != 45 || run.Created != 0 || len(log) != before {
					t.Errorf("%+v, %d changes", run, len(log)-before)
					for _, c := range log[before:] {
						t.Logf("%s %s", c.Op, c.Fields)
					}
				}
				fields = slices.DeleteFunc(fields, func(s string) bool { return s == "f_rollup" }) // it counts links, which there are more of now
				run = bring(w, format, file(w, format, "", fields), "")
				if run.Created != 45 {
					t.Errorf("%+v", run)
				}
				compare(w, fields)
			})
		})
	}
}

// compare looks at each record and its copy.
func compare(w *enginetest.World, fields []string) {
	w.Helper()
	entity := w.Entity("thing")
	attrs, err := w.Engine.Fields(w.System(), entity, fields)
	if err != nil {
		w.Fatal(err)
	}
	page, err := w.Engine.List(context.Background(), w.System(), entity, record.Question{Fields: attrs, Limit: 1_000})
	if err != nil {
		w.Fatal(err)
	}
	byKey := map[string][]*record.Record{}
	for _, r := range page.Records {
		byKey[r.Text("key")] = append(byKey[r.Text("key")], r)
	}
	if len(byKey) != 45 {
		w.Fatalf("%d keys", len(byKey))
	}
	for key, pair := range byKey {
		if len(pair) != 2 {
			w.Fatalf("%d records with the key %s", len(pair), key)
		}
		for _, a := range attrs {
			if a.System || a.Name == "key" {
				continue
			}
			if one, two := pair[0].Cell(a), pair[1].Cell(a); one != two {
				w.Errorf("%s of %s: %q, copied as %q", a.Name, key, one, two)
			}
		}
	}
}
