package record_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ashna/engine/change"
	"ashna/engine/meta"
	"ashna/engine/record"
	"ashna/kit/fault"
	"ashna/testkit/enginetest"
)

func field(object string, f meta.Field) meta.Item { return meta.Item{Object: object, Field: &f} }

// A field that is retired hides its values and brings them back.
func TestRetiredField(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		f := meta.Field{Name: "c_nick", Kind: meta.TextKind{Max: 40}, Search: true, Sort: true}
		w.MustChange(field("account", f))
		a := w.Create(w.System(), "account", record.Patch{"name": "A", "c_nick": "Zebra"})
		if len(find(w, "zebra")) != 1 {
			w.Error("the new field is not searched")
		}
		f.Retired = true
		w.MustChange(field("account", f))
		refused(w.T, "a retired field", update(w, w.System(), a, record.Patch{"c_nick": "x"}, 0), "c_nick value.unknown_field")
		if got := w.Get(w.System(), "account", a.ID()); got.Text("c_nick") != "" || len(find(w, "zebra")) != 0 {
			w.Error("a retired field is shown or found")
		}
		w.Update(w.System(), a, record.Patch{"score": 3})
		f.Retired = false
		w.MustChange(field("account", f))
		if got := w.Get(w.System(), "account", a.ID()); got.Text("c_nick") != "Zebra" || len(find(w, "zebra")) != 1 {
			w.Errorf("came back as %q", got.Text("c_nick"))
		}
		if got := w.List(w.System(), "account", `c_nick = "zebra"`, "c_nick"); len(got) != 1 {
			w.Errorf("list %v", got)
		}
	})
}

func TestCatalogRefusals(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		w.MustChange(field("account", meta.Field{Name: "c_size", Kind: choice("small", "large")}))
		w.MustChange(field("account", meta.Field{Name: "c_to", Kind: meta.RefKind{To: "circle"}}))
		w.MustChange(field("account", meta.Field{Name: "c_n", Kind: meta.NumberKind{Decimals: 2}}))
		w.Create(w.System(), "account", record.Patch{"name": "A", "c_size": "small", "c_n": "1.50", "region": "same"})
		w.Create(w.System(), "account", record.Patch{"name": "B", "region": "same"})
		define := func(o meta.Object) meta.Item { return meta.Item{Define: &o} }
		cases := []struct {
			name string
			item meta.Item
			want []string
		}{
			{"another kind", field("account", meta.Field{Name: "c_size", Kind: meta.TextKind{Max: 9}}), []string{"kind catalog.kind_change"}},
			{"other decimals", field("account", meta.Field{Name: "c_n", Kind: meta.NumberKind{Decimals: 3}}), []string{"kind catalog.kind_change"}},
			{"another target", field("account", meta.Field{Name: "c_to", Kind: meta.RefKind{To: "account"}}), []string{"kind catalog.kind_change"}},
			{"an option that goes", field("account", meta.Field{Name: "c_size", Kind: choice("small")}), []string{"kind.options catalog.option_gone"}},
			{"no prefix", field("account", meta.Field{Name: "nick", Kind: meta.TextKind{}}), []string{"name catalog.prefix"}},
			{"no kind", field("account", meta.Field{Name: "c_x"}), []string{"kind value.required"}},
			{"a shipped field retired", field("account", meta.Field{Name: "score", Retired: true}), []string{"retired catalog.shipped"}},
			{"an object that is none", field("nosuch", meta.Field{Name: "c_x", Kind: meta.TextKind{}}), []string{"value.unknown_object"}},
			{"an object of the platform", field("assignment", meta.Field{Name: "c_x", Kind: meta.TextKind{}}), []string{"value.unknown_object"}},
			{"nothing", meta.Item{Object: "account"}, []string{"request.body"}},
			{"fields with the object", define(meta.Object{Name: "c_a", Plural: "c_as", Fields: []meta.Field{{Name: "x", Kind: meta.TextKind{}}}}), []string{"fields value.read_only"}},
			{"another plural", define(meta.Object{Name: "account", Plural: "c_accounts"}), []string{"plural catalog.shipped"}},
			{"a formula over nothing", field("account", meta.Field{Name: "c_f", Kind: meta.FormulaKind{Source: "nosuch + 1", Result: meta.NumberKind{}}}), []string{"account.c_f.formula formula.unknown_field"}},
			{"a rule without prefix", meta.Item{Object: "account", Rule: &meta.Rule{Name: "mine", Must: "score > 0"}}, []string{"name catalog.prefix"}},
			{"values that occur twice", define(meta.Object{Name: "account", Plural: "accounts", Unique: [][]string{{"region"}}}), []string{"value.duplicate"}},
		}
		for _, c := range cases {
			refused(w.T, c.name, w.Change(c.item), c.want...)
		}
		member := w.User("m@example.com", "manager", nil)
		hash := w.Hash()
		if err := w.Engine.ChangeCatalog(ctx, member, change.ViaAPI, field("account", meta.Field{Name: "c_m", Kind: meta.TextKind{}})); !fault.Is(err, fault.Denied) {
			w.Errorf("without the right: %v", err)
		}
		if _, err := w.Engine.Preview(ctx, member, field("account", meta.Field{Name: "c_m", Kind: meta.TextKind{}})); !fault.Is(err, fault.Denied) {
			w.Errorf("preview without the right: %v", err)
		}
		words, err := w.Engine.Preview(ctx, w.System(), field("account", meta.Field{Name: "c_m", Kind: meta.TextKind{}}))
		if err != nil || !slices.ContainsFunc(words, func(s string) bool { return strings.Contains(s, "c_m") }) {
			w.Errorf("preview %v, %v", words, err)
		}
		if w.Hash() != hash {
			w.Error("what was refused or previewed changed something")
		}
	})
}

