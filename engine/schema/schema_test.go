package schema_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ashna/engine/db"
	"ashna/engine/meta"
	"ashna/engine/schema"
	"ashna/testkit"
)

var ctx = context.Background()

func everywhere(t *testing.T, do func(t *testing.T, d *db.DB)) {
	open := func(t *testing.T, c db.Config) *db.DB {
		d, err := db.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	t.Run("sqlite", func(t *testing.T) { do(t, open(t, db.Config{Dir: t.TempDir()})) })
	t.Run("postgres", func(t *testing.T) {
		url, ok := testkit.PostgresURL(t)
		if !ok {
			t.Skip("PostgreSQL tests are off")
		}
		do(t, open(t, db.Config{URL: url}))
	})
}

// people are the objects that system fields link to.
func people() []meta.Object {
	var list []meta.Object
	for _, name := range []string{"user", "team", "branch"} {
		plural := map[string]string{"user": "users", "team": "teams", "branch": "branches"}[name]
		list = append(list, meta.Object{Name: name, Plural: plural, Internal: true, Small: true, Fields: []meta.Field{{Name: "name", Kind: meta.TextKind{Max: 10}}}})
	}
	return list
}

func compile(t *testing.T, objects ...meta.Object) *meta.Catalog {
	t.Helper()
	c, err := meta.Compile(meta.Sources{Version: 1, Objects: append(people(), objects...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wanted(d *db.Dialect) func(*meta.Entity) []schema.Index {
	return func(e *meta.Entity) (list []schema.Index) {
		for _, a := range e.Fields {
			if a.Index && !a.System && a.Key != "" {
				name := e.Name + "__" + a.Key
				list = append(list, schema.Index{Name: name, Text: fmt.Sprintf("CREATE INDEX %s ON %s (%s%s)", name, e.Table(), a.Key, d.EmptyFirst)})
			}
		}
		return list
	}
}

// bring applies what a catalog asks for and gives the words of the steps.
func bring(t *testing.T, d *db.DB, c *meta.Catalog) []string {
	t.Helper()
	var words []string
	err := d.Write(ctx, func(tx *db.Tx) error {
		found, err := schema.Inspect(ctx, tx)
		if err != nil {
			return err
		}
		words = nil
		steps := schema.Plan(d.Dialect(), found, c, wanted(d.Dialect()))
		for _, s := range steps {
			words = append(words, s.Words)
		}
		return schema.Apply(ctx, tx, steps)
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func thing(fields ...meta.Field) meta.Object {
	return meta.Object{Name: "thing", Plural: "things", Title: "name", Fields: append([]meta.Field{{Name: "name", Kind: meta.TextKind{Max: 50}, Required: true}}, fields...)}
}

// Every kind gets its columns; a second plan has nothing left to do.
func TestPlanIsComplete(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		fields := []meta.Field{
			{Name: "owed", Kind: meta.MoneyKind{}, Index: true}, {Name: "home", Kind: meta.AddressKind{}, Index: true}, {Name: "email", Kind: meta.EmailKind{}, Unique: true},
			{Name: "above", Kind: meta.RefKind{To: "thing", Acyclic: true}}, {Name: "about", Kind: meta.AnyRefKind{To: []string{"user"}}}, {Name: "tags", Kind: meta.TagsKind{}},
			{Name: "n", Kind: meta.NumberKind{}, Index: true}, {Name: "double", Kind: meta.FormulaKind{Source: "n * 2", Result: meta.NumberKind{}}, Index: true},
			{Name: "late", Kind: meta.FormulaKind{Source: "daysBetween(created_at, today())", Result: meta.NumberKind{}}},
		}
		o := thing(fields[:8]...)
		o.Unique = [][]string{{"n", "name"}}
		c := compile(t, o)
		if words := bring(t, d, c); !slices.Contains(words, "make table things") {
			t.Errorf("steps %v", words)
		}
		if words := bring(t, d, c); len(words) != 0 {
			t.Errorf("steps that are left: %v", words)
		}
		columns := inspect(t, d).Columns["things"]
		for _, want := range []string{"id", "owed", "owed_minor", "owed_currency", "owed_rate", "home_city", "home_city_k", "email", "email_k", "about", "about_object", "name_k", "name_s", "double"} {
			if !slices.Contains(columns, want) {
				t.Errorf("no column %s in %v", want, columns)
			}
		}
	})
}

func inspect(t *testing.T, d *db.DB) (found schema.Found) {
	t.Helper()
	err := d.Read(ctx, func(q db.Querier) (err error) {
		found, err = schema.Inspect(ctx, q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Fields come, are retired and come back; columns stay, indexes follow.
func TestPlanFollowsFields(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		bring(t, d, compile(t, thing()))
		extra := meta.Field{Name: "n", Kind: meta.NumberKind{}, Index: true}
		to := meta.Field{Name: "to", Kind: meta.RefKind{To: "user"}}
		to.Name = "who"
		steps := bring(t, d, compile(t, thing(extra, to)))
		if len(steps) < 3 || !strings.HasPrefix(steps[0], "add column n ") || !slices.Contains(steps, "make index thing__n") {
			t.Errorf("steps for new fields: %v", steps)
		}
		extra.Retired = true
		if steps = bring(t, d, compile(t, thing(extra, to))); !slices.Equal(steps, []string{"drop index thing__n"}) {
			t.Errorf("steps for a retired field: %v", steps)
		}
		extra.Retired = false
		if steps = bring(t, d, compile(t, thing(extra, to))); !slices.Equal(steps, []string{"make index thing__n"}) {
			t.Errorf("steps for a field that came back: %v", steps)
		}
		if steps = bring(t, d, compile(t)); len(steps) != 0 {
			t.Errorf("steps for an object that is gone: %v", steps)
		}
	})
}

// Links of long names are declared apart, and hold.
func TestLinks(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		long := strings.Repeat("long_name_", 3) + "object"
		name := func(i int) string { return fmt.Sprintf("%s_%d", strings.Repeat("field_", 6)[:34], i) }
		o := meta.Object{Name: long, Plural: long + "s", Fields: []meta.Field{{Name: "name", Kind: meta.TextKind{Max: 5}}}}
		for i := range 3 {
			o.Fields = append(o.Fields, meta.Field{Name: name(i), Kind: meta.RefKind{To: "user", Inverse: fmt.Sprint("list", i)}})
		}
		c := compile(t, o)
		bring(t, d, c)
		if left := bring(t, d, c); len(left) != 0 {
			t.Errorf("steps that are left: %v", left)
		}
		err := d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO "+o.Plural+" (id, "+name(2)+") VALUES (1, 99)")
			return err
		})
		if err == nil {
			t.Error("a link to nothing was taken")
		}
	})
}

// A failed step leaves nothing, tables included.
func TestApplyIsAllOrNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, d *db.DB) {
		err := d.Write(ctx, func(tx *db.Tx) error {
			return schema.Apply(ctx, tx, []schema.Step{{Words: "make it", Text: "CREATE TABLE made (n " + d.Dialect().Int + ")"}, {Words: "break it", Text: "ALTER TABLE nosuch ADD COLUMN n bigint"}})
		})
		if err == nil || !strings.Contains(err.Error(), "break it") {
			t.Errorf("error %v", err)
		}
		if _, there := inspect(t, d).Columns["made"]; there {
			t.Error("the first step stayed")
		}
	})
}

// A row has a value for each column, in the same order; keys are made from the values.
func TestRow(t *testing.T) {
	c := compile(t, thing(meta.Field{Name: "home", Kind: meta.AddressKind{}}, meta.Field{Name: "email", Kind: meta.EmailKind{}}, meta.Field{Name: "n", Kind: meta.NumberKind{}}))
	e, _ := c.Object("thing")
	slots := make([]any, e.Slots)
	set := func(name string, values ...any) {
		a, _ := e.Attr(name)
		copy(slots[a.At:], values)
	}
	set("name", "ÉCOLE")
	set("email", "Some.One@Example.com")
	set("n", int64(4))
	columns := schema.Columns(e)
	row := schema.Row(e, slots, func(s string) []byte { return []byte("order of " + s) })
	if len(columns) != len(row) {
		t.Fatalf("%d columns, %d values", len(columns), len(row))
	}
	at := func(name string) any { return row[slices.Index(columns, name)] }
	if at("name") != "ÉCOLE" || at("n") != int64(4) || fmt.Sprintf("%s", at("name_s")) != "order of ÉCOLE" || at("home_city_k") != nil {
		t.Errorf("row %v", row)
	}
	for _, key := range []string{"name_k", "email_k"} {
		if s, ok := at(key).(string); !ok || s != strings.ToLower(s) {
			t.Errorf("%s is %v", key, at(key))
		}
	}
	total := 0
	for _, a := range e.Fields {
		own, names := schema.AppendField(nil, a, slots, func(string) []byte { return nil }), schema.FieldColumns(a)
		if len(own) != len(names) {
			t.Errorf("%s: %d values for %v", a.Name, len(own), names)
		}
		total += len(names)
	}
	if total != len(columns) {
		t.Errorf("fields have %d columns, the object %d", total, len(columns))
	}
}
