package query

import (
	"context"
	"slices"
	"strings"
	"testing"

	"ashna/engine/db"
	"ashna/engine/meta"
)

// TestIndexes is the golden list of the indexes of an object with every kind of field.
func TestIndexes(t *testing.T) {
	options := []meta.Option{{Code: "a"}}
	c := compiled(t, append(platform,
		meta.Object{Name: "deal", Plural: "deals", Unique: [][]string{{"company", "code"}}, Fields: []meta.Field{
			{Name: "name", Kind: meta.TextKind{}}, {Name: "alias", Kind: meta.TextKind{}, Sort: true, Index: true},
			{Name: "code", Kind: meta.TextKind{}, Unique: true}, {Name: "mail", Kind: meta.EmailKind{}, Unique: true, Index: true},
			{Name: "amount", Kind: meta.MoneyKind{}, Index: true}, {Name: "free", Kind: meta.NumberKind{}},
			{Name: "stage", Kind: meta.ChoiceKind{Options: options}, Index: true}, {Name: "won", Kind: meta.BoolKind{}, Index: true},
			{Name: "company", Kind: meta.RefKind{To: "deal", Inverse: "parts"}}, {Name: "about", Kind: meta.AnyRefKind{To: []string{"deal"}, Inverse: "mentions"}},
			{Name: "notes", Kind: meta.LongTextKind{}}, {Name: "place", Kind: meta.AddressKind{}, Index: true},
			{Name: "phone", Kind: meta.PhoneKind{}, Index: true},
			{Name: "age", Kind: meta.FormulaKind{Source: "today() - startOfYear()", Result: meta.NumberKind{}}, Index: true},
		}},
		meta.Object{Name: "tiny", Plural: "tinies", Small: true, Fields: []meta.Field{
			{Name: "name", Kind: meta.TextKind{}, Unique: true}, {Name: "rank", Kind: meta.NumberKind{}, Index: true},
		}},
		meta.Object{Name: "line", Plural: "lines", Parent: "deal", Fields: []meta.Field{
			{Name: "deal", Required: true, Kind: meta.RefKind{To: "deal", Inverse: "lines"}}, {Name: "name", Kind: meta.TextKind{}},
		}})...)
	const live, carried = " WHERE deleted = 0", ", id, owner, team, branch)"
	for name, want := range map[string][]string{
		"deal": {
			"deal__owner (owner, changed_at, id, team, branch)" + live, "deal__team (team, changed_at, id, owner, branch)" + live, "deal__branch (branch, changed_at, id, owner, team)" + live,
			"deal__created_at (created_at" + carried + live, "deal__changed_at (changed_at" + carried + live,
			"deal__name_s (name_s" + carried + live, "deal__alias_s (alias_s" + carried + live, "deal__alias_k (alias_k" + carried + live,
			"unique deal__code_k_unique (code_k)" + live, "unique deal__mail_k_unique (mail_k)" + live, "deal__mail_k (mail_k" + carried + live,
			"deal__amount (amount" + carried + live, "deal__stage (stage, changed_at" + carried + live, "deal__won (won, changed_at" + carried + live,
			"deal__company (company, changed_at" + carried + live, "deal__about (about, changed_at" + carried + live,
			"deal__place_city_k (place_city_k, changed_at" + carried + live, "deal__phone (phone" + carried + live,
			"unique deal__company_code_unique (company, code_k)" + live,
			"unique deal__external_id (source, external_id) WHERE external_id IS NOT NULL", "deal__deleted (deleted, id) WHERE deleted > 0",
		},
		"line": { // a part of a deal
			"line__owner (owner, changed_at, id, team, branch)" + live, "line__team (team, changed_at, id, owner, branch)" + live, "line__branch (branch, changed_at, id, owner, team)" + live,
			"line__changed_at (changed_at" + carried + live, "line__deal (deal, changed_at" + carried + live,
			"unique line__external_id (source, external_id) WHERE external_id IS NOT NULL", "line__deleted (deleted, id) WHERE deleted > 0",
		},
		"tiny": {
			"tiny__owner (owner, changed_at, id, team, branch)" + live, "tiny__team (team, changed_at, id, owner, branch)" + live, "unique tiny__name_k_unique (name_k)" + live,
			"unique tiny__external_id (source, external_id) WHERE external_id IS NOT NULL", "tiny__deleted (deleted, id) WHERE deleted > 0",
		},
	} {
		var got []string
		for _, x := range Indexes(object(t, c, name)) {
			text := x.Name + " (" + strings.Join(x.Columns, ", ") + ")"
			if x.Unique {
				text = "unique " + text
			}
			if x.Where != "" {
				text += " WHERE " + x.Where
			}
			got = append(got, text)
		}
		for _, x := range got {
			if !slices.Contains(want, x) {
				t.Errorf("%s: unexpected %s", name, x)
			}
		}
		for _, x := range want {
			if !slices.Contains(got, x) {
				t.Errorf("%s: missing %s", name, x)
			}
		}
	}
}

// TestLongIndexNames checks that names which a database would cut stay apart.
func TestLongIndexNames(t *testing.T) {
	long := strings.Repeat("long_", 7) + "name"
	c := compiled(t, append(platform, meta.Object{Name: long, Plural: long + "s", Fields: []meta.Field{
		{Name: long + "a", Kind: meta.NumberKind{}, Index: true}, {Name: long + "b", Kind: meta.NumberKind{}, Index: true},
	}})...)
	names := map[string]bool{}
	for _, x := range Indexes(object(t, c, long)) {
		if len(x.Name) > 63 || names[x.Name] {
			t.Errorf("%s is too long, or there already", x.Name)
		}
		names[x.Name] = true
	}
}

// TestUnique checks that unique indexes hold among live records only, and that an index can be made on both databases.
func TestUnique(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		c := compiled(t, append(platform, meta.Object{Name: "deal", Plural: "deals", Fields: []meta.Field{{Name: "code", Kind: meta.TextKind{}, Unique: true}}})...)
		createTables(t, d, c)
		row := func(id int64, code any, deleted int64) error {
			ctx := context.Background()
			return d.Write(ctx, func(tx *db.Tx) error {
				columns := []string{"id", "version", "created_at", "changed_at", "owner", "team", "branch", "deleted", "code", "code_k"}
				return tx.Insert(ctx, "deals", columns, [][]any{{id, int64(1), int64(0), int64(0), int64(0), int64(0), int64(0), deleted, code, code}})
			})
		}
		for i, c := range []struct {
			code    any
			deleted int64
			taken   bool
		}{{"a", 0, false}, {"a", 0, true}, {"a", 5, false}, {"a", 6, false}, {nil, 0, false}, {nil, 0, false}} {
			if err := row(int64(i+1), c.code, c.deleted); (err != nil) != c.taken {
				t.Errorf("row %d: %v", i, err)
			}
		}
	})
}