func TestRefusedCatalogChangesNothing(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		w.Create(w.System(), "account", record.Patch{"name": "A", "region": "same"})
		w.Create(w.System(), "account", record.Patch{"name": "B", "region": "same"})
		before, version := w.Hash(), w.Engine.Catalog().Version
		err := w.Change(meta.Item{Define: &meta.Object{Name: "account", Plural: "accounts", Unique: [][]string{{"region"}}}})
		kind(w.T, "twice", err, fault.Conflict)
		if w.Hash() != before || w.Engine.Catalog().Version != version {
			w.Error("a change that failed left something")
		}
	})
}

// A custom object lives as a shipped one does: made, filled, linked to, rolled up, retired and brought back.
func TestCustomObject(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		o := meta.Object{Name: "c_boat", Plural: "c_boats", Labels: map[string]string{"en": "Boat"}, Title: ""}
		w.MustChange(meta.Item{Define: &o})
		for _, f := range []meta.Field{
			{Name: "name", Kind: meta.TextKind{Max: 40}, Required: true, Search: true},
			{Name: "account", Kind: meta.RefKind{To: "account", Inverse: "c_boats", OnDelete: meta.Cascade}},
			{Name: "length_m", Kind: meta.NumberKind{Decimals: 1}, Index: true},
			{Name: "twice_m", Kind: meta.FormulaKind{Source: "length_m * 2", Result: meta.NumberKind{Decimals: 1}}},
		} {
			w.MustChange(field("c_boat", f))
		}
		w.MustChange(meta.Item{Object: "c_boat", Rule: &meta.Rule{Name: "c_long", Must: "length_m > 2", Field: "length_m", Labels: map[string]string{"en": "Too short"}}})
		w.MustChange(field("account", meta.Field{Name: "c_fleet", Kind: meta.RollupKind{List: "c_boats", Function: meta.Sum, Field: "twice_m"}}))
		a := w.Create(w.System(), "account", record.Patch{"name": "A"})
		b := w.Create(w.System(), "c_boat", record.Patch{"name": "Caspian", "account": id(a), "length_m": "7.5"})
		refused(w.T, "its rule", create(w, w.System(), "c_boat", record.Patch{"name": "x", "length_m": 1}), "length_m value.rule")
		if got := w.Get(w.System(), "account", a.ID()); got.Int("c_fleet") != 150 {
			w.Errorf("roll-up over a formula of a custom object: %d", got.Int("c_fleet"))
		}
		if got := w.List(w.System(), "c_boat", `account.name = "a" and length_m > 7`, "-length_m"); !slices.Equal(got, []string{"Caspian"}) {
			w.Errorf("list %v", got)
		}
		// What a formula gives changes, and so does what is rolled up over it.
		w.MustChange(field("c_boat", meta.Field{Name: "twice_m", Kind: meta.FormulaKind{Source: "length_m * 4", Result: meta.NumberKind{Decimals: 1}}}))
		if got := w.Get(w.System(), "account", a.ID()); got.Int("c_fleet") != 300 {
			w.Errorf("roll-up after the formula changed: %d, want 300", got.Int("c_fleet"))
		}
		if got := w.Get(w.System(), "c_boat", b.ID()); got.Int("twice_m") != 300 {
			w.Errorf("formula after it changed: %d", got.Int("twice_m"))
		}
		w.Delete(w.System(), a)
		w.Restore(w.System(), a)
		if len(find(w, "caspian")) != 1 {
			w.Error("not found after restoring")
		}
		viewer := w.User("v@example.com", "viewer", nil)
		o.Retired = true
		w.MustChange(meta.Item{Define: &o})
		viewer = w.Viewer(viewer.User)
		if _, err := w.Engine.Object(viewer, "c_boats"); !fault.Is(err, fault.NotFound) {
			w.Errorf("a retired object: %v", err)
		}
		if hits, _, err := w.Engine.Search(ctx, viewer, "caspian", nil, 5, 0); err != nil || len(hits) != 0 {
			w.Errorf("records of a retired object are found: %v %v", hits, err)
		}
		o.Retired = false
		w.MustChange(meta.Item{Define: &o})
		viewer = w.Viewer(viewer.User)
		if got := w.List(viewer, "c_boat", "", ""); !slices.Equal(got, []string{"Caspian"}) {
			w.Errorf("came back as %v", got)
		}
		log := w.Log(0)
		if n := len(slices.DeleteFunc(log, func(s string) bool { return !strings.HasPrefix(s, "schema ") })); n != 10 {
			w.Errorf("%d changes of the catalog in the log, want 10", n)
		}
	})
}

// Each kind becomes a custom field and goes the whole way: in, out, filter, order, file.
func TestEveryKindAsCustomField(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		target := w.Create(sys, "circle", record.Patch{"name": "Target"})
		user := w.User("k@example.com", "member", nil)
		base := map[string]meta.Kind{
			"link": meta.RefKind{To: "circle"}, "any_link": meta.AnyRefKind{To: []string{"circle"}}, "choice": choice("red", "blue"), "multi_choice": meta.MultiChoiceKind{Options: choice("x", "y").Options},
			"formula": meta.FormulaKind{Source: "score + 1", Result: meta.NumberKind{}}, "rollup": meta.RollupKind{List: "tickets", Function: meta.Count},
			"links": meta.ManyKind{Through: "membership", Near: "account", Far: "circle"},
		}
		values := map[string]any{
			"text": "یک متن", "long_text": "two\nlines", "rich_text": "<p>rich</p>", "number": "42", "percent": "12.5", "rating": "3", "duration": "90", "bool": true, "date": "2026-02-03",
			"datetime": "2026-02-03T04:05:06Z", "money": "12.50 USD", "choice": "blue", "multi_choice": []any{"x", "y"}, "tags": []any{"a", "b"}, "link": id(target), "links": ids(target),
			"any_link": "circle:" + id(target), "user": user.User.String(), "email": "Some.One@example.com", "phone": "+994501234567", "url": "https://example.com/a", "address": map[string]any{"city": "Baku"},
			"geo": "40.4,49.8", "file": "0000000000001", "image": "0000000000001", "national_id": nil, "economic_code": nil, "iban": "DE89370400440532013000", "domain": "example.com", "json": map[string]any{"a": true},
		}
		for _, name := range meta.KindTypes() {
			k := base[name]
			if k == nil {
				var err error
				if k, err = meta.UnmarshalKind([]byte(fmt.Sprintf(`{"type":%q}`, name))); err != nil {
					w.Fatalf("%s: %v", name, err)
				}
			}
			w.MustChange(field("account", meta.Field{Name: "c_" + name, Kind: k, Index: name != "links"}))
		}
		for _, name := range meta.KindTypes() {
			everyKind(w, name, values[name])
		}
	})
}

// everyKind makes two records, one of them with a value, and looks at them from all sides.
func everyKind(w *enginetest.World, name string, value any) {
	w.Helper()
	sys, f := w.System(), "c_"+name
	patch := record.Patch{"name": name}
	if value != nil {
		patch[f] = value
	}
	if err := create(w, sys, "account", patch); err != nil {
		w.Errorf("%s: %v", name, err)
		return
	}
	e := w.Entity("account")
	a, _ := e.Attr(f)
	page, err := w.Engine.List(ctx, sys, e, record.Question{Filter: fmt.Sprintf("name = %q", name), Fields: []*meta.Attr{a}})
	if err != nil || len(page.Records) != 1 {
		w.Errorf("%s: list %v %v", name, page.Records, err)
		return
	}
	listed := page.Records[0]
	got := w.Get(sys, "account", listed.ID())
	shown := string(got.AppendJSON(nil, []*meta.Attr{a}))
	if inList := string(listed.AppendJSON(nil, []*meta.Attr{a})); inList != shown {
		w.Errorf("%s: a list shows %s, a record %s", name, inList, shown)
	}
	if value != nil && (strings.HasSuffix(shown, ":null}") || strings.HasSuffix(shown, ":[]}")) {
		w.Errorf("%s: %v became %s", name, value, shown)
	}
	// The cell of an export is read back as the same value, except where nobody writes the field.
	cell := got.Cell(a)
	if err := update(w, sys, got, record.Patch{f: cell}, 0); value != nil && err != nil {
		w.Errorf("%s: the cell %q is refused: %v", name, cell, err)
	}
	if again := string(w.Get(sys, "account", got.ID()).AppendJSON(nil, []*meta.Attr{a})); again != shown {
		w.Errorf("%s: the cell %q came back as %s, was %s", name, cell, again, shown)
	}
	if formulaType := a.Formula(); formulaType.Kind != 0 && value != nil {
		titles := w.List(sys, "account", f+" is not empty", "")
		if !slices.Contains(titles, name) {
			w.Errorf("%s: not among those that are not empty: %v", name, titles)
		}
		if titles = w.List(sys, "account", f+" is empty", ""); slices.Contains(titles, name) {
			w.Errorf("%s: among those that are empty", name)
		}
	}
	for _, order := range []string{f, "-" + f} {
		_, err := w.Engine.List(ctx, sys, e, record.Question{Sort: order})
		if a.Sortable() != (err == nil) {
			w.Errorf("%s: sorted by %s: %v, sortable %t", name, order, err, a.Sortable())
		}
	}
	if value == nil || !slices.Contains([]string{"text", "number", "email"}, name) {
		return
	}
	if err := update(w, sys, got, record.Patch{f: nil}, 0); err != nil || !w.Get(sys, "account", got.ID()).Empty(f) {
		w.Errorf("%s: cannot be emptied: %v", name, err)
	}
}

// The order of lists follows the language of the workspace, also for records that are there when it changes.
func TestLanguageOfTheOrder(t *testing.T) {
	everywhere(t, func(w *enginetest.World) {
		sys := w.System()
		for _, name := range []string{"zoo", "çay", "can", "şar", "sal", "ev", "əl"} {
			w.Create(sys, "account", record.Patch{"name": name})
		}
		s := w.Engine.Settings()
		english := w.List(sys, "account", "", "name")
		s.Language = "az"
		if err := w.Engine.SaveSettings(ctx, sys, s); err != nil {
			w.Fatal(err)
		}
		sys = w.System()
		w.Create(sys, "account", record.Patch{"name": "çox"})
		want := []string{"can", "çay", "çox", "ev", "əl", "sal", "şar", "zoo"}
		if got := w.List(sys, "account", "", "name"); !slices.Equal(got, want) {
			w.Errorf("order %v, want %v (in English %v)", got, want, english)
		}
		w.Create(sys, "account", record.Patch{"name": "owes", "owed": "1 USD"})
		s.Currency = "AZN"
		refused(w.T, "another currency", w.Engine.SaveSettings(ctx, sys, s), "currency catalog.in_use")
		s.Currency, s.Zone = "USD", "Nowhere/Land"
		refused(w.T, "an unknown zone", w.Engine.SaveSettings(ctx, sys, s), "zone value.choice")
	})
}
